"""The model of a structured-light sensor against closed forms and plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from tfhand.data.depth_noise import DepthNoiseConfig, axial_sigma, sense, surface_angle

INTRINSICS = np.array([585.0, 585.0, 80.0, 60.0], np.float32)
STILL = DepthNoiseConfig(lateral_sigma_px=0.0, axial=0.0, disparity_step_px=0.0, shadows=False)


def wall(depth=800.0, shape=(120, 160)):
    return np.full(shape, depth, np.float32)


def measured(depth, seed=0, **changes):
    config = DepthNoiseConfig(**{**vars(STILL), **changes})
    return sense(depth, INTRINSICS, config, np.random.default_rng(seed))[0]


def test_a_perfect_sensor_changes_nothing():
    depth = wall()
    depth[40:80, 50:90] = 500
    depth[:20] = 0
    np.testing.assert_array_equal(measured(depth), depth)


@pytest.mark.parametrize("depth", [400.0, 800.0, 2000.0])
def test_axial_noise_has_the_measured_spread(depth):
    gaps = measured(wall(depth), axial=1.0) - depth
    metres = depth / 1000
    assert gaps.std() == pytest.approx(1.2 + 1.9 * (metres - 0.4) ** 2, rel=0.03)
    assert abs(gaps.mean()) < 0.1
    assert axial_sigma(np.float32(depth), np.deg2rad(60)) > axial_sigma(np.float32(depth), 0.0)


def test_disparity_comes_in_eighths_of_a_pixel():
    depth = np.linspace(400, 1500, 160, dtype=np.float32)[None].repeat(3, 0)
    steps = measured(depth, disparity_step_px=0.125, grazing_deg=90)
    eighths = 585 * 75 / steps * 8
    np.testing.assert_allclose(eighths, np.rint(eighths), atol=1e-3)
    # Half a step of disparity, in depth.
    assert (np.abs(steps - depth) <= 0.5 * depth**2 / (585 * 75 * 8) * 1.02).all()


def test_surface_angle_of_a_slanted_plane():
    columns = np.arange(160) + 0.5 - 80
    for degrees in (0, 30, 70):
        # Points (x, z) with z = 800 + x tan, x = z (u - u0) / f.
        depth = 800 / (1 - columns / 585 * np.tan(np.deg2rad(degrees)))
        angle = surface_angle(np.tile(depth.astype(np.float32), (5, 1)), INTRINSICS)
        assert np.rad2deg(angle[2, 80]) == pytest.approx(degrees, abs=1)


def test_grazing_surfaces_are_lost_and_edges_are_not():
    columns = np.arange(160) + 0.5 - 80
    depth = np.tile((800 / (1 - columns / 585 * np.tan(np.deg2rad(75)))).astype(np.float32), (5, 1))
    assert (measured(depth, grazing_deg=60.0)[:, 20:140] == 0).all()
    assert (measured(depth, grazing_deg=85.0)[:, 20:140] > 0).all()
    step = wall()
    step[:, 80:] = 500
    assert (measured(step, grazing_deg=20.0) > 0).all()


def test_shadows_are_those_of_a_ray_to_the_projector():
    """A pixel is in shadow where the straight line to the projector meets something nearer."""
    for baseline in (75.0, -75.0):
        depth = wall(shape=(1, 160))
        depth[:, 70:110] = 450
        found = measured(depth, shadows=True, baseline_mm=baseline)[0] == 0
        xs = (np.arange(160) + 0.5 - 80) / 585 * depth[0]
        expected = []
        for x, z in zip(xs, depth[0], strict=True):
            # The blocker spans these x at its own depth.
            low, high = (edge / 585 * 450 for edge in (70 - 80, 110 - 80))
            crossing = x + (baseline - x) * (z - 450) / z
            expected.append(z > 450 and low < crossing < high)
        assert 20 < sum(expected) < 60
        assert np.abs(found.astype(int) - np.array(expected)).sum() <= 2


def test_lateral_noise_is_at_edges_and_mixes_nothing():
    depth = wall()
    depth[:, 80:] = 500
    result = measured(depth, lateral_sigma_px=1.0)
    assert set(np.unique(result)) == {500, 800}
    changed = np.flatnonzero((result != depth).any(axis=0))
    assert changed.size and changed.min() > 74 and changed.max() < 86


def test_source_is_where_a_pixel_was_read():
    depth = np.random.default_rng(0).uniform(500, 505, (40, 50)).astype(np.float32)
    config = DepthNoiseConfig(lateral_sigma_px=1.0, axial=0.0, disparity_step_px=0.0, shadows=False, grazing_deg=90)
    result, source = sense(depth, INTRINSICS, config, np.random.default_rng(1))
    np.testing.assert_array_equal(result, depth.ravel()[source])


def test_same_seed_same_noise():
    one, two, other = (measured(wall(), seed, axial=1.0, lateral_sigma_px=0.5) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    "change", [{"focal_px": 0}, {"baseline_mm": 0.0}, {"disparity_step_px": -1}, {"axial": float("nan")}, {"grazing_deg": 100}]
)
def test_impossible_sensors(change):
    with pytest.raises(ValueError, match=f"{next(iter(change))}: expected"):
        DepthNoiseConfig(**change)


def test_a_map_has_two_axes():
    with pytest.raises(ValueError, match="depth_mm: expected"):
        sense(np.zeros((4, 4, 1)), INTRINSICS, STILL, np.random.default_rng(0))


def test_noise_is_that_of_the_place_that_is_read():
    # A plate before nothing: pixels beside it read it now and then, and must not invent an angle of their own.
    depth = np.zeros((48, 48), np.float32)
    depth[12:36, 12:36] = 500.0
    intrinsics = np.array([120.0, 120.0, 24.0, 24.0], np.float32)
    config = DepthNoiseConfig(lateral_sigma_px=6.0, shadows=False, disparity_step_px=0.0)
    measured, source = sense(depth, intrinsics, config, np.random.default_rng(0))
    beside = (depth == 0) & (depth.ravel()[source] > 0)
    assert beside.sum() > 20
    np.testing.assert_allclose(measured[beside & (measured > 0)], 500.0, atol=12.0)
