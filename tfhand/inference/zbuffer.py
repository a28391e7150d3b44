"""A z-buffer in plain numpy: what overlays are drawn with where no compiler or TensorFlow is at hand.

Every triangle is cut into its rows, every row into its pixels, all triangles at once; the nearest fragment of a
pixel wins. Cost grows with the number of covered pixels, about half a second for a million.
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
    corners = corners[index]
    rows, triangle = _rows(corners, height)
    columns, row_of_pixel = _columns(corners, triangle, rows, width)
    rows, triangle = rows[row_of_pixel], triangle[row_of_pixel]
    x, y = columns + 0.5, rows + 0.5
    # 1 / depth is linear in the picture, so three numbers a triangle say which fragment is nearest.
    planes = _inverse_depth_planes(corners)[triangle]
    inverse_depth = planes[:, 0] * x + planes[:, 1] * y + planes[:, 2]
    place = rows * width + columns
    nearest = np.zeros(width * height)
    np.maximum.at(nearest, place, inverse_depth)
    seen = np.flatnonzero((inverse_depth > 0) & (inverse_depth >= nearest[place]))
    # Of several triangles at the same depth the first one wins, on every platform.
    winner = np.full(width * height, -1)
    winner[place[seen[::-1]]] = seen[::-1]
    seen = winner[winner >= 0]
    weights = _weights(corners[triangle[seen]], x[seen], y[seen])
    return Fragments(place[seen], index[triangle[seen]], weights, 1.0 / inverse_depth[seen], (width, height))


def _rows(corners: np.ndarray, height: int) -> tuple[np.ndarray, np.ndarray]:
    """The picture's rows whose centre lines cross each triangle, and the triangle of each."""
    low = np.clip(np.ceil(corners[..., 1].min(axis=1) - 0.5), 0, height).astype(np.int64)
    high = np.clip(np.floor(corners[..., 1].max(axis=1) - 0.5), -1, height - 1).astype(np.int64)
    return _ranges(low, np.maximum(high - low + 1, 0))


def _columns(
    corners: np.ndarray, triangle: np.ndarray, rows: np.ndarray, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """The columns whose centres lie between the two edges that each row's centre line crosses."""
    y = rows + 0.5
    left, right = np.full(len(y), np.inf), np.full(len(y), -np.inf)
    for start in range(3):
        a, b = corners[triangle, start], corners[triangle, (start + 1) % 3]
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


def _edge_areas(corners: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(K, 3): twice the signed areas that (x, y) spans with the edge opposite to each corner."""
    areas = np.empty((len(x), 3))
    for corner in range(3):
        a, b = corners[:, (corner + 1) % 3], corners[:, (corner + 2) % 3]
        areas[:, corner] = (b[:, 0] - a[:, 0]) * (y - a[:, 1]) - (b[:, 1] - a[:, 1]) * (x - a[:, 0])
    return areas


def _inverse_depth_planes(corners: np.ndarray) -> np.ndarray:
    """(T, 3): 1 / depth of each triangle is `plane @ (x, y, 1)`; zero for one seen edge-on."""
    zero, one = np.zeros(len(corners)), np.ones(len(corners))
    at_origin = _edge_areas(corners, zero, zero)
    along_x, along_y = _edge_areas(corners, one, zero) - at_origin, _edge_areas(corners, zero, one) - at_origin
    total = at_origin.sum(axis=1)
    planes = np.stack([(areas / corners[..., 2]).sum(axis=1) for areas in (along_x, along_y, at_origin)], axis=1)
    return np.divide(planes, total[:, None], out=np.zeros_like(planes), where=total[:, None] != 0)


def _weights(corners: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Perspective-correct barycentric weights of (x, y)."""
    flat = _edge_areas(corners, x, y)
    flat = np.clip(flat / flat.sum(axis=1, keepdims=True), 0.0, 1.0) / corners[..., 2]
    return flat / flat.sum(axis=1, keepdims=True)
