"""Depth maps seen from another camera, against closed forms."""
from __future__ import annotations

import numpy as np
import pytest

from tfhand.data.depth_warp import warp_depth

SOURCE = np.array([100.0, 100.0, 64.0, 48.0])
TARGET = np.array([140.0, 150.0, 60.0, 50.0])
SIZE = (96, 128)


def test_a_tilted_plane_stays_that_plane_without_holes() -> None:
    normal, offset = np.array([0.3, -0.2, 1.0]), 500.0
    x, y = np.meshgrid((np.arange(128) + 0.5 - 64) / 100, (np.arange(96) + 0.5 - 48) / 100)
    depth = offset / (normal[0] * x + normal[1] * y + normal[2])
    angle = 0.05
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    shift = np.array([20.0, -5.0, 3.0])
    turned = turn @ normal  # the plane: turned . X = offset + turned . shift
    u, v = np.meshgrid((np.arange(128) + 0.5 - 60) / 140, (np.arange(96) + 0.5 - 50) / 150)
    expected = (offset + turned @ shift) / (turned[0] * u + turned[1] * v + turned[2])
    seen = warp_depth(depth, SOURCE, turn, shift, TARGET, SIZE)
    assert seen.dtype == np.float32
    np.testing.assert_allclose(seen[8:-8, 20:-8], expected[8:-8, 20:-8], rtol=1e-4)


def test_the_nearer_surface_hides_the_other_and_its_shadow_is_unknown() -> None:
    depth = np.full(SIZE, 800.0)
    depth[30:60, 40:70] = 400.0
    seen = warp_depth(depth, SOURCE, np.eye(3), np.array([40.0, 0.0, 0.0]), SOURCE, SIZE)
    # A shift of 40 mm moves the card by 10 pixels and the wall by 5.
    row = seen[45]
    np.testing.assert_allclose(row[51:79], 400.0, rtol=1e-5)
    np.testing.assert_allclose(row[6:44], 800.0, rtol=1e-5)
    np.testing.assert_allclose(row[81:], 800.0, rtol=1e-5)
    assert (row[46:50] == 0).all()


def test_nothing_is_made_of_missing_depth() -> None:
    depth = np.zeros(SIZE)
    assert not warp_depth(depth, SOURCE, np.eye(3), np.zeros(3), TARGET, SIZE).any()
    depth[:, :64], depth[10, 10] = 500.0, np.nan
    seen = warp_depth(depth, SOURCE, np.eye(3), np.zeros(3), SOURCE, SIZE)
    assert not seen[:, 64:].any() and seen[10, 10] == 0
    with pytest.raises(ValueError, match=r"depth_mm: expected shape \(h, w\)"):
        warp_depth(depth[0], SOURCE, np.eye(3), np.zeros(3), TARGET, SIZE)
