"""How far away a hand is: the distance at which its bones have the proportions that bones have."""

from __future__ import annotations

import numpy as np

from tfhand.constants import BONES, SCALE_BONE
from tfhand.geometry import axis_depth

#: Root depths that are considered, in hand scales (a hand scale is about 45 mm).
_RANGE = (1.5, 400.0)
_GRID = 200


def bone_proportions(joints: np.ndarray) -> np.ndarray:
    """Lengths of the 20 bones in hand scales.

    Args:
        joints: (21, 3), any unit and frame.

    Returns:
        (20,) float64, in the order of `tfhand.constants.BONES`.
    """
    start, end = np.array(BONES).T
    joints = np.asarray(joints, np.float64)
    scale = np.linalg.norm(joints[SCALE_BONE[1]] - joints[SCALE_BONE[0]])
    return np.linalg.norm(joints[end] - joints[start], axis=-1) / scale


def root_depth_in_scales(joints_uvd: np.ndarray, camera: np.ndarray, proportions: np.ndarray) -> float:
    """Finds the root depth, in hand scales, at which the joints' bones come closest to given lengths.

    A picture fixes only the ratio of distance to size: with `q = (uv - c) / f` the joint lies at
    `(d + r) (q, 1) / axis_depth` hand scales for a root depth of `r` along the axis of `d`, so nearer hands are smaller
    across. The `r` of least squared error over the bones' lengths is found on a logarithmic grid and refined.

    Args:
        joints_uvd: (21, 3) crop-normalised joints.
        camera: (7,) camera vector, whose root depth and hand scale are not read.
        proportions: (20,) lengths of the bones in hand scales, as `bone_proportions` gives them.

    Returns:
        Root depth along the axis of `d`, over hand scale, dimensionless.
    """
    joints, camera = np.asarray(joints_uvd, np.float64), np.asarray(camera, np.float64)
    start, end = np.array(BONES).T
    rays = np.column_stack([(joints[:, :2] - camera[2:4]) / camera[:2], np.ones(len(joints))])
    rays /= axis_depth(joints, camera)[:, None]
    relative = rays * joints[:, 2:]
    slope, offset = rays[end] - rays[start], relative[end] - relative[start]
    low, high = np.log(_RANGE)
    for _ in range(4):
        grid = np.linspace(low, high, _GRID)
        lengths = np.linalg.norm(np.exp(grid)[:, None, None] * slope + offset, axis=-1)  # (grid, bones)
        best = int(((lengths - proportions) ** 2).sum(axis=1).argmin())
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, _GRID - 1)]
    return float(np.exp(grid[best]))
