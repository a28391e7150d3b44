"""Pictures: the mesh lies where it projects, the nearer bone is on top, nothing breaks on wild estimates."""

from __future__ import annotations

import numpy as np
from tests.inference.toys import FLAT_HAND

from tfhand.inference.drawing import draw_mesh, draw_skeleton, draw_view

FACES = np.array([[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]])
OCTAHEDRON = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], np.float32) * 50
INTRINSICS = np.array([200.0, 200.0, 50.0, 40.0])


def test_mesh_covers_exactly_its_silhouette() -> None:
    image = np.full((80, 100, 3), 90, np.uint8)
    drawn = draw_mesh(image, OCTAHEDRON + [0, 0, 500], FACES, INTRINSICS, opacity=1.0)
    changed = (drawn != 90).any(axis=-1)
    v, u = np.mgrid[:80, :100] + 0.5
    # The rim is the square |x| + |y| = 50 at 500 mm: |u - 50| + |v - 40| = 20.
    inside = np.abs(u - 50) + np.abs(v - 40)
    assert changed[inside < 18.5].all()
    assert not changed[inside > 22].any()
    assert (image == 90).all()


def test_opacity_mixes_with_the_photograph(rng) -> None:
    image = rng.integers(0, 255, (80, 100, 3), dtype=np.uint8)
    solid = draw_mesh(image, OCTAHEDRON + [0, 0, 500], FACES, INTRINSICS, opacity=1.0).astype(float)
    half = draw_mesh(image, OCTAHEDRON + [0, 0, 500], FACES, INTRINSICS, opacity=0.5)
    np.testing.assert_allclose(half, (solid + image) / 2, atol=1.1)
    np.testing.assert_array_equal(draw_mesh(image, OCTAHEDRON + [0, 0, 500], FACES, INTRINSICS, opacity=0.0), image)


def test_light_falls_on_upper_left_faces() -> None:
    drawn = draw_mesh(np.zeros((80, 100, 3), np.uint8), OCTAHEDRON + [0, 0, 500], FACES, INTRINSICS, opacity=1.0)
    assert drawn[35, 45].mean() > drawn[45, 55].mean() + 20


def test_meshes_outside_the_picture_change_nothing() -> None:
    image = np.full((80, 100, 3), 90, np.uint8)
    for offset in ([0, 0, -500], [5000, 0, 500], [np.nan, 0, 500], [0, 0, 0]):
        drawn = draw_mesh(image, OCTAHEDRON + np.array(offset, np.float32), FACES, INTRINSICS)
        if offset[2] != 0:
            np.testing.assert_array_equal(drawn, image)


def test_meshes_that_cover_a_photograph_many_times_are_drawn_in_bounded_memory() -> None:
    image = np.zeros((1000, 1500, 3), np.uint8)
    faces = np.tile(FACES, (50, 1))
    drawn = draw_mesh(image, OCTAHEDRON + [0, 0, 200], faces, np.array([9000.0, 9000.0, 750.0, 500.0]), opacity=1.0)
    assert (drawn > 0).any(axis=-1).mean() > 0.9


def test_skeleton_draws_near_bones_over_far_ones() -> None:
    joints = np.full((21, 2), 20.0)
    joints[[1, 2]], joints[[5, 6]] = [[10, 50], [90, 50]], [[50, 10], [50, 90]]
    depths = np.full(21, 500.0)
    for near, colour in ((1, (255, 96, 64)), (5, (255, 192, 32))):
        depths[[1, 2, 5, 6]] = 500
        depths[[near, near + 1]] = 400
        drawn = draw_skeleton(np.zeros((100, 100, 3), np.uint8), joints, depths, hand_px=240)
        np.testing.assert_array_equal(drawn[50, 50], colour)
    assert not draw_skeleton(np.zeros((9, 9, 3), np.uint8), np.full((21, 2), np.nan)).any()
    draw_skeleton(np.zeros((9, 9, 3), np.uint8), joints * 1e9)


def test_side_view_is_turned_about_the_vertical() -> None:
    """A plate that is wide and flat seen from the front is a line seen from the side."""
    plate = OCTAHEDRON * np.array([1, 1, 0.05], np.float32)
    front, side = (draw_view(plate, FACES, 100, angle, background=(0, 0, 0)) for angle in (0, 90))
    assert np.ptp(np.flatnonzero(front.any(axis=(0, 2)))) > 80
    assert np.ptp(np.flatnonzero(side.any(axis=(0, 2)))) < 10
    with_joints = draw_view(plate, FACES, 100, 0, joints_mm=FLAT_HAND)
    assert (with_joints != draw_view(plate, FACES, 100, 0)).any()
    assert draw_view(plate * np.nan, FACES, 20, background=(7, 7, 7)).max() == 7
