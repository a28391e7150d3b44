"""The page in headless Chromium, with a rendered film for a camera: `pytest -m slow tests/web`."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import struct
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from tests.web.sequence import film, read_number, write_y4m

import tfhand
from tfhand.demo import SOURCES, build_page, make_server
from tfhand.io import read_image

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
SAMPLES = Path(tfhand.__file__).parent / "assets" / "samples"
SOFTWARE_WEBGPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--ignore-gpu-blocklist", "--enable-features=Vulkan"]
START = [{"do": "open"}, {"do": "click", "on": "#camera"}]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROMIUM and shutil.which("npm")), reason="Chromium or Node.js is not installed"),
]


@pytest.fixture(scope="module")
def url():
    server = make_server(build_page())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> SimpleNamespace:
    made = film(48)
    path = tmp_path_factory.mktemp("film") / "film.y4m"
    write_y4m(path, made.images)
    return SimpleNamespace(film=made, path=str(path))


@pytest.fixture(scope="module")
def estimator():
    return tfhand.HandEstimator.from_preset("mobile")


@pytest.fixture
def drive(url, tmp_path):
    def run(steps: list[dict], **plan) -> dict:
        path = tmp_path / "plan.json"
        plan = {"chromium": CHROMIUM, "url": url, "out": str(tmp_path), "steps": steps, **plan}
        path.write_text(json.dumps(plan))
        subprocess.run(["node", SOURCES / "test" / "drive.js", path], check=True, timeout=1800)
        report = json.loads((tmp_path / "report.json").read_text())
        assert all(request.startswith((plan["url"], "data:", "blob:")) for request in report["requests"])
        return report

    return run


def pixels(snapshot: dict) -> np.ndarray:
    content = base64.b64decode(snapshot["picture"].split(",")[1])
    return np.array(Image.open(io.BytesIO(content)).convert("RGB"))


def python_answer(estimator, image: np.ndarray, hand: dict):
    x, y, side = (hand["box"][name] for name in ("x", "y", "side"))
    return estimator(image, box=np.array([x, y, side, side]), side=hand["side"])


def distances(result, hand: dict) -> np.ndarray:
    """mm between the page's vertices and joints and Python's."""
    found = np.concatenate([np.reshape(hand[name], (-1, 3)) for name in ("verticesMm", "jointsMm")])
    return np.linalg.norm(found - np.concatenate([result.vertices_mm, result.joints_mm]), axis=1)


def test_the_mesh_is_pythons_on_the_same_frames(drive, clip, estimator, tmp_path) -> None:
    shots = [{"do": "snapshots", "count": 12, "apart": 150, "as": "shots"}, {"do": "text", "of": "#fps", "as": "fps"}]
    styles = [
        step
        for style in ("mesh", "wireframe", "joints")
        for step in ({"do": "click", "on": f"[value={style}]"}, {"do": "screenshot", "name": f"{style}.png"})
    ]
    turn = {"do": "drag", "on": "#orbit", "from": [0.5, 0.5], "to": [0.7, 0.6]}
    steps = [*START, {"do": "wait", "frames": 15}, *shots, *styles, turn, {"do": "download", "name": "hand.glb", "as": "file"}]
    report = drive(steps, video=clip.path)
    shots = report["shots"][0]
    assert float(report["fps"][0][0]) > 0.5
    seen = [shot for shot in shots if shot["hand"]]
    assert len(seen) >= 10
    gaps, of_film, off_joints = [], [], []
    for shot in seen:
        image, hand = pixels(shot), shot["hand"]
        number = read_number(image)
        assert hand["side"] == "right"
        gaps.append(distances(python_answer(estimator, image, hand), hand))
        # The film as rendered, before the video's halved colours.
        of_film.append(distances(python_answer(estimator, clip.film.images[number], hand), hand))
        uv = np.reshape(hand["jointsUv"], (-1, 2))
        off_joints.append(np.linalg.norm(uv - clip.film.joints_uv[number], axis=1).mean())
    gaps, of_film = np.array(gaps), np.array(of_film)
    print(
        f"\n{len(seen)} frames at {report['fps'][0][0]} fps; page and Python: mean {gaps.mean():.4f}, most {gaps.max():.3f} mm; "
        f"on the film as rendered: mean {of_film.mean():.2f}, most {of_film.max():.2f} mm; "
        f"joints {np.mean(off_joints):.1f} pixels from the truth"
    )
    assert gaps.max() < 1 and gaps.mean() < 0.1
    assert of_film.mean() < 5
    assert np.mean(off_joints) < 20
    pictures = [np.array(Image.open(tmp_path / f"{style}.png").convert("RGB"), int) for style in ("mesh", "wireframe", "joints")]
    for one, other in ((0, 1), (1, 2), (0, 2)):
        assert np.abs(pictures[one] - pictures[other]).mean() > 0.2
    content = (tmp_path / "hand.glb").read_bytes()
    assert report["file"] == ["hand.glb"]
    assert content[:4] == b"glTF" and struct.unpack_from("<I", content, 8)[0] == len(content)
    size = struct.unpack_from("<I", content, 12)[0]
    assert json.loads(content[20 : 20 + size])["accessors"][0]["count"] == estimator.model.num_vertices


def test_webgpu_or_a_word_why_not(drive, clip, estimator) -> None:
    shots = [{"do": "wait", "frames": 8}, {"do": "snapshots", "as": "shots"}, {"do": "stats", "as": "stats"}]
    said = {"do": "text", "of": "#messages li", "as": "said"}
    report = drive([*START, *shots, said], video=clip.path, graphics=SOFTWARE_WEBGPU)
    (shot,), (stats,), (said,) = report["shots"][0], report["stats"], report["said"]
    print(f"\n{stats['runtime']}: {' '.join(said)}")
    assert stats["runtime"] == "WebGPU" or any("WebGPU" in line for line in said)
    assert distances(python_answer(estimator, pixels(shot), shot["hand"]), shot["hand"]).max() < 3


def test_memory_does_not_grow_over_2000_frames(drive, clip) -> None:
    rests = [({"do": "wait", "frames": frames}, {"do": "usage", "as": "usage"}) for frames in range(400, 2401, 400)]
    report = drive([*START, *(step for rest in rests for step in rest), {"do": "stats", "as": "stats"}], video=clip.path)
    frames, heap, resident, cpu = (np.array([found[name] for found in report["usage"]]) for name in report["usage"][0])
    print(f"\n{report['stats'][0]}\nframes {frames.tolist()}")
    print(f"heap {(heap / 1e6).round(2).tolist()} MB, resident {(resident / 1e6).round(0).tolist()} MB")
    print(f"{1e3 * np.diff(cpu).sum() / np.diff(frames).sum():.0f} ms of processor time a frame, everything counted")
    assert heap[-1] - heap[0] < 2e6
    assert resident[-1] - resident[0] < 50e6


@pytest.mark.parametrize("turned", [False, True])
def test_a_photograph(drive, estimator, tmp_path, turned) -> None:
    photo = SAMPLES / "nocurl.jpg"
    if turned:  # as phones save it: lying, with a tag that says so
        picture = Image.open(photo).rotate(90, expand=True)
        exif = picture.getexif()
        exif[0x0112] = 6
        photo = tmp_path / "turned.png"
        picture.save(photo, exif=exif)
    steps = [{"do": "open"}, {"do": "choosePhoto", "file": str(photo)}, {"do": "see", "selector": "#save:not(:disabled)"}]
    box = {"do": "drag", "on": "#picture", "from": [0.2, 0.2], "to": [0.9, 0.9]}
    steps += [{"do": "snapshots", "as": "shots"}, box, {"do": "snapshots", "as": "shots"}, {"do": "screenshot", "name": "photo.png"}]
    report = drive(steps)
    first, second = (shots[0] for shots in report["shots"])
    image = pixels(second)
    assert image.shape == read_image(SAMPLES / "nocurl.jpg").shape
    assert second["hand"]["side"] == "left" and second["frames"] > first["frames"]
    assert distances(python_answer(estimator, image, second["hand"]), second["hand"]).max() < 2


def test_says_what_is_wrong(drive, clip, tmp_path) -> None:
    note = tmp_path / "note.png"
    note.write_text("no picture")
    refused = [*START, {"do": "see", "selector": "[data-kind=camera]"}, {"do": "text", "of": "#messages li", "as": "said"}]
    report = drive(refused, video=clip.path, permissions=[])
    assert any("refused" in line for line in report["said"][0])
    assert any("WebGPU" in line for line in report["said"][0])
    said = drive(refused, permissions=["camera"])["said"][0]
    assert any("No camera was found" in line for line in said)
    unread = [{"do": "open"}, {"do": "choosePhoto", "file": str(note)}, {"do": "see", "selector": "[data-kind=photo]"}]
    said = drive([*unread, refused[-1]])["said"][0]
    assert any("note.png is not a picture" in line for line in said)


def test_opens_without_a_network_after_the_first_visit(drive, clip) -> None:
    steps = [
        {"do": "open"}, {"do": "see", "selector": "html[data-offline=true]"}, {"do": "offline", "as": "cut"}, {"do": "reload"},
        {"do": "click", "on": "#camera"}, {"do": "wait", "frames": 5}, {"do": "snapshots", "as": "shots"},
        {"do": "stats", "as": "stats"},
    ]
    report = drive(steps, video=clip.path)
    assert report["cut"] == ["no network"]
    assert report["shots"][0][0]["picture"]
    assert re.match("Wasm", report["stats"][0]["runtime"])


def test_large_photographs_are_averaged_down(drive, tmp_path, rng) -> None:
    picture = rng.integers(0, 256, (1800, 2400, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "noise.png")
    steps = [{"do": "open"}, {"do": "choosePhoto", "file": str(tmp_path / "noise.png")}, {"do": "wait", "frames": 1}]
    (shot,) = drive([*steps, {"do": "snapshots", "as": "shots"}])["shots"][0]
    seen = pixels(shot)
    assert seen.shape == (480, 640, 3)
    assert seen.std() < 30  # 74 of the noise itself, 20 of means of 3.75 x 3.75 pixels


def test_opens_again_and_again_where_the_host_sends_no_headers(drive, tmp_path) -> None:
    class Plain(SimpleHTTPRequestHandler):
        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("localhost", 0), partial(Plain, directory=str(build_page())))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stats = {"do": "stats", "as": "stats"}
    again = [{"do": "reload"}, stats]
    steps = [{"do": "open"}, {"do": "see", "selector": "html[data-offline=true]"}, stats, *again, *again, *again]
    report = drive(steps, url=f"http://localhost:{server.server_port}/")
    server.shutdown()
    server.server_close()
    assert all(found["runtime"].startswith("Wasm") for found in report["stats"]) and len(report["stats"]) == 4
