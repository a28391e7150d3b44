"""Meshes of simple bodies, each in its own frame, mm, faces anti-clockwise from outside."""

from __future__ import annotations

import functools

import numpy as np

from tfhand.rendering.arm import tube_faces


def revolved(profile: np.ndarray, around: int = 20) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A body of revolution about its own y axis.

    Args:
        profile: (P, 2) radius and y of its outline, y rising; radius 0 at both ends closes it. A point given twice
            makes an edge there sharp.
        around: points around the axis.

    Returns:
        vertices (P * around, 3), faces, atlas (P * around, 2): around and along, mm. float32, int32.
    """
    profile = np.asarray(profile, np.float64)
    angles = np.arange(around) * (2 * np.pi / around)
    radius, height = (np.repeat(part[:, None], around, axis=1) for part in profile.T)
    vertices = np.stack([radius * np.sin(angles), height, radius * np.cos(angles)], axis=-1).reshape(-1, 3)
    girth = profile[:, 0].max()
    # There and back again, so that no pattern is squeezed into the last strip.
    atlas = np.stack([np.tile(np.abs(np.pi - angles) * girth, (len(profile), 1)), height], axis=-1).reshape(-1, 2)
    return vertices.astype(np.float32), tube_faces(len(profile), around), atlas.astype(np.float32)


def cylinder_profile(radius: float, half_length: float, bevel: float) -> np.ndarray:
    """Outline (8, 2) of a cylinder with bevelled edges about its middle, for `revolved`."""
    rim, end = radius - bevel, half_length - bevel
    lower = np.array([[0, -half_length], [rim, -half_length], [rim, -half_length], [radius, -end]])
    return np.concatenate([lower, lower[::-1] * [1, -1]])


def capsule_profile(radius: float, half_length: float, rows: int = 4) -> np.ndarray:
    """Outline of a cylinder with round ends; `half_length` reaches to the ends' tips. A ball where both are equal."""
    angles = np.linspace(0, np.pi / 2, rows)
    straight = half_length - radius
    lower = np.stack([radius * np.sin(angles), -straight - radius * np.cos(angles)], axis=1)
    upper = lower[::-1] * [1, -1]
    return np.concatenate([lower, upper if straight > 0 else upper[1:]])


def bottle_profile(radius: float, half_length: float) -> np.ndarray:
    """Outline of a bottle with shoulders, neck and cap, about its middle."""
    top = half_length
    return np.array(
        [
            [0, -top], [0.9 * radius, -top], [0.9 * radius, -top], [radius, -0.95 * top], [radius, 0.35 * top],
            [0.85 * radius, 0.52 * top], [0.42 * radius, 0.7 * top], [0.38 * radius, 0.8 * top],
            [0.45 * radius, 0.8 * top], [0.45 * radius, top], [0.45 * radius, top], [0, top],
        ]
    )  # fmt: skip


def rounded_box(half: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A box about the origin with rounded edges.

    Args:
        half: (3,) half its sides, mm.
        radius: of its edges, mm, less than each of `half`.

    Returns:
        vertices (56, 3), faces (108, 3), atlas (56, 2): x and y. float32, int32.
    """
    grid, faces = _cube_grid()
    half = np.asarray(half, np.float64)
    inner = np.sign(grid) * (half - radius)
    outward = np.where(np.abs(grid) == 2, np.sign(grid), 0.0)
    # On the flat sides, two of three coordinates are those of the corners within; on edges the rounding sets in.
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    vertices = (inner + radius * outward).astype(np.float32)
    return vertices, faces, np.ascontiguousarray(vertices[:, :2])


@functools.cache
def _cube_grid() -> tuple[np.ndarray, np.ndarray]:
    """Returns the points (56, 3) of a cube's sides, each cut at -2, -1, 1, 2 both ways, and its faces (108, 3)."""
    cuts = np.array([-2, -1, 1, 2])
    points: dict[tuple[int, ...], int] = {}
    faces = []
    for axis in range(3):
        for sign in (-2, 2):
            first, second = ((axis + 1) % 3, (axis + 2) % 3)[:: 1 if sign > 0 else -1]
            for i in range(3):
                for j in range(3):
                    corners = []
                    for a, b in ((i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)):
                        point = [0, 0, 0]
                        point[axis], point[first], point[second] = sign, cuts[a], cuts[b]
                        corners.append(points.setdefault(tuple(point), len(points)))
                    faces += [[corners[0], corners[1], corners[2]], [corners[0], corners[2], corners[3]]]
    return np.array(list(points), np.float64), np.array(faces, np.int32)


def sheet(columns: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A flat sheet in its own x, y plane, facing z < 0.

    Args:
        columns: (C,) x of its points, rising.
        rows: (R,) y of its points, rising.

    Returns:
        vertices (R * C, 3), faces, atlas (R * C, 2): x and y. float32, int32.
    """
    x, y = np.meshgrid(np.asarray(columns, np.float64), np.asarray(rows, np.float64))
    place = np.arange(x.size).reshape(x.shape)
    a, b, c, d = (part.ravel() for part in (place[:-1, :-1], place[:-1, 1:], place[1:, 1:], place[1:, :-1]))
    faces = np.concatenate([np.stack([a, c, b], 1), np.stack([a, d, c], 1)]).astype(np.int32)
    flat = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
    return np.concatenate([flat, np.zeros((len(flat), 1), np.float32)], axis=1), faces, flat
