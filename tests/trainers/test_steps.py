"""The step counter: what time goes to which interval, and when a stage ends."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from trainers.callbacks import steps
from trainers.checkpoint import Progress


@pytest.fixture
def clock(monkeypatch) -> SimpleNamespace:
    """A clock that moves when `now` is set."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(steps.time, "perf_counter", lambda: clock.now)
    return clock


def test_a_validation_is_no_part_of_the_interval_after_it(clock) -> None:
    progress = Progress()
    counter = steps.StepCounter(progress, steps=10)
    counter.on_train_begin()
    counter.on_epoch_begin(0)
    clock.now += 2.0
    counter.on_train_batch_end(0)
    clock.now += 30.0  # validates and writes a checkpoint
    counter.on_epoch_begin(1)
    begun = progress.seconds
    clock.now += 3.0
    counter.on_train_batch_end(1)
    counter.on_train_end()
    assert progress.seconds - begun == pytest.approx(3.0)
    assert progress.seconds == pytest.approx(35.0)  # of the whole run it is a part
    assert (progress.step, progress.total_step) == (2, 2)
