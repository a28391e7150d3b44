"""The angles of a pose, and the states of fingers and thumbs that gestures are put together from.

A pose is a vector of 25 angles in degrees, named by `DOFS`: for each finger the flexion of MCP, PIP and DIP and its
spread (away from the middle finger; of the middle finger itself: towards the thumb), for the thumb flexion, abduction
and twist at its base and flexion of MCP and IP, the hollow of the palm at the ring's and the little finger's
metacarpal, and flexion and deviation (towards the little finger) of the wrist. Zero is a flat hand with straight,
closed fingers and the thumb beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FINGERS = ("index", "middle", "ring", "little")
DOFS: tuple[str, ...] = (
    *(f"{finger}_{joint}" for finger in FINGERS for joint in ("mcp", "pip", "dip", "spread")),
    "thumb_flexion", "thumb_abduction", "thumb_twist", "thumb_mcp", "thumb_ip",
    "ring_hollow", "little_hollow", "wrist_flexion", "wrist_deviation",
)  # fmt: skip
INDEX: dict[str, int] = {name: place for place, name in enumerate(DOFS)}

#: Flexion of MCP, PIP and DIP in degrees for each letter of a gesture's `fingers`.
FINGER_STATES: dict[str, tuple[float, float, float]] = {
    "I": (-3, 2, 0),  # straight
    "x": (-20, 5, 2),  # bent back
    "s": (10, 12, 6),  # not quite straight
    "r": (18, 24, 14),  # relaxed
    "b": (38, 30, 15),  # bent a little
    "h": (40, 58, 34),  # half closed
    "p": (59, 55, 31),  # meeting the thumb
    "o": (36, 62, 36),  # round a ball or a glass
    "g": (62, 72, 42),  # round a stick
    "c": (12, 68, 44),  # claw
    "k": (0, 98, 62),  # hook
    "l": (28, 92, 54),  # loose hook
    "t": (78, 6, 2),  # straight from the knuckle
    "u": (64, 28, 14),  # bent from the knuckle
    "f": (80, 100, 66),  # in the fist
    "q": (66, 94, 58),  # loose fist
    "m": (86, 62, 34),  # flat against the palm
}
#: Flexion (across the palm), abduction (away from the index finger, to the palm's side) and twist of the thumb's base,
#: flexion of MCP and IP. The states that touch fingers were solved for contact of the pads on the built-in template.
THUMB_STATES: dict[str, tuple[float, float, float, float, float]] = {
    "beside": (6, -27, 0, 5, 2),
    "out": (-12, 0, 0, 0, -5),
    "far_out": (-24, 2, 0, -3, -8),
    "up": (-22, -14, 0, -4, -12),
    "relaxed": (2, -8, 2, 10, 14),
    "front": (18, 14, 5, 8, 8),
    "across": (32, -12, 0, 40, 40),
    "over": (18, 12, 0, 26, 42),
    "over_middle": (28, 14, 0, 26, 38),
    "over_ring": (42, 10, 0, 25, 35),
    "over_little": (54, 13, 0, 18, 33),
    "against": (8, -14, 0, 10, 12),
    "inside": (30, -4, 0, 34, 34),
    "to_index": (31, 5, 13, -2, 10),
    "to_middle": (38, 17, 10, 0, 11),
    "to_ring": (52, 13, 6, 2, 9),
    "to_little": (55, 12, 2, 12, 11),
    "grasp": (22, 22, 10, 8, 8),
    "hitched": (-8, -6, 0, 12, 55),
}
#: How much of a gesture's spread each finger takes, index to little.
_SHARES = (1.0, 0.0, 0.8, 1.5)


@dataclass(frozen=True)
class Gesture:
    """One keyframe.

    Attributes:
        fingers: for each finger, index to little, a letter of `FINGER_STATES` or flexion of MCP, PIP and DIP, degrees.
        thumb: a name of `THUMB_STATES` or five angles in their order, degrees.
        spread: degrees by which straight fingers part.
        weight: how often it starts a pose, relative to the others of its family.
        spreads: spread of each finger on its own instead, degrees, index to little.
        wrist: flexion and deviation of the wrist, degrees.
    """

    fingers: str | tuple[str | tuple[float, float, float], ...]
    thumb: str | tuple[float, float, float, float, float]
    spread: float = 4.0
    weight: float = 1.0
    spreads: tuple[float, float, float, float] | None = None
    wrist: tuple[float, float] = (0.0, 0.0)

    def angles(self) -> np.ndarray:
        """The gesture as a pose: `(25,)` float64 degrees, in the order of `DOFS`."""
        pose = np.zeros(len(DOFS))
        for place, state in enumerate(self.fingers):
            mcp, pip, dip = FINGER_STATES[state] if isinstance(state, str) else state
            if self.spreads is None:  # closed fingers hardly part
                spread = self.spread * _SHARES[place] * np.interp(mcp, [20, 80], [1, 0.2])
            else:
                spread = self.spreads[place]
            pose[4 * place : 4 * place + 4] = mcp, pip, dip, spread
        thumb = THUMB_STATES[self.thumb] if isinstance(self.thumb, str) else self.thumb
        pose[INDEX["thumb_flexion"] : INDEX["thumb_ip"] + 1] = thumb
        # The palm hollows as its outer fingers close.
        pose[INDEX["ring_hollow"]] = 0.06 * max(pose[INDEX["ring_mcp"]], 0)
        pose[INDEX["little_hollow"]] = 0.14 * max(pose[INDEX["little_mcp"]], 0)
        pose[INDEX["wrist_flexion"] : INDEX["wrist_deviation"] + 1] = self.wrist
        return pose
