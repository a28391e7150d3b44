"""Counting steps, and stopping where asked."""

from __future__ import annotations

import signal
import time
from typing import Any

import keras

from trainers.checkpoint import Progress


class Every:
    """Tells once in `interval` steps that something is due.

    Args:
        interval: in steps.
        start: step at which the run (or its continuation) starts.
    """

    def __init__(self, interval: int, start: int = 0):
        self.interval = interval
        self.last = start

    def due(self, step: int) -> bool:
        """Whether a multiple of the interval was reached since the last call."""
        passed = step // self.interval > self.last // self.interval
        self.last = step
        return passed


class StepCounter(keras.callbacks.Callback):
    """Keeps the run's `Progress`, ends the stage at its last step, and turns Ctrl-C and SIGTERM into a clean stop.

    The first signal lets the current step finish, so that a checkpoint can be written; a second one of the
    same kind kills as ever. Must be the first callback.

    Args:
        progress: updated in place.
        steps: length of the stage.
    """

    def __init__(self, progress: Progress, steps: int):
        super().__init__()
        self.progress = progress
        self.steps = steps
        self.interrupted = False
        self._handlers: dict[int, Any] = {}
        self._since = 0.0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._since = time.perf_counter()
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                self._handlers[number] = signal.signal(number, self._interrupt)
            except ValueError:  # Not the main thread: signals are somebody else's.
                break

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._take_time()  # validations and checkpoints are no part of the interval that comes after them

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._take_time()
        self.progress.step += 1
        self.progress.total_step += 1
        if self.progress.step >= self.steps or self.interrupted:
            self._model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self.restore_signals()

    def restore_signals(self) -> None:
        """Gives the signals back to whoever had them."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def _take_time(self) -> None:
        now = time.perf_counter()
        self.progress.seconds += now - self._since
        self._since = now

    def _interrupt(self, number: int, frame: Any) -> None:
        self.interrupted = True
        signal.signal(number, self._handlers.get(number) or signal.SIG_DFL)
