"""A depth map of one camera as another camera sees it."""
from __future__ import annotations

import numpy as np

from tfhand.rendering.visibility import visibility

#: Neighbours whose depths differ by more than this share of the nearer one are not on one surface. At 500 mm a pixel is
#: about 1 mm wide, so a surface seen at 4 degrees still counts as one.
_MOST_STEP = 0.03


def warp_depth(
    depth_mm: np.ndarray,
    source_intrinsics: np.ndarray,
    rotation: np.ndarray,
    translation_mm: np.ndarray,
    target_intrinsics: np.ndarray,
    size: tuple[int, int],
) -> np.ndarray:
    """Looks at the surface that a depth map describes from where another camera stands.

    The measured points become a mesh, two triangles between every four neighbours, torn where depth jumps or is
    missing, and the mesh is drawn with a depth buffer. So there are no holes where the target camera magnifies,
    what is behind something else is hidden, and depth is exact on planes. What the source camera doesn't see stays
    unknown.

    Args:
        depth_mm: (h, w) float, z in the source camera's frame at pixel centres, 0 (or not finite) where unknown.
        source_intrinsics: (4,) `fx, fy, u0, v0` in pixels of `depth_mm`.
        rotation: (3, 3) from the source camera's frame to the target's: `X_target = rotation @ X_source + translation`.
        translation_mm: (3,).
        target_intrinsics: (4,) in pixels of the result.
        size: (height, width) of the result.

    Returns:
        (height, width) float32, z in the target camera's frame at pixel centres, mm; 0 where unknown.

    Raises:
        ValueError: `depth_mm` isn't a map, or intrinsics or size are not a camera's.
    """
    depth = np.asarray(depth_mm, np.float32)
    if depth.ndim != 2:
        raise ValueError(f"depth_mm: expected shape (h, w), got {depth.shape}.")
    depth = np.where(np.isfinite(depth) & (depth > 0), depth, np.float32(0))
    faces = _faces(depth)
    if len(faces) == 0:
        return np.zeros(size, np.float32)
    height, width = depth.shape
    fx, fy, u0, v0 = np.asarray(source_intrinsics, np.float64)
    x, y = (np.arange(width) + 0.5 - u0) / fx, (np.arange(height) + 0.5 - v0) / fy
    turn, shift = np.asarray(rotation, np.float64), np.asarray(translation_mm, np.float64)
    rays = (x[:, None] * turn[:, 0])[None] + (y[:, None] * turn[:, 1])[:, None] + turn[:, 2]
    points = (rays.astype(np.float32) * depth[..., None] + shift.astype(np.float32)).reshape(-1, 3)
    inverse = visibility(points, faces, target_intrinsics, size).centre_inverse
    return np.divide(1.0, inverse, out=np.zeros_like(inverse), where=inverse > 0)


def _faces(depth: np.ndarray) -> np.ndarray:
    """Triangles (F, 3) int32 between neighbouring pixels, numbered row by row, that lie on one surface."""
    width = depth.shape[1]
    corners = depth[:-1, :-1], depth[:-1, 1:], depth[1:, :-1], depth[1:, 1:]
    steps = np.array([0, 1, width, width + 1], np.int32)  # from the first corner's number to each
    faces = []
    for triangle in ([0, 2, 1], [1, 2, 3]):
        depths = [corners[corner] for corner in triangle]
        nearest = np.minimum(np.minimum(depths[0], depths[1]), depths[2])
        farthest = np.maximum(np.maximum(depths[0], depths[1]), depths[2])
        rows, columns = np.nonzero((nearest > 0) & (farthest - nearest <= _MOST_STEP * nearest))
        faces.append((rows * width + columns).astype(np.int32)[:, None] + steps[triangle])
    return np.concatenate(faces)
