from __future__ import annotations

import io

import numpy as np
import pytest

from tfhand.data.sample import decode, encode
from tfhand.data.tfds_records import ARRAYS, IMAGES, STORED, to_example, to_record


def stored(example):
    """What a reader gets back of the features."""
    return {name: value.getvalue() if isinstance(value, io.BytesIO) else value for name, value in example.items()}


@pytest.mark.parametrize("side", ["left", "right"])
def test_record_comes_back_bit_by_bit(sample_factory, side):
    for seed in range(3):
        record = encode(sample_factory(seed, side))
        example = stored(to_example(record))
        assert to_record({name: example[name] for name in STORED}) == record


def test_features_are_those_of_the_sample(sample_factory):
    sample = sample_factory(4)
    example = to_example(encode(sample))
    assert (example["side"], example["seed"], example["name"]) == (sample.side, 4, "sample 4")
    for name, dtype in ARRAYS.items():
        np.testing.assert_array_equal(example[name], getattr(sample, name))
        assert example[name].dtype == dtype
    assert example["image"].getvalue()[:2] == b"\xff\xd8"
    assert all(example[name].getvalue()[1:4] == b"PNG" for name in IMAGES[1:])
    np.testing.assert_array_equal(decode(to_record(stored(example))).extras["shape"], sample.extras["shape"])
