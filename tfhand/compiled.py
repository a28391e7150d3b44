"""C++ that is compiled once per user, on the machine where it runs.

Files are kept in `$TFHAND_CACHE`, else `$XDG_CACHE_HOME/tfhand`, else `~/.cache/tfhand`, under a name that
holds a hash of the sources, the compiler's flags and whatever else the result depends on: a changed environment
builds anew beside the old file. A file lock makes two processes build once; the result appears whole or not.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tfhand.io import atomic_path

_COMPILERS = ("g++", "c++", "clang++")


class KernelError(RuntimeError):
    """A kernel can't be built or loaded; the message says what to install."""

    @property
    def brief(self) -> str:
        """The message in one line: its first, and the compiler's first complaint."""
        first, *rest = str(self).splitlines()
        return " ".join([first, *[line for line in rest if "error" in line][:1]])


def cache_dir() -> Path:
    """Returns the folder of the compiled kernels (it may not exist yet)."""
    own = os.environ.get("TFHAND_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "tfhand"


def find_compiler(title: str) -> str:
    """Returns the C++ compiler: `$CXX`, else the first of g++, c++ and clang++ on the path.

    Args:
        title: what is to be compiled, such as "rasteriser".

    Raises:
        KernelError: there is none; the message says what to install.
    """
    asked = os.environ.get("CXX")
    for command in [asked] if asked else _COMPILERS:
        found = shutil.which(command)
        if found:
            return found
    raise KernelError(
        f"The {title} is compiled once on this machine, and no C++ compiler was found "
        f"(looked for {asked or ', '.join(_COMPILERS)}). Install one: `apt install g++` on Debian and Ubuntu, "
        "`dnf install gcc-c++` on Fedora, `xcode-select --install` on macOS; or name one in CXX."
    )


def build(
    name: str,
    title: str,
    sources: Sequence[Path],
    flags: Sequence[str],
    headers: Sequence[Path] = (),
    link_flags: Sequence[str] = (),
    tag: str = "",
) -> Path:
    """Compiles sources to `<cache>/<name>-<hash>.so` unless that file exists.

    Args:
        name: of the library's file.
        title: what it is, for messages.
        sources: C++ files.
        flags: the compiler's.
        headers: files that the sources include and that may change.
        link_flags: flags that come after the sources.
        tag: whatever else the result depends on, such as a version.

    Returns:
        The library's path.

    Raises:
        KernelError: no compiler, it failed, or the cache can't be written.
    """
    digest = hashlib.sha256("\0".join([*flags, *link_flags, tag, platform.machine(), sys.platform]).encode())
    for source in (*sources, *headers):
        digest.update(source.read_bytes())
    path = cache_dir() / f"{name}-{digest.hexdigest()[:20]}.so"
    if path.exists():
        return path
    compiler = find_compiler(title)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path.with_suffix(".lock")):
            if not path.exists():
                _compile(title, [compiler, *flags, *map(str, sources)], link_flags, path)
    except OSError as error:
        raise KernelError(f"Can't write the compiled {title} to {path}: {error}. Set TFHAND_CACHE.") from error
    return path


def _compile(title: str, command: list[str], link_flags: Sequence[str], path: Path) -> None:
    """Runs the compiler with a temporary output beside `path` and moves it into place."""
    with atomic_path(path) as temporary:
        command = [*command, "-o", str(temporary), *link_flags]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise KernelError(
                f"Building the {title} failed with status {result.returncode}.\n"
                f"Command: {' '.join(command)}\n{result.stderr[-3000:]}"
            )


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds an exclusive lock on `path` (a file made for it) while the body runs, across processes."""
    with open(path, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
