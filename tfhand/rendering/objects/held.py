"""Solids in the hand: placed in the palm or between finger tips, as large and as near as barely touches the skin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfhand.constants import JOINT_NAMES, ROOT_JOINT
from tfhand.rendering.objects.material import Material
from tfhand.rendering.objects.shapes import bottle_profile, capsule_profile, cylinder_profile, revolved, rounded_box
from tfhand.rendering.objects.solid import Solid

#: How deep the skin may give way, mm.
TOUCH_MM = 1.2
#: What lies in a palm, and what tips of fingers hold, and how often.
_IN_PALM = {"cylinder": 0.22, "bottle": 0.18, "ball": 0.2, "box": 0.15, "phone": 0.15, "pen": 0.1}
_IN_TIPS = {"pen": 0.45, "ball": 0.2, "cylinder": 0.2, "box": 0.15}
#: Half the sides of a body along its own x, y, z: from and to, mm. Round ones take x for z.
_HALF_MM = {
    "cylinder": ((12, 25, 12), (36, 90, 36)),
    "bottle": ((22, 75, 22), (38, 115, 38)),
    "ball": ((13, 13, 13), (38, 38, 38)),
    "box": ((14, 20, 8), (45, 70, 28)),
    "phone": ((34, 68, 3.6), (40, 80, 5.5)),
    "pen": ((3.4, 60, 3.4), (6.0, 80, 6.0)),
}
#: Sizes that are tried before a hand is taken to have no room.
_SCALES = (1.0, 0.8, 0.64, 0.5)
#: Distances over the palm that are tried, mm, and places along the fingers.
_LIFTS_MM = np.arange(-2.0, 34.0, 3.0)
_SHIFTS_MM = np.array([0.0, 14.0, -14.0])
_LIFTS = np.stack([0 * _LIFTS_MM, 0 * _LIFTS_MM, _LIFTS_MM], axis=1).astype(np.float32)[:, None]
#: A place this low needs no better one.
_LOW_MM = 4.0
_THUMB_TIP, _INDEX_TIP, _INDEX, _MIDDLE, _RING, _LITTLE = (
    JOINT_NAMES.index(name) for name in ("thumb4", "index4", "index1", "middle1", "ring1", "little1")
)


@dataclass(frozen=True)
class Body:
    """A convex body about its centre.

    Attributes:
        kind: a key of the table of sizes in this file.
        half: (3,) half its sides, mm.
    """

    kind: str
    half: np.ndarray

    def distances(self, points: np.ndarray) -> np.ndarray:
        """Returns how far points (..., 3) in its own frame lie outside (negative: inside), mm; of a bottle's hull."""
        if self.kind == "ball":
            return np.sqrt(np.einsum("...i,...i->...", points, points)) - self.half[0]
        if self.kind in ("box", "phone"):
            over = np.abs(points) - self.half
        else:
            radius = np.sqrt(points[..., 0] ** 2 + points[..., 2] ** 2)
            over = np.stack([radius - self.half[0], np.abs(points[..., 1]) - self.half[1]], axis=-1)
        outside = np.maximum(over, 0)
        return np.sqrt(np.einsum("...i,...i->...", outside, outside)) + np.minimum(over.max(axis=-1), 0)

    def solids(self, frame: np.ndarray, centre: np.ndarray, rng: np.random.Generator) -> list[Solid]:
        """Returns it with materials, its axes along the rows of `frame` (3, 3), about `centre` (3,)."""
        x, y, z = self.half
        if self.kind == "phone":
            case = Solid(*rounded_box(self.half, 0.6 * z), Material.sample("plastic", rng))
            screen = Solid(*rounded_box(np.array([0.94 * x, 0.97 * y, 0.3]), 0.15), Material.sample("screen", rng))
            return [case.moved(frame, centre), screen.moved(frame, centre + frame[2] * z)]
        if self.kind == "box":
            mesh, kinds = rounded_box(self.half, 0.12 * min(x, y, z)), ("paper", "plastic", "wood", "metal")
        elif self.kind == "ball":
            mesh, kinds = revolved(capsule_profile(x, x, 8)), ("plastic", "wood", "cloth", "leather")
        elif self.kind == "bottle":
            mesh, kinds = revolved(bottle_profile(x, y)), ("plastic", "plastic", "metal")
        elif self.kind == "pen":
            mesh, kinds = revolved(_pen_profile(x, y), 12), ("plastic", "metal", "wood")
        else:
            mesh, kinds = revolved(cylinder_profile(x, y, 0.08 * x)), ("plastic", "metal", "paper", "wood")
        material = Material.sample(str(rng.choice(kinds)), rng, patterned=self.kind != "pen")
        return [Solid(*mesh, material).moved(frame, centre)]


def held(
    points: np.ndarray, palm: np.ndarray, joints: np.ndarray, rng: np.random.Generator
) -> list[Solid]:
    """Draws something that a hand holds, or that lies in it.

    Args:
        points: (P, 3) float32 points on the posed hand's skin, a few mm apart, camera frame, mm.
        palm: (Q, 3) those on the palm.
        joints: (21, 3) float32 the same hand's.
        rng: source of randomness.

    Returns:
        A solid, two for a phone, none where there is no room.
    """
    tips = joints[[_THUMB_TIP, _INDEX_TIP]].astype(np.float64)
    opening = float(np.linalg.norm(tips[1] - tips[0]))
    between = 14 < opening < 70 and rng.random() < 0.5
    found = _between_tips(points, tips, joints, rng) if between else None
    found = found or _in_palm(points, palm, joints, rng)
    return [] if found is None else found[0].solids(found[1], found[2], rng)


def palm_frame(joints: np.ndarray) -> np.ndarray:
    """Returns (3, 3) unit rows of a right hand: to the thumb's side, along the fingers, out of the palm."""
    joints = np.asarray(joints, np.float64)
    along = joints[_MIDDLE] - joints[ROOT_JOINT]
    along /= np.linalg.norm(along)
    outward = np.cross(joints[_INDEX] - joints[_LITTLE], along)
    outward /= np.linalg.norm(outward)
    return np.stack([np.cross(along, outward), along, outward])


def _in_palm(points, palm, joints, rng) -> tuple[Body, np.ndarray, np.ndarray] | None:
    """A body, its axes and its centre on the palm, under the fingers where they close; None without room."""
    across, along, outward = frame = palm_frame(joints)
    kind = str(rng.choice(list(_IN_PALM), p=list(_IN_PALM.values())))
    half = _half(kind, rng)
    # A bar lies a little obliquely across the palm, what is flat any way.
    turn = rng.normal(0.25, 0.3) if kind in ("cylinder", "bottle", "pen") else rng.uniform(0, 2 * np.pi)
    long = np.cos(turn) * across + np.sin(turn) * along
    axes = np.stack([np.cross(long, outward), long, outward])
    base = 0.3 * joints[ROOT_JOINT] + 0.7 * joints[[_MIDDLE, _RING]].mean(axis=0)
    offsets = (palm - base) @ frame.T
    near = np.abs(offsets[:, :2]).max(axis=1) < 22
    floor = float(np.quantile(offsets[near, 2], 0.7)) if near.any() else 0.0
    slide = rng.uniform(-0.5, 0.5) * max(half[1] - 25, 0) * long
    for scale in _SCALES:
        if kind == "phone" and scale < 1:
            break
        body = Body(kind, half * (scale, 1 if kind == "pen" else scale, scale))
        start = base + slide + (floor + body.half[2]) * outward
        placed = _first_free(body, ((points - start) @ axes.T).astype(np.float32), axes @ along)
        if placed is not None:
            shift, lift, below = placed
            # Out of a hand that looks down it would fall, unless fingers or thumb reach around it.
            if outward[1] > 0.25 and not below:
                return None
            return body, axes, start + shift * along + lift * outward
    return None


def _first_free(body: Body, own: np.ndarray, along: np.ndarray) -> tuple[float, float, bool] | None:
    """Lifts a body off the palm until it is free, at a few places along the fingers.

    Args:
        body: what is placed, its z axis out of the palm, beginning at the origin.
        own: (P, 3) float32 points on the skin in its frame.
        along: (3,) unit vector along the fingers in its frame.

    Returns:
        Place along the fingers and lift, mm, of the lowest free place, and whether skin reaches around it from
        outside; None where there is none.
    """
    best = None
    for shift in _SHIFTS_MM:
        moved = own - (shift * along).astype(np.float32)
        # What can't be within it wherever it goes needs no distance.
        within = (np.abs(moved[:, :2]) < body.half[:2]).all(axis=1)
        column = moved[within]
        least = body.distances(column - _LIFTS) if len(column) else np.zeros((len(_LIFTS), 1))
        free = least.min(axis=1) >= -TOUCH_MM
        if not free.any() or (best is not None and _LIFTS_MM[free.argmax()] >= best[1]):
            continue
        lift = float(_LIFTS_MM[free.argmax()])
        lift -= _slack(body, column, lift)
        near = (np.abs(moved[:, :2]) < body.half[:2] + 8).all(axis=1)
        best = shift, lift, bool((moved[near, 2] > lift + 0.2 * body.half[2]).any())
        if lift < _LOW_MM:
            break
    return best


def _slack(body: Body, points: np.ndarray, lift: float) -> float:
    """Returns by how much less a body could have been lifted before points (P, 3) in its frame, mm."""
    step, back = float(_LIFTS_MM[1] - _LIFTS_MM[0]), 0.0
    for _ in range(3 if len(points) else 0):
        step /= 2
        shifted = points - np.float32([0, 0, lift - back - step])
        back += step if body.distances(shifted).min() >= -TOUCH_MM else 0.0
    return back


def _between_tips(points, tips, joints, rng) -> tuple[Body, np.ndarray, np.ndarray] | None:
    """A body between thumb and index finger, just thick enough to touch; None without room."""
    centre = tips.mean(axis=0)
    gap = (tips[1] - tips[0]) / np.linalg.norm(tips[1] - tips[0])
    kind = str(rng.choice(list(_IN_TIPS), p=list(_IN_TIPS.values())))
    half = _half(kind, rng)
    # What is long points back over the web of the thumb, or anywhere across the gap.
    leads = np.concatenate([[joints[_INDEX] - centre], rng.normal(size=(3, 3))])
    for lead in leads:
        long = lead - (lead @ gap) * gap
        long /= np.linalg.norm(long)
        axes = np.stack([np.cross(long, gap), long, gap])
        own = ((points - centre) @ axes.T).astype(np.float32)
        for thickness in np.linspace(half[2], max(0.4 * half[2], 3.0), 5):
            sides = (thickness, half[1], thickness) if kind in ("pen", "cylinder") else half * (thickness / half[2])
            body = Body(kind, np.array(sides))
            least = float(body.distances(own).min())
            if least >= -TOUCH_MM:
                # In the air between the tips it would be no grip.
                if least < 2.5:
                    return body, axes, centre
                break
    return None


def _half(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Draws half the sides (3,) of a body, mm."""
    low, high = _HALF_MM[kind]
    x, y, z = rng.uniform(low, high)
    return np.array([x, x, x] if kind == "ball" else [x, y, z] if kind in ("box", "phone") else [x, y, x])


def _pen_profile(radius: float, half_length: float) -> np.ndarray:
    """Outline of a pen that writes at its lower end."""
    end = half_length
    return np.array(
        [
            [0, -end], [0.15 * radius, -end], [0.75 * radius, 14 - end], [radius, 16 - end], [radius, end - 1],
            [0.9 * radius, end], [0.9 * radius, end], [0, end],
        ]
    )  # fmt: skip
