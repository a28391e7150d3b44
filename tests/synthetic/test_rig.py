from __future__ import annotations

import numpy as np
import pytest

from tfhand.constants import FINGER_JOINTS
from tfhand.synthetic.collision import penetration_mm
from tfhand.synthetic.gestures import FINGERS, GESTURES, INDEX
from tfhand.synthetic.pose_sampler import gesture_pose


def joints_of(generator, pose):
    return generator.template.pose(generator.rig.rotations(pose)).joints.astype(np.float64)


def bend(joints, finger, place):
    """Angle in degrees between a finger's bones before and after its joint `place`."""
    bones = np.diff(joints[list(FINGER_JOINTS[finger])], axis=0)
    bones /= np.linalg.norm(bones, axis=1, keepdims=True)
    return np.rad2deg(np.arccos(np.clip(bones[place - 1] @ bones[place], -1, 1)))


def test_zero_is_a_flat_hand(generator):
    joints = joints_of(generator, np.zeros(25))
    for finger in FINGERS:
        assert bend(joints, finger, 1) < 8 and bend(joints, finger, 2) < 8
        heights = joints[list(FINGER_JOINTS[finger]), 2]
        assert np.ptp(heights) < 12, f"{finger} is not in the palm's plane: {heights}"
    assert penetration_mm(joints) < 3


@pytest.mark.parametrize("finger", FINGERS)
def test_angles_do_what_their_names_say(generator, finger):
    flat = joints_of(generator, np.zeros(25))
    tip = FINGER_JOINTS[finger][3]
    for joint, place in (("pip", 1), ("dip", 2)):
        pose = np.zeros(25)
        pose[INDEX[f"{finger}_{joint}"]] = 50
        joints = joints_of(generator, pose)
        assert bend(joints, finger, place) == pytest.approx(50, abs=6)
        assert joints[tip, 2] < flat[tip, 2] - 8  # towards the palm, whose side is -z
    pose = np.zeros(25)
    pose[INDEX[f"{finger}_mcp"]] = 90
    first = np.subtract(*joints_of(generator, pose)[[FINGER_JOINTS[finger][1], FINGER_JOINTS[finger][0]]])
    assert -first[2] / np.linalg.norm(first) > 0.97
    pose = np.zeros(25)
    pose[INDEX[f"{finger}_spread"]] = 15
    outwards = np.sign(joints_of(generator, pose)[tip, 0] - flat[tip, 0])
    assert outwards == (-1 if finger in ("ring", "little") else 1)


def test_wrist_flexes_to_the_palm_and_deviates_to_the_little_finger(generator):
    flat = joints_of(generator, np.zeros(25))
    flexed, deviated = np.zeros(25), np.zeros(25)
    flexed[INDEX["wrist_flexion"]], deviated[INDEX["wrist_deviation"]] = 30, 20
    assert joints_of(generator, flexed)[12, 2] < flat[12, 2] - 50
    assert joints_of(generator, deviated)[12, 0] < flat[12, 0] - 30


def test_gestures_keep_out_of_themselves(generator):
    """Fingers of gestures touch, as flesh does, but do not run through each other."""
    overlaps = {name: penetration_mm(joints_of(generator, gesture_pose(name))) for name in GESTURES}
    free = [name for name, overlap in overlaps.items() if overlap <= 6]
    assert len(free) >= 0.9 * len(GESTURES), {name: overlap for name, overlap in overlaps.items() if overlap > 6}
    assert max(overlaps.values()) < 14


@pytest.mark.parametrize("name, finger", [("ok", "index"), ("pinch_middle", "middle"), ("pinch_little", "little")])
def test_pinches_meet(generator, name, finger):
    joints = joints_of(generator, gesture_pose(name))
    tips = joints[FINGER_JOINTS["thumb"][3]] - joints[FINGER_JOINTS[finger][3]]
    assert np.linalg.norm(tips) < 25
