"""Pinhole cameras in numpy: from crop-normalised `uvd` to millimetres and back.

Camera frame: OpenCV's (x right, y down, z forward), millimetres. Pixel coordinates are continuous:
pixel (0, 0) covers the square from 0 to 1 and has its centre at (0.5, 0.5), so a crop box
`x, y, w, h` spans exactly `x..x+w`, a heat-map of `n` cells has the centre of cell `i` at `(i + 0.5) / n`,
and mirroring is exactly `u -> 1 - u`.

A *camera vector* holds everything that joins the network's crop-normalised coordinates to space:
`[fx / w, fy / h, (u0 - x) / w, (v0 - y) / h, root_depth_mm, scale_mm, turned]` for intrinsics `fx, fy, u0, v0` (pixels
of the full image) and a crop box `x, y, w, h`.

`turned` is 0 or 1 and says along which axis depths `d` are measured (`tfhand.constants.DEPTH_AXES`):

- 0, "camera": the optical axis, as the paper has it: `d = (z - z_root) / scale`.
- 1, "crop": the ray through the crop's middle, `a = (a_x, a_y, 1) / |(a_x, a_y, 1)|`: `d = a . (p - p_root) / scale`. A crop
  looks the same wherever in the image it was cut from, while a hand that is turned along with its ray leans against the
  optical axis by the ray's angle, which no crop shows. Along its own ray it leans by nothing. In the middle of the image
  both are the same.

`root_depth_mm` is the wrist's depth along that axis.
"""

from __future__ import annotations

import math

import numpy as np

from tfhand.constants import DEFAULT_FIELD_OF_VIEW_DEG, NUM_JOINTS, ROOT_JOINT, SCALE_BONE
from tfhand.geometry.crop import validate_box

CAMERA_SIZE = 7
#: Depths along an axis are no less than this share of those along the optical axis, however wild u, v are.
MIN_AXIS_DEPTH = 0.1


def camera_vector(
    intrinsics: np.ndarray,
    box: np.ndarray,
    root_depth_mm: np.ndarray | float,
    hand_scale_mm: np.ndarray | float,
    root_uv: np.ndarray | None = None,
) -> np.ndarray:
    """Packs intrinsics, crop box, root depth and hand scale into a camera vector.

    Args:
        intrinsics: (..., 4) `fx, fy, u0, v0` in pixels of the full image.
        box: (..., 4) crop box `x, y, w, h` in pixels of the full image.
        root_depth_mm: (...) depth of the wrist, z in the camera frame, mm.
        hand_scale_mm: (...) length of the middle finger's MCP-PIP bone, mm.
        root_uv: (..., 2) where the wrist is, 0..1 across the crop, for depths along the crop's ray; None for depths along
            the optical axis.

    Returns:
        (..., 7) float32 camera vector.

    Raises:
        ValueError: values that are not finite, or focal lengths, box sides, depth or scale that are not positive.
    """
    fx, fy, u0, v0 = np.moveaxis(np.asarray(validate_intrinsics(intrinsics), np.float64), -1, 0)
    x, y, w, h = np.moveaxis(np.asarray(validate_box(box), np.float64), -1, 0)
    depth = _positive("root_depth_mm", root_depth_mm)
    scale = _positive("hand_scale_mm", hand_scale_mm)
    parts = [fx / w, fy / h, (u0 - x) / w, (v0 - y) / h, depth, scale, np.zeros(())]
    if root_uv is None:
        return np.stack(np.broadcast_arrays(*parts), axis=-1).astype(np.float32)
    root_uv = np.asarray(root_uv, np.float64)
    camera = np.stack(np.broadcast_arrays(*parts[:-1], np.ones(root_uv.shape[:-1])), axis=-1)
    camera[..., 4] *= axis_depth(root_uv, camera)
    return camera.astype(np.float32)


def axis_depth(uv: np.ndarray, camera: np.ndarray) -> np.ndarray:
    """Depth along the axis of `d` where the depth in the camera frame is 1.

    With the rays `q = (u - cx) / fx, ...` of the points and `a` of the crop's middle it is `(1 + a . q) / sqrt(1 + a . a)`; for
    depths along the optical axis 1. Not below `MIN_AXIS_DEPTH` where u, v are so wild that their ray points the other way.

    Args:
        uv: (..., 2 or more) `u, v` in 0..1 across the crop.
        camera: (..., 7) camera vector(s), as many as points or one for all.

    Returns:
        (...), floating.
    """
    rays = (uv[..., :2] - camera[..., 2:4]) / camera[..., 0:2]
    axis = (0.5 - camera[..., 2:4]) / camera[..., 0:2] * camera[..., 6:7]
    along = (1.0 + np.sum(rays * axis, axis=-1)) / np.sqrt(1.0 + np.sum(axis * axis, axis=-1))
    return np.maximum(along, MIN_AXIS_DEPTH)


def with_root_at(camera: np.ndarray, old_uv: np.ndarray, new_uv: np.ndarray) -> np.ndarray:
    """Camera vectors of the same z of the wrist, for a wrist that is seen in another place.

    Args:
        camera: (..., 7) camera vector(s).
        old_uv, new_uv: (..., 2) where the wrist is that `camera` was made for, and where it is now, 0..1 across the crop.

    Returns:
        Changed copy, same shape and dtype.
    """
    moved = np.array(camera)
    moved[..., 4] *= axis_depth(new_uv, camera) / axis_depth(old_uv, camera)
    return moved


def uvd_to_xyz(uvd: np.ndarray, camera: np.ndarray) -> np.ndarray:
    """Un-projects crop-normalised points: `z = (d * scale + root_depth) / axis_depth`, `x = (u - cx) / fx * z`, y likewise.

    Args:
        uvd: (..., N, 3); `u, v` in 0..1 across the crop, `d` the depth behind the wrist in hand scales.
        camera: (..., 7) camera vector(s), one for all N points.

    Returns:
        (..., N, 3) mm, camera frame; float32 (float64 where an input is).

    Raises:
        ValueError: a shape that doesn't fit.
    """
    uvd, camera = _points_and_camera("uvd", uvd, camera)
    z = (uvd[..., 2:] * camera[..., 5:6] + camera[..., 4:5]) / axis_depth(uvd, camera)[..., None]
    xy = (uvd[..., :2] - camera[..., 2:4]) / camera[..., 0:2] * z
    return np.concatenate([xy, z], axis=-1)


def xyz_to_uvd(xyz: np.ndarray, camera: np.ndarray) -> np.ndarray:
    """Projects points into the crop; the inverse of `uvd_to_xyz`.

    Args:
        xyz: (..., N, 3) mm, camera frame, in front of the camera.
        camera: (..., 7) camera vector(s).

    Returns:
        (..., N, 3) uvd; float32 (float64 where an input is).

    Raises:
        ValueError: a shape that doesn't fit, or a point that isn't in front of the camera.
    """
    xyz, camera = _points_and_camera("xyz", xyz, camera)
    z = _depths_in_front("xyz", xyz)
    uv = xyz[..., :2] / z * camera[..., 0:2] + camera[..., 2:4]
    depth = z * axis_depth(uv, camera)[..., None]
    return np.concatenate([uv, (depth - camera[..., 4:5]) / camera[..., 5:6]], axis=-1)


def project(xyz: np.ndarray, intrinsics: np.ndarray) -> np.ndarray:
    """Projects points into the full image.

    Args:
        xyz: (..., N, 3) mm (or any length), camera frame, in front of the camera.
        intrinsics: (..., 4) `fx, fy, u0, v0`, pixels of the full image.

    Returns:
        (..., N, 2) pixels of the full image; float32 (float64 where an input is).

    Raises:
        ValueError: a shape that doesn't fit, bad intrinsics, or a point that isn't in front of the camera.
    """
    xyz = _points("xyz", xyz)
    intrinsics = validate_intrinsics(intrinsics)[..., None, :]
    return xyz[..., :2] / _depths_in_front("xyz", xyz) * intrinsics[..., :2] + intrinsics[..., 2:]


def mirror_uvd(uvd: np.ndarray) -> np.ndarray:
    """Mirrors points left to right within the crop: `u -> 1 - u`.

    Args:
        uvd: (..., 2) or (..., 3) crop-normalised points; the first entry is `u`.

    Returns:
        Mirrored copy, same shape and dtype.
    """
    mirrored = np.array(uvd)
    mirrored[..., 0] = 1.0 - mirrored[..., 0]
    return mirrored


def root_depth_and_scale(joints_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Root depth and hand scale, as the paper's protocol gives them, from ground-truth joints.

    Args:
        joints_mm: (..., 21, 3) mm, camera frame.

    Returns:
        `(root_depth_mm, hand_scale_mm)`, each of shape (...).

    Raises:
        ValueError: a wrong shape.
    """
    joints = _points("joints_mm", joints_mm)
    if joints.shape[-2] != NUM_JOINTS:
        raise ValueError(f"joints_mm: expected shape (..., {NUM_JOINTS}, 3), got {joints.shape}.")
    start, end = SCALE_BONE
    return joints[..., ROOT_JOINT, 2], np.linalg.norm(joints[..., start, :] - joints[..., end, :], axis=-1)


def crop_intrinsics(intrinsics: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Intrinsics of a crop that was resized.

    Args:
        intrinsics: (..., 4) `fx, fy, u0, v0`, pixels of the full image.
        box: (..., 4) `x, y, w, h`, pixels of the full image.
        size: `(width, height)` of the resized crop, pixels.

    Returns:
        (..., 4) `fx, fy, u0, v0` in pixels of the resized crop.

    Raises:
        ValueError: bad intrinsics or box, or a size that isn't positive.
    """
    intrinsics, box = validate_intrinsics(intrinsics), validate_box(box)
    size = _positive("size", size)
    factor = (size / box[..., 2:]).astype(intrinsics.dtype)
    return np.concatenate([intrinsics[..., :2] * factor, (intrinsics[..., 2:] - box[..., :2]) * factor], axis=-1)


def default_intrinsics(
    image_size: tuple[int, int], field_of_view_deg: float = DEFAULT_FIELD_OF_VIEW_DEG
) -> np.ndarray:
    """Intrinsics to assume for an image whose camera is unknown: square pixels, centre in the middle.

    Args:
        image_size: `(width, height)` in pixels.
        field_of_view_deg: angle of view across the longer side, degrees.

    Returns:
        (4,) float32 `fx, fy, u0, v0` in pixels.

    Raises:
        ValueError: a size that isn't positive, or an angle outside 0..180.
    """
    width, height = _positive("image_size", image_size)
    if not 0.0 < field_of_view_deg < 180.0:
        raise ValueError(f"field_of_view_deg: expected an angle between 0 and 180, got {field_of_view_deg}.")
    focal = max(width, height) / (2.0 * math.tan(math.radians(field_of_view_deg) / 2.0))
    return np.array([focal, focal, width / 2.0, height / 2.0], np.float32)


def validate_intrinsics(intrinsics: np.ndarray) -> np.ndarray:
    """Checks intrinsics and returns them as floating point (float32, or float64 if they are).

    Args:
        intrinsics: (..., 4) `fx, fy, u0, v0`, pixels.

    Returns:
        The same values, (..., 4).

    Raises:
        ValueError: a wrong shape, values that are not finite, or focal lengths that are not positive.
    """
    intrinsics = np.asarray(intrinsics)
    intrinsics = intrinsics.astype(np.result_type(intrinsics.dtype, np.float32), copy=False)
    if intrinsics.shape[-1:] != (4,):
        raise ValueError(f"intrinsics: expected shape (..., 4) for fx, fy, u0, v0, got {intrinsics.shape}.")
    if not np.isfinite(intrinsics).all():
        raise ValueError(f"intrinsics: expected finite fx, fy, u0, v0, got {intrinsics.tolist()}.")
    if (intrinsics[..., :2] <= 0).any():
        raise ValueError(f"intrinsics: expected positive focal lengths fx, fy, got {intrinsics[..., :2].tolist()}.")
    return intrinsics


def _points(name: str, points: np.ndarray) -> np.ndarray:
    points = np.asarray(points)
    if points.ndim < 2 or points.shape[-1] != 3:
        raise ValueError(f"{name}: expected shape (..., N, 3), got {points.shape}.")
    return points.astype(np.result_type(points.dtype, np.float32), copy=False)


def _points_and_camera(name: str, points: np.ndarray, camera: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    points = _points(name, points)
    camera = np.asarray(camera)
    if camera.shape[-1:] != (CAMERA_SIZE,):
        raise ValueError(f"camera: expected shape (..., {CAMERA_SIZE}), got {camera.shape}.")
    if camera.ndim > 1 and camera.shape[:-1] != points.shape[:-2]:
        raise ValueError(
            f"camera: expected shape {(*points.shape[:-2], CAMERA_SIZE)} (or one camera for all) "
            f"to go with {name} of shape {points.shape}, got {camera.shape}."
        )
    return points, camera.astype(np.result_type(camera.dtype, np.float32), copy=False)[..., None, :]


def _depths_in_front(name: str, points: np.ndarray) -> np.ndarray:
    z = points[..., 2:]
    if not (z > 0).all():
        raise ValueError(f"{name}: expected points in front of the camera (z > 0), got a smallest z of {z.min()}.")
    return z


def _positive(name: str, value: np.ndarray | float) -> np.ndarray:
    value = np.asarray(value, np.float64)
    if not (np.isfinite(value) & (value > 0)).all():
        raise ValueError(f"{name}: expected finite positive values, got {value.tolist()}.")
    return value
