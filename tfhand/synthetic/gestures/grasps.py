"""The 33 grasps of the GRASP taxonomy, as the hand without the object.

References:
    Feix, Romero, Schmiedmayer, Dollar, Kragic, "The GRASP Taxonomy of Human Grasp Types", IEEE Transactions on
    Human-Machine Systems 2016 (numbers and names; angles from its pictures).
"""

from __future__ import annotations

from tfhand.synthetic.gestures.states import Gesture

GESTURES: dict[str, Gesture] = {
    "grasp_01_large_diameter": Gesture(((26, 44, 24),) * 4, "grasp", 5, weight=1.5),
    "grasp_02_small_diameter": Gesture(((58, 78, 48),) * 4, (26, 18, 8, 22, 34), 1),
    "grasp_03_medium_wrap": Gesture(((46, 66, 38),) * 4, (26, 22, 10, 16, 22), 2, weight=1.5),
    "grasp_04_adducted_thumb": Gesture(((60, 74, 44),) * 4, (-2, -20, 0, 4, 4), 0),
    "grasp_05_light_tool": Gesture(((66, 84, 52),) * 4, (14, -4, 4, 20, 26), 0),
    "grasp_06_prismatic_4_finger": Gesture(((56, 34, 16), (62, 34, 16), (64, 34, 16), (60, 38, 18)), "to_middle", 0),
    "grasp_07_prismatic_3_finger": Gesture(((56, 34, 16), (62, 34, 16), (64, 34, 16), "r"), "to_middle", 1),
    "grasp_08_prismatic_2_finger": Gesture(((56, 36, 16), (62, 36, 16), "r", "r"), "to_middle", 1),
    "grasp_09_palmar_pinch": Gesture(((56, 38, 16), "s", "r", "r"), "to_index", 4, weight=1.5),
    "grasp_10_power_disk": Gesture(((4, 56, 40),) * 4, (4, 10, 4, 12, 26), 13),
    "grasp_11_power_sphere": Gesture(((30, 46, 30),) * 4, (16, 26, 10, 12, 20), 11),
    "grasp_12_precision_disk": Gesture(((22, 34, 26),) * 4, (8, 14, 6, 4, 22), 14),
    "grasp_13_precision_sphere": Gesture(((40, 36, 24),) * 4, (24, 24, 10, 2, 14), 10),
    "grasp_14_tripod": Gesture(((52, 44, 24), (58, 44, 24), "h", "h"), (36, 12, 12, 0, 12), 4, weight=1.5),
    "grasp_15_fixed_hook": Gesture(((8, 84, 46),) * 4, (0, -16, 0, 6, 6), 0),
    "grasp_16_lateral": Gesture(((42, 62, 34), (50, 72, 42), (56, 78, 46), (58, 80, 48)), (14, -6, 6, 12, 14), 0),
    "grasp_17_index_finger_extension": Gesture(((20, 14, 6), "g", "g", "g"), (22, 6, 6, 18, 22), 1),
    "grasp_18_extension_type": Gesture(((58, 10, 4),) * 4, (34, 16, 10, 0, 0), 4),
    "grasp_19_distal_type": Gesture(((34, 40, 26), (36, 58, 34), "g", "g"), (16, 6, 4, 4, 26), 4),
    "grasp_20_writing_tripod": Gesture(
        ((42, 42, 14), (48, 60, 36), (50, 66, 40), (46, 66, 40)), (30, 2, 12, 14, 24), 0, weight=1.5
    ),
    "grasp_21_tripod_variation": Gesture(
        ((34, 50, 22), (42, 52, 26), (50, 62, 36), (48, 64, 38)), (22, 0, 10, 20, 16), 0
    ),
    "grasp_22_parallel_extension": Gesture(((46, 4, 2),) * 4, (30, 10, 10, 0, 0), -1),
    "grasp_23_adduction_grip": Gesture(("s", "s", "r", "r"), "relaxed", spreads=(-3, 3, 2, 6)),
    "grasp_24_tip_pinch": Gesture(((46, 62, 44), "r", "r", "b"), (36, 4, 14, 4, 34), 4),
    "grasp_25_lateral_tripod": Gesture(((40, 52, 22), (46, 62, 34), "g", "g"), (22, -6, 8, 18, 10), 0),
    "grasp_26_sphere_4_finger": Gesture(((40, 48, 28), (40, 48, 28), (42, 50, 28), "q"), (26, 26, 10, 8, 16), 8),
    "grasp_27_quadpod": Gesture(((46, 42, 24), (50, 42, 24), (50, 44, 26), "h"), (34, 22, 10, 0, 12), 7),
    "grasp_28_sphere_3_finger": Gesture(((38, 50, 30), (42, 50, 30), "q", "q"), (26, 18, 10, 8, 20), 9),
    "grasp_29_stick": Gesture(((30, 56, 26), (44, 66, 38), (52, 72, 42), (54, 72, 42)), (8, -12, 4, 4, 0), 0),
    "grasp_30_palmar": Gesture(((66, 14, 6),) * 4, (14, -16, 2, 6, 2), 0),
    "grasp_31_ring": Gesture(((36, 58, 34), "q", "q", "q"), (26, 14, 10, 6, 22), 2),
    "grasp_32_ventral": Gesture(("s", "f", "f", "f"), (20, 2, 4, 26, 30), 2),
    "grasp_33_inferior_pincer": Gesture(
        ((50, 26, -4), (20, 30, 16), (26, 36, 20), (28, 38, 22)), (36, 2, 12, 6, -8), 4
    ),
    "glass": Gesture("oooo", "grasp", 3),
    "stick": Gesture("gggg", "over", 0),
    "phone": Gesture("bbgg", "front", 3),
    "mouse": Gesture(((16, 34, 18), (20, 34, 18), (30, 40, 22), (30, 40, 22)), (6, 6, 4, 8, 10), 6),
    "bag": Gesture("llll", "out", 0),
    "plate": Gesture("ssss", (18, 6, 4, 4, 10), 3),
    "bowl": Gesture(((22, 28, 16),) * 4, (20, 30, 8, 0, 6), 9),
    "card_between_thumb_and_side": Gesture(
        ((54, 40, 18), (60, 44, 20), (62, 48, 24), (60, 50, 26)), (18, -10, 6, 8, 0), -1
    ),
    "scissors": Gesture(((30, 58, 30), (22, 66, 38), (26, 70, 40), "g"), (18, 10, 4, 20, 40), 6),
}
