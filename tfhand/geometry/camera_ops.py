"""The cameras of `tfhand.geometry.camera` on `keras.ops`: batched, differentiable, any backend.

Not imported by `tfhand.geometry` itself, which stays free of Keras.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from tfhand.geometry.camera import MIN_AXIS_DEPTH

#: Predicted depths are kept above this share of the root's depth where they multiply the image plane.
MIN_DEPTH_SHARE = 0.1


def uvd_to_xyz(uvd: Any, camera: Any) -> Any:
    """Un-projects crop-normalised points to millimetres, safely for wild predictions.

    The depth that spreads `x` and `y` is clamped to at least `MIN_DEPTH_SHARE` of the root's depth, so a
    prediction at or behind the camera neither flips nor blows up; `z` itself is not clamped, so its
    gradient leads back in front of the camera. `axis_depth` has its floor, `MIN_AXIS_DEPTH`.

    Args:
        uvd: (B, N, 3); `u, v` in 0..1 across the crop, `d` the depth behind the wrist in hand scales.
        camera: (B, 7) camera vectors (see `tfhand.geometry.camera`).

    Returns:
        (B, N, 3) mm, camera frame.
    """
    camera = ops.expand_dims(camera, 1)
    return _unproject(uvd, camera, camera[..., 4:5], camera[..., 5:6])


def uvd_to_normalised_xyz(uvd: Any, camera: Any, root_uv: Any) -> Any:
    """Un-projects to root-relative space measured in hand scales: `(xyz - xyz_root) / scale`.

    The unit is the same along all three axes and for every hand, whatever its size, distance or crop:
    lengths, angles and normals mean what they mean in millimetres, without millimetres' magnitudes.
    Clamping as in `uvd_to_xyz`.

    Args:
        uvd: (B, N, 3) crop-normalised points.
        camera: (B, 7) camera vectors.
        root_uv: (B, 1, 2) `u, v` of the (ground-truth) wrist.

    Returns:
        (B, N, 3), dimensionless, axes of the camera frame, wrist at the origin.
    """
    camera = ops.expand_dims(camera, 1)
    root_depth = camera[..., 4:5] / camera[..., 5:6]
    points = _unproject(uvd, camera, root_depth, 1.0)
    root = ops.concatenate([root_uv, ops.zeros_like(root_uv[..., :1])], axis=-1)
    return points - _unproject(root, camera, root_depth, 1.0)


def _unproject(uvd: Any, camera: Any, root_depth: Any, scale: Any) -> Any:
    rays = (uvd[..., :2] - camera[..., 2:4]) / camera[..., 0:2]
    z = (uvd[..., 2:] * scale + root_depth) / _axis_depth(rays, camera)
    spread = ops.maximum(z, MIN_DEPTH_SHARE * root_depth)
    return ops.concatenate([rays * spread, z], axis=-1)


def _axis_depth(rays: Any, camera: Any) -> Any:
    """`tfhand.geometry.axis_depth` (B, N, 1) of rays (B, N, 2)."""
    axis = (0.5 - camera[..., 2:4]) / camera[..., 0:2] * camera[..., 6:7]
    along = 1.0 + ops.sum(rays * axis, axis=-1, keepdims=True)
    return ops.maximum(along / ops.sqrt(1.0 + ops.sum(axis * axis, axis=-1, keepdims=True)), MIN_AXIS_DEPTH)
