"""The stages of a training, from their batches to their last checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfhand.data import BatchSource
from tfhand.data.batches import Batch
from tfhand.data.pipeline import loading_errors, to_tf_dataset
from tfhand.losses import CompositeLoss
from trainers import callbacks, devices
from trainers.average import WeightAverage
from trainers.checkpoint import CheckpointFolder, Progress, restore
from trainers.config import StageConfig, TrainConfig
from trainers.model import TrainingModel
from trainers.optimizers import build_optimizer
from trainers.run_folder import RunFolder
from trainers.validator import Validator, figures_of


@dataclass(frozen=True)
class Run:
    """What the stages of a run share.

    Args:
        config: the run's config.
        folder: the run's files.
        network: what is trained.
        average: its running average, which is validated and exported.
        faces: (F, 3) triangles of the network mesh.
        validation: batches to validate on.
        progress: where the run stands.
        strategy: devices, see `trainers.devices`.
        negatives: crops without a hand to validate signs on; None for a network without.
    """

    config: TrainConfig
    folder: RunFolder
    network: keras.Model
    average: WeightAverage
    faces: np.ndarray
    validation: Sequence[Batch]
    progress: Progress
    strategy: Any
    negatives: Sequence[np.ndarray] | None = None

    @property
    def checkpoints(self) -> CheckpointFolder:
        """The run's checkpoints."""
        return CheckpointFolder(self.folder.checkpoints, self.config.keep_checkpoints)

    def groups(self, optimizer: keras.optimizers.Optimizer | None = None) -> dict[str, Iterable[Any]]:
        """The variables that make up the run's state, by group."""
        groups = {"network": self.network.variables, "average": self.average.variables}
        return groups if optimizer is None else groups | {"optimizer": optimizer.variables}

    def export(self) -> None:
        """Writes the averaged weights where evaluation, prediction and export read them."""
        self.average.copy.save_preset_weights(self.folder.weights)


def train_stages(
    run: Run,
    losses: Mapping[str, CompositeLoss],
    batches: Callable[[int, StageConfig], BatchSource],
    checkpoint: Path | None,
) -> bool:
    """Trains the stages of a run that are not done yet, one after the other.

    Args:
        run: what the stages share.
        losses: of every stage, by its name.
        batches: gives the batches of a stage from its number and config.
        checkpoint: where to continue from; everything but the place where the run stands is taken from it.

    Returns:
        Whether the run came to its end; otherwise it was asked to stop, and a checkpoint says where.
    """
    progress = run.progress
    if checkpoint is not None:
        restore(checkpoint, run.groups())
    stages = run.config.active_stages
    while progress.stage < len(stages):
        number = progress.stage
        name, stage = stages[number]
        slots = checkpoint if progress.step > 0 else None
        asked_to_stop = False
        if progress.step < stage.steps:
            asked_to_stop = not train_stage(run, name, stage, losses[name], batches(number, stage), slots)
        if progress.step >= stage.steps:
            progress.stage, progress.step = number + 1, 0
            run.checkpoints.save(progress, run.groups())
        if asked_to_stop and progress.stage < len(stages):
            return False
    run.export()
    return True


def train_stage(
    run: Run,
    name: str,
    stage: StageConfig,
    loss: CompositeLoss,
    source: BatchSource,
    checkpoint: Path | None = None,
) -> bool:
    """Trains one stage to its end, or until it is asked to stop.

    Args:
        run: what the stages share; its progress says how far the stage is.
        name: the stage's name, for logs.
        stage: its config.
        loss: its losses.
        source: its batches, by step.
        checkpoint: where the stage was interrupted; its optimizer's state is taken from there.

    Returns:
        Whether to go on: False when asked to stop, be it at the stage's last step.

    Raises:
        NonFiniteLossError: see `BadBatchGuard`.
        Exception: whatever loading a batch raised.
    """
    config = run.config
    with devices.scope(run.strategy):
        replicas = devices.num_replicas(run.strategy)
        kind = kind_of(stage, run.network)
        model = TrainingModel(run.network, run.average, loss, kind, stage.parts, stage.frozen, replicas, run.faces)
        optimizer = build_optimizer(stage.optimizer, stage.steps, model, replicas)
        # Without it JAX would run operation by operation.
        compiled = config.jit_compile or keras.backend.backend() == "jax"
        model.compile(optimizer=optimizer, jit_compile=compiled)
    if checkpoint is not None:
        restore(checkpoint, {"optimizer": optimizer.variables})
    counter = callbacks.StepCounter(run.progress, stage.steps)
    batches = to_tf_dataset(source, run.progress.step, parallel_calls=config.data.workers)
    remaining = stage.steps - run.progress.step
    try:
        with loading_errors(source):
            model.fit(
                batches.map(lambda images, labels: ({"image": images, **labels}, labels)),
                epochs=-(-remaining // config.log_every),
                steps_per_epoch=config.log_every,
                callbacks=[counter, *stage_callbacks(run, name, stage, optimizer, source)],
                shuffle=False,
                verbose=0,
            )
    finally:
        counter.restore_signals()
    return not counter.interrupted


def stage_callbacks(
    run: Run, name: str, stage: StageConfig, optimizer: keras.optimizers.Optimizer, source: BatchSource
) -> list[keras.callbacks.Callback]:
    """What happens between the steps of a stage, in the order in which it must happen after `StepCounter`."""
    config, folder, progress = run.config, run.folder, run.progress
    board = callbacks.TensorBoardLog(folder.tensorboard, name, progress, stage.batch_size)
    kind = kind_of(stage, run.network)
    validator = Validator(run.average.copy, run.validation, run.faces, kind, config.num_pictures, run.negatives)
    return [
        callbacks.BadBatchGuard(progress, source, folder.bad_batch),
        callbacks.Validation(
            validator, progress, config.validate_every, stage.steps, folder.pictures, board, run.export
        ),
        callbacks.CsvLog(folder.log, log_columns(run), name, progress, stage.batch_size),
        callbacks.CurvePicture(folder.log, folder.curves),
        board,
        callbacks.ProgressBar(name, progress, stage.steps, stage.batch_size),
        callbacks.Checkpointing(run.checkpoints, progress, lambda: run.groups(optimizer), config.checkpoint_every),
    ]


def kind_of(stage: StageConfig, network: keras.Model) -> str:
    """Which network runs in a stage: see `StageConfig.kind`, but for a network whose joints aren't regressed from its mesh:
    what its last part gives comes from the image, so that part never runs alone."""
    return "full" if stage.kind == "pose" and not hasattr(network, "pose_model") else stage.kind


def log_columns(run: Run) -> list[str]:
    """The columns of log.csv that hold losses and validation figures, over all stages."""
    losses, figures = [], []
    for _, stage in run.config.active_stages:
        kind = kind_of(stage, run.network)
        losses += [loss for loss, weight in stage.losses.items() if weight > 0]
        figures += [f"val_{figure}" for figure in figures_of(kind, run.validation[0][1], run.network.output)]
    return list(dict.fromkeys(["loss", *losses, *figures]))
