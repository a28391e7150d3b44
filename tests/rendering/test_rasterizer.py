"""The rasteriser against a ray caster in plain loops, also where rasterisers go wrong."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rendering.naive import cast_rays
from tfhand.rendering.rasterizer import NEAR_MM, rasterize

INTRINSICS = (150.0, 140.0, 32.0, 20.0)
SIZE = (40, 64)


def soup(seed, count, spread, size, centre=(0, 0, 400)):
    """Random triangles, each with vertices of its own."""
    rng = np.random.default_rng(seed)
    middles = rng.uniform(-1, 1, (count, 1, 3)) * spread + centre
    vertices = (middles + rng.normal(size=(count, 3, 3)) * size).reshape(-1, 3).astype(np.float32)
    return vertices, np.arange(3 * count).reshape(-1, 3)


def assert_equal_to_rays(vertices, faces, intrinsics=INTRINSICS, size=SIZE, depth_tolerance=0.02):
    fragments = rasterize(vertices, faces, intrinsics, size)
    ids, weights, depth, margin = cast_rays(vertices, faces, intrinsics, size)
    clear = margin > 0.02
    np.testing.assert_array_equal(fragments.face_ids[clear], ids[clear])
    same = fragments.face_ids == ids
    assert same.mean() > 0.99
    np.testing.assert_allclose(fragments.depth_mm[same], depth[same], atol=depth_tolerance)
    np.testing.assert_allclose(fragments.barycentric[same], weights[same], atol=2e-3)
    return fragments, ids


@pytest.mark.parametrize("seed", range(3))
def test_equals_ray_caster(seed):
    _, ids = assert_equal_to_rays(*soup(seed, 60, (60, 60, 60), 20))
    assert 0.2 < (ids >= 0).mean() < 1


def test_mostly_off_screen():
    _, ids = assert_equal_to_rays(*soup(1, 80, (400, 300, 60), 60))
    assert (ids >= 0).any()


def test_partly_behind_the_camera():
    vertices, faces = soup(2, 40, (80, 80, 300), 120, centre=(0, 0, 150))
    assert (vertices[:, 2] < 0).sum() > 10
    assert_equal_to_rays(vertices, faces, depth_tolerance=0.5)


def test_behind_or_beside_the_view_draws_nothing():
    vertices, faces = soup(3, 20, (50, 50, 50), 10)
    for moved in (vertices * [1, 1, -1], vertices + [5000, 0, 0], vertices + [0, -5000, 0]):
        fragments = rasterize(moved, faces, INTRINSICS, SIZE)
        assert (fragments.face_ids == -1).all()
        assert not fragments.depth_mm.any() and not fragments.barycentric.any()


def test_nearer_than_the_near_plane_draws_nothing():
    vertices = np.array([[-1, -1, 0.5], [1, -1, 0.5], [0, 1, 0.5]]) * NEAR_MM
    far = np.array([[-100, -100, 500], [100, -100, 500], [0, 100, 500.0]])
    fragments = rasterize(np.concatenate([vertices, far]), np.array([[0, 1, 2], [3, 4, 5]]), INTRINSICS, SIZE)
    assert set(np.unique(fragments.face_ids)) == {-1, 1}


def test_enormous_triangle_does_not_overflow_the_fixed_point():
    wall = np.array([[-4e5, -4e5, 600], [4e5, -4e5, 600], [0, 8e5, 600.0]])
    small = np.array([[-20, -20, 400], [20, -20, 400], [0, 20, 400.0]])
    fragments = rasterize(np.concatenate([wall, small]), np.array([[0, 1, 2], [3, 4, 5]]), INTRINSICS, SIZE)
    assert set(np.unique(fragments.face_ids)) == {0, 1}
    np.testing.assert_allclose(fragments.depth_mm[fragments.face_ids == 0], 600, atol=0.5)
    np.testing.assert_allclose(fragments.depth_mm[fragments.face_ids == 1], 400, atol=0.01)


def test_z_buffer_keeps_the_nearest_whatever_the_order():
    square = np.array([[-30, -30, 0], [30, -30, 0], [0, 40, 0.0]])
    vertices = np.concatenate([square + [0, 0, z] for z in (500, 300, 400)])
    faces = np.arange(9).reshape(3, 3)
    for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2]):
        fragments = rasterize(vertices, faces[order], INTRINSICS, SIZE)
        assert fragments.depth_mm[20, 32] == pytest.approx(300, abs=1e-3)


def test_both_windings_are_drawn_alike():
    vertices, faces = soup(5, 30, (50, 50, 50), 20)
    first, second = (rasterize(vertices, f, INTRINSICS, SIZE) for f in (faces, faces[:, ::-1]))
    assert (first.face_ids == second.face_ids).mean() > 0.999
    np.testing.assert_allclose(first.depth_mm, second.depth_mm, atol=0.05)


def test_degenerate_faces_draw_nothing():
    vertices = np.array([[0, 0, 300], [40, 0, 300], [80, 0, 300], [0, 0, 300.0]])
    faces = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 2], [0, 3, 1]])
    assert (rasterize(vertices, faces, INTRINSICS, SIZE).face_ids == -1).all()


def test_shared_edges_leave_no_cracks():
    grid = np.stack(np.meshgrid(np.linspace(-90, 90, 23), np.linspace(-70, 70, 19)), -1).reshape(-1, 2)
    vertices = np.concatenate([grid, 400 + 30 * np.sin(grid[:, :1] / 9)], axis=1)
    corner = (np.arange(18)[:, None] * 23 + np.arange(22)).reshape(-1)
    faces = np.concatenate(
        [np.stack([corner, corner + 1, corner + 23], 1), np.stack([corner + 1, corner + 24, corner + 23], 1)]
    )
    assert (rasterize(vertices, faces, (600.0, 600.0, 128.0, 96.0), (192, 256)).face_ids >= 0).all()


def test_pixel_centres_lie_at_half():
    """A triangle's edge at u = 10.5 separates pixels 10 and 11 exactly where (i + 0.5) crosses it."""
    for edge, first in ((10.49, 10), (10.51, 11)):
        x = (edge - INTRINSICS[2]) / INTRINSICS[0] * 400
        vertices = np.array([[x, -500, 400], [x, 500, 400], [900, 0, 400.0]])
        row = rasterize(vertices, np.array([[0, 1, 2]]), INTRINSICS, SIZE).face_ids[20]
        assert np.flatnonzero(row >= 0)[0] == first


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"vertices_mm": np.zeros((4, 2))}, "vertices"),
        ({"vertices_mm": np.full((3, 3), np.nan)}, "vertices"),
        ({"faces": np.zeros((2, 3))}, "faces"),
        ({"faces": np.array([[0, 1, 7]])}, "faces"),
        ({"faces": np.array([[0, 1, -1]])}, "faces"),
        ({"intrinsics": (0, 1, 1, 1)}, "intrinsics"),
        ({"intrinsics": (1, 1, np.nan, 1)}, "intrinsics"),
        ({"size": (0, 4)}, "size"),
        ({"size": (4, 100000)}, "size"),
    ],
)
def test_bad_input_is_named(changes, name):
    arguments = {
        "vertices_mm": np.eye(3) + [0, 0, 100],
        "faces": np.array([[0, 1, 2]]),
        "intrinsics": INTRINSICS,
        "size": SIZE,
    }
    with pytest.raises(ValueError, match=f"^{name}"):
        rasterize(**{**arguments, **changes})
