"""Trains a network on hands whose mesh and joints are known.

    python -m trainers.fully_supervised                                  # configs/quickstart.yaml: minutes
    python -m trainers.fully_supervised --config configs/mobile.yaml     # the recipe of the shipped weights
    python -m trainers.fully_supervised --config configs/paper.yaml --data.train DIR --out runs/paper

The same command continues an interrupted run from its last checkpoint. The run folder's README says what lies where.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from tfhand.data import BatchSource
from tfhand.losses import CompositeLoss
from tfhand.mesh import HandTemplate
from tfhand.models import HandMeshNet, get_preset
from tfhand.rendering.kernel import KernelError
from trainers import data, devices
from trainers.average import WeightAverage
from trainers.callbacks import NonFiniteLossError
from trainers.checkpoint import Progress, read_progress
from trainers.config import StageConfig, TrainConfig
from trainers.config_file import load_config
from trainers.run_folder import RunFolder
from trainers.stage import Run, train_stages

CONFIGS = Path(__file__).resolve().parents[1] / "configs"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    config = load_config(TrainConfig, CONFIGS / "quickstart.yaml", arguments, __doc__)
    try:
        return train(config)
    except (ValueError, OSError, KernelError, NonFiniteLossError) as error:
        raise SystemExit(f"error: {error}") from None


def train(config: TrainConfig) -> int:
    """Trains as the config says; returns 0 at the end, 130 when asked to stop before."""
    strategy = devices.set_up(config)
    if get_preset(config.preset).joint_definition != "tfhand":
        raise ValueError(f"preset: expected one for training, got {config.preset!r}, which is for imported weights.")
    template = HandTemplate.load()
    losses = {name: CompositeLoss(stage.losses, template, stage.loss_options) for name, stage in config.active_stages}
    data.check_given(config.data, template.num_vertices)
    folder = RunFolder(config.out)
    checkpoint = folder.open(config, "trainers.fully_supervised")
    progress = Progress() if checkpoint is None else read_progress(checkpoint)

    with devices.scope(strategy):
        network = HandMeshNet.from_preset(config.preset, weights=config.weights, template=template)
        copy = HandMeshNet.from_preset(config.preset, weights=None, template=template)
        average = WeightAverage(network, copy, config.ema_decay)

    size = network.input_size
    training_set = data.open_training_set(config.data, folder.data, config.seed)
    data.check_meshes(training_set, template.num_vertices, "data.train")
    validation = data.load_validation_set(config.data, folder.data, size, template.num_vertices)
    backgrounds = data.open_backgrounds(config.data)
    run = Run(config, folder, network, average, template.faces, validation, progress, strategy)
    if checkpoint is not None:
        print(f"continuing from {checkpoint}: stage {progress.stage}, step {progress.step}")

    def batches(number: int, stage: StageConfig) -> BatchSource:
        return data.training_batches(training_set, config.data, stage, size, config.seed + number, backgrounds)

    if not train_stages(run, losses, batches, checkpoint):
        print(f"stopped at step {progress.step} of stage {progress.stage}; the same command continues")
        return 130
    print(f"done: {folder.weights}; {folder.readme} explains the rest")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
