"""Which joints a picture shows."""

from __future__ import annotations

import numpy as np

from tfhand.constants import FINGER_JOINTS, FINGERS, JOINT_NAMES, NUM_JOINTS, ROOT_JOINT
from tfhand.geometry import project, root_depth_and_scale
from tfhand.mesh.template import HandTemplate

#: Of an adult, 32 mm: about the greatest depth of a joint under the skin, the wrist's.
REACH = 0.7
_SEGMENTS = ("metacarpal", "proximal", "middle", "distal")


class JointVisibility:
    """Tells visible joints from hidden ones.

    A joint is visible where the pixel that it projects to shows, nearest of all, skin that follows one of the bones
    that meet in the joint (`adjoining`) most, and that skin is no farther before the joint than `REACH` times the
    middle finger's MCP-PIP bone. So a knuckle is visible from the back and from the palm, since the skin around it is;
    it is hidden by another finger, by a thing or a sleeve, and outside of the picture. A finger curled before its own
    knuckle hides it; the neighbouring bones of the same finger don't, unless they point at the camera.

    Args:
        template: the hand.

    Attributes:
        adjoining: (21, 21) bool, joints by bones of the template and, last, the forearm: a finger's joint and the
            bones on both of its sides; a fingertip and its last bone. Palm and carpus have one skin for all: a
            finger's first joint has the neighbouring metacarpal bones too, the wrist the forearm, the wrist's own
            bone and the fingers' metacarpal bones.
    """

    def __init__(self, template: HandTemplate):
        names = [*template.bone_names, "forearm"]
        self.adjoining = np.zeros((NUM_JOINTS, len(names)), bool)
        metacarpals = [names.index(f"{finger}_metacarpal") for finger in FINGERS[1:]]
        for number, (finger, joints) in enumerate(FINGER_JOINTS.items()):
            bones = [names.index(f"{finger}_{part}") for part in _SEGMENTS if f"{finger}_{part}" in names]
            if finger == "thumb":
                bones.insert(0, names.index("wrist"))
            else:
                self.adjoining[joints[0], metacarpals[max(number - 2, 0) : number + 1]] = True
            for place, joint in enumerate(joints):
                self.adjoining[joint, bones[place : place + 2]] = True
        self.adjoining[ROOT_JOINT, [names.index("forearm"), names.index("wrist"), *metacarpals]] = True

    def __call__(
        self, bone_ids: np.ndarray, depth_mm: np.ndarray, joints_mm: np.ndarray, intrinsics: np.ndarray
    ) -> np.ndarray:
        """Returns (21,) bool.

        Args:
            bone_ids: (H, W) int32 from the renderer: the bone of the skin that each pixel's centre shows, or -1.
            depth_mm: (H, W) float32 depth of what each pixel's centre shows.
            joints_mm: (21, 3) camera frame, mm.
            intrinsics: (4,) fx, fy, u0, v0 in pixels.

        Raises:
            ValueError: not the shape of the joints.
        """
        if np.shape(joints_mm) != (len(JOINT_NAMES), 3):
            raise ValueError(f"joints_mm: expected ({len(JOINT_NAMES)}, 3), got {np.shape(joints_mm)}.")
        columns, rows = np.floor(project(joints_mm, intrinsics)).astype(np.int64).T
        height, width = bone_ids.shape
        inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
        rows, columns = rows * inside, columns * inside
        bones = np.where(inside, bone_ids[rows, columns], -1)
        _, scale = root_depth_and_scale(joints_mm)
        near = joints_mm[:, 2] - depth_mm[rows, columns] < REACH * scale
        return (bones >= 0) & near & self.adjoining[np.arange(len(bones)), bones]
