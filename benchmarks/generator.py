"""Synthetic hands: one image in one process, where its time goes, and many into shards on all cores.

    python -m benchmarks.generator --sizes 128 256 --workers 1 2
"""

from __future__ import annotations

import functools
import itertools
import os
import tempfile
import time
from pathlib import Path

from benchmarks.common import TIMING_HEADERS, measure, number, parser, print_machine, print_table
from benchmarks.part_clock import PartClock

#: What is called for a sample, by the part that it counts as, without what others of the list do within it. The names
#: are those of `tfhand.synthetic.generator`.
PARTS = {
    "pose": ("PoseSampler.sample", "Untangler.__call__"),
    "shape, view, camera, box": ("HandGenerator.scene",),
    "skin, light, camera drawn": (
        "SkinParams.sample",
        "LightParams.sample",
        "ArmParams.sample",
        "CameraParams.sample",
        "Mood.sample",
    ),
    "things": ("ThingSampler.sample",),
    "picture of the hand": ("HandRenderer.render",),
    "background": ("BackgroundSource.sample",),
    "camera effects": ("take_photograph",),
    "visibility of joints": ("JointVisibility.__call__",),
}
ENCODING, REST, ALL = "encoding", "rest", "all"
_KERNEL = "kernel"


def main(arguments: list[str] | None = None) -> None:
    """Runs the command."""
    options = parser(__doc__, repeats=40, threads=False)
    options.add_argument("--sizes", nargs="+", type=int, default=[128, 256], help="sides of the images")
    options.add_argument("--workers", nargs="+", type=int, default=[1, os.cpu_count() or 1], help="processes")
    options.add_argument("--num", type=int, default=400, help="images for the shards")
    args = options.parse_args(arguments)
    print_machine()
    headers = ["image", *TIMING_HEADERS]
    print_table("Generator, one process, in memory", headers, [in_memory(size, args.repeats) for size in args.sizes])
    headers = ["part", "CPU ms an image", "share", "of it in the kernel"]
    for size in args.sizes:
        print_table(f"Where the time goes, {size} x {size}", headers, part_rows(size, args.repeats))
    headers = ["image", "workers", "images", "images/s"]
    rows = [to_shards(size, workers, args.num) for size in args.sizes for workers in dict.fromkeys(args.workers)]
    print_table("Generator into shards, start of the processes included", headers, rows)


def in_memory(size: int, repeats: int) -> list[str]:
    """Times `HandGenerator.render`."""
    from tfhand.synthetic.generator import HandGenerator, SyntheticConfig

    generator = HandGenerator(SyntheticConfig(size=size))
    seeds = itertools.count()
    return [f"{size} x {size}", *measure(lambda: generator.render(next(seeds)), repeats).cells(1)]


def part_rows(size: int, repeats: int) -> list[list[str]]:
    """Means over the samples of `part_times` as a table: parts, what is left, all."""
    times = part_times(size, repeats)
    times[ALL] = tuple(map(sum, zip(*times.values(), strict=True)))
    whole = times[ALL][0]
    return [
        [part, number(1000 * cpu / repeats), f"{cpu / whole:.1%}", number(1000 * kernel / repeats)]
        for part, (cpu, kernel) in times.items()
    ]


def part_times(size: int, repeats: int) -> dict[str, tuple[float, float]]:
    """Processor time of `encode(HandGenerator.render(seed))`, apart for what it consists of.

    Args:
        size: side of the images.
        repeats: samples, each of a seed of its own.

    Returns:
        For each of `PARTS`, `ENCODING` and `REST`, which is everything else: seconds of all threads, and how many of
        them in the compiled kernel.
    """
    from tfhand.data.sample import encode
    from tfhand.rendering.kernel import load_library
    from tfhand.synthetic import generator as module

    generator = module.HandGenerator(module.SyntheticConfig(size=size))
    for seed in range(repeats, repeats + 2):
        encode(generator.render(seed))  # fills caches
    with PartClock() as clock:
        for part, paths in PARTS.items():
            for path in paths:
                *owners, name = path.split(".")
                clock.watch(functools.reduce(getattr, owners, module), name, part)
        library = load_library()
        for name in [name for name in vars(library) if name.startswith("tfhand_")]:
            clock.watch(library, name, _KERNEL)
        for seed in range(repeats):
            with clock.running(REST):
                sample = generator.render(seed)
                with clock.running(ENCODING):
                    encode(sample)
    times = {part: (0.0, 0.0) for part in (*PARTS, ENCODING, REST)}
    for path, seconds in clock.seconds.items():
        part = next(name for name in reversed(path) if name != _KERNEL)
        cpu, kernel = times[part]
        times[part] = cpu + seconds, kernel + seconds * (path[-1] == _KERNEL)
    return times


def to_shards(size: int, workers: int, num: int) -> list[str]:
    """Times `python -m tfhand.synthetic generate`."""
    from tfhand.synthetic.generate import generate
    from tfhand.synthetic.generator import SyntheticConfig

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        generate(Path(folder) / "hands", num, workers, SyntheticConfig(size=size))
        seconds = time.perf_counter() - start
    return [f"{size} x {size}", str(workers), str(num), number(num / seconds)]


if __name__ == "__main__":
    main()
