"""Hands of the rig in the place of predicted joints: true hands come back, noise goes, wrists keep their depth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tfhand.mesh import HandTemplate
from tfhand.mesh.rigged_hands import rig_hands


@pytest.fixture(scope="module")
def template() -> HandTemplate:
    return HandTemplate.load()


@pytest.fixture(scope="module")
def hands(template) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and joints of twelve hands with bent fingers, half a metre away, mm."""
    rng = np.random.default_rng(5)
    posed = []
    for turn in Rotation.random(12, random_state=4).as_matrix():
        angles = np.zeros((20, 3))
        angles[5:, 0] = np.deg2rad(rng.uniform(5, 60, 15))
        posed.append(template.pose(template.bone_rotations(angles), None, turn, [20, -30, 500]))
    return np.stack([hand.vertices for hand in posed]), np.stack([hand.joints for hand in posed])


def test_true_joints_give_their_hands_back(template, hands):
    vertices, joints = hands
    found = rig_hands(template, joints, noise_mm=0.5)
    assert found.vertices_mm.dtype == found.joints_mm.dtype == np.float32
    assert np.linalg.norm(found.joints_mm - joints, axis=-1).mean() < 0.2
    assert np.linalg.norm(found.vertices_mm - vertices, axis=-1).mean() < 1.5


def test_noisy_joints_get_better_and_bones_keep_their_length(template, hands):
    """What the fit is for: of joints that are off by 6 mm in each coordinate a quarter of the error goes, and shrunk fingers
    come back whole."""
    vertices, joints = hands
    noisy = joints + np.random.default_rng(6).normal(0, 6.0, joints.shape)
    found = rig_hands(template, noisy)
    before, after = (np.linalg.norm(points - joints, axis=-1).mean() for points in (noisy, found.joints_mm))
    assert after < 0.75 * before
    np.testing.assert_allclose(found.joints_mm[:, 0, 2], noisy[:, 0, 2], atol=1e-3)
    shrunk = joints.copy()
    for tip in (8, 12, 16, 20):
        shrunk[:, tip] -= 0.4 * (joints[:, tip] - joints[:, tip - 1])
    fitted = rig_hands(template, shrunk).joints_mm
    ends, starts = [8, 12, 16, 20], [7, 11, 15, 19]
    cut, true = (np.linalg.norm(points[:, ends] - points[:, starts], axis=-1) for points in (shrunk, joints))
    last = np.linalg.norm(fitted[:, ends] - fitted[:, starts], axis=-1)
    assert (last > cut).all() and (true.mean() - last.mean()) < 0.6 * (true.mean() - cut.mean())


def test_no_hands_are_none(template):
    found = rig_hands(template, np.zeros((0, 21, 3)))
    assert found.vertices_mm.shape == (0, template.num_vertices, 3) and found.joints_mm.shape[0] == 0
