"""Stopping at the first loss or weight that is not a number."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras.ops import convert_to_numpy

from tfhand.io import atomic_path
from trainers.checkpoint import Progress


class NonFiniteLossError(RuntimeError):
    """The loss or a weight became infinite or not a number."""


class BadBatchGuard(keras.callbacks.Callback):
    """Stops the training when the loss is not finite, and keeps the batch that did it, or both that may have done it.

    A finite loss can have a gradient that is not. Weights are therefore looked at before every validation and
    checkpoint, so that neither sees such weights: this callback must come before those.

    Args:
        progress: kept by `StepCounter`, which comes before.
        source: `source[step]` gives the batch of a step again: images and a dict of labels.
        path: the .npz file to write the batch to.
    """

    def __init__(self, progress: Progress, source: Any, path: Path):
        super().__init__()
        self.progress = progress
        self.source = source
        self.path = path

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        bad = sorted(name for name, value in (logs or {}).items() if not math.isfinite(float(value)))
        if bad:
            self._stop(bad)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        weights = {variable.path: convert_to_numpy(variable) for variable in self.model.trainable_variables}
        bad = sorted(path for path, value in weights.items() if not np.isfinite(value).all())
        if bad:
            self._stop([f"{len(bad)} weights such as {bad[0]}"])

    def _batch(self, step: int) -> dict[str, np.ndarray]:
        images, labels = self.source[step]
        return {"image": np.asarray(images), **{name: np.asarray(value) for name, value in labels.items()}}

    def _stop(self, bad: list[str]) -> None:
        step = self.progress.step - 1
        arrays = self._batch(step)
        wrong = sorted(name for name, value in arrays.items() if not np.all(np.isfinite(value)))
        if not wrong and step > 0:  # it may have been the step before: a finite loss, and a gradient that was not
            arrays |= {f"before_{name}": value for name, value in self._batch(step - 1).items()}
        with atomic_path(self.path) as temporary:
            np.savez_compressed(temporary, step=step, **arrays)
        blame = (
            f"the batch itself holds values that are not finite in {', '.join(wrong)}"
            if wrong
            else "the batch is finite, so the training diverged, in this step or in the one before, whose batch is there "
            "as before_...: lower optimizer.learning_rate, raise optimizer.warmup_steps, or set optimizer.clip_norm"
        )
        raise NonFiniteLossError(
            f"not finite at step {step} of stage {self.progress.stage}: {', '.join(bad)}. The batch is in {self.path}; "
            f"{blame}. The same run can't go on with another optimizer; a new one can start from this one's weights "
            "(--weights RUN/weights.safetensors --out NEW), which are those of the last validation."
        )
