"""A z-buffer in plain numpy: what overlays are drawn with where no compiler or TensorFlow is at hand.

Every triangle is cut into its rows, every row into its pixels, all triangles at once; the nearest fragment of a
pixel wins. Cost grows with the number of covered pixels, about 0.2 s for a million.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Fragments:
    """The visible surface, one entry for each of the K covered pixels.

    Attributes:
        pixel: (K,) int64 row * width + column.
        face: (K,) int64 index of the triangle that is seen.
        weights: (K, 3) float64 barycentric weights of the triangle's corners, perspective-correct.
        depth: (K,) float64 depth, in the unit of the points' depths.
        size: `(width, height)` of the picture, pixels.
    """

    pixel: np.ndarray
    face: np.ndarray
    weights: np.ndarray
    depth: np.ndarray
    size: tuple[int, int]

    def interpolate(self, values: np.ndarray, faces: np.ndarray) -> np.ndarray:
        """Per-vertex `values` (V, C) at the fragments: (K, C)."""
        return np.einsum("kc,kcd->kd", self.weights, values[faces[self.face]])

    def image(self, values: np.ndarray, fill: float = 0.0) -> np.ndarray:
        """Scatters `values` (K,) or (K, C) into a picture (height, width) or (height, width, C)."""
        width, height = self.size
        picture = np.full((height * width, *values.shape[1:]), fill, values.dtype)
        picture[self.pixel] = values
        return picture.reshape(height, width, *values.shape[1:])


def rasterize(points: np.ndarray, faces: np.ndarray, size: tuple[int, int]) -> Fragments:
    """Finds which triangle each pixel's centre sees.

    Args:
        points: (V, 3) continuous pixel coordinates x, y (the first pixel's centre is at 0.5, 0.5) and depth
            in front of the camera. Triangles with a corner that is not finite or not in front are left out.
        faces: (F, 3) triangles, either winding.
        size: `(width, height)` of the picture, pixels.

    Returns:
        The visible fragments.

    Raises:
        ValueError: shapes that don't fit, or a size below 1.
    """
    points, faces = np.asarray(points, np.float64), np.asarray(faces)
    width, height = size
    if points.ndim != 2 or points.shape[1] != 3:
        raise ValueError(f"points: expected shape (V, 3), got {points.shape}.")
    if faces.ndim != 2 or faces.shape[1] != 3:
        raise ValueError(f"faces: expected shape (F, 3), got {faces.shape}.")
    if width < 1 or height < 1:
        raise ValueError(f"size: expected at least 1 x 1 pixels, got {width} x {height}.")
    corners = points[faces]
    index = np.flatnonzero(np.isfinite(corners).all(axis=(1, 2)) & (corners[..., 2] > 0).all(axis=1))
    rows, owner = _rows(corners[index], height)
    pixels, row_of_pixel = _pixels(corners[index][owner], rows, width)
    owner, rows = owner[row_of_pixel], rows[row_of_pixel]
    weights, inverse_depth = _weights(corners[index][owner], pixels + 0.5, rows + 0.5)
    place = rows * width + pixels
    nearest = np.zeros(width * height)
    np.maximum.at(nearest, place, inverse_depth)
    # Of several fragments at the same depth the first triangle's wins, on every platform.
    seen = np.flatnonzero((inverse_depth > 0) & (inverse_depth >= nearest[place]))
    _, first = np.unique(place[seen], return_index=True)
    seen = seen[first]
    return Fragments(place[seen], index[owner[seen]], weights[seen], 1.0 / inverse_depth[seen], (width, height))


def _rows(corners: np.ndarray, height: int) -> tuple[np.ndarray, np.ndarray]:
    """The picture's rows whose centre lines cross each triangle, and the triangle of each."""
    low = np.clip(np.ceil(corners[..., 1].min(axis=1) - 0.5), 0, height).astype(np.int64)
    high = np.clip(np.floor(corners[..., 1].max(axis=1) - 0.5), -1, height - 1).astype(np.int64)
    return _ranges(low, np.maximum(high - low + 1, 0))


def _pixels(corners: np.ndarray, rows: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The columns whose centres lie between the two edges that each row's centre line crosses."""
    y = rows + 0.5
    left, right = np.full(len(y), np.inf), np.full(len(y), -np.inf)
    for start in range(3):
        a, b = corners[:, start], corners[:, (start + 1) % 3]
        crosses = (np.minimum(a[:, 1], b[:, 1]) <= y) & (y <= np.maximum(a[:, 1], b[:, 1])) & (a[:, 1] != b[:, 1])
        share = np.divide(y - a[:, 1], b[:, 1] - a[:, 1], out=np.zeros_like(y), where=crosses)
        x = a[:, 0] + share * (b[:, 0] - a[:, 0])
        left = np.where(crosses, np.minimum(left, x), left)
        right = np.where(crosses, np.maximum(right, x), right)
    low = np.clip(np.ceil(left - 0.5), 0, width).astype(np.int64)
    high = np.clip(np.floor(right - 0.5), -1, width - 1).astype(np.int64)
    return _ranges(low, np.maximum(high - low + 1, 0))


def _ranges(start: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`start[i], start[i] + 1, ...`, `count[i]` of them, all `i` in one array; and the `i` of each."""
    owner = np.repeat(np.arange(len(count)), count)
    ends = np.cumsum(count)
    return np.arange(len(owner)) - (ends - count)[owner] + start[owner], owner


def _weights(corners: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Perspective-correct barycentric weights of (x, y), and 1 / depth there (0 for a degenerate triangle)."""
    areas = np.empty((len(x), 3))
    for corner in range(3):
        a, b = corners[:, (corner + 1) % 3], corners[:, (corner + 2) % 3]
        areas[:, corner] = (b[:, 0] - a[:, 0]) * (y - a[:, 1]) - (b[:, 1] - a[:, 1]) * (x - a[:, 0])
    total = areas.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        flat = np.clip(areas / total[:, None], 0.0, 1.0) / corners[..., 2]
        inverse_depth = flat.sum(axis=1)
        weights = flat / inverse_depth[:, None]
    fine = np.isfinite(weights).all(axis=1)
    return np.where(fine[:, None], weights, 0.0), np.where(fine, inverse_depth, 0.0)
