"""Training and validation hands: from shards, or rendered for the run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfhand.data import BatchSource, ShardedDataset
from tfhand.data.batches import Batch
from trainers.config import DataConfig, StageConfig

VALIDATION_BATCH = 16
#: Seed of rendered validation hands, unlike any sensible seed of a run.
VALIDATION_SEED = 1_000_003
#: Hands that "render every batch afresh" goes through before it begins again.
ENDLESS = 1_000_000


class FirstSamples:
    """The first `count` samples of a dataset."""

    def __init__(self, dataset: Any, count: int):
        self.dataset = dataset
        self.count = min(count, len(dataset))

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Any:
        return self.dataset[index]


def open_training_set(config: DataConfig, folder: Path, seed: int) -> Any:
    """The hands to train on: a folder of shards, hands rendered into `folder`, or an endless renderer.

    Args:
        config: where they come from.
        folder: where rendered hands are kept; what an interrupted run rendered there is used again.
        seed: of rendered hands.

    Returns:
        A dataset (`__len__`, `__getitem__`) of samples.
    """
    if config.train is None and config.num_samples == 0:
        from tfhand.synthetic.generator import SyntheticConfig
        from tfhand.synthetic.source import SyntheticSource

        return SyntheticSource(ENDLESS, SyntheticConfig(size=config.render_size), seed, config.workers)
    return _open(config.train, folder / "train", config.num_samples, config, seed)


def load_validation_set(config: DataConfig, folder: Path, size: int) -> list[Batch]:
    """The first hands of the validation set as plain crops, all in memory.

    Args:
        config: where they come from.
        folder: where rendered hands are kept.
        size: side of the crops, pixels.
    """
    dataset = _open(config.validation, folder / "validation", config.num_validation, config, VALIDATION_SEED)
    return list(BatchSource(FirstSamples(dataset, config.num_validation), VALIDATION_BATCH, size, shuffle=False))


def training_batches(
    dataset: Any, config: DataConfig, stage: StageConfig, size: int, seed: int, backgrounds: Sequence[np.ndarray] = ()
) -> BatchSource:
    """The batches of a stage: batch `i` is a pure function of `seed` and `i`.

    Args:
        dataset: what `open_training_set` gave.
        config: says how to augment.
        stage: says how many samples a batch has.
        size: side of the crops, pixels.
        seed: of order and augmentation; another one for every stage.
        backgrounds: pictures to put behind the hands.
    """
    return BatchSource(dataset, stage.batch_size, size, config.augmentation, seed, backgrounds=backgrounds)


def _open(data_dir: str | None, rendered: Path, count: int, config: DataConfig, seed: int) -> ShardedDataset:
    if data_dir is not None:
        return ShardedDataset(data_dir)
    from tfhand.synthetic.generate import generate
    from tfhand.synthetic.generator import SyntheticConfig

    generate(rendered, count, config.workers, SyntheticConfig(size=config.render_size), seed)
    return ShardedDataset(rendered)
