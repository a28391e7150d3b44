"""Open hands: closed to spread fingers with the thumb in many places, bent back, relaxed, and gaps between fingers."""

from __future__ import annotations

from tfhand.synthetic.gestures.states import Gesture

_SPREADS = {"closed": -1, "parted": 5, "spread": 12}
_THUMBS = ("beside", "out", "far_out", "front", "up")
_WEIGHTS = {"out": 2.0, "far_out": 1.5, "beside": 1.5}

GESTURES: dict[str, Gesture] = {
    **{
        f"open_{spread}_thumb_{thumb}": Gesture("IIII", thumb, degrees, _WEIGHTS.get(thumb, 0.7))
        for spread, degrees in _SPREADS.items()
        for thumb in _THUMBS
    },
    **{
        f"relaxed_{spread}_thumb_{thumb}": Gesture("rrrr", thumb, degrees)
        for spread, degrees in (("closed", 0), ("parted", 7))
        for thumb in ("relaxed", "front", "out", "beside")
    },
    "open_wide": Gesture("xIIx", "far_out", 17, weight=2),
    "bent_back_closed": Gesture("xxxx", "beside", 0, weight=0.5),
    "bent_back": Gesture("xxxx", "out", 7, weight=0.5),
    "bent_back_wide": Gesture("xxxx", "far_out", 15, weight=0.5),
    "fingers_falling": Gesture("Isrb", "out", 4, weight=0.7),
    "fingers_rising": Gesture("brsI", "front", 4, weight=0.7),
    "gap_index": Gesture("IIII", "out", spreads=(16, -4, -4, 0), weight=0.4),
    "gap_middle": Gesture("IIII", "out", spreads=(9, 9, 8, 10), weight=0.6),  # the Vulcan salute
    "gap_little": Gesture("IIII", "out", spreads=(-4, -3, 2, 18), weight=0.4),
    "two_gaps": Gesture("IIII", "beside", spreads=(12, 0, -1, 16), weight=0.4),
    "leaning_to_thumb": Gesture("IIII", "beside", spreads=(11, 10, -9, -8), weight=0.4),
    "leaning_to_little": Gesture("IIII", "out", spreads=(-13, -10, 9, 12), weight=0.4),
    "wave_up": Gesture("IIII", "out", 8, wrist=(-35, 0)),
    "wave_down": Gesture("ssss", "relaxed", 8, wrist=(40, 0)),
    "wave_outwards": Gesture("IIII", "out", 8, wrist=(0, 24)),
    "wave_inwards": Gesture("IIII", "out", 8, wrist=(0, -16)),
    "stop": Gesture("IIII", "beside", -1, wrist=(-48, 0)),
    "hanging": Gesture("rrbb", "relaxed", 2, wrist=(52, 0)),
    "cupped": Gesture("bbbb", "front", 2),
    "cupped_closed": Gesture("bbbb", "beside", -2, weight=0.7),
    "table": Gesture("tttt", "front", 1, weight=0.7),
    "table_thumb_beside": Gesture("tttt", "beside", 0, weight=0.5),
    "roof": Gesture("uuuu", "front", 1, weight=0.7),
    "roof_thumb_out": Gesture("uuuu", "out", 3, weight=0.7),
}
