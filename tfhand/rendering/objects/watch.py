"""Watches and bracelets: bands about the posed cross-sections of the forearm, some with a case."""

from __future__ import annotations

import numpy as np

from tfhand.rendering.arm import AROUND, SECTIONS_MM, tube_faces
from tfhand.rendering.objects.material import Material
from tfhand.rendering.objects.shapes import cylinder_profile, revolved, rounded_box
from tfhand.rendering.objects.solid import Solid

#: The band's outline: height over the skin and place along the arm, as shares of its thickness and half width.
_OUTLINE = np.array([[-0.8, -1.0], [1.0, -1.0], [1.0, -1.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0], [-0.8, 1.0]])
_FACES = tube_faces(len(_OUTLINE), AROUND)
#: Room that a sleeve leaves to what is worn before it, mm.
_GAP_MM = 3.0


def watch(
    sections: np.ndarray, back: int, rng: np.random.Generator, free_mm: float | None = None
) -> list[Solid]:
    """Draws a watch or a bracelet.

    Args:
        sections: (sections, AROUND, 3) posed cross-sections of the forearm, mm; see `arm.forearm_sections`.
        back: which point of a section lies on the back of the forearm.
        rng: source of randomness.
        free_mm: where a sleeve begins, mm behind the wrist; None for a bare arm.

    Returns:
        Band, case and dial; one band for a bracelet; nothing where the sleeve leaves no room.
    """
    sections = sections.astype(np.float64)
    is_watch = rng.random() < 0.7
    place = rng.uniform(14.0, 34.0)
    half_width = rng.uniform(5.0, 12.0) if is_watch else rng.uniform(1.2, 6.0)
    reach = rng.uniform(12.0, 21.0) if is_watch else half_width
    if free_mm is not None and place + max(reach, half_width) + _GAP_MM > free_mm:
        return []
    strap = Material.sample(str(rng.choice(["leather", "plastic", "metal", "cloth"])), rng, patterned=not is_watch)
    thickness = rng.uniform(1.5, 3.0)
    gap = 0.3 if is_watch else rng.uniform(0.3, 4.0)
    band = _band(sections, place, half_width, thickness, gap, strap)
    if not is_watch:
        return [band]
    below, above = _section(sections, place - 8), _section(sections, place + 8)
    axis = above.mean(axis=0) - below.mean(axis=0)
    axis /= np.linalg.norm(axis)
    # Most people wear it on the back of the wrist.
    side = back if rng.random() < 0.88 else (back + AROUND // 2) % AROUND
    section = _section(sections, place)
    outward = section[side] - section.mean(axis=0)
    outward -= (outward @ axis) * axis
    outward /= np.linalg.norm(outward)
    frame = np.stack([np.cross(outward, axis), outward, axis])
    return [band, *_case(section[side] + gap * outward, frame, reach, rng)]


def _case(base: np.ndarray, frame: np.ndarray, radius: float, rng: np.random.Generator) -> list[Solid]:
    """A round or rectangular case with its dial, its foot at `base` (3,), the rows of `frame` its axes (y outward)."""
    height = rng.uniform(6.0, 11.0)
    metal = Material.sample("metal" if rng.random() < 0.7 else "plastic", rng)
    glass = Material.sample("screen" if rng.random() < 0.65 else "paper", rng)
    middle = base + frame[1] * (height / 2 - 1.0)
    top = base + frame[1] * (height - 1.0)
    if rng.random() < 0.65:
        body = revolved(cylinder_profile(radius, height / 2, 1.0))
        dial = revolved(cylinder_profile(0.86 * radius, 0.4, 0.2))
    else:
        half = np.array([0.85 * radius, height / 2, radius])
        body = rounded_box(half, 2.5)
        dial = rounded_box(half * [0.86, 0, 0.86] + [0, 0.4, 0], 0.3)
    return [Solid(*body, metal).moved(frame, middle), Solid(*dial, glass).moved(frame, top)]


def _band(
    sections: np.ndarray, place: float, half_width: float, thickness: float, gap: float, material: Material
) -> Solid:
    """A band about the forearm, `gap` mm off the skin."""
    rings, girth = [], np.arange(AROUND) * (180.0 / AROUND)
    for lift, along in _OUTLINE:
        ring = _section(sections, place + along * half_width)
        offsets = ring - ring.mean(axis=0)
        radii = np.linalg.norm(offsets, axis=1, keepdims=True)
        rings.append(ring + offsets * ((gap + lift * thickness) / radii))
    points = np.concatenate(rings).astype(np.float32)
    along = np.repeat(_OUTLINE[:, 1] * half_width, AROUND)
    atlas = np.stack([np.tile(girth, len(_OUTLINE)), along], axis=1).astype(np.float32)
    return Solid(points, _FACES, atlas, material)


def _section(sections: np.ndarray, place: float) -> np.ndarray:
    """Returns points (AROUND, 3) around the forearm `place` mm behind the wrist."""
    position = (place - SECTIONS_MM[0]) / (SECTIONS_MM[1] - SECTIONS_MM[0])
    below = min(max(int(position), 0), len(sections) - 2)
    return sections[below] + (position - below) * (sections[below + 1] - sections[below])
