"""Named hand poses, the corner points of the space that poses are drawn from.

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
    "r": (18, 24, 14),  # relaxed
    "b": (38, 30, 15),  # bent a little
    "h": (40, 58, 34),  # half closed
    "p": (59, 55, 31),  # meeting the thumb
    "o": (36, 62, 36),  # round a ball or a glass
    "g": (62, 72, 42),  # round a stick
    "c": (12, 68, 44),  # claw
    "k": (0, 98, 62),  # hook
    "t": (78, 6, 2),  # straight from the knuckle
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
    "key": (10, -2, 5, 20, 25),
}


@dataclass(frozen=True)
class Gesture:
    """One keyframe.

    Attributes:
        fingers: four letters of `FINGER_STATES`, index to little.
        thumb: a name of `THUMB_STATES`.
        spread: degrees by which the fingers part.
        weight: how often it starts a pose, relative to the others.
        spreads: spread of each finger on its own instead, degrees, index to little.
    """

    fingers: str
    thumb: str
    spread: float = 4.0
    weight: float = 1.0
    spreads: tuple[float, float, float, float] | None = None

    def angles(self) -> np.ndarray:
        """The gesture as a pose: `(25,)` float64 degrees, in the order of `DOFS`."""
        pose = np.zeros(len(DOFS))
        spreads = self.spreads or tuple(self.spread * share for share in (1.0, 0.0, 0.8, 1.5))
        for place, (letter, spread) in enumerate(zip(self.fingers, spreads, strict=True)):
            pose[4 * place : 4 * place + 4] = (*FINGER_STATES[letter], spread)
        pose[INDEX["thumb_flexion"] : INDEX["thumb_ip"] + 1] = THUMB_STATES[self.thumb]
        # The palm hollows as its outer fingers close.
        pose[INDEX["ring_hollow"]] = 0.06 * max(pose[INDEX["ring_mcp"]], 0)
        pose[INDEX["little_hollow"]] = 0.14 * max(pose[INDEX["little_mcp"]], 0)
        return pose


GESTURES: dict[str, Gesture] = {
    # open hands
    "open": Gesture("IIII", "out", 10, weight=3),
    "open_wide": Gesture("xIIx", "far_out", 15, weight=2),
    "flat": Gesture("IIII", "beside", -1, weight=2),
    "flat_thumb_out": Gesture("IIII", "out", 0, weight=1.5),
    "relaxed": Gesture("rrrr", "relaxed", 5, weight=2),
    "relaxed_half": Gesture("rhhh", "relaxed", 3, weight=1.5),
    "bent_back": Gesture("xxxx", "out", 6, weight=0.5),
    "cupped": Gesture("bbbb", "front", 2),
    "table": Gesture("tttt", "front", 1, weight=0.7),
    "claw": Gesture("cccc", "front", 10),
    "hook": Gesture("kkkk", "beside", 1),
    "vulcan": Gesture("IIII", "out", weight=0.5, spreads=(9, 9, 8, 10)),
    # fists
    "fist": Gesture("ffff", "over", 0, weight=2.5),
    "fist_thumb_beside": Gesture("ffff", "against", 0, weight=1.5),
    "fist_thumb_inside": Gesture("gggg", "inside", 0, weight=0.5),
    "loose_fist": Gesture("qqqq", "against", 2, weight=1.5),
    "flat_fist": Gesture("mmmm", "beside", 0, weight=0.7),
    # counting and signs with some fingers up
    "point": Gesture("Ifff", "over_middle", 2, weight=2),
    "point_thumb_up": Gesture("Ifff", "far_out", 2, weight=2),
    "two": Gesture("IIff", "over_ring", 9, weight=2),
    "two_closed": Gesture("IIff", "over_ring", -1, weight=0.7),
    "three": Gesture("IIIf", "over_little", 8, weight=1.5),
    "three_thumb": Gesture("IIff", "out", 9, weight=1.5),
    "four": Gesture("IIII", "across", 9, weight=1.5),
    "thumb_up": Gesture("ffff", "up", 0, weight=2.5),
    "thumb_out": Gesture("ffff", "far_out", 0, weight=1),
    "six": Gesture("fffI", "far_out", 6, weight=1.5),
    "little_up": Gesture("fffI", "over", 4),
    "middle_up": Gesture("fIff", "over", 0, weight=0.7),
    "ring_up": Gesture("qqIq", "over", 0, weight=0.5),
    "ring_little_up": Gesture("ffII", "over_middle", 5, weight=0.7),
    "middle_ring_up": Gesture("fIIf", "over", 4, weight=0.5),
    "three_outer_up": Gesture("fIII", "over", 8, weight=0.7),
    "horns": Gesture("IffI", "over_middle", 6, weight=1.5),
    "love": Gesture("IffI", "far_out", 8, weight=1.5),
    "index_ring_up": Gesture("IfIf", "over", 4, weight=0.4),
    "index_ring_little_up": Gesture("IfII", "to_middle", 7, weight=0.7),
    "index_middle_little_up": Gesture("IIfI", "to_ring", 8, weight=0.8),
    "three_and_thumb_on_little": Gesture("IIIf", "to_little", 9, weight=1),
    "crossed": Gesture("IIff", "over_ring", weight=0.5, spreads=(-9, -5, 0, 0)),
    "four_hooked_index": Gesture("kfff", "over_middle", 0, weight=0.8),
    "two_hooked": Gesture("kkff", "over_ring", 5, weight=0.7),
    # the thumb meets fingers
    "ok": Gesture("pIII", "to_index", 8, weight=2),
    "ok_relaxed": Gesture("prrr", "to_index", 6, weight=1),
    "pinch": Gesture("pqqq", "to_index", 1, weight=1.5),
    "pinch_middle": Gesture("IpII", "to_middle", 6),
    "pinch_ring": Gesture("IIpI", "to_ring", 6, weight=0.8),
    "pinch_little": Gesture("IIIp", "to_little", 6, weight=0.8),
    "pinch_three": Gesture("ppqq", "to_index", 0),
    "bunch": Gesture("pppp", "to_middle", -2, weight=1.2),
    "beak": Gesture("tttt", "to_middle", -2, weight=0.8),
    "key_grip": Gesture("qqqq", "key", 0, weight=0.7),
    "pen": Gesture("pphh", "to_index", 0, weight=0.8),
    "money": Gesture("ppff", "to_middle", 0, weight=0.5),
    # as if holding something
    "glass": Gesture("oooo", "grasp", 3, weight=1.2),
    "ball": Gesture("bbbb", "grasp", 11, weight=0.8),
    "ball_small": Gesture("oooo", "grasp", 8, weight=0.8),
    "stick": Gesture("gggg", "over", 0),
    "phone": Gesture("bbgg", "front", 3, weight=0.8),
    "trigger": Gesture("hggg", "out", 0, weight=0.7),
    "c_shape": Gesture("oooo", "front", -1, weight=0.8),
    "gun": Gesture("IIff", "up", -1, weight=0.8),
    # towards finger-spelling and gestures between
    "letter_e": Gesture("kkkk", "across", 0, weight=0.5),
    "letter_x": Gesture("kqqq", "over_middle", 0, weight=0.5),
    "letter_k": Gesture("Ibff", "to_middle", 6, weight=0.5),
    "letter_p": Gesture("Itff", "to_middle", 4, weight=0.5),
    "half_curled": Gesture("hhhh", "relaxed", 3, weight=1.2),
    "fan_closing": Gesture("rhgf", "relaxed", 4, weight=1),
    "fan_opening": Gesture("fgbI", "out", 6, weight=0.8),
    "beckon": Gesture("bfff", "against", 0, weight=0.7),
    "press": Gesture("bqqq", "relaxed", 0, weight=0.8),
    "typing": Gesture("brrr", "relaxed", 6, weight=0.8),
    "piano": Gesture("hhhh", "front", 7, weight=0.6),
    "snap": Gesture("Imff", "to_middle", 0, weight=0.4),
}


def gesture(name: str) -> Gesture:
    """The gesture of that name.

    Raises:
        ValueError: there is none; the message lists them.
    """
    if name not in GESTURES:
        raise ValueError(f"gesture: expected one of {', '.join(GESTURES)}, got {name!r}.")
    return GESTURES[name]
