"""Memory of a rendering run: `python -m tfhand.synthetic generate` with all its processes, at moments along the way.

    python -m benchmarks.memory --num 20000 --workers 2
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import number, parser, print_machine, print_table

_PROC = Path("/proc")
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Moment:
    """What a command's processes hold.

    Attributes:
        images: written in whole files so far.
        seconds: since the start.
        workers: resident memory of each rendering process, MB.
        main: of the process that was started, MB.
        together: of all processes, MB; what they share counts once, where the system tells.
    """

    images: int
    seconds: float
    workers: tuple[float, ...]
    main: float
    together: float


def main(arguments: list[str] | None = None) -> None:
    """Runs the command."""
    options = parser(__doc__, threads=False)
    options.add_argument("--num", type=int, default=240, help="images; 20000 show a slow leak (default: %(default)s)")
    options.add_argument("--workers", type=int, default=2, help="processes (default: %(default)s)")
    options.add_argument("--size", type=int, default=256, help="side of the images in pixels (default: %(default)s)")
    options.add_argument("--moments", type=int, default=8, help="lines of the table (default: %(default)s)")
    args = options.parse_args(arguments)
    if not (_PROC / "self" / "statm").exists():
        raise SystemExit("error: /proc tells how much memory processes hold; this system has none")
    print_machine()
    moments = watch(args.num, args.workers, args.size, args.moments)
    if not moments:
        raise SystemExit("error: the run was over before anything was measured; give a larger --num")
    headers = ["images", "seconds", "each worker, MB", "main process, MB", "together, MB"]
    rows = [
        [str(at.images), number(at.seconds), " ".join(map(number, at.workers)), number(at.main), number(at.together)]
        for at in moments
    ]
    print_table(f"Memory while {args.workers} processes render {args.num} images", headers, rows)
    print(f"\n{growth(moments)}")


def growth(moments: list[Moment]) -> str:
    """Says how much more the workers hold at the end than a quarter into the run, when all caches should be full."""
    early, late = moments[len(moments) // 4], moments[-1]
    more = max(late.workers, default=0.0) - max(early.workers, default=0.0)
    images = max(late.images - early.images, 1)
    return (
        f"largest worker: {more:+.1f} MB between image {early.images} and image {late.images}, "
        f"{1000 * more / images:+.2f} kB an image; most together: {max(at.together for at in moments):.0f} MB"
    )


def watch(num: int, workers: int, size: int, count: int) -> list[Moment]:
    """Runs the command and looks at its processes `count` times, evenly spread over the images."""
    shard_size = max(num // (4 * count * workers), 1)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "hands"
        options = {"--num": num, "--workers": workers, "--size": size, "--shard-size": shard_size, "--out": out}
        words = [str(word) for pair in options.items() for word in pair]
        command = [sys.executable, "-m", "tfhand.synthetic", "generate", "--quiet", *words]
        start, moments = time.perf_counter(), []
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            while process.poll() is None:
                images = min(len(list(out.glob("hands-*"))) * shard_size, num)
                # Not at the very end, when workers leave.
                if images * (count + 1) >= num * (len(moments) + 1) and len(moments) < count:
                    if moment := _look(process.pid, images, time.perf_counter() - start):
                        moments.append(moment)
                time.sleep(_POLL_SECONDS)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)  # it ends its workers
            process.wait()
    if process.returncode:
        raise SystemExit(f"error: the command ended with status {process.returncode}: {' '.join(command)}")
    return moments


def _look(main: int, images: int, seconds: float) -> Moment | None:
    """Memory of a process and all below it; None while workers come or go."""
    try:
        below = _descendants(main)
        rendering = [pid for pid in below if b"spawn_main" in (_PROC / str(pid) / "cmdline").read_bytes()]
        workers = tuple(_resident(pid) for pid in rendering)
        return Moment(images, seconds, workers, _resident(main), sum(map(_share, [main, *below])))
    except (FileNotFoundError, ProcessLookupError):
        return None


def _descendants(parent: int) -> list[int]:
    """Process ids below `parent`, in order."""
    parents = {}
    for folder in _PROC.glob("[0-9]*"):
        try:
            # "pid (name, which may hold blanks) state parent ..."
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    found = [parent]
    for pid in found:
        found += sorted(child for child, above in parents.items() if above == pid)
    return found[1:]


def _resident(pid: int) -> float:
    """Resident memory of a process, MB."""
    return _kilobytes(_PROC / str(pid) / "status", "VmRSS:") / 1000


def _share(pid: int) -> float:
    """Resident memory of a process, MB, pages that n processes share counted as an nth."""
    try:
        return _kilobytes(_PROC / str(pid) / "smaps_rollup", "Pss:") / 1000
    except PermissionError:
        return _resident(pid)


def _kilobytes(file: Path, name: str) -> float:
    """The entry `name` of a file of /proc, in thousands of bytes; 0 where it has none (a process that has ended)."""
    lines = [line.split() for line in file.read_text().splitlines() if line.startswith(name)]
    return int(lines[0][1]) * 1.024 if lines else 0.0


if __name__ == "__main__":
    main()
