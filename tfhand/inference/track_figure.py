"""The frames of `tfhand video`: the clip with the mesh over it, and the hand from the side."""

from __future__ import annotations

import cv2
import numpy as np

from tfhand.geometry import crop_intrinsics
from tfhand.inference.drawing import BACKGROUND, draw_mesh, draw_view
from tfhand.inference.tracker import TrackedHand

#: Height of the picture, pixels.
PANEL = 480
#: Radius of the ball that fills the second view, in hand scales (about 45 mm): the longest hand's reach from its middle.
_RADIUS_SCALES = 2.8
_COLOURS = {"detected": (255, 208, 64), "tracked": (112, 224, 112), "lost": (255, 112, 96)}


def figure_size(image_size: tuple[int, int], panel: int = PANEL) -> tuple[int, int]:
    """`(width, height)` of the pictures of a clip whose frames are `image_size`, even numbers."""
    width, height = image_size
    return 2 * max(round(min(panel / height, 2 * panel / width) * width / 2), 1) + panel, panel


def track_figure(tracked: TrackedHand, image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Draws a frame.

    Args:
        tracked: what is known of it.
        image: (H, W, 3) uint8 RGB.
        size: `(width, height)` from `figure_size`.

    Returns:
        (height, width, 3) uint8 RGB.
    """
    width, panel = size[0] - size[1], size[1]
    factor = min(panel / image.shape[0], width / image.shape[1])
    shown = (min(max(round(image.shape[1] * factor), 1), width), min(max(round(image.shape[0] * factor), 1), panel))
    photo = cv2.resize(image, shown, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
    hand = tracked.hand
    if hand is None:
        view = np.full((panel, panel, 3), BACKGROUND, np.uint8)
    else:
        whole = np.array([0.0, 0.0, image.shape[1], image.shape[0]])
        photo = draw_mesh(photo, hand.vertices_mm, hand.faces, crop_intrinsics(hand.intrinsics, whole, shown))
        middle = (hand.vertices_mm.min(axis=0) + hand.vertices_mm.max(axis=0)) / 2
        # One scale for the whole clip, so that the hand does not breathe as it opens and closes.
        view = draw_view(hand.vertices_mm, hand.faces, panel, 90.0, frame=(middle, _RADIUS_SCALES * hand.hand_scale_mm))
    left, top = (width - shown[0]) // 2, (panel - shown[1]) // 2
    picture = np.full((panel, width + panel, 3), BACKGROUND, np.uint8)
    picture[top : top + shown[1], left : left + shown[0]] = photo
    picture[:, width:] = view
    label = tracked.state if hand is None else f"{tracked.state}, {hand.side} {tracked.score:.2f}"
    picture[:32, :width] //= 3  # legible on anything
    cv2.putText(picture, label, (10, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, _COLOURS[tracked.state], 1, cv2.LINE_AA)
    return picture
