"""F-score against plain loops, and alignment of meshes by their joints."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tfhand.metrics import align_by_joints, f_score


def test_equals_plain_loops(rng) -> None:
    one, other = rng.normal(0, 20, (40, 3)), rng.normal(0, 20, (55, 3))
    for threshold in (5.0, 15.0):
        near = sum(min(math.dist(a, b) for b in other) < threshold for a in one) / 40
        back = sum(min(math.dist(a, b) for a in one) < threshold for b in other) / 55
        assert f_score(one, other, threshold) == pytest.approx(2 * near * back / (near + back))
    assert f_score(one, one, 1e-3) == 1.0
    assert f_score(one, one + 1000, 15.0) == 0.0


def test_meshes_follow_the_similarity_of_their_joints(rng) -> None:
    joints, mesh = rng.normal(0, 40, (3, 21, 3)), rng.normal(0, 40, (3, 30, 3))
    turn = Rotation.from_rotvec([0.4, -1.0, 0.3])
    moved_joints, moved = (np.stack([1.7 * turn.apply(p) + [5, -80, 300] for p in points]) for points in (joints, mesh))
    np.testing.assert_allclose(align_by_joints(moved, moved_joints, joints), mesh, atol=1e-9)


def test_wrong_arguments_are_named(rng) -> None:
    points = rng.normal(size=(4, 3))
    with pytest.raises(ValueError, match="true: expected points"):
        f_score(points, points[:0], 5.0)
    with pytest.raises(ValueError, match="threshold_mm: expected a positive"):
        f_score(points, points, 0.0)
