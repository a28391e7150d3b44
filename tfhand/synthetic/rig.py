"""From poses in degrees, counted from a flat hand, to rotations of the template's bones, counted from rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tfhand.constants import FINGER_JOINTS, SCALE_BONE
from tfhand.mesh.skinning import axis_rotations
from tfhand.synthetic.gestures import DOFS, FINGERS, INDEX

if TYPE_CHECKING:
    from tfhand.mesh import HandTemplate
    from tfhand.mesh.skinning import ShapedHand

_SEGMENTS = ("proximal", "middle", "distal")
_FLEXION, _ABDUCTION, _TWIST = range(3)
#: How far the plane in which a finger flexes leans towards the little finger's side, degrees.
_LEAN_DEG = {"index": -1.0, "middle": 0.0, "ring": 3.0, "little": 12.0}
#: Divergence from the middle finger at which closed fingers lie against each other, degrees.
_CLOSED_DEG = {"index": 0.0, "middle": 0.0, "ring": 1.0, "little": 4.0}


class HandRig:
    """Turns poses into bone rotations of one template.

    The template rests with slightly bent, parted fingers; what they already are bent by is measured in its joints
    and taken off. The thumb's angles count from its rest, where it lies half opened beside the palm.

    The fingers' knuckles differ from `HandTemplate.bone_rotations` in two ways, so that a fist's fingers come to lie
    side by side and not within each other: a finger flexes first and is spread as a whole afterwards (fingers of
    equal spread curl in parallel planes), and it flexes in a plane that leans outwards (`_LEAN_DEG`).

    Args:
        template: a hand with a rig.
    """

    def __init__(self, template: HandTemplate):
        self._template = template
        places = {name: place for place, name in enumerate(template.bone_names)}
        self._target = np.zeros((len(DOFS), 2), np.int64)  # bone and axis of each degree of freedom
        self._sign = np.ones(len(DOFS))
        for finger in FINGERS:
            for joint, segment in zip(("mcp", "pip", "dip"), _SEGMENTS, strict=True):
                self._target[INDEX[f"{finger}_{joint}"]] = places[f"{finger}_{segment}"], _FLEXION
            self._target[INDEX[f"{finger}_spread"]] = places[f"{finger}_proximal"], _ABDUCTION
        for name, bone, axis in (
            ("thumb_flexion", "thumb_metacarpal", _FLEXION),
            ("thumb_abduction", "thumb_metacarpal", _ABDUCTION),
            ("thumb_twist", "thumb_metacarpal", _TWIST),
            ("thumb_mcp", "thumb_proximal", _FLEXION),
            ("thumb_ip", "thumb_distal", _FLEXION),
            ("ring_hollow", "ring_metacarpal", _FLEXION),
            ("little_hollow", "little_metacarpal", _FLEXION),
            ("wrist_flexion", "wrist", _FLEXION),
            ("wrist_deviation", "wrist", _ABDUCTION),
        ):
            self._target[INDEX[name]] = places[bone], axis
        self._sign[INDEX["wrist_deviation"]] = -1  # the rig counts towards the thumb
        self._rest = _rest_pose(template)
        self._num_bones = len(template.bone_names)
        self._knuckles = [places[f"{finger}_proximal"] for finger in FINGERS]
        proximal = np.tile([0.0, 1.0, 0.0], (len(FINGERS), 1))
        lean = axis_rotations(proximal, np.deg2rad([_LEAN_DEG[finger] for finger in FINGERS]))
        axes = template.rig.bone_axes[self._knuckles].astype(np.float64)
        flexion = np.einsum("fab,fb->fa", lean, axes[:, _FLEXION])
        self._knuckle_axes = np.concatenate([flexion, axes[:, _ABDUCTION]])
        self._axes = template.rig.bone_axes[tuple(self._target.T)].astype(np.float64) * self._sign[:, None]
        for place, finger in enumerate(FINGERS):
            self._axes[INDEX[f"{finger}_mcp"]] = flexion[place]
        # An axis turns with its bone, or is fixed in the bone before: flexion's, but that of a knuckle's spread.
        self._fixed_before = (self._target[:, 1] == _FLEXION) != np.isin(self._target[:, 0], self._knuckles)

    def rotations(self, pose: np.ndarray) -> np.ndarray:
        """Rotations `(20, 3, 3)` float32 of the bones for a pose `(25,)` in degrees."""
        angles = np.zeros((self._num_bones, 3))
        angles[self._target[:, 0], self._target[:, 1]] = np.deg2rad(self._sign * (pose - self._rest))
        rotations = self._template.bone_rotations(angles)
        knuckles = angles[self._knuckles]
        turns = axis_rotations(self._knuckle_axes, knuckles[:, [_FLEXION, _ABDUCTION]].T.ravel())
        rotations[self._knuckles] = turns[len(knuckles) :] @ turns[: len(knuckles)]
        return rotations

    @property
    def dof_bones(self) -> np.ndarray:
        """`(25,)` int64, the bone that each angle of a pose turns."""
        return self._target[:, 0]

    def dof_axes(
        self, rotations: np.ndarray, shape: np.ndarray | ShapedHand | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Where the axes of a pose's angles lie once the hand is posed.

        Args:
            rotations: `(20, 3, 3)` of the pose.
            shape: `(B,)` weights of the shape keys, or the shaped hand; None for all 0.

        Returns:
            `(25, 3)` unit vectors about which the angles turn, right-handed, and `(25, 3)` points on them, mm, both in
            the template's frame, with the twist of the thumb's base left out of account.
        """
        skeleton, points = self._template.rig, self._template.shaped(shape).points
        turns, shifts = skeleton.bone_transforms(rotations, points)
        bones = self.dof_bones
        carriers = np.where(self._fixed_before, skeleton.bone_parents[bones], bones)
        axes = np.einsum("dab,db->da", turns[carriers], self._axes)
        heads = np.einsum("dab,db->da", turns[bones], points[bones]) + shifts[bones]
        return axes, heads


def _rest_pose(template: HandTemplate) -> np.ndarray:
    """The angles `(25,)` in degrees that the template's resting fingers already have."""
    rest = np.zeros(len(DOFS))
    joints = template.pose().joints.astype(np.float64)  # x to the thumb's side, y to the wrist, z to the back
    middle = joints[SCALE_BONE[1]] - joints[SCALE_BONE[0]]
    straight = np.arctan2(middle[0], -middle[1])
    for finger in FINGERS:
        bones = np.diff(joints[list(FINGER_JOINTS[finger])], axis=0)
        bones /= np.linalg.norm(bones, axis=1, keepdims=True)
        rest[INDEX[f"{finger}_mcp"]] = np.rad2deg(np.arcsin(-bones[0, 2]))
        for place, (joint, segment) in enumerate((("pip", "middle"), ("dip", "distal"))):
            one, other = bones[place : place + 2]
            axis = template.rig.bone_axes[template.bone_names.index(f"{finger}_{segment}"), _FLEXION]
            across = np.cross(axis, one)  # the bone turns from `one` towards it
            rest[INDEX[f"{finger}_{joint}"]] = np.rad2deg(np.arctan2(other @ across, other @ one))
        lean = np.rad2deg(np.arctan2(bones[0, 0], -bones[0, 1]) - straight)
        rest[INDEX[f"{finger}_spread"]] = (lean if finger == "index" else -lean) - _CLOSED_DEG[finger]
    return rest
