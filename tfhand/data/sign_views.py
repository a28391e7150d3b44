"""Plain crops for telling how well a network knows whether there is a hand, and of which side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tfhand.data.augment import Backgrounds, crop
from tfhand.data.sample import HandSample
from tfhand.data.without_hand import without_hand

#: Seed of the crops without a hand, unlike any sensible seed of a training.
_SEED = 1_000_033


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
        batch = []
        for index in range(start, min(start + batch_size, len(dataset))):
            changed = without_hand(dataset[index], np.random.default_rng([_SEED, index]), backgrounds)
            batch.append(crop(changed, size, hand_side=hand_side)["image"])
        yield np.stack(batch)
