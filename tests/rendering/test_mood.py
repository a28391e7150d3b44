"""What the light makes of backgrounds: night darkens, warm light warms, now and then neither."""

from __future__ import annotations

import numpy as np
import pytest

from tfhand.rendering.background import BackgroundSource
from tfhand.rendering.light_colour import LUMINANCE
from tfhand.rendering.lighting import LightParams
from tfhand.rendering.lightings import LIGHTINGS
from tfhand.rendering.mood import Mood


def moods(name, count=200):
    rng = np.random.default_rng(0)
    return [Mood.sample(LightParams.named(name, rng), rng) for _ in range(count)]


def linear(value):
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def test_a_neutral_mood_changes_nothing():
    values = np.random.default_rng(0).uniform(0, 255, (7, 3))
    np.testing.assert_allclose(Mood(0.0, 1.0, np.ones(3)).on(values, 120.0), values, atol=1e-9)


def test_values_are_those_of_the_formula():
    mood = Mood(-2.0, 1.3, np.array([1.2, 0.95, 0.7]))
    values = np.random.default_rng(1).uniform(0, 255, (50, 3))
    light = 0.18 / 4 * (linear(values / 255) / 0.18) ** 1.3 * [1.2, 0.95, 0.7]
    np.testing.assert_allclose(linear(mood.on(values, 200.0) / 255), light, atol=1e-6)
    # A photograph that is dark already is darkened half as much.
    half = 0.18 / 2 * (linear(values / 255) / 0.18) ** 1.3 * [1.2, 0.95, 0.7]
    np.testing.assert_allclose(linear(mood.on(values, 52.5) / 255), half, atol=1e-6)


def test_moods_follow_the_table_to_a_varied_degree():
    for name, entry in LIGHTINGS.items():
        drawn = moods(name)
        stops = np.array([mood.stops for mood in drawn])
        low, high = entry.behind
        assert low <= high and min(low, 0) <= stops.min() and stops.max() <= max(high, 0), name
        apart = stops == 0
        assert 0.04 < apart.mean() < 0.25 and np.ptp(stops) > 0.6 * (high - low)
        assert all((mood.contrast > 1) == (mood.stops < 0) for mood in drawn)
        np.testing.assert_allclose([mood.gains @ LUMINANCE for mood in drawn], 1)
        assert all((mood.gains == 1).all() for mood, alone in zip(drawn, apart, strict=True) if alone)


def test_candles_make_darker_and_warmer_backgrounds_than_fog():
    candle, fog = moods("candle"), moods("fog")
    assert np.median([m.stops for m in candle]) < -2 < 0 < np.median([m.stops for m in fog])
    warm, plain = (np.median([mood.gains[0] / mood.gains[2] for mood in drawn]) for drawn in (candle, fog))
    assert warm > 1.2 * plain


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_backgrounds_are_drawn_in_their_mood(share):
    source = BackgroundSource(photograph_share=share)
    night = Mood(-3.0, 1.3, np.array([1.15, 1.0, 0.8]))
    for seed in range(6):
        day, dark = (source.sample(np.random.default_rng(seed), (48, 48), mood) for mood in (None, night))
        assert dark.mean() < 0.75 * day.mean()
        assert dark[..., 0].mean() / day[..., 0].mean() > dark[..., 2].mean() / day[..., 2].mean()
