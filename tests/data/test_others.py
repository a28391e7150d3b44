"""Batches in which some crops show no hand, or one of the other side."""

from __future__ import annotations

import numpy as np
import pytest

from tfhand.data.augment import AugmentConfig, crop
from tfhand.data.batches import BatchSource
from tfhand.data.others import OthersConfig
from tfhand.data.sample import decode, encode


@pytest.fixture
def dataset(sample_factory):
    return [sample_factory(i, side="left" if i % 2 else "right") for i in range(10)]


class Noise:
    """Pictures that depend on the generator."""

    def sample(self, rng, size):
        return rng.integers(0, 256, (*size, 3), dtype=np.uint8)


def source(dataset, others, **options):
    return BatchSource(dataset, 40, 32, AugmentConfig(), seed=2, backgrounds=Noise(), others=others, **options)


def test_nothing_changes_without_the_option(dataset) -> None:
    """Batches, and within batches with others every crop of a known hand, are those of today, byte for byte."""
    images, targets = source(dataset, None)[3]
    assert set(targets) == {"vertices_uvd", "joints_uvd", "camera"}
    none = source(dataset, OthersConfig(0.0, 0.0))[3]
    np.testing.assert_array_equal(none[0], images)
    assert (none[1]["present"] == 1).all() and (none[1]["known_side"] == 1).all()
    mixed_images, mixed = source(dataset, OthersConfig(0.3, 0.3))[3]
    same = mixed["known_side"] > 0
    assert 5 < same.sum() < 30
    np.testing.assert_array_equal(mixed_images[same], images[same])
    for name, value in targets.items():
        np.testing.assert_array_equal(mixed[name][same], value[same])
    changed = np.abs(mixed_images[~same].astype(int) - images[~same]).reshape(sum(~same), -1).mean(axis=1)
    assert (changed > 0.2).all()


def test_labels_and_shares(dataset) -> None:
    batches = source(dataset, OthersConfig(0.2, 0.3))
    assert batches.target_shapes["present"] == () and batches.target_shapes["known_side"] == ()
    drawn = [batches[i][1] for i in range(12)]
    present, known = (np.concatenate([one[name] for one in drawn]) for name in ("present", "known_side"))
    assert present.dtype == known.dtype == np.float32 and set(present) == set(known) == {0.0, 1.0}
    assert 1 - present.mean() == pytest.approx(0.2, abs=0.06) and present.mean() - known.mean() == pytest.approx(0.3, abs=0.06)
    assert (known <= present).all()
    again = source(dataset, OthersConfig(0.2, 0.3))[5]
    np.testing.assert_array_equal(again[0], batches[5][0])


def test_hands_of_the_other_side_are_mirrored(dataset) -> None:
    plain = BatchSource(dataset, 10, 32, shuffle=False)[0][0]
    other, labels = BatchSource(dataset, 10, 32, shuffle=False, others=OthersConfig(0.0, 1.0))[0]
    np.testing.assert_array_equal(other[3], crop(dataset[3], 32, hand_side="left")["image"])
    assert np.abs(other[:, :, ::-1].astype(int) - plain).mean() < 1.0
    assert (labels["present"] == 1).all() and (labels["known_side"] == 0).all()


def test_tf_data_gives_the_same_labels(dataset) -> None:
    pytest.importorskip("tensorflow")
    from tfhand.data.pipeline import to_tf_dataset

    batches = source(dataset, OthersConfig(0.3, 0.3))
    stream = to_tf_dataset(batches)
    assert stream.element_spec[1]["present"].shape == (40,)
    (_, targets), *_ = stream.take(1)
    for name, value in batches[0][1].items():
        np.testing.assert_array_equal(targets[name].numpy(), value)


def test_hand_masks_are_decoded_where_asked_for(dataset) -> None:
    data = encode(dataset[0])
    assert decode(data, with_depth=False).hand_alpha is None
    found = decode(data, with_depth=False, with_hand_alpha=True)
    np.testing.assert_array_equal(found.hand_alpha, dataset[0].hand_alpha)
    assert found.depth_mm is None


@pytest.mark.parametrize(
    ("shares", "message"),
    [((-0.1, 0), "negatives: expected 0..1, got -0.1"), ((0, 2), "mirrored: expected"), ((0.6, 0.6), "expected 1 at most together")],
)
def test_bad_shares(shares, message) -> None:
    with pytest.raises(ValueError, match=message):
        OthersConfig(*shares)
