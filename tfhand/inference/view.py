"""What the network sees of a photograph that has no labels."""

from __future__ import annotations

import numpy as np

from tfhand.constants import CANONICAL_SIDE, DEPTH_AXES, NUM_JOINTS
from tfhand.data import HandSample, crop


def network_view(
    image: np.ndarray,
    box: np.ndarray,
    side: str,
    intrinsics: np.ndarray,
    size: int,
    hand_side: str = CANONICAL_SIDE,
    depth_axis: str = DEPTH_AXES[0],
) -> tuple[np.ndarray, np.ndarray]:
    """Crops a photograph, mirrored for the hand that the network does not know, as training and evaluation do.

    Args:
        image: (H, W, 3) uint8 RGB.
        box: (4,) crop `x, y, w, h`, pixels of `image`.
        side: which hand it shows, "right" or "left".
        intrinsics: (4,) `fx, fy, u0, v0`, pixels of `image`.
        size: side of the crop, pixels.
        hand_side: the side that the network knows.
        depth_axis: what its depths run along, "camera" or "crop".

    Returns:
        Crop (size, size, 3) uint8, and its camera vector (7,) float32 (`tfhand.geometry`) but for root depth and hand
        scale, which are not known yet.
    """
    # Joints at a unit distance on the axis stand in for labels and are not read.
    axis = np.tile(np.array([0, 0, 1], np.float32), (NUM_JOINTS, 1))
    sample = HandSample(image, intrinsics, box, side, axis, root_depth_mm=1.0, hand_scale_mm=1.0)
    view = crop(sample, size, hand_side=hand_side, depth_axis=depth_axis)
    return view["image"], view["camera"]
