"""Which joints a picture shows."""

from __future__ import annotations

import numpy as np

from tfhand.constants import FINGER_JOINTS, JOINT_NAMES, NUM_JOINTS, ROOT_JOINT
from tfhand.geometry import project
from tfhand.mesh.template import HandTemplate


class JointVisibility:
    """Tells visible joints from hidden ones.

    A joint is visible where the pixel that it projects to shows, nearest of all, skin that follows one of the bones
    that meet in the joint (`adjoining`) most. So a knuckle is visible from the back and from the palm, since the skin
    around it is; it is hidden by another finger, by a thing or a sleeve, and outside of the picture. A finger curled
    before its own knuckle hides it; the neighbouring bones of the same finger don't hide the joint between them.

    Args:
        template: the hand.

    Attributes:
        adjoining: (21, 21) bool, joints by bones of the template and, last, the forearm: a finger's joint and the
            bones on both of its sides, a fingertip and its last bone; the wrist and the forearm, the wrist's own and
            the fingers' metacarpal bones, whose skin covers the carpus.
    """

    def __init__(self, template: HandTemplate):
        names = [*template.bone_names, "forearm"]
        self.adjoining = np.zeros((NUM_JOINTS, len(names)), bool)
        for finger, joints in FINGER_JOINTS.items():
            segments = ("metacarpal", "proximal", "distal") if finger == "thumb" else (
                "metacarpal", "proximal", "middle", "distal",
            )  # fmt: skip
            chain = [names.index(f"{finger}_{segment}") for segment in segments]
            if finger == "thumb":
                chain.insert(0, names.index("wrist"))
            for place, joint in enumerate(joints):
                self.adjoining[joint, chain[place : place + 2]] = True
        for name in ("forearm", "wrist", "index_metacarpal", "middle_metacarpal", "ring_metacarpal", "little_metacarpal"):
            self.adjoining[ROOT_JOINT, names.index(name)] = True

    def __call__(self, bone_ids: np.ndarray, joints_mm: np.ndarray, intrinsics: np.ndarray) -> np.ndarray:
        """Returns (21,) bool.

        Args:
            bone_ids: (H, W) int32 from the renderer: the bone of the skin that each pixel's centre shows, or -1.
            joints_mm: (21, 3) camera frame, mm.
            intrinsics: (4,) fx, fy, u0, v0 in pixels.

        Raises:
            ValueError: not the shape of the joints.
        """
        if np.shape(joints_mm) != (len(JOINT_NAMES), 3):
            raise ValueError(f"joints_mm: expected ({len(JOINT_NAMES)}, 3), got {np.shape(joints_mm)}.")
        columns, rows = np.floor(project(joints_mm, intrinsics)).astype(np.int64).T
        height, width = bone_ids.shape
        inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height) & (joints_mm[:, 2] > 0)
        bones = np.where(inside, bone_ids[rows * inside, columns * inside], -1)
        return (bones >= 0) & self.adjoining[np.arange(len(bones)), bones]
