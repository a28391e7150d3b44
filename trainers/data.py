"""Training and validation hands: from shards, or rendered for the run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfhand.data import BatchSource, ShardedDataset
from tfhand.data.batches import Batch
from tfhand.data.datasets import check_rendered
from tfhand.data.sign_views import negative_crops
from tfhand.rendering.background import BackgroundSource
from tfhand.synthetic.split import background_cell, in_split
from trainers.config import DataConfig, InputConfig, StageConfig

if TYPE_CHECKING:
    from tfhand.models import HandNet

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
        from tfhand.synthetic.source import SyntheticSource

        return SyntheticSource(ENDLESS, _render_config(config, "train"), seed, config.workers)
    masks = config.others is not None  # crops without a hand are made where its mask is not
    return _open(config.train, folder, "train", config.num_samples, config, seed, masks)


def open_validation_set(config: DataConfig, folder: Path, num_vertices: int) -> FirstSamples:
    """The first hands of the validation set.

    Args:
        config: where they come from.
        folder: where rendered hands are kept.
        num_vertices: vertices of the template's network mesh.

    Raises:
        ValueError: see `check_meshes`.
    """
    dataset = _open(config.validation, folder, "validation", config.num_validation, config, VALIDATION_SEED, masks=True)
    check_meshes(dataset, num_vertices, "data.validation")
    return FirstSamples(dataset, config.num_validation)


def load_crops(dataset: Any, network: HandNet, depth_size: int | None = None) -> list[Batch]:
    """All samples of a dataset as plain crops, in memory.

    Args:
        dataset: hands.
        network: says how large crops are, and what depths run along.
        depth_size: side of depth maps, pixels; None leaves them out.
    """
    source = BatchSource(
        dataset, VALIDATION_BATCH, network.input_size,
        shuffle=False, depth_size=depth_size, depth_axis=network.depth_axis,
    )  # fmt: skip
    return list(source)


def load_negatives(dataset: Any, network: HandNet) -> list[np.ndarray] | None:
    """Crops without a hand to validate on, one from each sample, batch by batch; None for a network without signs.

    Args:
        dataset: validation hands.
        network: says how large crops are, and which side it knows.
    """
    if network.sign_stage is None:
        return None
    crops = negative_crops(dataset, network.input_size, network.hand_side, validation_backgrounds(), VALIDATION_BATCH)
    return list(crops)


def validation_backgrounds() -> BackgroundSource:
    """Built-in pictures that no training hand stands before."""
    return BackgroundSource(accepts=lambda path: in_split(background_cell(path.name), "validation"))


def open_backgrounds(config: InputConfig) -> BackgroundSource:
    """The pictures that augmentation puts behind hands: those that validation hands never stand before.

    Raises:
        FileNotFoundError, ValueError: the folder is missing or holds no picture of the training split.
    """
    folders = () if config.backgrounds is None else (config.backgrounds,)
    return BackgroundSource(folders, accepts=lambda path: in_split(background_cell(path.name), "train"))


def check_given(config: DataConfig, num_vertices: int) -> None:
    """Looks at the folders that the config names, before anything is rendered, built or trained.

    Args:
        config: where hands and backgrounds come from.
        num_vertices: vertices of the template's network mesh.

    Raises:
        FileNotFoundError, ValueError: a folder is missing, empty, unfinished or rendered for the other split, or see
            `check_meshes`.
    """
    for split, folder in (("train", config.train), ("validation", config.validation)):
        if folder is not None:
            where = f"data.{split}"
            try:
                dataset = ShardedDataset(folder)
                check_rendered(Path(folder), split)
            except (FileNotFoundError, ValueError) as error:
                raise type(error)(f"{where}: {str(error).removeprefix('data_dir: ')}") from error
            check_meshes(dataset, num_vertices, where)
    open_backgrounds(config)


def check_meshes(dataset: Any, num_vertices: int, where: str) -> None:
    """Compares a dataset with the template before anything is trained on it.

    Args:
        dataset: its first sample is looked at.
        num_vertices: vertices of the template's network mesh.
        where: what the dataset is called in the config.

    Raises:
        ValueError: the dataset has no meshes, or those of another template.
    """
    vertices = dataset[0].vertices_mm
    if vertices is None or len(vertices) != num_vertices:
        found = "none" if vertices is None else f"meshes of {len(vertices)}"
        raise ValueError(
            f"{where}: expected hands with meshes of the template's {num_vertices} vertices, got {found}; "
            "render them again"
        )


def training_batches(
    dataset: Any,
    config: InputConfig,
    stage: StageConfig,
    network: HandNet,
    seed: int,
    backgrounds: BackgroundSource | None = None,
    depth_size: int | None = None,
) -> BatchSource:
    """The batches of a stage: batch `i` is a pure function of `seed` and `i`.

    Args:
        dataset: hands.
        config: says how to augment, and how many crops show something else.
        stage: says how many samples a batch has.
        network: says how large crops are, and what depths run along.
        seed: of order and augmentation; another one for every stage.
        backgrounds: where augmentation finds other backgrounds; None leaves those that are there.
        depth_size: side of depth maps, pixels; None leaves them out.
    """
    return BatchSource(
        dataset, stage.batch_size, network.input_size, config.augmentation, seed,
        backgrounds=backgrounds, depth_size=depth_size, others=config.others, depth_axis=network.depth_axis,
    )  # fmt: skip


def _open(
    data_dir: str | None, folder: Path, split: str, count: int, config: DataConfig, seed: int, masks: bool = False
) -> ShardedDataset:
    if data_dir is not None:
        return ShardedDataset(data_dir, with_hand_alpha=masks)
    from tfhand.synthetic.generate import generate

    generate(folder / split, count, config.workers, _render_config(config, split), seed)
    return ShardedDataset(folder / split, with_hand_alpha=masks)


def _render_config(config: DataConfig, split: str) -> Any:
    from tfhand.synthetic.generator import SyntheticConfig

    return SyntheticConfig(size=config.render_size, backgrounds=config.backgrounds, split=split)
