from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from safetensors.numpy import load, save

from tfhand.data.sample import decode, encode


def test_round_trip(sample_factory):
    sample = sample_factory(3)
    back = decode(encode(sample))
    for field in ("intrinsics", "box", "joints_mm", "vertices_mm", "alpha", "hand_alpha", "joint_visible"):
        np.testing.assert_array_equal(getattr(back, field), getattr(sample, field))
    assert np.abs(back.image.astype(int) - sample.image).mean() < 4
    assert np.abs(back.depth_mm - sample.depth_mm).max() < 0.051
    assert np.abs(back.scene_depth_mm - sample.scene_depth_mm).max() < 0.251
    hand = back.depth_mm > 0
    np.testing.assert_array_equal(back.scene_depth_mm[hand], back.depth_mm[hand])
    assert back.joint_visible.dtype == bool
    assert (back.side, back.seed, back.name) == (sample.side, 3, "sample 3")
    assert back.root_depth_mm == sample.root_depth_mm and back.hand_scale_mm == sample.hand_scale_mm
    assert back.extras.keys() == sample.extras.keys() and back.extras["skin"] == "dark"
    np.testing.assert_array_equal(back.extras["shape"], sample.extras["shape"])


OPTIONAL = ("vertices_mm", "alpha", "hand_alpha", "depth_mm", "scene_depth_mm", "joint_visible", "seed")


@pytest.mark.parametrize("missing", [OPTIONAL, *((name,) for name in OPTIONAL)])
def test_what_a_sample_has_not_is_none_again(sample_factory, missing):
    sample = dataclasses.replace(sample_factory(1), **dict.fromkeys(missing))
    back = decode(encode(sample))
    assert [name for name in OPTIONAL if getattr(back, name) is None] == [name for name in OPTIONAL if name in missing]
    if "depth_mm" in missing and sample.scene_depth_mm is not None:
        assert np.abs(back.scene_depth_mm - sample.scene_depth_mm).max() < 0.251


def test_older_files_are_read(sample_factory):
    """Files of before hand_alpha, scene_depth_mm and joint_visible hold these tensors only."""
    sample = sample_factory(2)
    tensors = load(encode(sample))
    for name in ("hand_alpha", "other_depth", "joint_visible"):
        del tensors[name]
    record = {"format": "tfhand.sample.1", "header": {"side": "left", "seed": 2, "name": "old"}, "extras": "{}"}
    old = {name: value for name, value in tensors.items() if not name.startswith("extras")}
    back = decode(save(old, {"sample": json.dumps(record)}))
    assert back.hand_alpha is None and back.scene_depth_mm is None and back.joint_visible is None
    np.testing.assert_array_equal(back.alpha, sample.alpha)
    assert np.abs(back.depth_mm - sample.depth_mm).max() < 0.051


def test_equal_samples_give_equal_bytes(sample_factory):
    assert encode(sample_factory(5)) == encode(sample_factory(5))
    assert encode(sample_factory(5)) != encode(sample_factory(6))


def test_fields_can_be_left_undecoded(sample_factory):
    back = decode(encode(sample_factory()), with_depth=False, with_alpha=False)
    assert back.alpha is None and back.hand_alpha is None and back.depth_mm is None and back.scene_depth_mm is None


@pytest.mark.parametrize("length", [0, 40])
@pytest.mark.parametrize("name", ["image", "alpha", "hand_alpha", "depth", "other_depth"])
def test_damaged_pictures_are_no_missing_ones(sample_factory, name, length):
    record = encode(sample_factory())
    metadata = json.loads(record[8 : 8 + int.from_bytes(record[:8], "little")])["__metadata__"]
    tensors = load(record)
    tensors[name] = tensors[name][:length]
    with pytest.raises(ValueError, match=f"data: expected {name} as a whole picture, got {length} bytes"):
        decode(save(tensors, metadata))


def test_protocol_values_win_over_the_joints(sample_factory):
    sample = dataclasses.replace(sample_factory(), root_depth_mm=700.0, hand_scale_mm=50.0)
    back = decode(encode(sample))
    assert (back.root_depth_mm, back.hand_scale_mm) == (700.0, 50.0)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"side": "both"}, "side: expected one of right, left"),
        ({"intrinsics": np.array([np.nan, 1, 1, 1])}, "intrinsics: expected finite"),
        ({"box": np.array([0.0, 0, 0, 10])}, "box: expected positive"),
        ({"joints_mm": np.zeros((20, 3))}, "joints_mm: expected finite"),
        ({"image": np.zeros((4, 4), np.uint8)}, "image: expected"),
        ({"alpha": np.zeros((4, 4), np.uint8)}, "alpha: expected"),
        ({"hand_alpha": np.zeros((4, 4), np.uint8)}, "hand_alpha: expected"),
        ({"alpha": np.ones((240, 320), bool)}, "alpha: expected uint8, 255 on the hand, got bool"),
        ({"hand_alpha": np.ones((240, 320), np.float32)}, "hand_alpha: expected uint8, 255 on the hand, got float32"),
        ({"scene_depth_mm": np.zeros((4, 4), np.float32)}, "scene_depth_mm: expected"),
        ({"depth_mm": np.full((240, 320), np.nan)}, "depth_mm: expected finite z in mm"),
        ({"depth_mm": np.full((240, 320), -1.0)}, "depth_mm: expected finite z in mm"),
        ({"joint_visible": np.zeros(20, bool)}, "joint_visible: expected"),
        ({"vertices_mm": np.zeros((4, 2))}, "vertices_mm: expected"),
    ],
)
def test_bad_fields(sample_factory, change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(sample_factory(), **change)


@pytest.mark.parametrize("data", [b"", b"nonsense", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_bytes_that_are_no_sample(data):
    with pytest.raises(ValueError, match="data: expected an encoded sample"):
        decode(data)


@pytest.mark.parametrize("bad", [object(), np.array(["a", "b"])])
def test_extras_of_another_kind(sample_factory, bad):
    with pytest.raises(ValueError, match="extras: expected"):
        encode(dataclasses.replace(sample_factory(), extras={"bad": bad}))


def test_numbers_of_numpy_are_numbers(sample_factory):
    sample = dataclasses.replace(sample_factory(), extras={"length": np.float32(0.5), "count": np.int64(3)})
    assert decode(encode(sample)).extras == {"length": 0.5, "count": 3}


@pytest.mark.parametrize("name", ["alpha", "hand_alpha"])
def test_masks_of_0_and_1_are_refused_before_they_are_stored(sample_factory, name):
    sample = sample_factory()
    mask = np.zeros(sample.image.shape[:2], np.uint8)
    mask[:20, :20] = 1
    with pytest.raises(ValueError, match=f"{name}: expected 255 on the hand, got a mask of 0 and 1"):
        encode(dataclasses.replace(sample, **{name: mask}))
    mask[:20, :20] = 255
    np.testing.assert_array_equal(getattr(decode(encode(dataclasses.replace(sample, **{name: mask}))), name), mask)


def test_a_damaged_header_is_an_error_of_value(sample_factory):
    data = encode(sample_factory())
    size = int.from_bytes(data[:8], "little")
    rng, refused = np.random.default_rng(0), 0
    for place, bit in zip(rng.integers(8, 8 + size, 200), rng.integers(0, 8, 200)):
        damaged = bytearray(data)
        damaged[place] ^= 1 << bit
        try:
            decode(bytes(damaged))
        except ValueError:
            refused += 1
    assert refused > 50
