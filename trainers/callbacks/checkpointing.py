"""Writing checkpoints while training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras

from trainers.callbacks.steps import Every
from trainers.checkpoint import CheckpointFolder, Progress


class Checkpointing(keras.callbacks.Callback):
    """Saves a checkpoint every so many steps, and when the training is asked to stop.

    Args:
        folder: where to.
        progress: kept by `StepCounter`, which comes before.
        groups: gives the variables to save by group; called at every save.
        every: steps between two checkpoints. They fall on ends of logging intervals.
    """

    def __init__(
        self,
        folder: CheckpointFolder,
        progress: Progress,
        groups: Callable[[], Mapping[str, Iterable[Any]]],
        every: int,
    ):
        super().__init__()
        self.folder = folder
        self.progress = progress
        self.groups = groups
        self.every = Every(every, progress.step)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self.every.due(self.progress.step) or self.model.stop_training:
            self.folder.save(self.progress, self.groups())
