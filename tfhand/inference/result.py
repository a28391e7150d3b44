"""What an estimate says about a hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfhand.constants import JOINT_NAMES, ROOT_JOINT

#: Everything that may be assumed, and what its assumption means.
ASSUMPTIONS: dict[str, str] = {
    "box": "the whole image was taken as the crop, padded to a square",
    "side": "both sides were tried and the more plausible one kept",
    "camera": "a field of view of 60 degrees across the longer side, centre in the middle",
    "root_depth_mm": "the distance at which the hand's bones have the proportions of an average hand",
    "hand_scale_mm": "the hand is of average size, or of the size that fits the given distance",
}


@dataclass(frozen=True, eq=False)
class RigPose:
    """How the template's rig is posed to give a hand.

    Attributes:
        bone_names: K names.
        angles_deg: (K, 3) float64 degrees from the rest pose about each bone's own axes: flexion, abduction, twist; of a left
            hand those of its mirror image.
        shape_names: B names.
        shape: (B,) float64 values of the shape keys.
    """

    bone_names: tuple[str, ...]
    angles_deg: np.ndarray
    shape_names: tuple[str, ...]
    shape: np.ndarray

    def to_dict(self) -> dict[str, Any]:
        """By name, for JSON."""
        return {
            "angles_deg": dict(zip(self.bone_names, _rounded(self.angles_deg, 2), strict=True)),
            "shape": dict(zip(self.shape_names, _rounded(self.shape, 4), strict=True)),
        }


@dataclass(frozen=True, eq=False)
class HandResult:
    """One hand in one photograph. Camera frame: x right, y down, z forward, mm. Pixels: of the given image.

    Attributes:
        vertices_mm: (V, 3) float32, camera frame.
        faces: (F, 3) int32 triangles over the vertices, winding outward for this side.
        joints_mm: (21, 3) float32, camera frame, in the order of `tfhand.constants.JOINT_NAMES`.
        joints_uv: (21, 2) float32, pixels.
        side: which hand it is, "right" or "left".
        box: (4,) float32 the square crop `x, y, w, h` that was looked at, pixels; may reach beyond the image.
        intrinsics: (4,) float32 `fx, fy, u0, v0`, pixels.
        root_depth_mm: depth of the wrist.
        hand_scale_mm: length of the middle finger's MCP-PIP bone that depths were measured with.
        confidence: 0..1, how sharply the joints were seen, mean over the joints.
        joint_confidence: (21,) float32, the same for each joint.
        presence: 0..1, how surely a hand was looked at, as the network says; None if it was not trained to tell.
        side_confidence: how plausible each side that was tried is; 0..1, they sum to 1.
        assumed: which of `ASSUMPTIONS` this result rests on.
        rig: the pose of the rig that mesh and joints are of (`tfhand.inference.rigged`); None where they are the network's.
    """

    vertices_mm: np.ndarray
    faces: np.ndarray
    joints_mm: np.ndarray
    joints_uv: np.ndarray
    side: str
    box: np.ndarray
    intrinsics: np.ndarray
    root_depth_mm: float
    hand_scale_mm: float
    confidence: float
    joint_confidence: np.ndarray
    presence: float | None = None
    side_confidence: dict[str, float] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()
    rig: RigPose | None = None

    @property
    def vertices_root_relative_mm(self) -> np.ndarray:
        """(V, 3) float32 mm, axes of the camera frame, wrist at the origin: what no assumed distance touches much."""
        return self.vertices_mm - self.joints_mm[ROOT_JOINT]

    @property
    def joints_root_relative_mm(self) -> np.ndarray:
        """(21, 3) float32 mm, axes of the camera frame, wrist at the origin."""
        return self.joints_mm - self.joints_mm[ROOT_JOINT]

    def to_dict(self) -> dict[str, Any]:
        """Everything but faces as plain lists and numbers, for JSON; lengths in mm, positions in pixels.

        `rig` is there where there is one.
        """
        return {
            "side": self.side,
            "confidence": round(self.confidence, 4),
            "presence": None if self.presence is None else round(self.presence, 4),
            "side_confidence": {side: round(value, 4) for side, value in self.side_confidence.items()},
            "assumed": {name: ASSUMPTIONS[name] for name in self.assumed},
            "box": _rounded(self.box, 2),
            "intrinsics": _rounded(self.intrinsics, 2),
            "root_depth_mm": round(self.root_depth_mm, 2),
            "hand_scale_mm": round(self.hand_scale_mm, 2),
            "joint_names": list(JOINT_NAMES),
            "joint_confidence": _rounded(self.joint_confidence, 3),
            "joints_uv": _rounded(self.joints_uv, 2),
            "joints_mm": _rounded(self.joints_mm, 2),
            "vertices_mm": _rounded(self.vertices_mm, 2),
            **({} if self.rig is None else {"rig": self.rig.to_dict()}),
        }


def _rounded(values: np.ndarray, digits: int) -> list:
    return np.round(np.asarray(values, np.float64), digits).tolist()
