"""Plain crops for telling how well a network knows whether there is a hand, and of which side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tfhand.data.augment import Backgrounds, crop
from tfhand.data.sample import HandSample
from tfhand.data.without_hand import without_hand

#: Seed of the crops without a hand, unlike any sensible seed of a training.
_SEED = 1_000_033


def negative_crop(
    sample: HandSample, index: int, size: int, hand_side: str, backgrounds: Backgrounds | None
) -> np.ndarray:
    """One crop without a hand made from a sample, always the same one: (size, size, 3) uint8.

    Args:
        sample: best with `hand_alpha` and `alpha`.
        index: its place in the dataset, which the crop is drawn by.
        size: side of the crop, pixels.
        hand_side: the side that the network knows.
        backgrounds: see `tfhand.data.without_hand`.
    """
    changed = without_hand(sample, np.random.default_rng([_SEED, index]), backgrounds)
    return crop(changed, size, hand_side=hand_side)["image"]


def negative_crops(
    dataset: Sequence[HandSample], size: int, hand_side: str, backgrounds: Backgrounds | None, batch_size: int = 16
) -> Iterator[np.ndarray]:
    """One crop without a hand made from each sample, always the same ones.

    Args:
        dataset: `__len__` and `__getitem__` to samples; best with `hand_alpha` and `alpha`.
        size: side of the crops, pixels.
        hand_side: the side that the network knows.
        backgrounds: see `tfhand.data.without_hand`.
        batch_size: crops at once; the last batch may be smaller.

    Yields:
        (B, size, size, 3) uint8.
    """
    for start in range(0, len(dataset), batch_size):
        indices = range(start, min(start + batch_size, len(dataset)))
        yield np.stack([negative_crop(dataset[index], index, size, hand_side, backgrounds) for index in indices])
