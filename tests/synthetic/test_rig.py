from __future__ import annotations

import numpy as np
import pytest

from tfhand.constants import FINGER_JOINTS
from tfhand.synthetic.gestures import FINGERS, GESTURES, INDEX
from tfhand.synthetic.pose_sampler import gesture_pose


def joints_of(hand, pose):
    return hand.template.pose(hand.rig.rotations(pose)).joints.astype(np.float64)


def bend(joints, finger, place):
    """Angle in degrees between a finger's bones before and after its joint `place`."""
    bones = np.diff(joints[list(FINGER_JOINTS[finger])], axis=0)
    bones /= np.linalg.norm(bones, axis=1, keepdims=True)
    return np.rad2deg(np.arccos(np.clip(bones[place - 1] @ bones[place], -1, 1)))


def test_zero_is_a_flat_hand(hand):
    joints = joints_of(hand, np.zeros(25))
    for finger in FINGERS:
        assert bend(joints, finger, 1) < 8 and bend(joints, finger, 2) < 8
        heights = joints[list(FINGER_JOINTS[finger]), 2]
        assert np.ptp(heights) < 12, f"{finger} is not in the palm's plane: {heights}"


@pytest.mark.parametrize("finger", FINGERS)
def test_angles_do_what_their_names_say(hand, finger):
    flat = joints_of(hand, np.zeros(25))
    tip = FINGER_JOINTS[finger][3]
    for joint, place in (("pip", 1), ("dip", 2)):
        pose = np.zeros(25)
        pose[INDEX[f"{finger}_{joint}"]] = 50
        joints = joints_of(hand, pose)
        assert bend(joints, finger, place) == pytest.approx(50, abs=6)
        assert joints[tip, 2] < flat[tip, 2] - 8  # towards the palm, whose side is -z
    pose = np.zeros(25)
    pose[INDEX[f"{finger}_mcp"]] = 90
    first = np.subtract(*joints_of(hand, pose)[[FINGER_JOINTS[finger][1], FINGER_JOINTS[finger][0]]])
    assert -first[2] / np.linalg.norm(first) > 0.97
    pose = np.zeros(25)
    pose[INDEX[f"{finger}_spread"]] = 15
    outwards = np.sign(joints_of(hand, pose)[tip, 0] - flat[tip, 0])
    assert outwards == (-1 if finger in ("ring", "little") else 1)


def test_wrist_flexes_to_the_palm_and_deviates_to_the_little_finger(hand):
    flat = joints_of(hand, np.zeros(25))
    flexed, deviated = np.zeros(25), np.zeros(25)
    flexed[INDEX["wrist_flexion"]], deviated[INDEX["wrist_deviation"]] = 30, 20
    assert joints_of(hand, flexed)[12, 2] < flat[12, 2] - 50
    assert joints_of(hand, deviated)[12, 0] < flat[12, 0] - 30


def test_gestures_keep_out_of_themselves(hand):
    """Hands of gestures touch themselves, as flesh does, but hardly need to be untangled."""
    before, after, moved = [], [], []
    for name in GESTURES:
        pose = gesture_pose(name)
        vertices = hand.template.pose(hand.rig.rotations(pose)).surface_vertices
        before.append(hand.collision.penetration_mm(vertices))
        found, _, left = hand.untangle(pose)
        after.append(left)
        moved.append(np.abs(found - pose).max())
    report = {name: round(left, 1) for name, left in zip(GESTURES, after, strict=True) if left > 3}
    assert np.mean(np.array(before) > 5) < 0.15
    assert np.mean(np.array(after) > 3) < 0.02 and max(after) < 6, report
    assert np.percentile(moved, 95) < 15


@pytest.mark.parametrize("finger, joint", [("index", 8), ("middle", 12), ("ring", 16), ("little", 20)])
@pytest.mark.parametrize("kind", ["pad", "tip"])
def test_pinches_meet(hand, finger, joint, kind):
    """The pads lie on each other: their skin touches, and the joints within are a fingertip's thickness apart."""
    pose = gesture_pose(f"{finger}_{kind}_open")
    posed = hand.template.pose(hand.rig.rotations(pose))
    assert np.linalg.norm(posed.joints[FINGER_JOINTS["thumb"][3]] - posed.joints[joint]) < 22
    skins = [
        posed.surface_vertices[hand.template.skin_weights.argmax(axis=1) == hand.template.bone_names.index(bone)]
        for bone in ("thumb_distal", f"{finger}_distal")
    ]
    assert np.linalg.norm(skins[0][:, None] - skins[1], axis=2).min() < 3.5
