"""Synthetic hands: one image in one process, and many into shards on all cores.

    python -m benchmarks.generator --sizes 128 256 --workers 1 2
"""

from __future__ import annotations

import itertools
import os
import tempfile
import time
from pathlib import Path

from benchmarks.common import TIMING_HEADERS, measure, number, parser, print_machine, print_table


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
    headers = ["image", "workers", "images", "images/s"]
    rows = [to_shards(size, workers, args.num) for size in args.sizes for workers in dict.fromkeys(args.workers)]
    print_table("Generator into shards, start of the processes included", headers, rows)


def in_memory(size: int, repeats: int) -> list[str]:
    """Times `HandGenerator.render`."""
    from tfhand.synthetic.generator import HandGenerator, SyntheticConfig

    generator = HandGenerator(SyntheticConfig(size=size))
    seeds = itertools.count()
    return [f"{size} x {size}", *measure(lambda: generator.render(next(seeds)), repeats).cells(1)]


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
