"""The 1-euro filter against a plain scalar one, and what it is for."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tfhand.inference.one_euro import OneEuroFilter


def naive(values: list[float], times: list[float], min_cutoff: float, beta: float, derivative_cutoff: float) -> list[float]:
    """The filter of the paper's appendix, one number at a time."""

    def alpha(cutoff: float, period: float) -> float:
        return 1.0 / (1.0 + (1.0 / (2.0 * math.pi * cutoff)) / period)

    filtered = [values[0]]
    speed = 0.0
    for before, now, value in zip(times, times[1:], values[1:], strict=False):
        period = now - before
        share = alpha(derivative_cutoff, period)
        speed = share * (value - filtered[-1]) / period + (1 - share) * speed
        share = alpha(min_cutoff + beta * abs(speed), period)
        filtered.append(share * value + (1 - share) * filtered[-1])
    return filtered


def test_equals_the_scalar_filter_at_uneven_times(rng) -> None:
    values = rng.normal(size=(40, 3, 2)).cumsum(axis=0)
    times = np.cumsum(rng.uniform(0.005, 0.08, 40)).tolist()
    filtered = OneEuroFilter(1.3, 0.4, 0.7)
    results = np.stack([filtered(value, time) for value, time in zip(values, times, strict=True)])
    for place in np.ndindex(3, 2):
        expected = naive(values[(slice(None), *place)].tolist(), times, 1.3, 0.4, 0.7)
        np.testing.assert_allclose(results[(slice(None), *place)], expected, rtol=1e-12)


def test_still_things_are_still_and_fast_ones_are_followed(rng) -> None:
    times = np.arange(90) / 30
    noise = rng.normal(size=90)
    still = OneEuroFilter(1.0, 0.01)
    rest = np.array([still(np.array(value), time) for value, time in zip(noise, times, strict=True)])
    assert np.diff(rest[10:]).std() < 0.25 * np.diff(noise[10:]).std()
    lags = []
    for beta in (0.0, 0.05):
        moving = OneEuroFilter(1.0, beta)
        lags.append(500 * times[-1] - [moving(np.array(500 * time), time) for time in times][-1])
    assert lags[1] < 0.1 * lags[0]


def test_refuses_what_it_cannot_use() -> None:
    for arguments in ({"min_cutoff": 0.0}, {"derivative_cutoff": float("nan")}, {"beta": -1.0}):
        with pytest.raises(ValueError, match=next(iter(arguments))):
            OneEuroFilter(**arguments)
    filtered = OneEuroFilter()
    filtered(np.zeros(2), 1.0)
    with pytest.raises(ValueError, match="time_s"):
        filtered(np.zeros(2), 1.0)
    with pytest.raises(ValueError, match="shape"):
        filtered(np.zeros(3), 2.0)
