"""Pointing, by finger, by the thumb's place and by how the other fingers are closed."""

from __future__ import annotations

from tfhand.synthetic.gestures.states import Gesture

GESTURES: dict[str, Gesture | str] = {
    "point": "american_1",
    **{
        f"point_thumb_{thumb}": Gesture("Ifff", thumb, 1, 1.5)
        for thumb in ("against", "beside", "up", "over_ring", "hitched")
    },
    **{
        f"point_loosely_thumb_{thumb}": Gesture("sqqq", thumb, 2)
        for thumb in ("over_middle", "relaxed", "out", "far_out")
    },
    **{f"point_casually_thumb_{thumb}": Gesture("rggh", thumb, 3) for thumb in ("relaxed", "front", "out")},
    **{f"point_half_open_thumb_{thumb}": Gesture("Ihhh", thumb, 4) for thumb in ("relaxed", "front", "far_out")},
    "point_bent_back": Gesture("xfff", "over_middle", 2),
    "point_from_knuckle": Gesture("tfff", "against", 0),
    "point_down": Gesture("ufff", "over_middle", 0, wrist=(40, 0)),
    "point_up": Gesture("Ifff", "over_middle", 0, wrist=(-45, 0)),
    "point_around_corner": Gesture("sfff", "against", spreads=(14, 0, 0, 0), wrist=(0, 22)),
    "point_bent": Gesture("bfff", "over_middle", 0),
    "point_hooked_thumb_out": Gesture("lfff", "out", 0),
    "press_button": Gesture("bqqq", "over_middle", 0, weight=1.2),
    "press_thumb_out": Gesture("uqqq", "out", 0),
    "point_two": Gesture("IIff", "over_ring", -2, weight=1.2),
    "point_two_thumb_up": Gesture("IIff", "up", -2),
    "point_two_bent": Gesture("bbff", "over_ring", -1),
    "point_two_hooked": Gesture("kkff", "over_ring", 0),
    "point_two_from_knuckle": Gesture("ttff", "over_ring", 0),
    "point_middle": Gesture("fIff", "over", 0),
    "point_middle_loosely": Gesture("gIgg", "relaxed", 0, weight=0.6),
    "point_little": Gesture("qqqI", "over_middle", 10),
    "point_thumb": Gesture("qqqq", "up", 1),
    "point_thumb_back": Gesture("ffff", "up", 0, wrist=(-20, -18)),
    "point_thumb_down": Gesture("ffff", "far_out", 0, wrist=(0, 26)),
    "point_open_hand": Gesture("IIII", "beside", -2, wrist=(0, 14)),
    "point_open_relaxed": Gesture("srbb", "relaxed", 1),
    "beckon": Gesture("hfff", "against", 0),
    "trigger": Gesture("hggg", "out", 0),
}
