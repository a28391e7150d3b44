"""Figures over steps, as CSV and for TensorBoard."""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfhand.io import atomic_path
from trainers.checkpoint import Progress

POSITION = ("total_step", "stage", "step", "seconds", "images_per_second", "learning_rate")


class _Log(keras.callbacks.Callback):
    """Collects the figures of each logging interval (an epoch of `fit`) and hands them to `write`."""

    def __init__(self, stage: str, progress: Progress, batch_size: int):
        super().__init__()
        self.stage = stage
        self.progress = progress
        self.batch_size = batch_size
        self._begun = (0.0, 0)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._begun = (self.progress.seconds, self.progress.step)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        seconds, step = self._begun
        elapsed = max(self.progress.seconds - seconds, 1e-9)
        optimizer = self.model.optimizer
        row = {
            "total_step": self.progress.total_step,
            "stage": self.stage,
            "step": self.progress.step,
            "seconds": round(self.progress.seconds, 1),
            "images_per_second": round((self.progress.step - step) * self.batch_size / elapsed, 2),
            "learning_rate": float(keras.ops.convert_to_numpy(optimizer.learning_rate)),
        }
        self.write(row | {name: float(value) for name, value in (logs or {}).items()})

    def write(self, row: dict[str, Any]) -> None:
        raise TypeError(f"{type(self).__name__} must implement `write(row)`.")


class CsvLog(_Log):
    """Appends a line each logging interval. Lines from after the checkpoint that a run continues from are dropped.

    Args:
        path: the .csv file.
        columns: names of losses and validation figures, in order; the same for all stages of a run.
        stage: the stage's name.
        progress: kept by `StepCounter`, which comes before.
        batch_size: images in a step.
    """

    def __init__(self, path: Path, columns: Sequence[str], stage: str, progress: Progress, batch_size: int):
        super().__init__(stage, progress, batch_size)
        self.path = path
        self.columns = [*POSITION, *columns]

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        rows = []
        if self.path.exists():
            with open(self.path, newline="", encoding="utf-8") as file:
                whole = [row for row in csv.DictReader(file) if None not in row.values()]  # a kill may have cut one
                rows = [row for row in whole if int(row["total_step"]) <= self.progress.total_step]
        with atomic_path(self.path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self.columns, restval="")
            writer.writeheader()
            writer.writerows(rows)

    def write(self, row: dict[str, Any]) -> None:
        with open(self.path, "a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self.columns, restval="")
            writer.writerow({name: _short(value) for name, value in row.items()})


class TensorBoardLog(_Log):
    """Writes the same figures as scalars, and pictures, for TensorBoard.

    Args:
        folder: the log directory.
        stage: the stage's name.
        progress: kept by `StepCounter`, which comes before.
        batch_size: images in a step.
    """

    def __init__(self, folder: Path, stage: str, progress: Progress, batch_size: int):
        super().__init__(stage, progress, batch_size)
        import tensorflow as tf

        self._summary = tf.summary
        self._writer = tf.summary.create_file_writer(str(folder), filename_suffix=f".{int(time.time())}")

    def write(self, row: dict[str, Any]) -> None:
        with self._writer.as_default(step=row["total_step"]):
            for name, value in row.items():
                if isinstance(value, float):
                    group = "validation" if name.startswith("val_") else "run" if name in POSITION else "training"
                    self._summary.scalar(f"{group}/{name.removeprefix('val_')}", value)
        self._writer.flush()

    def picture(self, image: np.ndarray) -> None:
        """Adds a picture, (H, W, 3) uint8 RGB, at the current step."""
        with self._writer.as_default(step=self.progress.total_step):
            self._summary.image("validation", image[None])
        self._writer.flush()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._writer.close()


def _short(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) else value
