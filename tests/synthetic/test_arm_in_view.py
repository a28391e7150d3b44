"""The arm before the hand: counted as a loop over joints and places counts it, and drawn views keep clear of it."""

from __future__ import annotations

import numpy as np
import pytest

from tfhand.constants import ROOT_JOINT
from tfhand.synthetic.arm_in_view import hidden_by_arm

#: A flat hand 400 mm away, fingers up.
HAND = np.stack([np.linspace(-40, 40, 21), np.linspace(0, -150, 21), np.full(21, 400.0)], axis=1)
HAND[ROOT_JOINT] = [0, 0, 400]


def counted(joints, elbow_ward):
    arm = [joints[ROOT_JOINT] + d * np.asarray(elbow_ward) for d in range(50, 500, 30)]
    if min(np.linalg.norm(p) for p in arm) < 130:
        return 21
    hidden = 0
    for joint in joints:
        far = np.linalg.norm(joint)
        rays = [(p @ joint / far, np.linalg.norm(np.cross(p, joint / far))) for p in arm]
        hidden += any(0 < along < far - 55 and aside <= 48 for along, aside in rays)
    return hidden


def test_counts_as_a_loop_does():
    rng = np.random.default_rng(0)
    found = []
    for _ in range(300):
        direction = rng.normal(size=3) * [1, 1, 2]
        direction /= np.linalg.norm(direction)
        joints = HAND + rng.normal(size=(21, 3)) * 15 + [0, 0, rng.uniform(-150, 600)]
        found.append(hidden_by_arm(joints, direction))
        assert found[-1] == counted(joints, direction)
    assert 0 in found and 21 in found and len(set(found)) > 6


@pytest.mark.parametrize(
    ("elbow_ward", "hidden"), [((0, 1, 0), 0), ((0, 0, 1), 0), ((0, 0.8, -0.6), 0), ((0, 0, -1), 21)]
)
def test_only_arms_that_come_towards_the_camera_hide_a_hand(elbow_ward, hidden):
    assert hidden_by_arm(HAND, np.array(elbow_ward, float)) == hidden


def test_scenes_keep_the_arm_off_the_hand(generator):
    for seed in range(60):
        scene = generator.scene(np.random.default_rng(seed))
        arm = generator.renderer.surface.forearm_sections(scene.surface_mm).mean(axis=1)
        elbow_ward = (arm[-1] - arm[0]) / np.linalg.norm(arm[-1] - arm[0])
        assert hidden_by_arm(scene.joints_mm, elbow_ward) <= 4
