"""Arms that are covered: behind the hand, and no joint with them."""

from __future__ import annotations

import numpy as np
import pytest

from tfhand.data.augment import AugmentConfig, crop
from tfhand.data.cover_arm import cover_arm

SIZE = 100


@pytest.fixture
def hand() -> np.ndarray:
    """(21, 2) joints of a hand that points up, its wrist at the bottom."""
    fingers = [[u, 0.5 - 0.1 * number] for u in (0.3, 0.4, 0.45, 0.55, 0.6) for number in range(4)]
    return np.array([[0.5, 0.6], *fingers])


def test_what_lies_behind_the_wrist_is_covered_and_no_joint(rng, hand) -> None:
    image = rng.integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    before = image.copy()
    changed = np.zeros((SIZE, SIZE))
    for _ in range(60):
        change = (cover_arm(image, hand, rng, 127) != before).any(axis=-1)
        rows, columns = np.nonzero(change)
        assert len(rows) and rows.min() >= 40
        u, v = hand.T
        assert not change[(v * SIZE).astype(int), (u * SIZE).astype(int)].any()
        changed += change
    np.testing.assert_array_equal(image, before)
    assert (changed[95] > 50).mean() > 0.8  # nearly always to the border


def test_it_turns_with_the_hand(rng, hand) -> None:
    image = rng.integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    for _ in range(20):
        change = (cover_arm(image, 1 - hand[:, ::-1], rng, 127) != image).any(axis=-1)  # it points right
        assert np.nonzero(change)[1].max() <= 60


def test_augmentation_covers_as_many_as_it_is_told(sample_factory) -> None:
    sample = sample_factory(3)
    still = dict(rotation_deg=0.0, scale=(1.0, 1.0), shift=0.0, background_probability=0.0, reflect_probability=0.0, erase_probability=0.0)
    images = {}
    for share in (0.0, 0.5, 1.0):
        config = AugmentConfig(**still, cover_arm_probability=share)
        images[share] = [crop(sample, 64, config, np.random.default_rng(seed))["image"] for seed in range(40)]
    # Where the arm lies outside the crop there is nothing to cover.
    half, whole = (sum(map(np.any, np.not_equal(images[0.0], images[share]))) for share in (0.5, 1.0))
    assert 5 < half < whole
