"""Fine-tunes a network on photographs with 2D joints and depth maps, without meshes.

    python -m trainers.weak --dataset stb --data-dir STB                   # 2D joints and depth
    python -m trainers.weak --dataset rhd --data-dir RHD --with-3d-pose    # 3D joints too
    python -m trainers.weak --dataset synthetic_target --data-dir data/target --weights runs/mobile/weights.safetensors

The same command continues an interrupted run from its last checkpoint. docs/weak_supervision.md has the method.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from tfhand.data import BatchSource
from tfhand.data.datasets import DatasetInfo, find_shards, get_dataset, open_dataset
from tfhand.losses import CompositeLoss
from tfhand.mesh import HandTemplate
from tfhand.models import HandMeshNet, get_preset
from trainers import data
from trainers.config import StageConfig
from trainers.pseudo_meshes import compute_pseudo_meshes
from trainers.run_folder import RunFolder
from trainers.session import OpenData, TrainingData, run_command, run_training
from trainers.weak_config import WeakConfig
from trainers.weak_samples import WeakSamples

CONFIGS = Path(__file__).resolve().parents[1] / "configs"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    return run_command(WeakConfig, CONFIGS / "weak.yaml", train, arguments, __doc__)


def train(config: WeakConfig) -> int:
    """Trains as the config says; returns 0 at the end, 130 when asked to stop before."""
    return run_training(config, "trainers.weak", prepare)


def prepare(config: WeakConfig, template: HandTemplate, losses: Mapping[str, CompositeLoss]) -> OpenData:
    """Checks losses and dataset, and says how to open the latter.

    Raises:
        ValueError: a loss needs what weak supervision hasn't, the dataset is damaged, its meshes are of another template, or
            one folder of rendered hands would be both trained and validated on.
        FileNotFoundError: the dataset is not there; the message says what to download and where to put it.
    """
    info = get_dataset(config.dataset)
    check_losses(config, losses)
    needed = frozenset().union(*(loss.supervision for loss in losses.values()))
    with_depth = "depth" in needed
    split = "validation" if "validation" in info.splits else info.evaluation_split
    _check_folders(config, info, split)
    masks = config.data.others is not None  # crops without a hand are made where its mask is not
    training_set = open_dataset(config.dataset, config.data_dir, info.train_split, with_depth, with_hand_alpha=masks)
    validation_set = open_dataset(config.dataset, config.data_dir, split, with_depth, with_hand_alpha=True)
    if info.with_meshes:
        data.check_meshes(validation_set, template.num_vertices, "data_dir")
    # Reads an image of each: damaged data are told now.
    _check_depth(training_set[0], with_depth)
    _check_depth(validation_set[0], with_depth)
    backgrounds = data.open_backgrounds(config.data)
    if not info.with_depth:
        print(f"{config.dataset} has no depth: trained without the losses that need it")
    training_set = _first(training_set, config)

    def open_data(folder: RunFolder, network: HandMeshNet) -> TrainingData:
        meshes = None
        if "pseudo_mesh" in needed:
            kept = folder.data / "pseudo_meshes" if config.pseudo_meshes is None else Path(config.pseudo_meshes)
            name = f"{config.dataset}/{info.train_split}"
            seen = _first(open_dataset(config.dataset, config.data_dir, info.train_split, with_alpha=False), config)
            meshes = compute_pseudo_meshes(network, seen, name, kept, config.data.workers, folder.pseudo_meshes)
        hands = WeakSamples(training_set, config.with_3d_pose, meshes)
        depth_size = config.data.depth_size if with_depth else None

        def batches(number: int, stage: StageConfig) -> BatchSource:
            return data.training_batches(
                hands, config.data, stage, network, config.seed + number, backgrounds, depth_size
            )

        validation = _validation(config, validation_set)
        crops = data.load_crops(validation, network, depth_size)
        return TrainingData(batches, crops, data.load_negatives(validation, network))

    return open_data


def check_losses(config: WeakConfig, losses: Mapping[str, CompositeLoss]) -> None:
    """Looks whether stages and losses get by with weak supervision.

    Raises:
        ValueError: a term needs meshes, or 3D joints that are not asked for; or a stage runs the pose regressor alone,
            which takes true meshes.
    """
    for name, stage in config.active_stages:
        if stage.kind == "pose" and get_preset(config.preset).pipeline == "mesh":
            raise ValueError(
                f"stages.{name}.parts: expected parts that look at images, got {stage.parts}, which is trained on true "
                "meshes; python -m trainers.fully_supervised has them"
            )
    for name, loss in losses.items():
        for term in loss.terms.values():
            if term.supervision == "mesh":
                raise ValueError(
                    f"stages.{name}.losses: expected terms without meshes, got {term.name!r}; there is pseudo_edge, "
                    "pseudo_laplacian and depth, or python -m trainers.fully_supervised for hands with meshes"
                )
            if term.supervision == "joints_3d" and not config.with_3d_pose:
                raise ValueError(
                    f"stages.{name}.losses: expected terms without 3D joints, got {term.name!r}; give its weight as "
                    "pose_losses, which --with-3d-pose adds"
                )


def _first(dataset: Any, config: WeakConfig) -> Any:
    """The training hands that the config asks for."""
    return data.FirstSamples(dataset, config.data.num_samples) if config.data.num_samples else dataset


def _check_folders(config: WeakConfig, info: DatasetInfo, validation_split: str) -> None:
    splits = (info.train_split, validation_split)
    trained, validated = (find_shards(info, config.data_dir, split) for split in splits)
    if trained is not None and trained == validated:
        raise ValueError(
            f"data_dir: expected {' and '.join(f'{split}/' for split in splits)} in {trained}, got one folder of hands, which "
            "would be both trained and validated on"
        )


def _check_depth(sample: Any, wanted: bool) -> None:
    if wanted and sample.depth_mm is None:
        raise ValueError(
            f"dataset: expected depth for the losses 'depth' and 'silhouette', got none with sample {sample.name!r}; "
            "leave them out by --stages.STAGE.losses.depth=0"
        )


def _validation(config: WeakConfig, dataset: Any) -> Any:
    """The first hands of the validation split, with all that is known of them."""
    hands = data.FirstSamples(dataset, config.data.num_validation)
    # Meshes of other templates can't be compared with.
    return hands if get_dataset(config.dataset).with_meshes else WeakSamples(hands, with_3d_pose=True)


if __name__ == "__main__":
    raise SystemExit(main())
