"""The part of a large photograph that training can ever see."""
from __future__ import annotations

import dataclasses

import numpy as np

from tfhand.data.sample import PIXEL_FIELDS, HandSample
from tfhand.geometry import square_box

#: Sides of the box that are kept: those of the largest crop that `AugmentConfig` makes by default, turned by 45 degrees
#: and shifted, 1.2 * 1.41 + 0.16, and a little more.
KEPT_SIDES = 2.0


def around_hand(sample: HandSample, sides: float = KEPT_SIDES) -> HandSample:
    """The same sample in a smaller picture: whole pixels are cut off, so no label loses anything.

    Args:
        sample: `image` and maps of (H, W); its box decides.
        sides: side of the square that is kept, in sides of the box; what of it lies beyond the image isn't added.

    Returns:
        The sample with smaller pixel labels, and `intrinsics` and `box` in their pixels. Where nothing can be cut off, or
        the box doesn't touch the image, the sample itself.
    """
    height, width = sample.image.shape[:2]
    x, y, w, h = square_box(sample.box, sides).astype(np.float64)
    left, top = np.clip(np.floor([x, y]), 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil([x + w, y + h]), 0, (width, height)).astype(int)
    if right <= left or bottom <= top or (right - left, bottom - top) == (width, height):
        return sample
    part = np.s_[top:bottom, left:right]
    pixels = {name: getattr(sample, name) for name in ("image", *PIXEL_FIELDS)}
    return dataclasses.replace(
        sample,
        intrinsics=sample.intrinsics - np.array([0, 0, left, top], np.float32),
        box=sample.box - np.array([left, top, 0, 0], np.float32),
        **{name: np.ascontiguousarray(value[part]) for name, value in pixels.items() if value is not None},
    )
