"""A cheap look at whether a hand runs through itself: bones as capsules, distances between their segments."""

from __future__ import annotations

import numpy as np

from tfhand.constants import BONES, FINGER_JOINTS, SCALE_BONE

#: Radius of the capsule of each finger's four bones, from the palm out, in lengths of the middle finger's MCP-PIP bone.
#: Measured on the template (median distance of the skin from the bone); palm bones by the palm's thickness.
_RADII: dict[str, tuple[float, float, float, float]] = {
    "thumb": (0.24, 0.24, 0.21, 0.15),
    "index": (0.20, 0.21, 0.185, 0.13),
    "middle": (0.20, 0.21, 0.185, 0.13),
    "ring": (0.20, 0.20, 0.175, 0.125),
    "little": (0.19, 0.17, 0.14, 0.10),
}


def _finger_of(bone: tuple[int, int]) -> tuple[str, int]:
    for finger, joints in FINGER_JOINTS.items():
        if bone[1] in joints:
            return finger, joints.index(bone[1])
    raise ValueError(f"bone: expected one that ends in a finger, got {bone}.")


def _tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of bones that can meet `(P, 2)`, the sums of their radii `(P,)` and their ends `(20, 2)`."""
    placed = [_finger_of(bone) for bone in BONES]
    radii = [_RADII[finger][place] for finger, place in placed]
    pairs = []
    for one in range(len(BONES)):
        for other in range(one + 1, len(BONES)):
            (first, place), (second, other_place) = placed[one], placed[other]
            # Neighbours in a finger share a joint, metacarpals lie in one palm, and fingers that lie side by side
            # touch all along their first bones.
            if first == second and abs(place - other_place) < 2:
                continue
            if place == 0 and other_place == 0:
                continue
            if min(place, other_place) == 0 and max(place, other_place) == 1:
                continue
            pairs.append((one, other))
    pairs = np.array(pairs)
    return pairs, np.array(radii)[pairs].sum(axis=1), np.array(BONES)


_PAIRS, _REACH, _ENDS = _tables()


def penetration_mm(joints_mm: np.ndarray) -> float:
    """How deep the worst pair of bones runs into each other.

    Args:
        joints_mm: `(21, 3)` in any frame, mm.

    Returns:
        Depth in mm, 0 where nothing overlaps.
    """
    joints = np.asarray(joints_mm, np.float64)
    scale = np.linalg.norm(joints[SCALE_BONE[0]] - joints[SCALE_BONE[1]])
    starts, ends = joints[_ENDS[:, 0]], joints[_ENDS[:, 1]]
    one, other = _PAIRS.T
    gaps = segment_distances(starts[one], ends[one], starts[other], ends[other])
    return float(np.max(_REACH * scale - gaps, initial=0.0))


def segment_distances(p0: np.ndarray, p1: np.ndarray, q0: np.ndarray, q1: np.ndarray) -> np.ndarray:
    """Distances between pairs of segments.

    Args:
        p0, p1: `(N, 3)` ends of the first ones, which must have length.
        q0, q1: `(N, 3)` ends of the second ones, which must have length.

    Returns:
        `(N,)` distances.

    References:
        Ericson, "Real-Time Collision Detection", 2005, section 5.1.9.
    """
    d1, d2, r = p1 - p0, q1 - q0, p0 - q0
    a, e = (d1 * d1).sum(-1), (d2 * d2).sum(-1)
    b, c, f = (d1 * d2).sum(-1), (d1 * r).sum(-1), (d2 * r).sum(-1)
    denominator = a * e - b * b
    parallel = denominator < 1e-9 * a * e
    s = np.where(parallel, 0.0, np.clip((b * f - c * e) / np.where(parallel, 1.0, denominator), 0, 1))
    t = np.clip((b * s + f) / e, 0, 1)
    s = np.clip((b * t - c) / a, 0, 1)
    return np.linalg.norm(r + s[:, None] * d1 - t[:, None] * d2, axis=-1)
