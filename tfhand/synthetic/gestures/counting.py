"""Counting on the fingers of one hand, in several cultures.

A string stands for a gesture that has another name already.

References:
    Bender and Beller, "Nature and culture of finger counting", Cognition 2012 (German, American, Chinese, Japanese,
    Indian systems). Bede, "De temporum ratione", 725, chapter 1 (Roman units on the left hand's last three fingers).
"""

from __future__ import annotations

from tfhand.synthetic.gestures.states import Gesture

GESTURES: dict[str, Gesture | str] = {
    # North America: from the index finger on, the thumb last.
    "american_1": Gesture("Ifff", "over_middle", 2, weight=2),
    "american_2": Gesture("IIff", "over_ring", 10, weight=2.5),
    "american_3": Gesture("IIIf", "over_little", 8, weight=1.5),
    "american_4": Gesture("IIII", "across", 8, weight=1.5),
    "american_5": "open_spread_thumb_out",
    # Much of Europe: from the thumb on.
    "european_1": "fist_thumb_up",
    "european_2": Gesture("Ifff", "far_out", 2, weight=2),
    "european_3": Gesture("IIff", "far_out", 9, weight=1.5),
    "european_4": Gesture("IIIf", "far_out", 8),
    "european_5": "open_wide",
    # China: one hand to ten.
    "chinese_3": Gesture("pIII", "to_index", 2),
    "chinese_3_outer": Gesture("fIII", "over", 3),
    "chinese_6": Gesture("fffI", "far_out", 6, weight=1.5),
    "chinese_7": Gesture("ppff", "to_middle", 0),
    "chinese_8": "european_2",
    "chinese_9": Gesture("kfff", "over_middle", 0),
    "chinese_10": "letter_r",
    # Japan: an open hand folds, thumb first, and opens again from the little finger.
    "japanese_1": Gesture("IIII", "inside", 3),
    "japanese_2": Gesture("fIII", "over_middle", 4),
    "japanese_3": Gesture("ffII", "over_ring", 4),
    "japanese_4": Gesture("fffI", "over_ring", 4),
    "japanese_5": "fist_thumb_over",
    "japanese_6": Gesture("fffI", "over", 8),
    "japanese_7": Gesture("ffII", "over", 9),
    "japanese_8": Gesture("fIII", "over", 12),
    # Russia: an open hand folds, little finger first.
    "russian_1": Gesture("IIIf", "out", 3),
    "russian_2": Gesture("IIff", "out", 3),
    "russian_3": Gesture("Ifff", "out", 0),
    "russian_4": Gesture("ffff", "out", 0),
    # Rome: units by the last three fingers, bent at the middle joint or laid down on the palm.
    "roman_1": Gesture("IIIk", "out", 3, weight=0.5),
    "roman_2": Gesture("IIkk", "out", 3, weight=0.5),
    "roman_3": Gesture("Ikkk", "out", 3, weight=0.5),
    "roman_4": Gesture("IkkI", "out", 3, weight=0.5),
    "roman_5": Gesture("IkII", "out", 3, weight=0.5),
    "roman_6": Gesture("IIkI", "out", 3, weight=0.3),
    "roman_7": Gesture("IIIm", "out", 2, weight=0.5),
    "roman_8": Gesture("IImm", "out", 2, weight=0.5),
    "roman_9": Gesture("Immm", "out", 2, weight=0.5),
    # Twelve, by the thumb on the phalanges of the fingers: South Asia and the Near East.
    **{
        f"phalanges_{3 * finger + place + 1}": f"{name}_{patch}_open"
        for finger, name in enumerate(("index", "middle", "ring", "little"))
        for place, patch in enumerate(("base", "middle", "pad"))
    },
}
