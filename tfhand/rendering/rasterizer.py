"""Triangles to pixels with NumPy arrays: which face each pixel sees, where on it, and how deep.

Pixel coordinates are continuous: pixel (column i, row j) covers the square from (i, j) to (i+1, j+1) and is
sampled at its centre (i + 0.5, j + 0.5), as in `tfhand.geometry.camera`. Cameras follow OpenCV: x right,
y down, z forward. Both sides of every triangle are drawn.

The kernel (tensorflow-graphics, see `kernel.py`) works in homogeneous clip coordinates in 48.16 fixed point,
as in Olano and Greer, "Triangle Scan Conversion using 2D Homogeneous Coordinates", 1997. Coordinates of
hundreds, such as millimetres, overflow it silently; since they are homogeneous they are divided by a
typical depth here first, and what is still too large is scaled triangle by triangle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfhand.rendering.kernel import call

#: Clip coordinates are scaled to about this size: high enough for 1/1000 pixel of a 512-pixel image in the
#: kernel's fixed point, low enough that its determinant (a sum of six triple products, 15 bits) holds.
_TYPICAL_CLIP = 4.0
_MAX_CLIP = 16.0
#: Nearest visible depth, mm.
NEAR_MM = 1.0


@dataclass(frozen=True)
class Fragments:
    """What each pixel of an image sees.

    Attributes:
        face_ids: (H, W) int32, the nearest face, -1 where there is none.
        barycentric: (H, W, 3) float32, perspective-correct weights of the face's corners; sum 1, 0 for none.
        depth_mm: (H, W) float32, z of the seen point in the camera frame, mm; 0 for none.
    """

    face_ids: np.ndarray
    barycentric: np.ndarray
    depth_mm: np.ndarray


def rasterize(
    vertices_mm: np.ndarray, faces: np.ndarray, intrinsics: np.ndarray, size: tuple[int, int]
) -> Fragments:
    """Rasterises a mesh seen by a pinhole camera.

    Args:
        vertices_mm: (V, 3) float, camera frame, mm. Any of them may lie off screen or behind the camera;
            what is nearer than `NEAR_MM` is not drawn.
        faces: (F, 3) integer, indices into the vertices; degenerate ones draw nothing.
        intrinsics: (4,) `fx, fy, u0, v0` in pixels of the image.
        size: (height, width) of the image, pixels.

    Returns:
        Fragments.

    Raises:
        ValueError: wrong shapes, non-finite vertices, face indices out of range, sizes or focal lengths
            that are not positive.
    """
    vertices, faces = checked_mesh(vertices_mm, faces)
    intrinsics = checked_intrinsics(intrinsics)
    height, width = checked_size(size)
    fx, fy, u0, v0 = intrinsics
    z = vertices[:, 2]
    visible = z[z > NEAR_MM]
    if visible.size == 0:
        return _empty(height, width)
    near = max(NEAR_MM, 0.9 * float(visible.min()))
    far = 1.1 * float(visible.max())
    clip = np.empty((len(vertices), 4), np.float32)
    clip[:, 0] = (2 * fx / width) * vertices[:, 0] + (2 * u0 / width - 1) * z
    clip[:, 1] = (2 * fy / height) * vertices[:, 1] + (2 * v0 / height - 1) * z
    clip[:, 2] = ((far + near) / (far - near)) * z - 2 * far * near / (far - near)
    clip[:, 3] = z
    clip *= _TYPICAL_CLIP / float(np.median(visible))
    return _run(clip, z, faces, height, width)


def _run(clip: np.ndarray, depths: np.ndarray, faces: np.ndarray, height: int, width: int) -> Fragments:
    """Calls the kernel; `clip` (V, 4) float32 and `depths` (V,) float32 belong to the vertices of `faces`."""
    if float(np.abs(clip).max(initial=0.0)) > _MAX_CLIP:
        clip, depths, faces = _tamed(clip, depths, faces)
    depths = np.ascontiguousarray(depths, np.float32)
    face_ids = np.empty((height, width), np.int32)
    barycentric = np.empty((height, width, 3), np.float32)
    depth = np.empty((height, width), np.float32)
    call("tfhand_rasterize", clip, depths, faces, len(faces), width, height, face_ids, barycentric, depth)
    return Fragments(face_ids, barycentric, depth)


def _tamed(clip: np.ndarray, depths: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scales triangles with large clip coordinates one by one, and collapses those outside the view.

    Only these get corners of their own, so that neighbours elsewhere keep sharing theirs and no cracks
    open between them. Face numbers stay as they are.
    """
    large = np.flatnonzero(np.abs(clip[faces]).max(axis=(1, 2)) > _MAX_CLIP)
    owners = faces[large]
    corners = clip[owners]
    w = corners[:, :, 3:]
    outside = np.any(np.all(corners[:, :, :3] > w, axis=1) | np.all(corners[:, :, :3] < -w, axis=1), axis=1)
    corners *= _TYPICAL_CLIP / np.abs(corners).max(axis=(1, 2), keepdims=True)
    faces = faces.copy()
    faces[large] = len(clip) + np.arange(3 * len(large), dtype=np.int32).reshape(-1, 3)
    faces[large[outside]] = 0
    return np.concatenate([clip, corners.reshape(-1, 4)]), np.concatenate([depths, depths[owners].ravel()]), faces


def _empty(height: int, width: int) -> Fragments:
    """Returns the fragments of an image that sees nothing."""
    shape = (height, width)
    return Fragments(np.full(shape, -1, np.int32), np.zeros((*shape, 3), np.float32), np.zeros(shape, np.float32))


def checked_mesh(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns vertices as (V, 3) float32 and faces as contiguous (F, 3) int32, or raises ValueError."""
    vertices = np.asarray(vertices, np.float32)
    if vertices.ndim != 2 or vertices.shape[1] != 3:
        raise ValueError(f"vertices: expected shape (V, 3), got {vertices.shape}.")
    if not np.isfinite(vertices).all():
        raise ValueError(f"vertices: {np.count_nonzero(~np.isfinite(vertices))} of {vertices.size} values not finite.")
    faces = np.asarray(faces)
    if faces.ndim != 2 or faces.shape[1] != 3 or faces.dtype.kind not in "iu":
        raise ValueError(f"faces: expected integers of shape (F, 3), got {faces.dtype} {faces.shape}.")
    if faces.size and (faces.min() < 0 or faces.max() >= len(vertices)):
        raise ValueError(f"faces: expected indices in 0..{len(vertices) - 1}, got {faces.min()}..{faces.max()}.")
    return vertices, np.ascontiguousarray(faces, np.int32)


def checked_intrinsics(intrinsics: np.ndarray) -> np.ndarray:
    """Returns fx, fy, u0, v0 as contiguous (4,) float32, or raises ValueError."""
    intrinsics = np.ascontiguousarray(intrinsics, np.float32)
    if intrinsics.shape != (4,) or not np.all(np.isfinite(intrinsics)) or np.any(intrinsics[:2] <= 0):
        raise ValueError(f"intrinsics: expected 4 finite values fx, fy, u0, v0 with positive fx, fy, got {intrinsics}.")
    return intrinsics


def checked_size(size: tuple[int, int]) -> tuple[int, int]:
    """Returns (height, width) as integers, or raises ValueError."""
    height, width = size
    if int(height) != height or int(width) != width or not (0 < height <= 16384 and 0 < width <= 16384):
        raise ValueError(f"size: expected (height, width) in 1..16384 pixels, got {size}.")
    return int(height), int(width)
