"""Lines of the hand as curves on the flat hand: palm lines, flexion creases, knuckle wrinkles, tendons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfhand.constants import FINGER_JOINTS, FINGERS, JOINT_NAMES
from tfhand.geometry.unit_vector import unit_vector

#: Lines of the palm in palm coordinates: x from -0.5 (thumb side) to 0.5 (little finger's side) in widths of the
#: knuckle row, y from 0 (wrist) to 1 (knuckles). With each: width and depth in mm.
_PALM_LINES = (
    ("heart", ((0.60, 0.66), (0.40, 0.74), (0.18, 0.79), (-0.05, 0.85), (-0.20, 0.95)), 1.3, 0.55),
    ("head", ((-0.62, 0.70), (-0.40, 0.69), (-0.12, 0.63), (0.15, 0.52), (0.36, 0.38)), 1.2, 0.5),
    ("life", ((-0.62, 0.71), (-0.38, 0.66), (-0.17, 0.52), (-0.09, 0.32), (-0.13, 0.10)), 1.4, 0.65),
    ("fate", ((0.02, 0.20), (0.04, 0.45), (0.03, 0.75)), 1.0, 0.18),
    ("thenar fold", ((-0.50, 0.45), (-0.34, 0.38), (-0.22, 0.22)), 1.0, 0.2),
    ("little finger's side", ((0.62, 0.45), (0.45, 0.50), (0.36, 0.55)), 1.0, 0.2),
    ("wrist", ((-0.45, -0.04), (-0.1, -0.01), (0.25, -0.02), (0.5, -0.05)), 1.3, 0.45),
    ("second wrist", ((-0.45, -0.13), (-0.1, -0.10), (0.25, -0.11), (0.5, -0.14)), 1.3, 0.3),
)


@dataclass(frozen=True)
class Curve:
    """One groove, or ridge where the depth is negative: points (n, 2) mm on the flat hand, width and depth in mm."""

    points: np.ndarray
    width_mm: float
    depth_mm: float


def crease_curves(joints: np.ndarray, which: str) -> list[Curve]:
    """Returns the creases of one side of the hand.

    Args:
        joints: (21, 3) mm of the flat hand (see `texture.flat_hand`).
        which: "palm" or "back".

    Returns:
        Curves on the flat hand.

    Raises:
        ValueError: another side.
    """
    if which not in ("palm", "back"):
        raise ValueError(f"which: expected 'palm' or 'back', got {which!r}.")
    rng = np.random.default_rng(7)
    curves = _palm_lines(joints, rng) if which == "palm" else _tendons(joints)
    for finger in FINGERS:
        curves += _palmar_creases(joints, finger, rng) if which == "palm" else _knuckle_wrinkles(joints, finger, rng)
    return curves


def _palm_lines(joints: np.ndarray, rng: np.random.Generator) -> list[Curve]:
    wrist, index, middle, little = (joints[JOINT_NAMES.index(n), :2] for n in ("wrist", "index1", "middle1", "little1"))
    along = middle - wrist
    across = little - index
    curves = []
    for _, points, width, depth in _PALM_LINES:
        placed = [wrist + y * along + (x + 0.05 * (1 - y)) * across for x, y in points]
        curves.append(Curve(spline(np.array(placed)), width, depth))
    for _ in range(26):
        start = np.array([rng.uniform(-0.5, 0.5), rng.uniform(0.1, 0.95)])
        step = rng.normal(0, 1, 2) * (0.10, 0.13)
        points = [start, start + step + rng.normal(0, 0.02, 2), start + 2 * step]
        placed = [wrist + y * along + x * across for x, y in points]
        curves.append(Curve(spline(np.array(placed)), 0.8, float(rng.uniform(0.05, 0.16))))
    return curves


def _tendons(joints: np.ndarray) -> list[Curve]:
    """Ridges on the back: a tendon to every finger's knuckle."""
    wrist, middle = (joints[JOINT_NAMES.index(n), :2] for n in ("wrist", "middle1"))
    along = middle - wrist
    curves = []
    for finger in FINGERS[1:]:
        knuckle = joints[FINGER_JOINTS[finger][0], :2]
        start = wrist + 0.35 * along + 0.35 * (knuckle - wrist - 0.9 * along)
        curves.append(Curve(spline(np.stack([start, 0.5 * (start + knuckle), knuckle])), 5.0, -0.5))
        curves.append(Curve(_across(knuckle, knuckle - wrist, 4.0, 0.0, 0.0), 9.0, -0.9))
    return curves


def _palmar_creases(joints: np.ndarray, finger: str, rng: np.random.Generator) -> list[Curve]:
    """Flexion creases: two at the finger's root, two at the middle joint, one at the last (thumb: one fewer)."""
    first, second, third, tip = (joints[k, :2] for k in FINGER_JOINTS[finger])
    half = 9.5 if finger == "thumb" else 8.0
    places = [
        (first + 0.42 * (second - first), second - first, 1.4, 0.55),
        (first + 0.50 * (second - first), second - first, 1.0, 0.25),
        (second - 0.9 * unit_vector(second - first), third - first, 1.3, 0.6),
        (second + 1.8 * unit_vector(third - second), third - first, 1.0, 0.4),
        (third, tip - second, 1.2, 0.55),
    ]
    if finger == "thumb":
        places = [
            (second, third - first, 1.3, 0.5),
            (second + 2.5 * unit_vector(third - second), third - first, 1.0, 0.3),
            (third, tip - second, 1.3, 0.55),
        ]
    curves = []
    for centre, direction, width, depth in places:
        bow = rng.uniform(-0.5, 0.5)
        curves.append(Curve(_across(centre, direction, half, bow, rng.uniform(-0.05, 0.05)), width, depth))
    for _ in range(6):
        fraction = rng.uniform(0.1, 0.9)
        centre = second + fraction * (third - second) + rng.normal(0, 2.0, 2)
        line = _across(centre, third - second, rng.uniform(2, 5), rng.uniform(-0.5, 0.5), rng.uniform(-0.3, 0.3))
        curves.append(Curve(line, 0.8, float(rng.uniform(0.04, 0.12))))
    return curves


def _knuckle_wrinkles(joints: np.ndarray, finger: str, rng: np.random.Generator) -> list[Curve]:
    """Short transverse wrinkles over the joints on the back, bowed away from the joint like an eye."""
    numbers = FINGER_JOINTS[finger]
    first, second, third, tip = (joints[k, :2] for k in numbers)
    curves = []
    for centre, direction, reach, count, depth in (
        (second, third - first, 5.5, 7, 0.42),
        (third, tip - second, 3.0, 4, 0.34),
        (first, second - first, 5.0, 4, 0.14),
    ):
        for place in np.linspace(-1, 1, count):
            offset = reach * place + rng.normal(0, 0.3)
            half = 6.5 * np.sqrt(1.1 - place * place * 0.8) * rng.uniform(0.75, 1.0)
            middle = centre + offset * unit_vector(direction)
            line = _across(middle, direction, half, -1.4 * place, rng.uniform(-0.08, 0.08))
            curves.append(Curve(line, 1.0, depth * float(rng.uniform(0.5, 1.0)) * (1 - 0.35 * abs(place))))
    return curves


def _across(centre: np.ndarray, direction: np.ndarray, half: float, bow: float, tilt: float) -> np.ndarray:
    """Returns points (n, 2) of a line through `centre` across `direction`, of length 2 half, bowed and tilted."""
    along = unit_vector(direction)
    side = np.array([along[1], -along[0]])
    t = np.linspace(-1, 1, 12)[:, None]
    return centre + half * t * (side + tilt * along) - bow * t * t * along


def spline(points: np.ndarray, samples: int = 12) -> np.ndarray:
    """Returns a Catmull-Rom curve through `points` (n, 2)."""
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.linspace(0, 1, samples, endpoint=False)[:, None]
    pieces = []
    for p0, p1, p2, p3 in zip(padded[:-3], padded[1:-2], padded[2:-1], padded[3:], strict=True):
        squared, cubed = 2 * p0 - 5 * p1 + 4 * p2 - p3, 3 * p1 - p0 - 3 * p2 + p3
        pieces.append(0.5 * (2 * p1 + (p2 - p0) * t + squared * t**2 + cubed * t**3))
    return np.concatenate([*pieces, points[-1:]])
