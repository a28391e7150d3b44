"""The hand's part of a depth map, against a loop over pixels and bones."""
from __future__ import annotations

import numpy as np
import pytest

from tfhand.data.hand_depth import _LINES, hand_depth


def test_what_is_within_reach_of_a_bone_stays(rng) -> None:
    intrinsics = np.array([30.0, 31.0, 15.0, 12.0])
    joints = rng.normal(size=(21, 3)) * [60, 50, 30] + [10, 0, 400]
    depth = np.where(rng.random((25, 32)) < 0.8, rng.uniform(300, 500, (25, 32)), 0).astype(np.float32)
    expected = np.zeros_like(depth)
    shares = np.linspace(0, 1, 201)[:, None]
    for row in range(25):
        for column in range(32):
            z = float(depth[row, column])
            point = np.array([(column + 0.5 - 15) / 30 * z, (row + 0.5 - 12) / 31 * z, z])
            gap = min(
                np.linalg.norm(joints[a] + shares * (joints[b] - joints[a]) - point, axis=1).min() for a, b in _LINES
            )
            if z > 0 and gap <= 25:
                expected[row, column] = z
    assert (expected > 0).sum() > 15
    # Bones as 201 points each are a little farther off than lines.
    assert np.sum(hand_depth(depth, intrinsics, joints) != expected) <= 1
    with pytest.raises(ValueError, match="in front"):
        hand_depth(depth, intrinsics, joints - [0, 0, 400])
