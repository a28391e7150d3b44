"""`tfhand demo`: what it serves, with which headers, and what it says where something is missing."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import threading
from pathlib import Path

import pytest

import tfhand.demo
from tfhand.cli import main
from tfhand.demo import build_page, make_server


@pytest.fixture
def page(tmp_path) -> Path:
    folder = tmp_path / "page"
    (folder / "model").mkdir(parents=True)
    (folder / "index.html").write_text("<p>page")
    (folder / "litert.wasm").write_bytes(b"\0asm")
    for name in ("hand.tflite", "hand.json"):
        (folder / "model" / name).write_text("{}")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


@pytest.fixture
def get():
    servers = []

    def start(page: Path, model: Path | None = None):
        server = make_server(page, model)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

        def request(path: str):
            connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()

        return request

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_serves_the_page_with_the_headers_that_threads_need(page, get) -> None:
    request = get(page)
    for path in ("/", "/?run=wasm", "/litert.wasm", "/model/hand.json"):
        status, headers, _ = request(path)
        assert status == 200, path
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert request("/litert.wasm")[1]["Content-type"] == "application/wasm"


@pytest.mark.parametrize(
    "path",
    ["/model/", "/missing", "/../secret.txt", "/model/../../secret.txt", "/%2e%2e/secret.txt", "/model/%2e%2e/%2e%2e/secret.txt"],
)
def test_serves_nothing_else(page, get, path) -> None:
    status, headers, content = get(page)(path)
    assert status == 404 and b"secret" not in content
    assert "Cross-Origin-Opener-Policy" in headers


def test_serves_another_network(page, get, tmp_path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name in ("hand.tflite", "hand.json"):
        (other / name).write_text(json.dumps(name))
    request = get(page, other)
    assert json.loads(request("/model/hand.tflite?new")[2]) == "hand.tflite"
    assert request("/model/../../secret.txt")[0] == 404


def test_says_what_is_missing(page, tmp_path, monkeypatch, capsys) -> None:
    with pytest.raises(FileNotFoundError, match="no index.html"):
        make_server(tmp_path)
    (page / "model" / "hand.json").unlink()
    with pytest.raises(FileNotFoundError, match="hand.json is not there: python -m export.browser"):
        make_server(page)
    with pytest.raises(FileNotFoundError, match="comes with a checkout"):
        build_page(tmp_path / "nowhere")
    sources = tmp_path / "web"
    sources.mkdir()
    (sources / "package.json").write_text("{}")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(FileNotFoundError, match="npm"):
        build_page(sources)
    assert main(["demo", "--page", str(page), "--port", "0", "--no-open"]) == 1
    assert main(["demo", "--page", str(page), "--port", "70000"]) == 1
    assert "70000" in capsys.readouterr().err


def test_an_address_in_use_is_named(page) -> None:
    with make_server(page) as server, pytest.raises(OSError, match=f"port {server.server_port}"):
        make_server(page, port=server.server_port)


def test_builds_only_what_is_missing(tmp_path, monkeypatch) -> None:
    sources, steps = tmp_path / "web", []
    (sources / "public" / "model").mkdir(parents=True)
    (sources / "package.json").write_text("{}")
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(tfhand.demo, "_step", lambda command, folder: steps.append(command[1:4]))
    assert build_page(sources) == sources / "dist"
    assert [step[0] for step in steps] == ["-m", "ci", "run"] and steps[0][1] == "export.browser"
    for name in ("hand.tflite", "hand.json"):
        (sources / "public" / "model" / name).touch()
    (sources / "package-lock.json").write_text("{}")
    (sources / "node_modules").mkdir()
    steps.clear()
    build_page(sources)
    assert [step[0] for step in steps] == ["ci", "run"]  # npm writes .package-lock.json last: it was stopped before
    (sources / "node_modules" / ".package-lock.json").touch()
    steps.clear()
    build_page(sources)
    assert [step[0] for step in steps] == ["run"]
    (sources / "dist").mkdir()
    (sources / "dist" / "index.html").touch()
    steps.clear()
    build_page(sources)
    assert steps == []
    source = sources / "src" / "crop.js"
    source.parent.mkdir()
    source.touch()
    os.utime(source, ns=(0, (sources / "dist" / "index.html").stat().st_mtime_ns + 10**9))
    build_page(sources)
    assert [step[0] for step in steps] == ["run"]
    weights = tmp_path / "default.safetensors"
    weights.touch()
    os.utime(weights, ns=(0, (sources / "public" / "model" / "hand.json").stat().st_mtime_ns + 10**9))
    os.utime(sources / "dist" / "index.html", ns=(0, weights.stat().st_mtime_ns + 10**10))  # the page may be newer still
    monkeypatch.setattr(tfhand.demo, "WEIGHTS", weights)
    steps.clear()
    build_page(sources)
    assert [step[0] for step in steps] == ["-m", "run"]
    steps.clear()
    build_page(sources, again=True)
    assert [step[0] for step in steps] == ["-m", "run"]


def test_a_step_that_fails_is_named(tmp_path) -> None:
    with pytest.raises(OSError, match="status 3"):
        tfhand.demo._step(["sh", "-c", "exit 3"], tmp_path)
