"""Crops that surely hold no hand, made from samples that do."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import cv2
import numpy as np

from tfhand.data.augment import Backgrounds
from tfhand.data.photometric import blend_background
from tfhand.data.sample import HANDS_SEEN, HandSample
from tfhand.geometry import project, square_box

#: Sides of a crop that augmentation may look at: 1.2 * 1.41 + 0.16, see `AugmentConfig`.
_REACH = 1.9
#: Of the pixels of a crop beside the hand, and of the hand's, this share may still be hand; and this share of the crop
#: is image.
_CROP_SHARE, _HAND_SHARE, _INSIDE = 0.02, 0.1, 0.8
#: Sides of a crop beside the hand, and of one around a hand that is too far away: in sides of that hand's own box.
_BESIDE, _FAR = (0.25, 1.2), (4.0, 6.0)
_TRIES = 24
#: What is left of a scene without its hand is looked at closely from this share of the box on, in squares of these sides.
_LEFT_SHARE, _CLOSER = 0.02, (0.4, 1.0)


def without_hand(
    sample: HandSample, rng: np.random.Generator, backgrounds: Backgrounds | None = None, kind: str | None = None
) -> HandSample:
    """The sample changed so that its box holds no hand, not even once augmentation has turned and shifted it.

    The kinds, all equally likely where they can be made:

    - "picture": another picture alone;
    - "beside": a smaller or larger square beside the hand, half of them on the arm or a thing that is held;
    - "cut_out": hand cut out, another picture behind what is left (arm, sleeve, rings, things), half of them a closer look
      at that;
    - "covered": hand under a blot of its own colours, which leaves arm and background;
    - "far": hand and arm before another picture, so far away that the crop is four to six times too large.

    Where another hand is seen too (`HANDS_SEEN` of its `extras`), it is "picture", or without backgrounds "covered": the
    others would show that one.

    Pieces of hands that a network could rightly be unsure of, and hands cut in half, are not among them.

    Args:
        sample: with a hand. Where it lies says `hand_alpha`, or without that its joints.
        rng: source of randomness.
        backgrounds: where other pictures come from; None leaves out the kinds that need one.
        kind: one of `KINDS`; None draws one.

    Returns:
        The sample with another `image`, `box`, `alpha`; `hand_alpha` None. All other labels are as before and say
        nothing of what is seen.

    Raises:
        ValueError: an unknown kind, or one that can't be made of this sample.
    """
    if kind is not None:
        if kind not in KINDS:
            raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}.")
        made = KINDS[kind](sample, rng, backgrounds)
        if made is None:
            raise ValueError(f"kind: {kind!r} can't be made of sample {sample.name!r}.")
        return made
    if sample.extras.get(HANDS_SEEN, 1) > 1:
        return _picture(sample, rng, backgrounds) or _covered(sample, rng, backgrounds)
    for number in rng.permutation(len(KINDS)):
        made = list(KINDS.values())[number](sample, rng, backgrounds)
        if made is not None:
            return made
    raise AssertionError("'covered' can always be made")


def hand_mask(sample: HandSample) -> np.ndarray:
    """Where the hand is seen: (H, W) uint8, 255 on it. Without `hand_alpha`, the convex hull of its joints, grown by half
    a hand scale, which covers the flesh about them."""
    if sample.hand_alpha is not None:
        return sample.hand_alpha
    uv = project(sample.joints_mm.astype(np.float64), sample.intrinsics)
    grown = 0.5 * sample.hand_scale_mm / sample.root_depth_mm * float(sample.intrinsics[0])
    return _grow(_filled_hull(uv, sample.image.shape[:2]), grown)


def _picture(sample: HandSample, rng: np.random.Generator, backgrounds: Backgrounds | None) -> HandSample | None:
    if backgrounds is None:
        return None
    return _changed(sample, image=backgrounds.sample(rng, sample.image.shape[:2]), alpha=None)


def _beside(sample: HandSample, rng: np.random.Generator, backgrounds: Backgrounds | None) -> HandSample | None:
    del backgrounds
    height, width = sample.image.shape[:2]
    hand = (hand_mask(sample) > 0).astype(np.uint8)
    sums = cv2.integral(hand)
    on_things = np.argwhere((sample.alpha > 127) & (hand == 0)) if sample.alpha is not None else np.zeros((0, 2))
    for _ in range(_TRIES):
        side = float(max(sample.box[2:])) * np.exp(rng.uniform(*np.log(_BESIDE)))
        centre = rng.uniform((0, 0), (width, height))
        if len(on_things) and rng.random() < 0.5:
            centre = on_things[rng.integers(len(on_things))][::-1] + 0.5
        box = square_box(np.array([*(centre - side / 2), side, side]))
        x, y, reach, _ = square_box(box, _REACH)
        left, right = np.clip([x, x + reach], 0, width).round().astype(int)
        top, bottom = np.clip([y, y + reach], 0, height).round().astype(int)
        seen = int(sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left])
        if seen <= _HAND_SHARE * sums[-1, -1] and seen <= _CROP_SHARE * side**2 and _inside(box, width, height) > _INSIDE:
            return _changed(sample, box=box)
    return None


def _cut_out(sample: HandSample, rng: np.random.Generator, backgrounds: Backgrounds | None) -> HandSample | None:
    if backgrounds is None or sample.alpha is None or sample.hand_alpha is None:
        return None
    hand = _grow(sample.hand_alpha, 0.02 * float(max(sample.box[2:])))
    alpha = np.minimum(sample.alpha, 255 - hand)
    image = blend_background(sample.image, alpha, backgrounds.sample(rng, alpha.shape))
    left = np.argwhere(alpha > 127)
    box = sample.box
    if len(left) > _LEFT_SHARE * float(box[2] * box[3]) and rng.random() < 0.5:
        side = float(max(box[2:])) * rng.uniform(*_CLOSER)
        box = np.array([*(left[rng.integers(len(left))][::-1] + 0.5 - side / 2), side, side], np.float32)
    return _changed(sample, image=image, alpha=alpha, box=box)


def _covered(sample: HandSample, rng: np.random.Generator, backgrounds: Backgrounds | None) -> HandSample:
    del backgrounds
    hand, side = hand_mask(sample), float(max(sample.box[2:]))
    blot = _grow(_filled_hull(np.argwhere(hand > 0)[:, ::-1], hand.shape), 0.03 * side)
    # Colours of the hand alone, smooth over an eighth of the box or more: no finger is left. Made at a small size.
    small = tuple(max(round(length * 32 / side), 1) for length in hand.shape[::-1])
    weight = cv2.resize(hand, small, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    colours = cv2.resize(sample.image, small, interpolation=cv2.INTER_AREA).astype(np.float32) * weight[..., None]
    sigma = 32 * rng.uniform(0.12, 0.3)
    weight, colours = (cv2.GaussianBlur(values, (0, 0), sigma) for values in (weight, colours))
    smooth = colours / np.maximum(weight, 1e-6)[..., None]
    smooth = cv2.resize(np.clip(smooth, 0, 255), hand.shape[::-1], interpolation=cv2.INTER_LINEAR)
    smooth += rng.normal(0, rng.uniform(0, 4), smooth.shape)  # as smooth as its surroundings or a little less
    edge = cv2.GaussianBlur(blot, (0, 0), max(rng.uniform(0.005, 0.04) * side, 0.5)).astype(np.float32)[..., None] / 255
    image = sample.image + (np.clip(smooth, 0, 255) - sample.image) * edge
    alpha = None if sample.alpha is None else np.maximum(sample.alpha, blot)
    return _changed(sample, image=np.rint(image).astype(np.uint8), alpha=alpha)


def _far(sample: HandSample, rng: np.random.Generator, backgrounds: Backgrounds | None) -> HandSample | None:
    if backgrounds is None or sample.alpha is None:
        return None
    height, width = sample.alpha.shape
    factor = 1 / rng.uniform(*_FAR)
    size = (max(round(width * factor), 1), max(round(height * factor), 1))
    image, alpha = (cv2.resize(value, size, interpolation=cv2.INTER_AREA) for value in (sample.image, sample.alpha))
    behind = backgrounds.sample(rng, (height, width)).copy()
    x, y, w, h = sample.box
    # Anywhere in the box, as far as that lies in the image.
    low = np.clip([x, y], 0, (width - size[0], height - size[1]))
    high = np.clip([x + w - size[0], y + h - size[1]], low, (width - size[0], height - size[1]))
    left, top = rng.uniform(low, high).astype(int)
    part = np.s_[top : top + size[1], left : left + size[0]]
    behind[part] = blend_background(image, alpha, behind[part])
    return _changed(sample, image=behind, alpha=None)


#: Ways to take the hand away, by name; each gives None where it can't be done.
KINDS: dict[str, Callable[[HandSample, np.random.Generator, Backgrounds | None], HandSample | None]] = {
    "picture": _picture,
    "beside": _beside,
    "cut_out": _cut_out,
    "covered": _covered,
    "far": _far,
}


def _changed(sample: HandSample, **fields: np.ndarray | None) -> HandSample:
    return dataclasses.replace(sample, hand_alpha=None, **fields)


def _inside(box: np.ndarray, width: int, height: int) -> float:
    """Share of a square box that lies in an image."""
    x, y, side, _ = box
    across = min(x + side, width) - max(x, 0)
    down = min(y + side, height) - max(y, 0)
    return float(max(across, 0) * max(down, 0) / side**2)


def _filled_hull(points: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(H, W) uint8: 255 in the convex hull of points (N, 2), pixels."""
    mask = np.zeros(shape, np.uint8)
    if len(points):
        hull = cv2.convexHull(np.clip(np.floor(points), -30000, 30000).astype(np.int32))
        cv2.fillConvexPoly(mask, hull, 255)
    return mask


def _grow(mask: np.ndarray, radius: float) -> np.ndarray:
    """A mask grown by `radius` pixels on every side, at least one."""
    reach = max(int(np.ceil(radius)), 1)
    return cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)))
