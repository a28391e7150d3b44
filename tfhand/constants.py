"""Names and numbers that every part agrees on: joints, bones, units, defaults.

Joints run from the wrist through the five fingers, each base to tip. Everything is for the canonical
(right) hand; a left hand is mirrored at the door.
"""

from __future__ import annotations

FINGERS: tuple[str, ...] = ("thumb", "index", "middle", "ring", "little")

JOINT_NAMES: tuple[str, ...] = (
    "wrist",
    *(f"{finger}{number}" for finger in FINGERS for number in (1, 2, 3, 4)),
)
NUM_JOINTS = len(JOINT_NAMES)

#: Index of the joint that every other one is measured from.
ROOT_JOINT = JOINT_NAMES.index("wrist")
#: The bone whose length is the hand's scale: middle finger, MCP to PIP.
SCALE_BONE: tuple[int, int] = (JOINT_NAMES.index("middle1"), JOINT_NAMES.index("middle2"))

#: Parent of every joint, -1 for the wrist.
JOINT_PARENTS: tuple[int, ...] = (
    -1,
    *(ROOT_JOINT if number == 0 else 4 * finger + number for finger in range(5) for number in range(4)),
)
#: The 20 bones of the skeleton as (parent joint, child joint), ordered by child.
BONES: tuple[tuple[int, int], ...] = tuple(
    (parent, child) for child, parent in enumerate(JOINT_PARENTS) if parent >= 0
)
#: The five fingertips.
FINGERTIPS: tuple[int, ...] = tuple(JOINT_NAMES.index(f"{finger}4") for finger in FINGERS)
#: The four joints of each finger, base to tip.
FINGER_JOINTS: dict[str, tuple[int, ...]] = {
    finger: tuple(range(4 * number + 1, 4 * number + 5)) for number, finger in enumerate(FINGERS)
}

#: Colour (RGB, uint8) in which each finger's joints and bones are drawn; the wrist is white.
FINGER_COLOURS: dict[str, tuple[int, int, int]] = {
    "thumb": (255, 96, 64),
    "index": (255, 192, 32),
    "middle": (96, 208, 64),
    "ring": (48, 160, 255),
    "little": (192, 96, 255),
}

SIDES: tuple[str, ...] = ("right", "left")
#: What depths `d` run along: the optical axis, or the ray through the crop's middle (`tfhand.geometry.camera`).
DEPTH_AXES: tuple[str, ...] = ("camera", "crop")
#: The side that the network sees; the other one is mirrored on the way in and back on the way out.
CANONICAL_SIDE = "right"

#: Length of the scale bone of an average adult hand, mm: used where no scale is known.
DEFAULT_HAND_SCALE_MM = 45.0
#: Distance from the camera to the wrist, mm (arm's length), of made-up crops that need one. Estimates without a given depth find
#: theirs from the bones' proportions.
DEFAULT_ROOT_DEPTH_MM = 600.0
#: Field of view across the longer side of an image, degrees: used where no intrinsics are known.
DEFAULT_FIELD_OF_VIEW_DEG = 60.0
#: Output of networks that tell: (B, 2) log odds of "the crop holds a hand" and, given that, "it is one of the known side".
SIGN_LOGITS = "sign_logits"
