"""The line that moves while training."""

from __future__ import annotations

from typing import Any

import keras
from tqdm import tqdm

from trainers.checkpoint import Progress


class ProgressBar(keras.callbacks.Callback):
    """A progress bar with time left, images a second and the loss; a line now and then where output is a file.

    Args:
        name: the stage's.
        progress: kept by `StepCounter`, which comes before.
        steps: length of the stage.
        batch_size: images in a step.
    """

    def __init__(self, name: str, progress: Progress, steps: int, batch_size: int):
        super().__init__()
        self.name = name
        self.progress = progress
        self.steps = steps
        self.batch_size = batch_size
        self.bar: tqdm | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.bar = tqdm(
            total=self.steps * self.batch_size,
            initial=self.progress.step * self.batch_size,
            desc=self.name,
            unit=" images",
            dynamic_ncols=True,
            mininterval=0.5,
        )
        if not self.bar.fp.isatty():
            self.bar.mininterval = 30.0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        loss = float((logs or {}).get("loss", 0))
        self.bar.set_postfix_str(f"step {self.progress.step}/{self.steps}, loss {loss:.4g}", refresh=False)
        self.bar.update(self.batch_size)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        validation = {name: value for name, value in (logs or {}).items() if name.startswith("val_")}
        if validation:
            figures = ", ".join(f"{name.removeprefix('val_')} {value:.4g}" for name, value in validation.items())
            tqdm.write(f"{self.name} step {self.progress.step}: validation {figures}")

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self.bar.close()
