"""The hand's part of a depth map of a whole scene, found by its annotated joints."""
from __future__ import annotations

import numpy as np

from tfhand.constants import BONES, FINGER_JOINTS, FINGERS
from tfhand.geometry import project

#: Farthest that the skin lies from the hand's bones: 10 mm on fingers, about 18 mm on the ball of the thumb and the
#: heel of the hand, and a few mm by which people mark a joint off its place.
REACH_MM = 25.0
_KNUCKLES = tuple(FINGER_JOINTS[finger][0] for finger in FINGERS[1:])
#: Lines that skin is near to: the bones, the knuckles' row, and the web between thumb and palm.
_LINES = (*BONES, *zip(_KNUCKLES[:-1], _KNUCKLES[1:], strict=True), (FINGER_JOINTS["thumb"][1], _KNUCKLES[0]))


def hand_depth(
    depth_mm: np.ndarray, intrinsics: np.ndarray, joints_mm: np.ndarray, reach_mm: float = REACH_MM
) -> np.ndarray:
    """Keeps of a depth map what lies within reach of the hand's bones.

    Args:
        depth_mm: (H, W) float32, z at pixel centres, 0 where unknown.
        intrinsics: (4,) `fx, fy, u0, v0`, pixels of the map.
        joints_mm: (21, 3) in the map's camera frame, in front of the camera.
        reach_mm: farthest from a bone that a point may lie, mm.

    Returns:
        (H, W) float32: the hand's depth, up to `reach_mm` behind the wrist, and 0 elsewhere.

    Raises:
        ValueError: a joint isn't in front of the camera.
    """
    joints = np.asarray(joints_mm, np.float64)
    fx, fy, u0, v0 = np.asarray(intrinsics, np.float64)
    height, width = depth_mm.shape
    # Nothing beyond these pixels is within reach, nor are these depths; most of the picture needs no distances.
    margin = reach_mm * max(fx, fy) / max(joints[:, 2].min() - reach_mm, 1.0)
    pixels = project(joints, intrinsics)
    low = np.clip(np.floor(pixels.min(axis=0) - margin), 0, (width, height)).astype(int)
    high = np.clip(np.ceil(pixels.max(axis=0) + margin), 0, (width, height)).astype(int)
    part = depth_mm[low[1] : high[1], low[0] : high[0]]
    near, far = joints[:, 2].min() - reach_mm, joints[:, 2].max() + reach_mm
    rows, columns = np.nonzero((part > 0) & (part >= near) & (part <= far))
    z = part[rows, columns].astype(np.float32)
    x, y = (columns + low[0] + 0.5 - u0) / fx * z, (rows + low[1] + 0.5 - v0) / fy * z
    points = np.stack([x, y, z], axis=-1).astype(np.float32)
    within = _squared_distance(points, joints.astype(np.float32)) <= reach_mm**2
    result = np.zeros((height, width), np.float32)
    result[rows[within] + low[1], columns[within] + low[0]] = z[within]
    return result


def _squared_distance(points: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """Squared distances (N,) of points (N, 3) from the nearest of the hand's lines."""
    nearest = np.full(len(points), np.inf, np.float32)
    for start, end in _LINES:
        line, offset = joints[end] - joints[start], points - joints[start]
        along = np.clip(offset @ line / max(float(line @ line), 1e-6), 0, 1)
        gap = offset - along[:, None] * line
        np.minimum(nearest, np.einsum("ij,ij->i", gap, gap), out=nearest)
    return nearest
