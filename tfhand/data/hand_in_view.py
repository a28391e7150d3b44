"""Checks that the labels of a hand belong to its image, before they become a sample."""

from __future__ import annotations

import cv2
import numpy as np

from tfhand.geometry import project, square_box_around

#: Pixels that a visible joint may lie beside the hand's mask.
_MASK_MARGIN = 8


class UnusableSampleError(ValueError):
    """The files are whole, but this sample is of no use: its hand is out of view, or its labels are another image's."""


def box_in_view(name: str, joints_mm: np.ndarray, intrinsics: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """Square box around a hand's projected joints.

    Args:
        name: of the sample, for messages.
        joints_mm: (21, 3) mm, camera frame.
        intrinsics: (4,) pixels.
        image_size: (width, height), pixels.

    Returns:
        (4,) float32 `x, y, w, h`, pixels; it may reach beyond the image.

    Raises:
        UnusableSampleError: a joint is not finite or behind the camera, or all lie outside the image.
    """
    if not np.isfinite(joints_mm).all():
        raise UnusableSampleError(f"{name}: expected finite joints, got NaN or infinity among them.")
    if not (joints_mm[:, 2] > 0).all():
        raise UnusableSampleError(f"{name}: expected joints before the camera, got z = {joints_mm[:, 2].min():g} mm.")
    uv = project(joints_mm, intrinsics)
    if not ((uv >= 0) & (uv < image_size)).all(axis=-1).any():
        raise UnusableSampleError(f"{name}: the hand lies wholly outside the image of {image_size[0]} x {image_size[1]}.")
    return square_box_around(uv)


def check_joints_on_mask(
    name: str, joints_mm: np.ndarray, intrinsics: np.ndarray, mask: np.ndarray, seen: np.ndarray | None = None
) -> None:
    """Most joints that are seen must lie on the hand's mask, or within 8 pixels of it: else the two are out of step.

    Args:
        name: of the sample, for messages.
        joints_mm: (21, 3) mm, camera frame, before the camera.
        intrinsics: (4,) pixels.
        mask: (H, W) uint8, not 0 on the hand.
        seen: (21,) bool, the joints to test; None for those within the image.

    Raises:
        UnusableSampleError: more than half of them are off the mask.
    """
    uv = np.floor(project(joints_mm, intrinsics)).astype(int)
    inside = ((uv >= 0) & (uv < mask.shape[::-1])).all(axis=-1)
    uv = uv[inside if seen is None else inside & seen]
    if len(uv) == 0:
        return
    near = cv2.dilate(mask, np.ones((2 * _MASK_MARGIN + 1,) * 2, np.uint8))
    hits = int((near[uv[:, 1], uv[:, 0]] > 0).sum())
    if 2 * hits < len(uv):
        raise UnusableSampleError(
            f"{name}: {len(uv) - hits} of the {len(uv)} joints in view lie off the hand's mask; "
            "labels and images are out of step."
        )
