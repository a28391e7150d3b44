"""The z-buffer against a loop over pixels and triangles."""

from __future__ import annotations

import numpy as np
import pytest

from tfhand.inference.zbuffer import rasterize


def naive(points: np.ndarray, faces: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Index of the nearest triangle (-1: none) and depth (0: none) at every pixel's centre."""
    width, height = size
    seen, depth = np.full((height, width), -1), np.zeros((height, width))
    for row in range(height):
        for column in range(width):
            for number, face in enumerate(faces):
                a, b, c = points[face]
                system = np.array([[a[0], b[0], c[0]], [a[1], b[1], c[1]], [1, 1, 1]])
                weights = np.linalg.solve(system, [column + 0.5, row + 0.5, 1])
                if (weights < 0).any():
                    continue
                z = 1 / (weights / np.array([a[2], b[2], c[2]])).sum()
                if seen[row, column] < 0 or z < depth[row, column]:
                    seen[row, column], depth[row, column] = number, z
    return seen, depth


def test_matches_the_naive_loop(rng) -> None:
    points = np.column_stack([rng.uniform(-10, 30, (24, 2)), rng.uniform(1, 9, 24)])
    faces = rng.permutation(24).reshape(8, 3)
    fragments = rasterize(points, faces, (21, 17))
    seen, depth = naive(points, faces, (21, 17))
    np.testing.assert_array_equal(fragments.image(fragments.face, -1), seen)
    np.testing.assert_allclose(fragments.image(fragments.depth), depth, rtol=1e-9)


def test_weights_are_perspective_correct() -> None:
    """A slanted plane's own coordinates, interpolated, project back onto the pixels."""
    plane = np.array([[-1, -1, 2], [1, -1, 2], [1, 1, 6], [-1, 1, 6]], float)
    points = np.column_stack([plane[:, :2] / plane[:, 2:] * 20 + 16, plane[:, 2]])
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    fragments = rasterize(points, faces, (32, 32))
    xyz = fragments.interpolate(plane, faces)
    np.testing.assert_allclose(xyz[:, 0] / xyz[:, 2] * 20 + 16, fragments.pixel % 32 + 0.5, atol=1e-9)
    np.testing.assert_allclose(xyz[:, 1] / xyz[:, 2] * 20 + 16, fragments.pixel // 32 + 0.5, atol=1e-9)
    np.testing.assert_allclose(xyz[:, 2], fragments.depth)


def test_a_mesh_leaves_no_holes_between_triangles(rng) -> None:
    grid = np.stack(np.meshgrid(np.linspace(2, 30, 6), np.linspace(2, 30, 6)), -1).reshape(-1, 2)
    grid += rng.uniform(-1.5, 1.5, grid.shape) * ((grid > 2) & (grid < 30))
    quads = np.array([[6 * r + c, 6 * r + c + 1, 6 * r + c + 7, 6 * r + c + 6] for r in range(5) for c in range(5)])
    faces = np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]])
    fragments = rasterize(np.column_stack([grid, np.ones(36)]), faces, (32, 32))
    covered = fragments.image(np.ones(len(fragments.pixel)))
    assert covered[2:30, 2:30].all()
    assert covered.sum() == 28 * 28


def test_triangles_behind_the_camera_or_not_finite_are_left_out() -> None:
    points = np.array([[0, 0, 1], [9, 0, 1], [0, 9, 1], [9, 9, -1], [np.nan, 0, 1]], float)
    fragments = rasterize(points, np.array([[1, 3, 2], [0, 4, 2], [0, 1, 2]]), (8, 8))
    assert set(fragments.face) == {2}
    assert len(rasterize(points, np.array([[1, 1, 2]]), (8, 8)).pixel) == 0


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match="points: expected shape"):
        rasterize(np.zeros((3, 2)), np.zeros((1, 3), int), (4, 4))
    with pytest.raises(ValueError, match="faces: expected shape"):
        rasterize(np.zeros((3, 3)), np.zeros((1, 4), int), (4, 4))
    with pytest.raises(ValueError, match="size: expected"):
        rasterize(np.zeros((3, 3)), np.zeros((1, 3), int), (0, 4))
