"""Joint adapters: their geometry, the camera that goes with them, and that `derive` finds a known one."""

from __future__ import annotations

import numpy as np
import pytest

from tfhand.constants import DEPTH_AXES
from tfhand.data.joint_adapters import REAL_WORLD_ADAPTER, JointAdapter, derive, palm_front
from tfhand.geometry import camera_vector, project, uvd_to_xyz, xyz_to_uvd
from tfhand.mesh import HandTemplate

ADAPTER = JointAdapter("toy", wrist=0.2, knuckles=0.1, thumb_base=-0.3, thumb_front=0.1, tips=0.25, scale_ratio=1.1)


def bend(template: HandTemplate, rng: np.random.Generator) -> np.ndarray:
    """Joints of a random fist-like hand in front of the camera, mm."""
    angles = np.zeros((20, 3))
    angles[5:, 0] = rng.uniform(0, 1, 15)
    axis_turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    axis_turn *= np.sign(np.linalg.det(axis_turn))
    return template.pose(template.bone_rotations(angles), None, axis_turn, [10, -20, 450]).joints.astype(np.float64)


@pytest.fixture(scope="module")
def template() -> HandTemplate:
    return HandTemplate.load()


def test_joints_slide_as_documented(rng) -> None:
    ours = rng.normal(size=(5, 21, 3))
    theirs = ADAPTER.to_dataset(ours)
    np.testing.assert_allclose(theirs[:, 0], ours[:, 0] + 0.2 * (ours[:, 9] - ours[:, 0]))
    for knuckle in (5, 9, 13, 17):
        np.testing.assert_allclose(theirs[:, knuckle], ours[:, knuckle] + 0.1 * (ours[:, 0] - ours[:, knuckle]))
    before = theirs[:, 1] - (ours[:, 1] - 0.3 * (ours[:, 0] - ours[:, 1]))
    np.testing.assert_allclose(np.linalg.norm(before, axis=1), 0.1 * np.linalg.norm(ours[:, 9] - ours[:, 0], axis=1))
    for knuckle in (5, 17):
        np.testing.assert_allclose((before * (ours[:, knuckle] - ours[:, 0])).sum(axis=1), 0, atol=1e-9)
    for tip in (4, 8, 12, 16, 20):
        np.testing.assert_allclose(theirs[:, tip], ours[:, tip] + 0.25 * (ours[:, tip] - ours[:, tip - 1]))
    same = [2, 3, 6, 7, 10, 11, 14, 15, 18, 19]
    np.testing.assert_array_equal(theirs[:, same], ours[:, same])
    np.testing.assert_allclose(ADAPTER.to_dataset(ours + 5), theirs + 5)


def test_a_palm_looks_where_its_fingers_bend(template, rng) -> None:
    """In front of a right hand's palm and of its mirror image's, however turned; left hands' joints mirror right ones'."""
    for _ in range(5):
        ours = bend(template, rng)
        left = ours * [-1, 1, 1]
        tips = [8, 12, 16, 20]
        for hand, side in ((ours, "right"), (left, "left")):
            assert ((hand[tips] - hand[9]) @ palm_front(hand, side) > 0).all()
        np.testing.assert_allclose(ADAPTER.to_dataset(left, "left") * [-1, 1, 1], ADAPTER.to_dataset(ours), atol=1e-9)
    with pytest.raises(ValueError, match="side: expected one of right, left, got 'both'"):
        palm_front(ours, "both")


def test_the_default_adapter_changes_nothing(rng) -> None:
    ours, camera = rng.normal(size=(2, 21, 3)), np.array([[2, 2, 0.5, 0.5, 500, 50]] * 2, np.float32)
    np.testing.assert_array_equal(JointAdapter("same").to_dataset(ours), ours)
    np.testing.assert_array_equal(JointAdapter("same").network_camera(camera, ours), camera)


@pytest.mark.parametrize("axis", DEPTH_AXES)
def test_camera_puts_the_datasets_wrist_where_it_was_said_to_be(template, rng, axis) -> None:
    """Perfect network outputs, placed with the dataset's root depth and scale, give the dataset's joints exactly."""
    for _ in range(5):
        ours = bend(template, rng)
        theirs = ADAPTER.to_dataset(ours)
        scale = np.linalg.norm(ours[10] - ours[9])
        intrinsics, box = np.array([2.0, 2.0, 0.2, 0.9]), np.array([0.0, 0.0, 1.0, 1.0])
        wrists = [project(hand[:1], intrinsics)[0] if axis == "crop" else None for hand in (ours, theirs)]
        uvd = xyz_to_uvd(ours, camera_vector(intrinsics, box, ours[0, 2], scale, wrists[0]))[None]
        camera = camera_vector(intrinsics, box, theirs[0, 2], scale / 1.1, wrists[1])[None]
        placed = uvd_to_xyz(uvd, ADAPTER.network_camera(camera, uvd))
        np.testing.assert_allclose(ADAPTER.to_dataset(placed)[0], theirs, atol=1e-3)


def test_derive_finds_a_known_adapter(template, rng) -> None:
    """Other poses, another size and noise, and a few hands of other proportions, do not hide it."""
    labels = np.stack([ADAPTER.to_dataset(bend(template, rng)) for _ in range(40)]) * 1.2
    labels += rng.normal(0, 0.5, labels.shape)
    ours = template.pose().joints.astype(np.float64)
    scale = np.linalg.norm(ours[10] - ours[9]) * 1.2 / 1.1
    found = derive("toy", labels, np.full(40, scale), ours)
    for field in ("wrist", "knuckles", "thumb_base", "thumb_front", "tips", "scale_ratio"):
        assert getattr(found, field) == pytest.approx(getattr(ADAPTER, field), abs=0.03), field


def test_the_real_world_adapter_keeps_a_hand_a_hand(template) -> None:
    ours = template.pose().joints
    theirs = REAL_WORLD_ADAPTER.to_dataset(ours)
    assert np.linalg.norm(theirs - ours, axis=1).max() < 20
    bone = np.linalg.norm(theirs[10] - theirs[9]) * 50 * REAL_WORLD_ADAPTER.scale_ratio / np.linalg.norm(ours[10] - ours[9])
    assert bone == pytest.approx(48.5, abs=1.0)  # median of the set's labels: 48.6 mm, at the given scale of 50 mm
