"""Datasets from the command line.

    python -m tfhand.data info                                        # all of them: where to get them, where they lie
    python -m tfhand.data convert stb --data-dir ~/STB --split test   # to shards in ~/STB/shards/test
    python -m tfhand.data convert rhd --out /fast/rhd                 # every split, to /fast/rhd/train and /fast/rhd/test
    python -m tfhand.data check /fast/rhd/train                       # reads and decodes every sample
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tfhand.data.convert import check_shards, convert_dataset
from tfhand.data.dataset_dir import dataset_dir
from tfhand.compiled import KernelError
from tfhand.data.datasets import DATASETS, DatasetInfo, find_shards, get_dataset
from tfhand.data.shards import read_info


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit status.

    Args:
        argv: arguments without the program's name; None takes the process's.
    """
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    arguments = _parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except (ValueError, OSError, KernelError) as error:  # STB's depth is seen anew by a compiled rasteriser
        print(f"tfhand.data: {error}", file=sys.stderr)
        return 1
    return 0


def _convert(arguments: argparse.Namespace) -> None:
    info = get_dataset(arguments.dataset)
    # Bumblebee images double STB and have no depth: only when asked for.
    splits = arguments.split or [split for split in info.splits if not split.endswith("_bb")]
    for split in splits:
        out = None if arguments.out is None else Path(arguments.out) / split
        folder = convert_dataset(
            info.name, arguments.data_dir, split, out, arguments.workers, arguments.shard_size, not arguments.quiet
        )
        print(_shards_line(folder))


def _info(arguments: argparse.Namespace) -> None:
    chosen = [get_dataset(arguments.dataset)] if arguments.dataset else list(DATASETS.values())
    print("\n\n".join(_description(info, arguments.data_dir) for info in chosen))


def _check(arguments: argparse.Namespace) -> None:
    print(f"{arguments.folder}: {check_shards(arguments.folder, not arguments.quiet)} samples, all whole")


def _description(info: DatasetInfo, data_dir: str | None) -> str:
    source, folder = info.source, dataset_dir(info.name, data_dir)
    lines = [
        f"{info.name}: {source.title}",
        f"  page      {source.page}",
        f"  files     {', '.join(source.files)}",
        f"  layout    {source.unpack}",
        f"  licence   {source.licence}",
        f"  protocol  {', '.join(info.protocols)}",
        f"  folder    {folder}{'' if folder.is_dir() else ' (not there)'}",
    ]
    for split, what in info.splits.items():
        shards = find_shards(info, data_dir, split) if folder.is_dir() else None
        lines.append(f"  {split:<11}{what}")
        if shards is not None:
            lines.append(f"{'':<13}{_shards_line(shards)}")
    return "\n".join(lines)


def _shards_line(folder: Path) -> str:
    found = read_info(folder)
    skipped = found.get("skipped", {"count": 0, "reasons": {}})
    line = f"{folder}: {found['num_samples']} samples in {len(found['shards'])} shards"
    if skipped["count"]:
        reasons = "; ".join(f"{count} x {reason}" for reason, count in skipped["reasons"].items())
        line += f", {skipped['count']} left out ({reasons})"
    return line


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tfhand.data", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    convertible = [name for name, info in DATASETS.items() if info.read is not None and info.converts]

    convert = commands.add_parser("convert", help="a dataset's own files to shards; goes on where it was interrupted")
    convert.add_argument("dataset", choices=convertible, help="which")
    convert.add_argument("--data-dir", metavar="DIR", help="its folder (default: $TFHAND_DATA/NAME or ~/tfhand_data/NAME)")
    everything = "may be given again (default: all, but for STB no Bumblebee cameras)"
    convert.add_argument("--split", action="append", metavar="NAME", help=everything)
    convert.add_argument("--out", metavar="DIR", help="shards go to DIR/SPLIT (default: DATA_DIR/shards/SPLIT)")
    convert.add_argument("--workers", type=int, metavar="N", default=os.cpu_count(), help="processes (default: all cores)")
    convert.add_argument("--shard-size", type=int, metavar="N", default=500, help="samples in a file (default: %(default)s)")
    convert.add_argument("--quiet", action="store_true", help="no progress bar")
    convert.set_defaults(run=_convert)

    info = commands.add_parser("info", help="where a dataset comes from, its splits, where it lies")
    info.add_argument("dataset", nargs="?", choices=list(DATASETS), help="which (default: all)")
    info.add_argument("--data-dir", metavar="DIR", help="its folder")
    info.set_defaults(run=_info)

    check = commands.add_parser("check", help="reads and decodes every sample of a folder of shards")
    check.add_argument("folder", metavar="DIR", help="a folder with dataset.json")
    check.add_argument("--quiet", action="store_true", help="no progress bar")
    check.set_defaults(run=_check)
    return parser


if __name__ == "__main__":
    sys.exit(main())
