"""The linear shape keys of the hand, made from MakeHuman's bilinear targets and from its own skeleton.

Every key is a displacement of vertices and of skeleton points in the template's frame, in mm for a
value of 1. Values add up. Signed keys mean the opposite at -1. The table below is the documentation.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tfhand.mesh.makehuman import MakeHumanData


@dataclasses.dataclass(frozen=True)
class ShapeKey:
    """A named shape key and the values it is meant for.

    Attributes:
        name: what it changes.
        low, high: the range that looks like a hand.
        effect: what a value of 1 does.
    """

    name: str
    low: float
    high: float
    effect: str


SHAPE_KEYS: tuple[ShapeKey, ...] = (
    ShapeKey("hand_size", -1.0, 1.0, "whole hand about 19 % larger"),
    ShapeKey("finger_length", -1.0, 1.0, "four fingers and thumb about 14 mm longer"),
    ShapeKey("finger_thickness", -1.0, 1.0, "thicker fingers"),
    ShapeKey("finger_distance", -1.0, 1.0, "finger roots further apart"),
    ShapeKey("wrist_thickness", -1.0, 1.0, "thicker wrist"),
    ShapeKey("sex", -1.0, 1.0, "male (-1: female); includes size, about 9 %"),
    ShapeKey("child", 0.0, 1.0, "a child of about ten years; includes size, about -23 %"),
    ShapeKey("old", 0.0, 1.0, "an old person"),
    ShapeKey("muscle", -1.0, 1.0, "muscular"),
    ShapeKey("weight", -1.0, 1.0, "heavy"),
    ShapeKey("palm_width", -1.0, 1.0, "palm 8 % wider, fingers move with it"),
    ShapeKey("palm_length", -1.0, 1.0, "palm 8 % longer, fingers move with it"),
    ShapeKey("thumb_length", -1.0, 1.0, "thumb 12 % longer"),
    ShapeKey("index_length", -1.0, 1.0, "index finger 8 % longer"),
    ShapeKey("ring_length", -1.0, 1.0, "ring finger 8 % longer"),
    ShapeKey("little_length", -1.0, 1.0, "little finger 12 % longer"),
)


def makehuman_shapes(data: MakeHumanData) -> dict[str, tuple[np.ndarray, np.ndarray, float]]:
    """Pairs of bodies whose scaled difference is a shape key.

    Args:
        data: MakeHuman's files.

    Returns:
        For each key taken from MakeHuman: (plus, minus, factor), bodies (N, 3) mm; the key is
        `factor * (plus - minus)` once both are aligned to the template.
    """
    neutral = data.person()

    def local(name: str) -> tuple[np.ndarray, np.ndarray]:
        return neutral + data.target(f"hands/{name}-incr"), neutral + data.target(f"hands/{name}-decr")

    return {
        "hand_size": (neutral, local("r-hand-scale")[1], 1.0),
        "finger_length": (neutral, local("r-hand-fingers-length")[1], 1.0),
        "finger_thickness": (*local("r-hand-fingers-diameter"), 0.5),
        "finger_distance": (*local("r-hand-fingers-distance"), 0.5),
        "wrist_thickness": (*local("measure-wrist-circ"), 0.5),
        "sex": (data.person(sex="male"), data.person(sex="female"), 0.5),
        "child": (data.person(age="child"), neutral, 1.0),
        "old": (data.person(age="old"), neutral, 1.0),
        "muscle": (data.person(muscle="max"), data.person(muscle="min"), 0.5),
        "weight": (data.person(weight="max"), data.person(weight="min"), 0.5),
    }


def skeleton_shapes(
    vertices: np.ndarray, points: np.ndarray, weights: np.ndarray
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Shape keys that stretch single fingers along their bones, or the palm along its sides.

    Args:
        vertices: (S, 3) float64 mm, template frame (x to the thumb, y to the wrist).
        points: (25, 3) skeleton points in the same frame.
        weights: (S, 21) skin weights.

    Returns:
        For each key (S, 3) and (25, 3) displacements, mm, for a value of 1.
    """
    keys = {
        f"{finger}_length": _finger_stretch(vertices, points, weights, 5 + 3 * index, amount)
        for finger, index, amount in (("thumb", 0, 0.12), ("index", 1, 0.08), ("ring", 3, 0.08), ("little", 4, 0.12))
    }
    keys["palm_width"] = _palm_stretch(vertices, points, weights, 0, 0.08)
    keys["palm_length"] = _palm_stretch(vertices, points, weights, 1, 0.08)
    return keys


def _finger_stretch(
    vertices: np.ndarray, points: np.ndarray, weights: np.ndarray, first_bone: int, amount: float
) -> tuple[np.ndarray, np.ndarray]:
    """Lengthens the three bones of a finger by a fraction; what lies beyond moves along."""
    tip = 20 + (first_bone - 5) // 3
    chain = [first_bone, first_bone + 1, first_bone + 2, tip]
    vertex_shift, point_shift = np.zeros_like(vertices), np.zeros_like(points)
    carried = np.zeros(3)
    for start, end in zip(chain, chain[1:]):
        bone = points[end] - points[start]
        along = (vertices - points[start]) @ bone / (bone @ bone)
        shift = carried + amount * np.maximum(along, 0.0)[:, None] * bone
        vertex_shift += weights[:, [start]] * shift
        carried = carried + amount * bone
        point_shift[end] = carried
    return vertex_shift, point_shift


def _palm_stretch(
    vertices: np.ndarray, points: np.ndarray, weights: np.ndarray, axis: int, amount: float
) -> tuple[np.ndarray, np.ndarray]:
    """Stretches the palm along x or y about the wrist; each finger moves with its first joint."""

    def stretched(positions: np.ndarray) -> np.ndarray:
        shift = np.zeros_like(positions)
        # Fades in from the wrist, so that the forearm stays as it is.
        fade = np.clip(-positions[:, 1] / 40.0, 0.0, 1.0)
        shift[:, axis] = amount * positions[:, axis] * fade
        return shift

    point_shift = stretched(points)
    for bone in range(5, 20):
        point_shift[bone] = point_shift[5 + 3 * ((bone - 5) // 3)]
    for finger in range(5):
        point_shift[20 + finger] = point_shift[5 + 3 * finger]
    finger_weights = weights[:, 5:20]
    palm_weight = 1.0 - finger_weights.sum(axis=1, keepdims=True)
    return palm_weight * stretched(vertices) + finger_weights @ point_shift[5:20], point_shift
