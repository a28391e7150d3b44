"""Looking at the validation set while training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np

from tfhand.io import atomic_path
from trainers.callbacks.logs import TensorBoardLog
from trainers.callbacks.steps import Every
from trainers.checkpoint import Progress
from trainers.validator import Validator


class Validation(keras.callbacks.Callback):
    """Validates the averaged weights, draws pictures of them and exports them.

    Its figures join the logs as `val_...`, so it must come before the callbacks that write logs.

    Args:
        validator: what is measured.
        progress: kept by `StepCounter`, which comes before.
        every: steps between two validations; the stage's last step is always one.
        steps: length of the stage.
        pictures: folder of the pictures.
        board: also gets the pictures.
        export: writes the averaged weights; called after every validation.
    """

    def __init__(
        self,
        validator: Validator,
        progress: Progress,
        every: int,
        steps: int,
        pictures: Path,
        board: TensorBoardLog,
        export: Callable[[], None],
    ):
        super().__init__()
        self.validator = validator
        self.progress = progress
        self.every = Every(every, progress.step)
        self.steps = steps
        self.pictures = pictures
        self.board = board
        self.export = export

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if not self.every.due(self.progress.step) and self.progress.step < self.steps:
            return
        _ = self.model  # Brings JAX's state back into the variables that the validator reads.
        figures, picture = self.validator.run()
        logs.update({f"val_{name}": value for name, value in figures.items()})
        if picture is not None:
            self._save(picture)
        self.export()

    def _save(self, picture: np.ndarray) -> None:
        with atomic_path(self.pictures / f"step-{self.progress.total_step:08d}.jpg") as temporary:
            if not cv2.imwrite(str(temporary), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90]):
                raise OSError(f"cv2 could not write {temporary}")
        self.board.picture(picture)
