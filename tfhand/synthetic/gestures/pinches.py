"""The thumb meets each finger: pad on pad, tip on tip, pad on side, or pad on the finger's phalanges; and bunches."""

from __future__ import annotations

from tfhand.synthetic.gestures.states import FINGERS, Gesture

#: For a finger and a kind of contact: flexion of the finger's MCP, PIP and DIP, its spread, and the thumb's angles.
#: Printed by `tfhand.synthetic.gestures.contact`.
CONTACTS: dict[tuple[str, str], tuple[tuple[float, ...], float, tuple[float, ...]]] = {
    ("index", "pad"): ((56, 46, 25), -8, (38, 4, 12, -4, -8)),
    ("index", "tip"): ((45, 53, 31), -6, (38, 3, 17, -4, 0)),
    ("index", "side"): ((58, 62, 36), 10, (25, -4, 14, -5, 7)),
    ("index", "middle"): ((51, 34, 18), -8, (37, -7, 22, -5, -3)),
    ("index", "base"): ((27, 29, 16), -10, (20, -16, 24, 13, 17)),
    ("middle", "pad"): ((72, 36, 14), 0, (45, 16, 21, 0, -19)),
    ("middle", "tip"): ((58, 49, 26), 0, (46, 12, 24, 0, -16)),
    ("middle", "side"): ((61, 61, 35), 0, (33, -2, 9, 0, 3)),
    ("middle", "middle"): ((58, 35, 20), -9, (43, -4, 15, 0, -10)),
    ("middle", "base"): ((22, 32, 17), 0, (39, -20, 24, 0, 28)),
    ("ring", "pad"): ((71, 35, 13), 7, (57, 17, 12, 5, -19)),
    ("ring", "tip"): ((52, 57, 32), 7, (57, 16, 20, 3, -4)),
    ("ring", "side"): ((59, 61, 35), 0, (51, -4, 3, -2, 1)),
    ("ring", "middle"): ((63, 23, 15), 7, (57, 2, 13, 4, -19)),
    ("ring", "base"): ((27, 30, 17), 6, (54, -15, 21, 8, 10)),
    ("little", "pad"): ((62, 52, 29), 5, (55, 9, 0, 18, 10)),
    ("little", "tip"): ((53, 44, 22), 7, (57, 14, 10, 19, -10)),
    ("little", "side"): ((60, 61, 35), 2, (57, -4, -2, 10, -3)),
    ("little", "middle"): ((61, 20, 10), 7, (57, -5, -9, 20, -19)),
    ("little", "base"): ((20, 30, 17), 6, (57, -10, 16, 30, -10)),
}
#: What the other fingers do, and how often, relative to each other.
_OTHERS = {"open": ("I", 1.5), "relaxed": ("r", 1.0), "curled": ("q", 0.8)}
_WEIGHTS = {"index": 2.0, "middle": 1.0, "ring": 0.6, "little": 0.6}


def _pinch(finger: str, kind: str, others: str) -> Gesture:
    flexion, spread, thumb = CONTACTS[finger, kind]
    letter, weight = _OTHERS[others]
    spreads = [degrees if letter == "I" else 2 for degrees in (7, 0, 5, 9)]
    spreads[FINGERS.index(finger)] = spread
    fingers = tuple(flexion if other == finger else letter for other in FINGERS)
    return Gesture(fingers, thumb, spreads=tuple(spreads), weight=weight * _WEIGHTS[finger])


GESTURES: dict[str, Gesture | str] = {
    **{
        f"{finger}_{kind}_{others}": _pinch(finger, kind, others)
        for finger in FINGERS
        for kind in ("pad", "tip", "side")
        for others in _OTHERS
    },
    **{f"{finger}_{kind}_open": _pinch(finger, kind, "open") for finger in FINGERS for kind in ("middle", "base")},
    "ok": "index_pad_open",
    "pinch": "index_pad_curled",
    "key_grip": "index_side_curled",
    "pinch_three": Gesture("ppqq", "to_index", 0),
    "pinch_three_open": Gesture("ppII", "to_middle", 5),
    "pinch_four": Gesture("pppI", "to_middle", 2),
    "pinch_outer_two": Gesture("IIpp", "to_ring", 3),
    "pinch_middle_two": "fox",
    "bunch": Gesture("pppp", "to_middle", -2, weight=1.5),
    "bunch_loose": Gesture("oooo", (30, 16, 10, 4, 20), -2),
    "beak": Gesture("tttt", "to_middle", -2),
    "beak_open": "roof",
    "pinch_apart": Gesture("bIII", (22, 4, 8, 0, 6), 5, weight=1.5),
    "pinch_apart_relaxed": Gesture("hbbb", (20, 6, 8, 4, 10), 4, weight=1.5),
    "pinch_apart_curled": Gesture("bqqq", (18, 2, 6, 2, 8), 2, weight=1.5),
    "pinch_wide": Gesture("sqqq", (-6, 10, 2, 0, 4), 4),
    "pen": Gesture("pphh", "to_index", 0),
}
