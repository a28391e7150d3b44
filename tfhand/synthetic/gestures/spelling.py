"""Finger-spelling: the American manual alphabet and the digits.

A string stands for a gesture that has another name already. Letters that move (J, Z) are shown where they start.

References:
    Tennant and Gluszak Brown, "The American Sign Language Handshape Dictionary", Gallaudet University Press 1998.
"""

from __future__ import annotations

from tfhand.synthetic.gestures.states import Gesture

GESTURES: dict[str, Gesture | str] = {
    "letter_a": "fist_thumb_against",
    "letter_b": Gesture("IIII", "across", -2),
    "letter_c": Gesture(((22, 50, 28),) * 4, (14, 22, 6, 8, 16), 0),
    "letter_d": Gesture(("I", (60, 54, 28), (60, 56, 30), (58, 60, 34)), (38, 14, 10, 2, 18), 0),
    "letter_e": "hook_thumb_across",
    "letter_f": "index_pad_open",
    "letter_g": Gesture(((70, 8, 4), "f", "f", "f"), (14, -10, 4, 4, 0), 0),
    "letter_h": Gesture(((68, 8, 4), (70, 8, 4), "f", "f"), (26, 2, 0, 24, 30), -2),
    "letter_i": Gesture("fffI", "over_middle", 4),
    "letter_j": Gesture("fffI", "over_middle", 4, wrist=(24, 20)),
    "letter_k": Gesture(("I", (42, 6, 4), "f", "f"), (22, 0, 8, 4, 0), 2),
    "letter_l": "european_2",
    "letter_m": Gesture(((74, 66, 34), (74, 66, 34), (74, 66, 34), "f"), (44, 4, 0, 28, 30), 0, 0.6),
    "letter_n": Gesture(((74, 66, 34), (74, 66, 34), "f", "f"), (34, 2, 0, 26, 30), 0, 0.6),
    "letter_o": Gesture(((46, 58, 34), (50, 58, 34), (52, 58, 34), (50, 60, 36)), (36, 16, 10, 2, 18), -2),
    "letter_p": Gesture(("s", (66, 8, 4), "q", "q"), (26, 2, 8, 8, 4), 2, wrist=(50, 0)),
    "letter_q": Gesture(((66, 12, 6), "f", "f", "f"), (20, -4, 6, 4, 4), 0, wrist=(54, 0)),
    "letter_r": Gesture("IIff", "over_ring", spreads=(-14, 4, 0, 0)),
    "letter_s": "fist_thumb_over",
    "letter_t": Gesture(((66, 82, 46), "f", "f", "f"), (18, -10, 0, 20, 14), 0, 0.6),
    "letter_u": "point_two",
    "letter_v": "american_2",
    "letter_w": Gesture("IIIf", "to_little", 7),
    "letter_x": Gesture("lfff", "over_middle", 0),
    "letter_y": "chinese_6",
    "letter_z": Gesture("Ifff", "over_middle", 0, wrist=(0, 20)),
    "digit_0": Gesture(((48, 62, 38), (52, 62, 38), (54, 62, 38), (54, 64, 40)), (34, 20, 8, 6, 30), 0),
    "digit_1": "american_1",
    "digit_2": "american_2",
    "digit_3": Gesture("IIff", "out", 13),
    "digit_4": Gesture("IIII", "inside", 12),
    "digit_5": "open_spread_thumb_far_out",
    "digit_6": "little_pad_open",
    "digit_7": "ring_pad_open",
    "digit_8": "middle_pad_open",
    "digit_9": Gesture("pIII", "to_index", 12),
    "digit_10": "fist_thumb_up",
    # Other handshapes of sign languages.
    "bent_v": Gesture("cckk", "over_ring", 9),
    "claw_three": Gesture("ccff", "far_out", 9),
    "baby_o": Gesture("oqqq", (36, 8, 12, 2, 14), 0),
    "open_n": Gesture("ttff", "front", 0),
    "flat_o": Gesture("uuuu", "to_middle", -2),
    "open_f": Gesture("hIII", (20, 6, 8, 2, 6), 8),
    "open_eight": Gesture("IuII", (-4, 8, 2, 2, 4), 8),
    "bent_b": Gesture("tttt", "out", -2),
    "bent_l": Gesture("cfff", (-14, 4, 0, 8, 44), 1),
    "horns_y": Gesture("IffI", "far_out", 8),
}
