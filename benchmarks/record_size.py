"""What a sample takes on disk, label by label.

    python -m benchmarks.record_size --sizes 128 256
    python -m benchmarks.record_size --data-dir data/hands
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.common import number, parser, print_machine, print_table

#: Tensors that get a line of their own; the rest is summed.
_SHOWN = ("image", "alpha", "depth", "vertices_mm")
_REST, _FRAME = "other labels", "names and places"


def main(arguments: list[str] | None = None) -> None:
    """Runs the command."""
    options = parser(__doc__, threads=False)
    options.add_argument("--sizes", nargs="+", type=int, default=[128, 256], help="sides of images to render")
    options.add_argument("--num", type=int, default=24, help="samples that are looked at (default: %(default)s)")
    options.add_argument("--data-dir", type=Path, help="a dataset to look at, in place of rendering")
    args = options.parse_args(arguments)
    if args.num < 1:
        raise SystemExit(f"error: --num: expected at least 1, got {args.num}")
    print_machine()
    if args.data_dir is not None:
        sets = {str(args.data_dir): stored(args.data_dir, args.num)}
    else:
        sets = {f"{size} x {size}": rendered(size, args.num) for size in args.sizes}
    rows = [[title, *row] for title, records in sets.items() for row in label_sizes(records)]
    print_table(f"Size of a sample, mean of {args.num}", ["image", "label", "kB", "share"], rows)


def rendered(size: int, num: int) -> Iterator[bytes]:
    """Samples as `generate` writes them."""
    from tfhand.data.sample import encode
    from tfhand.synthetic.generator import HandGenerator, SyntheticConfig

    generator = HandGenerator(SyntheticConfig(size=size))
    return (encode(generator.render(seed)) for seed in range(num))


def stored(data_dir: Path, num: int) -> Iterator[bytes]:
    """Samples of a folder, spread over it."""
    from tfhand.data.shards import ShardedDataset

    dataset = ShardedDataset(data_dir)
    return (dataset.raw(int(index)) for index in np.unique(np.linspace(0, len(dataset) - 1, num).astype(int)))


def label_sizes(records: Iterable[bytes]) -> list[list[str]]:
    """Cells of a table: label, kB a sample, share of the whole, the largest first and the whole at the end."""
    totals = dict.fromkeys((*_SHOWN, _REST, _FRAME), 0)
    count = 0
    for record in records:
        count += 1
        # safetensors: the header's length as 64 bits, the header, the tensors.
        head = int.from_bytes(record[:8], "little")
        totals[_FRAME] += 8 + head
        for name, entry in json.loads(record[8 : 8 + head]).items():
            if name != "__metadata__":
                start, stop = entry["data_offsets"]
                totals[name if name in _SHOWN else _REST] += stop - start
    whole = sum(totals.values())
    rows = sorted(totals.items(), key=lambda item: -item[1])
    return [[name, number(size / count / 1000), f"{size / whole:.0%}"] for name, size in [*rows, ("all", whole)]]


if __name__ == "__main__":
    main()
