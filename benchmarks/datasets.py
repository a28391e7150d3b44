"""Images a second from the shards of each dataset, and the size of their records.

    python -m benchmarks.datasets                                   # made-up samples of each set's sizes and labels
    python -m benchmarks.datasets --data-dir stb=STB rhd=RHD        # the sets themselves, converted where need be

Without data, hands are rendered and set into images of the sets' sizes with the labels that the sets have. One process:
decoding, and decoding with an augmented crop of 128 x 128 and, where the set has depth, its 32 x 32 depth map.
"""

from __future__ import annotations

import dataclasses
import itertools
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import number, parser, print_machine, print_table, set_threads


@dataclasses.dataclass(frozen=True)
class _Look:
    """A set's image size (height, width), its hands' part of the height, and its pixel labels."""

    size: tuple[int, int]
    hand: float
    labels: tuple[str, ...]
    keeps_all: bool = False  # the box is the whole image


LOOKS = {
    "stb": _Look((480, 640), 0.45, ("depth_mm", "scene_depth_mm")),
    "rhd": _Look((320, 320), 0.4, ("alpha", "hand_alpha", "depth_mm", "scene_depth_mm")),
    "freihand": _Look((224, 224), 1.0, ("alpha", "hand_alpha")),
    "ge_synthetic": _Look((360, 360), 1.0, ("alpha",), keeps_all=True),
    "synthetic": _Look((256, 256), 1.0, ("alpha", "hand_alpha", "depth_mm", "scene_depth_mm")),
}
_CROP, _DEPTH = 128, 32


def main(arguments: list[str] | None = None) -> None:
    """Runs the command."""
    options = parser(__doc__, repeats=3)
    options.add_argument("--data-dir", nargs="+", metavar="NAME=DIR", default=[], help="sets to read, in place of rendering")
    options.add_argument("--num", type=int, default=48, help="samples that are read (default: %(default)s)")
    args = options.parse_args(arguments)
    if args.num < 1:
        raise SystemExit(f"error: --num: expected at least 1, got {args.num}")
    set_threads(args.threads)
    print_machine()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, dataset in _datasets(args.data_dir, args.num, Path(folder)):
            rows.append([name, *row(dataset, min(args.num, len(dataset)), args.repeats)])
    headers = ["dataset", "image", "kB", "decoded/s", "augmented crops/s"]
    print_table("Reading shards, one process", headers, rows)


def row(dataset: Any, count: int, repeats: int) -> list[str]:
    """Cells of a table: image size, kB a record, images a second decoded and as augmented crops."""
    from tfhand.data import AugmentConfig, crop

    augment, seeds = AugmentConfig(), itertools.count()
    size = " x ".join(map(str, dataset[0].image.shape[1::-1]))
    kilobytes = np.mean([len(dataset.raw(index)) for index in range(count)]) / 1e3

    def cropped(index: int) -> None:
        sample = dataset[index]
        crop(sample, _CROP, augment, np.random.default_rng(next(seeds)), depth_size=_DEPTH)

    speeds = [_speed(read, count, repeats) for read in (dataset.__getitem__, cropped)]
    return [size, number(kilobytes), *map(number, speeds)]


def _speed(read: Any, count: int, repeats: int) -> float:
    """Images a second, the best of several rounds."""
    read(0)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        for index in range(count):
            read(index)
        seconds.append(time.perf_counter() - start)
    return count / min(seconds)


def _datasets(given: list[str], num: int, folder: Path):
    from tfhand.data import get_dataset, open_dataset
    from tfhand.data.shards import ShardedDataset

    for entry in given:
        name, _, data_dir = entry.partition("=")
        if not data_dir:
            raise SystemExit(f"error: --data-dir: expected NAME=DIR, got {entry}")
        info = get_dataset(name)
        yield name, open_dataset(name, data_dir, info.train_split or info.evaluation_split, with_depth=info.with_depth)
    if not given:
        for name, look in LOOKS.items():
            yield f"{name} (made up)", ShardedDataset(_made_up(look, num, folder / name), "depth_mm" in look.labels)


def _made_up(look: _Look, num: int, folder: Path) -> Path:
    """Shards of rendered hands, converted as the set's own files are."""
    from tfhand.data import encode
    from tfhand.data.around_hand import around_hand
    from tfhand.data.shards import ShardSetWriter, write_shard
    from tfhand.synthetic.generator import HandGenerator, SyntheticConfig

    generator = HandGenerator(SyntheticConfig(size=int(look.size[0] * look.hand)))
    writer = ShardSetWriter(folder, num, num, {})
    samples = (_placed(generator.render(seed), look) for seed in range(num))
    write_shard(writer.shard_path(0), (encode(around_hand(sample)) for sample in samples))
    writer.finish()
    return folder


def _placed(sample: Any, look: _Look) -> Any:
    """A rendered hand in the middle of an image of the set's size, with the set's labels alone."""
    from tfhand.data.sample import PIXEL_FIELDS

    (height, width), (h, w) = look.size, sample.image.shape[:2]
    top, left = (height - h) // 2, (width - w) // 2
    around = ((top, height - h - top), (left, width - w - left))
    pixels: dict[str, Any] = dict.fromkeys(PIXEL_FIELDS)
    pixels.update({name: np.pad(getattr(sample, name), around) for name in look.labels})
    if "scene_depth_mm" in look.labels:  # the wall behind
        slope = np.add.outer(np.arange(height), np.arange(width)).astype(np.float32)
        scene = pixels["scene_depth_mm"]
        pixels["scene_depth_mm"] = np.where(scene > 0, scene, np.float32(1200) + slope)
    box = [0, 0, width, height] if look.keeps_all else sample.box + np.array([left, top, 0, 0])
    return dataclasses.replace(
        sample,
        image=np.pad(sample.image, (*around, (0, 0)), mode="wrap"),
        intrinsics=sample.intrinsics + np.array([0, 0, left, top]),
        box=np.array(box),
        vertices_mm=sample.vertices_mm if look is LOOKS["synthetic"] else None,
        **pixels,
    )


if __name__ == "__main__":
    main()
