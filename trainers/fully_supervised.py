"""Trains a network on hands whose mesh and joints are known.

    python -m trainers.fully_supervised                                  # configs/quickstart.yaml: minutes
    python -m trainers.fully_supervised --config configs/mobile.yaml     # the recipe of the shipped weights
    python -m trainers.fully_supervised --config configs/paper.yaml --data.train DIR --out runs/paper

The same command continues an interrupted run from its last checkpoint. The run folder's README says what lies where.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from tfhand.data import BatchSource
from tfhand.losses import CompositeLoss
from tfhand.mesh import HandTemplate
from tfhand.models import HandMeshNet
from trainers import data
from trainers.config import StageConfig, TrainConfig
from trainers.run_folder import RunFolder
from trainers.session import OpenData, TrainingData, run_command, run_training

CONFIGS = Path(__file__).resolve().parents[1] / "configs"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    return run_command(TrainConfig, CONFIGS / "quickstart.yaml", train, arguments, __doc__)


def train(config: TrainConfig) -> int:
    """Trains as the config says; returns 0 at the end, 130 when asked to stop before."""
    return run_training(config, "trainers.fully_supervised", prepare)


def prepare(config: TrainConfig, template: HandTemplate, losses: Mapping[str, CompositeLoss]) -> OpenData:
    """Checks the data that the config names, and says how to open or render it.

    Raises:
        ValueError: a stage has a term of weak supervision, or see `trainers.data.check_given`.
        FileNotFoundError: see there.
    """
    for name, loss in losses.items():
        weak = [term.name for term in loss.terms.values() if term.supervision in ("depth", "pseudo_mesh")]
        if weak:
            raise ValueError(
                f"stages.{name}.losses: expected terms of full supervision, got {weak[0]!r}; "
                "python -m trainers.weak has it"
            )
    data.check_given(config.data, template.num_vertices)

    def open_data(folder: RunFolder, network: HandMeshNet) -> TrainingData:
        training_set = data.open_training_set(config.data, folder.data, config.seed)
        data.check_meshes(training_set, template.num_vertices, "data.train")
        validation_set = data.open_validation_set(config.data, folder.data, template.num_vertices)
        backgrounds = data.open_backgrounds(config.data)

        def batches(number: int, stage: StageConfig) -> BatchSource:
            return data.training_batches(training_set, config.data, stage, network, config.seed + number, backgrounds)

        return TrainingData(batches, data.load_crops(validation_set, network), data.load_negatives(validation_set, network))

    return open_data


if __name__ == "__main__":
    raise SystemExit(main())
