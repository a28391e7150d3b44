"""Crop boxes: `x, y, w, h` in continuous pixels of the full image (see `tfhand.geometry.camera`)."""

from __future__ import annotations

import numpy as np

#: How much larger than the hand's own bounding box a crop is made.
DEFAULT_EXPAND = 1.5


def square_box_around(points: np.ndarray, expand: float = DEFAULT_EXPAND) -> np.ndarray:
    """Square box around the middle of the points' bounding box.

    Args:
        points: (..., N, 2) pixels of the full image.
        expand: side of the square, in longer sides of the bounding box.

    Returns:
        (..., 4) float32 `x, y, w, h`, pixels; it may reach beyond the image.

    Raises:
        ValueError: a wrong shape, points that are not finite or all the same, or `expand` not positive.
    """
    points = np.asarray(points, np.float64)
    if points.ndim < 2 or points.shape[-1] != 2 or points.shape[-2] == 0:
        raise ValueError(f"points: expected shape (..., N, 2) with N > 0, got {points.shape}.")
    if not np.isfinite(points).all():
        raise ValueError("points: expected finite pixel coordinates, got NaN or infinity among them.")
    low, high = points.min(axis=-2), points.max(axis=-2)
    return square_box(np.concatenate([low, high - low], axis=-1), expand)


def square_box(box: np.ndarray, expand: float = 1.0) -> np.ndarray:
    """Square box with the same centre as `box` and `expand` times its longer side.

    Args:
        box: (..., 4) `x, y, w, h`, pixels; one of the sides may be zero.
        expand: factor on the longer side.

    Returns:
        (..., 4) float32 `x, y, side, side`, pixels.

    Raises:
        ValueError: a wrong shape, values that are not finite, both sides zero, or `expand` not positive.
    """
    box = np.asarray(box, np.float64)
    if box.shape[-1:] != (4,) or not np.isfinite(box).all():
        raise ValueError(f"box: expected finite x, y, w, h of shape (..., 4), got {box.tolist()}.")
    if not (np.isfinite(expand) and expand > 0):
        raise ValueError(f"expand: expected a positive factor, got {expand}.")
    side = box[..., 2:].max(axis=-1, keepdims=True)
    if not (side > 0).all():
        raise ValueError(f"box: expected a positive width or height, got {box.tolist()}.")
    centre = box[..., :2] + box[..., 2:] / 2.0
    side = side * expand
    return np.concatenate([centre - side / 2.0, side, side], axis=-1).astype(np.float32)


def whole_image_box(image_size: tuple[int, int]) -> np.ndarray:
    """The whole image as a square crop, padded on its shorter side.

    Args:
        image_size: `(width, height)` in pixels.

    Returns:
        (4,) float32 `x, y, side, side`; `x` or `y` is negative unless the image is square.

    Raises:
        ValueError: a size that isn't positive.
    """
    width, height = image_size
    if not (width > 0 and height > 0):
        raise ValueError(f"image_size: expected positive width and height, got {tuple(image_size)}.")
    return square_box(np.array([0.0, 0.0, width, height]))


def validate_box(box: np.ndarray, image_size: tuple[int, int] | None = None) -> np.ndarray:
    """Checks a crop box and returns it as floating point (float32, or float64 if it is).

    Args:
        box: (..., 4) `x, y, w, h`, pixels of the full image. It may reach beyond the image.
        image_size: `(width, height)` of the image; if given, the box must overlap it.

    Returns:
        The same values, (..., 4).

    Raises:
        ValueError: a wrong shape, values that are not finite, sides that are not positive, or a box
            that lies outside the image altogether.
    """
    box = np.asarray(box)
    box = box.astype(np.result_type(box.dtype, np.float32), copy=False)
    if box.shape[-1:] != (4,):
        raise ValueError(f"box: expected shape (..., 4) for x, y, w, h, got {box.shape}.")
    if not np.isfinite(box).all():
        raise ValueError(f"box: expected finite x, y, w, h, got {box.tolist()}.")
    if (box[..., 2:] <= 0).any():
        raise ValueError(f"box: expected positive width and height, got {box.tolist()}.")
    if image_size is not None:
        size = np.asarray(image_size, box.dtype)
        if ((box[..., :2] >= size) | (box[..., :2] + box[..., 2:] <= 0)).any():
            raise ValueError(
                f"box: expected x, y, w, h that overlap the image of {image_size[0]} x {image_size[1]} pixels, "
                f"got {box.tolist()}."
            )
    return box
