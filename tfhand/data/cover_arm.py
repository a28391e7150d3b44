"""A crop whose arm isn't seen: beyond the picture's border, behind a table's edge, or cut off by a tight box."""

from __future__ import annotations

import cv2
import numpy as np

from tfhand.constants import JOINT_NAMES, ROOT_JOINT
from tfhand.data.photometric import from_elsewhere

_KNUCKLES = [JOINT_NAMES.index(f"{finger}1") for finger in ("index", "middle", "ring", "little")]
#: How far behind the hindmost joint the cover begins, sides of the crop; by how much its edge turns at most, rad.
_GAP, _TURN = (0.03, 0.2), 0.35
#: What covers: the grey beyond images, one colour, or a piece of the picture from elsewhere.
_GREY, _COLOUR = 0.4, 0.65


def cover_arm(image: np.ndarray, joints_uv: np.ndarray, rng: np.random.Generator, grey: int) -> np.ndarray:
    """Covers what lies behind the hand, where the arm leaves the picture; no joint is covered.

    Args:
        image: `(S, S, 3)` uint8.
        joints_uv: `(21, 2)` of the crop, 0..1.
        rng: source of randomness.
        grey: the value beyond an image's border.

    Returns:
        `(S, S, 3)` uint8; a new array.
    """
    size = image.shape[0]
    away = joints_uv[ROOT_JOINT] - joints_uv[_KNUCKLES].mean(axis=0)
    angle = float(np.arctan2(away[1], away[0]))
    if rng.random() < 0.5:  # as a picture's border
        angle = np.pi / 2 * round(angle / (np.pi / 2))
    else:
        angle += rng.uniform(-_TURN, _TURN)
    away = np.array([np.cos(angle), np.sin(angle)])
    start = (joints_uv @ away).max() + rng.uniform(*_GAP)
    along = np.array([-away[1], away[0]])
    corners = np.array([start * away + s * 3 * along + t * 3 * away for s, t in ((-1, 0), (1, 0), (1, 1), (-1, 1))])
    shape = np.zeros((size, size), np.uint8)
    cv2.fillConvexPoly(shape, np.rint(corners * size).astype(np.int32), 255)
    kind = rng.random()
    if kind < _COLOUR:
        filling = np.full_like(image, grey if kind < _GREY else rng.integers(0, 256, 3))
    else:
        filling = from_elsewhere(image, rng)
    result = image.copy()
    cv2.copyTo(filling, shape, result)
    return result
