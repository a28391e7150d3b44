"""The browser demo: builds the page of `web/` where it isn't built, and serves it on this machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

#: The page's sources in a checkout; they are not in the installed package.
SOURCES = Path(__file__).resolve().parents[1] / "web"
#: Of the network that the page is built with.
WEIGHTS = Path(__file__).parent / "assets" / "weights" / "mobile" / "default.safetensors"
_MODEL_FILES = ("hand.tflite", "hand.json")
_MODEL_URL = "/model/"
#: Without the first two browsers give a page no shared memory, and so Wasm no threads.
HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def build_page(sources: Path = SOURCES, again: bool = False) -> Path:
    """Builds the page with npm and Vite, and exports the `mobile` network into it, unless both have been done and neither a
    source nor the shipped weights are newer.

    Args:
        sources: the folder `web/` of a checkout.
        again: builds anew, with the network exported anew.

    Returns:
        The folder with the built page, which any web server can serve.

    Raises:
        FileNotFoundError: the sources or npm are not there; the message says what to do.
        OSError: a step failed; its own output says why.
    """
    built, model = sources / "dist", sources / "public" / "model"
    exported = not again and all(_is_newer(model / name, [WEIGHTS]) for name in _MODEL_FILES)
    if exported and _is_newer(built / "index.html", _parts(sources)):
        return built
    if not (sources / "package.json").is_file():
        raise FileNotFoundError(
            f"there is no page in {sources}: it comes with a checkout of the repository, not with the installed package. "
            "Clone the repository and run `tfhand demo` there, or give the folder of a built page with --page."
        )
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError(
            f"building {sources} takes npm, which comes with Node.js 20.19 or newer; it isn't on the PATH. "
            "Install Node.js, or give the folder of a built page with --page."
        )
    if not exported:
        _step([sys.executable, "-m", "export.browser", "--quantize", "fp16", "--out", str(model)], sources.parent)
    if not _is_newer(sources / "node_modules" / ".package-lock.json", [sources / "package-lock.json"]):  # npm's last file
        _step([npm, "ci", "--no-audit", "--no-fund"], sources)
    _step([npm, "run", "build"], sources)
    return built


def _parts(sources: Path) -> list[Path]:
    """What the page is built from."""
    return [*(sources / name for name in ("index.html", "package.json", "package-lock.json", "vite.config.js")), *(sources / "src").rglob("*"),
            *(sources / "public").rglob("*")]  # fmt: skip


def _is_newer(made: Path, parts: Sequence[Path]) -> bool:
    """Whether a file is there and no older than what it is made from."""
    if not made.is_file():
        return False
    return all(part.stat().st_mtime <= made.stat().st_mtime for part in parts if part.is_file())


def _step(command: list[str], folder: Path) -> None:
    print("tfhand demo:", " ".join(command), file=sys.stderr)
    status = subprocess.run(command, cwd=folder, stdout=sys.stderr, check=False).returncode
    if status:
        raise OSError(f"`{' '.join(command)}` in {folder} ended with status {status}; what it printed above says why.")


def make_server(page: Path, model: Path | None = None, host: str = "127.0.0.1", port: int = 0) -> ThreadingHTTPServer:
    """A server of a built page, bound but not yet serving.

    Args:
        page: folder of the built page.
        model: folder with another `hand.tflite` and `hand.json` (`python -m export.browser`) than the page's.
        host: address to listen at.
        port: 0 takes any that is free.

    Returns:
        The server; its `server_port` says where.

    Raises:
        FileNotFoundError: the page or the network is not whole.
        OSError: the address can't be listened at.
    """
    if not (page / "index.html").is_file():
        raise FileNotFoundError(f"--page: expected a built page, got {page}, which has no index.html.")
    folder = page / "model" if model is None else model
    missing = [name for name in _MODEL_FILES if not (folder / name).is_file()]
    if missing:
        raise FileNotFoundError(
            f"{'--page' if model is None else '--model'}: expected {' and '.join(_MODEL_FILES)} in {folder}, "
            f"{' and '.join(missing)} is not there: python -m export.browser --out {folder}"
        )
    handler = partial(_Handler, directory=str(page), model=folder)
    try:
        return ThreadingHTTPServer((host, port), handler)
    except OSError as error:
        raise OSError(f"--host, --port: can't listen at {host}, port {port}: {error.strerror}.") from error


class _Handler(SimpleHTTPRequestHandler):
    """Files of the page, with `HEADERS`; no listings, nothing outside."""

    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".wasm": "application/wasm", ".js": "text/javascript"}

    def __init__(self, *args: Any, model: Path, **kwargs: Any):
        self._model = model
        super().__init__(*args, **kwargs)

    def translate_path(self, path: str) -> str:
        # The parent's method takes the query off and never leaves its folder.
        inside = Path(super().translate_path(path)).relative_to(self.directory).parts
        if inside[:1] == (_MODEL_URL.strip("/"),):
            return str(self._model.joinpath(*inside[1:]))
        return super().translate_path(path)

    def end_headers(self) -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def list_directory(self, path: str) -> None:
        self.send_error(404, "File not found")

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not worth a line; errors come from `log_error`."""

    def log_error(self, format: str, *args: Any) -> None:
        super().log_message(format, *args)
