"""Fists, from loose to tight, hooks and claws, by where the thumb lies."""

from __future__ import annotations

from tfhand.synthetic.gestures.states import Gesture

_TIGHT = ("over", "over_middle", "over_ring", "against", "beside", "up", "far_out", "hitched")
_LOOSE = ("over", "against", "front", "out")

GESTURES: dict[str, Gesture] = {
    **{f"fist_thumb_{thumb}": Gesture("ffff", thumb, 0, 3.0 if thumb == "over" else 1.0) for thumb in _TIGHT},
    **{f"loose_fist_thumb_{thumb}": Gesture("qqqq", thumb, 2) for thumb in _LOOSE},
    **{f"hollow_fist_thumb_{thumb}": Gesture("gggg", thumb, 0, 0.6) for thumb in ("over_middle", "beside", "up")},
    **{f"hook_thumb_{thumb}": Gesture("kkkk", thumb, 1, 0.6) for thumb in ("beside", "out", "across", "front")},
    **{f"loose_hook_thumb_{thumb}": Gesture("llll", thumb, 2, 0.6) for thumb in ("relaxed", "across", "far_out")},
    **{f"claw_thumb_{thumb}": Gesture("cccc", thumb, 9, 0.7) for thumb in ("front", "far_out", "beside")},
    **{f"flat_fist_thumb_{thumb}": Gesture("mmmm", thumb, 0, 0.6) for thumb in ("beside", "out", "against")},
    **{f"half_closed_thumb_{thumb}": Gesture("hhhh", thumb, 3) for thumb in ("relaxed", "out", "front", "across")},
    "fist_thumb_inside": Gesture("gggg", "inside", 0, weight=0.5),
    "fist_index_loose": Gesture("lfff", "against", 0, weight=0.6),
    "fist_little_loose": Gesture("fffl", "over", 3, weight=0.6),
    "fist_opening": Gesture("fqgo", "against", 3),
    "fist_closing": Gesture("ogqf", "relaxed", 3),
    "fist_middle_knuckle_out": Gesture("flff", "over", 0, weight=0.3),
    "fist_wrist_bent": Gesture("qqqq", "over_middle", 0, wrist=(45, 0), weight=0.6),
    "fist_wrist_back": Gesture("ffff", "over", 0, wrist=(-45, 0), weight=0.6),
}
