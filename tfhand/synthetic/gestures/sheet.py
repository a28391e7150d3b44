"""A contact sheet of gestures: each drawn on the built-in hand, untangled, over its name, by families."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import cv2
import numpy as np

from tfhand.inference.drawing import BACKGROUND, draw_view
from tfhand.mesh import HandTemplate
from tfhand.mesh.template import LABELS
from tfhand.synthetic.collision import SelfCollision
from tfhand.synthetic.gestures import FAMILIES, FAMILY_OF, GESTURES, gesture
from tfhand.synthetic.pose_sampler import anatomical
from tfhand.synthetic.rig import HandRig
from tfhand.synthetic.untangle import Untangler

#: Turn of the hand about the vertical, degrees: the palm, seen a little from the thumb's side.
_VIEW_DEG = 30.0
_LEAST_RADIUS_MM = 75.0  # of the ball that fills a picture: fists look smaller than open hands
_TEXT_PX = 10
_HEADING_PX = 22


def select(family: str | None = None, containing: str | None = None) -> list[str]:
    """Names of gestures of one family, or of all, whose names contain a text.

    Raises:
        ValueError: there is no such family, or no gesture is left.
    """
    if family is not None and family not in FAMILIES:
        raise ValueError(f"family: expected one of {', '.join(FAMILIES)}, got {family!r}.")
    names = [name for name in GESTURES if family in (None, FAMILY_OF[name]) and (containing or "") in name]
    if not names:
        raise ValueError(f"name: expected part of a gesture's name such as 'fist', got {containing!r}.")
    return names


def gesture_sheet(names: Sequence[str], tile_size: int = 120, columns: int | None = None) -> np.ndarray:
    """Draws gestures, under a heading for each family.

    Args:
        names: of the gestures.
        tile_size: side of each picture, pixels.
        columns: pictures in a row; None makes the sheet about square.

    Returns:
        `(height, width, 3)` uint8 RGB.
    """
    for name, value in (("tile_size", tile_size), ("columns", columns)):
        if value is not None and value < 1:
            raise ValueError(f"{name}: expected at least 1, got {value}.")
    columns = max(1, round(1.15 * len(names) ** 0.5)) if columns is None else columns
    draw = _Drawer(tile_size)
    strips = []
    for family in FAMILIES:
        members = [name for name in names if FAMILY_OF[name] == family]
        if not members:
            continue
        strips.append(_text(f"{family} ({len(members)})", columns * tile_size, _HEADING_PX, 0.5))
        for start in range(0, len(members), columns):
            tiles = [draw(name) for name in members[start : start + columns]]
            tiles += [np.full_like(tiles[0], BACKGROUND)] * (columns - len(tiles))
            strips.append(np.concatenate(tiles, axis=1))
    return np.concatenate(strips)


class _Drawer:
    """Draws single gestures, `(tile_size + lines of text, tile_size, 3)` uint8."""

    def __init__(self, tile_size: int):
        self._size = tile_size
        self._template = HandTemplate.load()
        self._rig = HandRig(self._template)
        self._untangle = Untangler(self._template, self._rig, SelfCollision(self._template))
        on_hand = self._template.surface_labels[self._template.surface_faces] != LABELS.index("forearm")
        self._faces = self._template.surface_faces[on_hand.all(axis=1)]

    def __call__(self, name: str) -> np.ndarray:
        _, posed, _ = self._untangle(anatomical(gesture(name).angles()))
        drawn = posed.surface_vertices[self._faces].reshape(-1, 3)
        middle = (drawn.min(axis=0) + drawn.max(axis=0)) / 2
        radius = max(_LEAST_RADIUS_MM, np.linalg.norm(drawn - middle, axis=1).max())
        picture = draw_view(posed.surface_vertices, self._faces, self._size, _VIEW_DEG, frame=(middle, radius))
        lines = textwrap.wrap(name.replace("_", " "), max(self._size // 6, 4), max_lines=2, placeholder="..")
        lines += [""] * (2 - len(lines))
        return np.concatenate([picture, *(_text(line, self._size, _TEXT_PX, 0.3) for line in lines)])


def _text(line: str, width: int, height: int, scale: float) -> np.ndarray:
    strip = np.full((height, width, 3), BACKGROUND, np.uint8)
    cv2.putText(strip, line, (3, height - 3), cv2.FONT_HERSHEY_SIMPLEX, scale, (20, 20, 30), 1, cv2.LINE_AA)
    return strip
