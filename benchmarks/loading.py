"""Images a second from disk through the training pipeline, against what a training step can use.

    python -m benchmarks.loading --data-dir data/hands --workers 1 2
    python -m benchmarks.loading --tfds-dir data/tfds/hand_synthetic/standard/2.6.0
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import training_step
from benchmarks.common import number, parser, print_machine, print_table, set_threads

if TYPE_CHECKING:
    from trainers.config import TrainConfig


def main(arguments: list[str] | None = None) -> None:
    """Runs the command."""
    options = parser(__doc__, repeats=5)
    default = training_step.CONFIGS / "mobile.yaml"
    options.add_argument("--config", type=Path, default=default, help="training config (default: %(default)s)")
    options.add_argument("--data-dir", type=Path, help="folder of shards; without it some hands are rendered")
    options.add_argument("--tfds-dir", type=Path, help="folder that `tfds build hand_synthetic/...` wrote, to compare")
    options.add_argument("--num", type=int, default=64, help="hands to render (default: %(default)s)")
    options.add_argument("--size", type=int, default=256, help="side of their images (default: %(default)s)")
    options.add_argument("--workers", nargs="+", type=int, default=[1, 2], help="batches prepared at a time")
    options.add_argument("--batches", type=int, default=8, help="batches that are timed (default: %(default)s)")
    args = options.parse_args(arguments)
    set_threads(args.threads)
    print_machine()
    from trainers.config import TrainConfig
    from trainers.config_file import load_config

    config = load_config(TrainConfig, args.config, [])
    training = float(training_step.row(args.config, 0, args.repeats)[-1])
    rows = [[f"training step of {args.config.name}", "", number(training), "1.00"]]
    with tempfile.TemporaryDirectory() as folder:
        for name, workers, batches in sources(args, config, Path(folder)):
            speed = images_per_second(batches, args.batches)
            rows.append([name, workers, number(speed), number(speed / training)])
    print_table("From disk to augmented batches", ["what", "workers", "images/s", "times the training"], rows)


def sources(args: Any, config: TrainConfig, folder: Path) -> Iterator[tuple[str, str, Iterable[Any]]]:
    """Name, workers and endless batches of every way to read, augmented as the config's last stage does it."""
    from tfhand.data import BatchSource, ShardedDataset
    from tfhand.data.pipeline import to_tf_dataset
    from tfhand.models import get_preset
    from tfhand.rendering.background import BackgroundSource

    stage, size = config.active_stages[-1][1], get_preset(config.preset).input_size
    options = {"batch_size": stage.batch_size, "size": size, "augment": config.data.augmentation}
    options["backgrounds"] = BackgroundSource()
    readers = {"shards": ShardedDataset(args.data_dir or _rendered(args.num, args.size, folder))}
    if args.tfds_dir is not None:
        import tensorflow_datasets as tfds

        import tfhand.data.tfds_source as tfds_source

        builder = tfds.builder_from_directory(args.tfds_dir)
        if builder.info.file_format is tfds.core.FileFormat.ARRAY_RECORD:
            readers["TFDS, array_record"] = tfds_source.TfdsSource(builder)
        else:
            # Its reading and shuffling run in parallel by themselves.
            yield "TFDS, tfrecord", "auto", tfds_source.batches(builder, shuffle=256, **options)
    for name, reader in readers.items():
        for workers in args.workers:
            yield name, str(workers), to_tf_dataset(BatchSource(reader, **options), parallel_calls=workers)


def images_per_second(batches: Iterable[Any], count: int) -> float:
    """Times `count` batches after the first two, which start threads and fill caches."""
    stream = iter(batches)
    for _ in itertools.islice(stream, 2):
        pass
    start, images = time.perf_counter(), 0
    for pictures, _ in itertools.islice(stream, count):
        images += len(pictures)
    return images / (time.perf_counter() - start)


def _rendered(num: int, size: int, folder: Path) -> Path:
    from tfhand.synthetic.generate import generate
    from tfhand.synthetic.generator import SyntheticConfig

    generate(folder / "hands", num, 2, SyntheticConfig(size=size))
    return folder / "hands"


if __name__ == "__main__":
    main()
