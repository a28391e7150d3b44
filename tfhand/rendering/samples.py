"""Which points of a picture are shaded, and how their colours become pixels.

Interior pixels are shaded once at their centre; pixels that hold an edge (of the hand, or of one finger before
another) are shaded at the covered ones of their 2 x 2 subsamples. So edges are antialiased at little more than
the price of one sample a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfhand.rendering.rasterizer import Fragments

#: Subsamples of a pixel farther apart in depth than this, mm, hold an edge.
_EDGE_MM = 3.0
#: Sides of the rasterised window are rounded up to this, pixels.
_WINDOW = 16


@dataclass(frozen=True)
class Samples:
    """Points to shade, one row each, and where their colours go.

    Attributes:
        face_ids, barycentric, depth_mm: (N,), (N, 3), (N,) fragments.
        columns, rows: (N,) float32 position in pixels of the window.
        pixels: (N,) flat pixel index in the window; `num_inner` single samples come first.
        num_inner: how many samples fill a pixel alone; the rest count a quarter.
        coverage, hand_coverage: (height, width) float32.
    """

    face_ids: np.ndarray
    barycentric: np.ndarray
    depth_mm: np.ndarray
    columns: np.ndarray
    rows: np.ndarray
    pixels: np.ndarray
    num_inner: int
    coverage: np.ndarray
    hand_coverage: np.ndarray


def pick_samples(centres: Fragments, fine: Fragments, num_hand_faces: int) -> Samples:
    """Chooses one sample for interior pixels and all covered subsamples for pixels with an edge."""
    height, width = centres.face_ids.shape
    covered = fine.face_ids >= 0
    count = _quad_reduce(np.add, covered.view(np.uint8))
    depth = fine.depth_mm
    spread = _quad_reduce(np.maximum, depth) - _quad_reduce(np.minimum, depth)
    inner = (count == 4) & (spread < _EDGE_MM) & (centres.face_ids >= 0)
    edge = (count > 0) & ~inner
    inner_pixels = np.flatnonzero(inner)
    fine_edge = np.flatnonzero(covered & edge.repeat(2, axis=0).repeat(2, axis=1))
    fine_rows, fine_columns = np.divmod(fine_edge, 2 * width)
    inner_rows, inner_columns = np.divmod(inner_pixels, width)
    hand = _quad_reduce(np.add, (covered & (fine.face_ids < num_hand_faces)).view(np.uint8))
    joined = [(getattr(centres, name), getattr(fine, name)) for name in ("face_ids", "barycentric", "depth_mm")]
    flat = [
        np.concatenate([a.reshape(height * width, -1)[inner_pixels], b.reshape(4 * height * width, -1)[fine_edge]])
        for a, b in joined
    ]
    return Samples(
        face_ids=flat[0][:, 0],
        barycentric=flat[1],
        depth_mm=flat[2][:, 0],
        columns=np.concatenate([inner_columns + 0.5, fine_columns * 0.5 + 0.25]).astype(np.float32),
        rows=np.concatenate([inner_rows + 0.5, fine_rows * 0.5 + 0.25]).astype(np.float32),
        pixels=np.concatenate([inner_pixels, (fine_rows // 2) * width + fine_columns // 2]),
        num_inner=len(inner_pixels),
        coverage=count * np.float32(0.25),
        hand_coverage=hand * np.float32(0.25),
    )


def _quad_reduce(operation: np.ufunc, fine: np.ndarray) -> np.ndarray:
    """Combines the four subsamples (2H, 2W) of each pixel: (H, W)."""
    rows = operation(fine[0::2], fine[1::2])
    return operation(rows[:, 0::2], rows[:, 1::2])


def resolve(colours: np.ndarray, samples: Samples, height: int, width: int) -> np.ndarray:
    """Averages sample colours (N, 3) into a premultiplied image (height, width, 3)."""
    inner = samples.num_inner
    image = np.empty((height * width, 3), np.float32)
    for channel in range(3):
        image[:, channel] = np.bincount(samples.pixels[inner:], colours[inner:, channel], height * width)
    image *= np.float32(0.25)
    image[samples.pixels[:inner]] = colours[:inner]
    return image.reshape(height, width, 3)


def unprojected(samples: Samples, intrinsics: np.ndarray) -> np.ndarray:
    """Returns the samples' points (N, 3) in the camera frame, mm."""
    fx, fy, u0, v0 = intrinsics
    z = samples.depth_mm
    return np.stack([(samples.columns - u0) * z / fx, (samples.rows - v0) * z / fy, z], axis=1)


def window(vertices: np.ndarray, intrinsics: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Returns row, column, height and width of the part of the image that the mesh may touch."""
    height, width = size
    z = vertices[:, 2]
    if float(z.min()) < 10:
        return 0, 0, height, width
    fx, fy, u0, v0 = intrinsics
    u, v = vertices[:, 0] / z * fx + u0, vertices[:, 1] / z * fy + v0
    columns = _span(float(u.min()), float(u.max()), width)
    rows = _span(float(v.min()), float(v.max()), height)
    return rows[0], columns[0], rows[1], columns[1]


def _span(low: float, high: float, limit: int) -> tuple[int, int]:
    """Returns start and length within 0..limit around low..high, the length a multiple of `_WINDOW` where it fits."""
    first = int(np.clip(np.floor(low) - 1, 0, limit - 1))
    last = int(np.clip(np.ceil(high) + 1, first + 1, limit))
    length = min(limit, -(-(last - first) // _WINDOW) * _WINDOW)
    return min(first, limit - length), length


def placed(part: np.ndarray, row: int, column: int, size: tuple[int, int]) -> np.ndarray:
    """Returns `part` at (row, column) of a zero image of `size`."""
    if part.shape[:2] == tuple(size):
        return part
    image = np.zeros((*size, *part.shape[2:]), np.float32)
    image[row : row + part.shape[0], column : column + part.shape[1]] = part
    return image
