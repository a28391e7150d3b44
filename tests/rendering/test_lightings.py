"""The table of lightings, and what is drawn from it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tfhand.rendering.lighting import LightParams, environment_map
from tfhand.rendering.lightings import LIGHTINGS

RANGES = ("elevation", "azimuth", "size", "kelvin", "strength", "hue", "saturation")


def test_table_is_large_and_sound():
    assert len(LIGHTINGS) >= 30
    for name, entry in LIGHTINGS.items():
        assert entry.weight > 0 and entry.discs and 1 <= len(entry.lamps) <= 4, name
        assert entry.lamps[0].chance == 1, name
        assert 0 <= entry.balanced[0] <= entry.balanced[1] <= 1, name
        for source in entry.discs + entry.lamps:
            values = dataclasses.asdict(source)
            assert all(values[field][0] <= values[field][1] for field in RANGES), name
            assert -90 <= source.elevation[0] and source.elevation[1] <= 90, name
            assert 1667 <= source.kelvin[0] and source.kelvin[1] <= 25000 and source.strength[0] >= 0, name
            assert 0 <= source.saturation[0] and source.saturation[1] <= 1 and 0 < source.chance <= 1, name
        assert all(lamp.size[1] <= 30 and lamp.strength[0] > 0 for lamp in entry.lamps), name


@pytest.mark.parametrize("name", LIGHTINGS)
def test_every_lighting_can_be_drawn_and_varies(name):
    first, again, other = (LightParams.named(name, np.random.default_rng(seed)) for seed in (1, 1, 2))
    for field in ("directions", "colours", "penumbra_mm", "up", "environment"):
        value = getattr(first, field)
        np.testing.assert_array_equal(value, getattr(again, field))
        assert value.dtype == np.float32 and np.isfinite(value).all()
    assert first.name == name and not np.array_equal(first.environment, other.environment)
    assert 1 <= len(first.directions) <= len(LIGHTINGS[name].lamps)
    np.testing.assert_allclose(np.linalg.norm(first.directions, axis=1), 1, atol=1e-5)
    strength = first.colours.sum(axis=1)
    assert (first.colours > 0).all() and first.penumbra_mm[0] > 0
    assert (first.penumbra_mm[strength > 0.8 * strength[0]] > 0).all()
    picture = environment_map(first)
    assert picture.min() >= 0 and picture.mean() > 0
    assert (picture == 0).mean() < 0.3, "much of the environment is clipped away"


def test_shares_are_the_weights_and_shadows_stay_cheap():
    rng = np.random.default_rng(0)
    drawn = [LightParams.sample(rng) for _ in range(4000)]
    total = sum(entry.weight for entry in LIGHTINGS.values())
    for name, entry in LIGHTINGS.items():
        share = entry.weight / total
        found = np.mean([lights.name == name for lights in drawn])
        assert abs(found - share) < 4 * np.sqrt(share / 4000), name
    assert np.mean([(lights.penumbra_mm > 0).sum() for lights in drawn]) < 1.6


def mean_cosine(name, axis_of):
    draws = [LightParams.named(name, np.random.default_rng(seed)) for seed in range(60)]
    return np.mean([lights.directions[0] @ axis_of(lights) for lights in draws])


def test_lamps_come_from_where_the_table_says():
    assert mean_cosine("operating lamp", lambda lights: lights.up) > 0.85
    assert mean_cosine("sunset", lambda lights: lights.up) < 0.25
    assert mean_cosine("ring light", lambda lights: np.float32([0, 0, -1])) > 0.98
    assert mean_cosine("against the sun", lambda lights: np.float32([0, 0, -1])) < -0.2
    right = [LightParams.named("window at noon", np.random.default_rng(s)).directions[0, 0] > 0 for s in range(200)]
    assert 0.35 < np.mean(right) < 0.65  # mirrored half of the time


def test_white_balance_leaves_a_rest_and_differences():
    def warmth(name):
        draws = [LightParams.named(name, np.random.default_rng(seed)) for seed in range(40)]
        return np.median([lights.colours[0, 0] / lights.colours[0, 2] for lights in draws])

    assert warmth("candle") > 2.5 > warmth("kitchen") > 1.1
    assert warmth("window at noon") < 1.1 and 0.85 < warmth("softbox studio") < 1.15
    sunset = [LightParams.named("sunset", np.random.default_rng(seed)) for seed in range(40)]
    lamp, sky = (np.stack([getattr(s, field)[0] for s in sunset]) for field in ("colours", "environment"))
    assert (lamp[:, 0] / lamp[:, 2] > sky[:, 0] / sky[:, 2]).mean() > 0.9


def test_unknown_lightings_are_named():
    with pytest.raises(ValueError, match="name: expected one of window at noon.*got 'moon'"):
        LightParams.named("moon", np.random.default_rng(0))
