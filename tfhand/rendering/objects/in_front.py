"""Things between hand and camera that come in from the picture's border: another finger, sticks, planks, cloth."""

from __future__ import annotations

import numpy as np

from tfhand.rendering.objects.material import Material
from tfhand.rendering.objects.shapes import revolved, rounded_box, sheet
from tfhand.rendering.objects.solid import Solid

#: Kinds, how often they come, and half their widths from and to, mm.
_KINDS = {
    "finger": (0.3, 6.5, 9.5),
    "stick": (0.25, 2.5, 14.0),
    "plank": (0.2, 10.0, 45.0),
    "cloth": (0.25, 40.0, 200.0),
}
#: Largest share of the hand that may be covered; each draws its own up to this.
MOST_COVERED = 0.33
#: Fingers are no longer than this, mm, before the hand.
_FINGER_MM = 65.0
#: Nearest to the camera that anything begins, mm.
_NEAREST_MM = 110.0
#: By which share of its distance its far end comes nearer to the camera at most.
_NEARER = 0.35


def in_front(
    hand: np.ndarray, areas: np.ndarray, arm: np.ndarray, reach: float, rng: np.random.Generator
) -> list[Solid]:
    """Draws something in front of a hand, touching nothing of it.

    It lies about parallel to the image, its end where it covers the share of the hand's skin that was drawn for it; the
    side it comes from is not the arm's.

    Args:
        hand: (P, 3) float32 points on the posed hand's skin, camera frame, mm, all before the camera.
        areas: (P,) of the skin around them, any unit.
        arm: (Q, 3) float32 points on the forearm.
        reach: how far outwards it must go to leave the picture, in focal lengths.
        rng: source of randomness.

    Returns:
        One solid; none where the camera is too near.
    """
    names = list(_KINDS)
    kind = names[rng.choice(len(names), p=[_KINDS[name][0] for name in names])]
    half_width = rng.uniform(*_KINDS[kind][1:])
    share, gap = rng.uniform(0.04, MOST_COVERED), np.exp(rng.uniform(np.log(4.0), np.log(90.0)))
    everything = np.concatenate([hand, arm]).astype(np.float64)
    flat = everything[:, :2] / everything[:, 2:]
    seen = flat[: len(hand)]
    outward = _direction(seen, flat[len(hand) :], rng)
    sideways = np.array([outward[1], -outward[0]])
    middle = float(np.quantile(seen @ sideways, rng.uniform(0.1, 0.9)))
    depth = float(everything[: len(hand), 2].min())
    for _ in range(3):
        width = half_width / depth
        along, within = seen @ outward, np.abs(seen @ sideways - middle) < width
        end = _end(along, within, areas, share)
        if kind == "finger" and within.any():
            end = max(end, float(along[within].max()) - _FINGER_MM / depth)
        margin = 8.0 / depth
        below = (np.abs(flat @ sideways - middle) < width + margin) & (flat @ outward > end - margin)
        nearest = everything[below, 2].min() if below.any() else everything[:, 2].min()
        depth = min(depth, float(nearest) - gap - min(half_width, 20.0))
        if depth < _NEAREST_MM:
            return []
    tip = np.append((end * outward + middle * sideways) * depth, depth)
    length = 1.5 * reach * depth + 60
    # Its far end comes nearer to the camera, where there is nothing to run into, but not so near that it looms.
    axis = np.array([*outward, -min(rng.uniform(0.0, 0.3), _NEARER * depth / length)])
    axis /= np.linalg.norm(axis)
    side = np.array([*sideways, 0.0])
    frame = np.stack([side, axis, np.cross(side, axis)])
    return [_build(kind, half_width, length, rng).moved(frame, tip)]


def _direction(seen: np.ndarray, arm: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A direction (2,) in the image that leads to the border, and not along the arm."""
    angle = rng.uniform(0, 2 * np.pi)
    outward = np.array([np.cos(angle), np.sin(angle)])
    along_arm = arm.mean(axis=0) - seen.mean(axis=0)
    return -outward if outward @ along_arm > 0.3 * np.linalg.norm(along_arm) else outward


def _end(along: np.ndarray, within: np.ndarray, areas: np.ndarray, share: float) -> float:
    """Where something of that width ends so that it covers `share` of the area, or all of it within its width."""
    chosen = np.flatnonzero(within)
    chosen = chosen[np.argsort(-along[chosen])]
    covered = np.cumsum(areas[chosen]) <= share * areas.sum()
    if covered.all():
        # All of it: it goes right across.
        return float(along.min()) - 0.1 * float(np.ptp(along))
    return float(along[chosen[np.count_nonzero(covered)]])


def _build(kind: str, half_width: float, length: float, rng: np.random.Generator) -> Solid:
    """A thing in its own frame: its end at the origin, y leads away, x across, z about away from the camera."""
    if kind == "finger":
        radius = half_width * np.array([0, 0.45, 0.78, 0.95, 1, 0.93, 1.04, 0.98, 1.12, 1.02, 1.25, 1.35])
        height = half_width * np.array([0, 0.12, 0.45, 0.95, 1.6, 2.6, 3.4, 4.6, 6.2, 8.5, 11.0, 12.0])
        height[-1] = max(length, height[-2] + 1)
        return Solid(*revolved(np.stack([radius, height], axis=1)), Material.sample("skin", rng))
    if kind == "stick":
        bevel = 0.2 * half_width
        profile = [[0, 0], [half_width - bevel, 0], [half_width, bevel], [half_width, length]]
        material = Material.sample(str(rng.choice(["wood", "plastic", "metal"])), rng, patterned=True)
        return Solid(*revolved(np.array(profile)), material)
    if kind == "plank":
        thickness = min(rng.uniform(1.0, 15.0), half_width)
        material = Material.sample(str(rng.choice(["paper", "wood", "plastic", "metal"])), rng, patterned=True)
        vertices, faces, atlas = rounded_box(np.array([half_width, length / 2, thickness]), 0.2 * thickness)
        # Its near side may be anywhere; its far side is the one that must not reach the hand.
        return Solid(vertices + np.float32([0, length / 2, -thickness]), faces, atlas, material)
    vertices, faces, atlas = sheet(np.linspace(-half_width, half_width, 17), length * np.linspace(0, 1, 9) ** 1.5)
    x, y = vertices[:, 0], vertices[:, 1]
    deep, wave, phase = rng.uniform(2.0, 16.0), rng.uniform(25.0, 90.0), rng.uniform(0, 2 * np.pi, 3)
    folds = np.sin(2 * np.pi * x / wave + phase[0] + 0.01 * y) + 0.5 * np.sin(3.7 * np.pi * x / wave + phase[1])
    vertices[:, 2] = -deep * (1.5 + folds)
    # The hem goes up and down, never farther in.
    vertices[:, 1] += rng.uniform(0, 12) * (1 + np.sin(1.3 * np.pi * x / wave + phase[2]))
    return Solid(vertices, faces, atlas, Material.sample("cloth", rng, patterned=True))
