"""The log as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from trainers.curves import draw_curves


class CurvePicture(keras.callbacks.Callback):
    """Draws the curves anew whenever there are validation figures; comes after `CsvLog`.

    Args:
        log: log.csv of the run.
        picture: PNG to write.
    """

    def __init__(self, log: Path, picture: Path):
        super().__init__()
        self.log = log
        self.picture = picture

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if any(name.startswith("val_") for name in logs or {}):
            draw_curves(self.log, self.picture)
