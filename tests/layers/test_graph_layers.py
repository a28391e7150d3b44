"""Tree upsampling and pooling, masks, orders of vertices and anchors against loops."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.layers.checks import check_layer, run
from tfhand.layers import GatherVertices, JointAnchors, TreePool, TreeUpsample, VertexMask
from tfhand.layers.array_codec import decode_array, encode_array


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_upsampling_gives_parents_features_to_children(rng, levels) -> None:
    x = rng.normal(size=(2, 5, 3)).astype("float32")
    found = run(TreeUpsample(levels), x)
    for child in range(5 * 2**levels):
        parent = child
        for _ in range(levels):
            parent //= 2
        np.testing.assert_array_equal(found[:, child], x[:, parent])
    assert found.shape == (2, 5 * 2**levels, 3)


@pytest.mark.parametrize("mode", ["max", "mean"])
@pytest.mark.parametrize("levels", [1, 2])
def test_pooling_takes_children_level_by_level(rng, levels, mode) -> None:
    expected = x = rng.normal(size=(2, 8, 3)).astype("float32")
    for _ in range(levels):
        pairs = [expected[:, p : p + 2] for p in range(0, expected.shape[1], 2)]
        expected = np.stack([getattr(pair, mode)(axis=1) for pair in pairs], axis=1)
    np.testing.assert_allclose(run(TreePool(levels, mode), x), expected, rtol=1e-6, atol=1e-6)


def test_mask_silences_fakes(rng) -> None:
    x = rng.normal(size=(2, 4, 3)).astype("float32")
    mask = [True, False, True, False]
    found = run(VertexMask(mask), x)
    assert not found[:, [1, 3]].any()
    np.testing.assert_array_equal(found[:, [0, 2]], x[:, [0, 2]])


def test_gather_orders_vertices_and_fills_with_zeros(rng) -> None:
    x = rng.normal(size=(2, 4, 3)).astype("float32")
    found = run(GatherVertices([3, -1, 0, 0]), x)
    for place, vertex in enumerate([3, -1, 0, 0]):
        np.testing.assert_array_equal(found[:, place], x[:, vertex] if vertex >= 0 else np.zeros((2, 3)))


def test_anchors_are_the_weighted_joints(rng) -> None:
    weights = rng.uniform(size=(6, 4)).astype("float32")
    joints = rng.normal(size=(2, 4, 3)).astype("float32")
    expected = np.zeros((2, 6, 3))
    for place in range(6):
        for joint in range(4):
            expected[:, place] += weights[place, joint] * joints[:, joint]
    np.testing.assert_allclose(run(JointAnchors(weights), joints), expected, rtol=1e-5, atol=1e-5)


def test_behave_as_layers(rng) -> None:
    x = rng.normal(size=(3, 8, 4)).astype("float32")
    check_layer(lambda **kw: TreeUpsample(2, **kw), x)
    check_layer(lambda **kw: TreePool(1, "mean", **kw), x)
    check_layer(lambda **kw: TreePool(2, "max", **kw), x)
    check_layer(lambda **kw: VertexMask([True, False] * 4, **kw), x)
    check_layer(lambda **kw: GatherVertices([7, -1, 2], **kw), x)
    check_layer(lambda **kw: JointAnchors(rng.uniform(size=(5, 8)), **kw), x)


def test_coordinates_stay_float32_under_a_16_bit_policy() -> None:
    layer = JointAnchors(np.eye(3), dtype="mixed_bfloat16")
    assert keras.backend.standardize_dtype(layer(np.ones((1, 3, 2), "float32")).dtype) == "float32"


@pytest.mark.parametrize("dtype", ["float32", "int32", "uint16", "bool"])
def test_arrays_survive_configs(rng, dtype) -> None:
    array = (rng.normal(size=(3, 4)) * 100).astype(dtype)
    again = decode_array(encode_array(array))
    assert again.dtype == array.dtype
    np.testing.assert_array_equal(again, array)


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="levels must be at least 1, got 0"):
        TreeUpsample(0)
    with pytest.raises(ValueError, match="'max', 'mean'.*got 'sum'"):
        TreePool(2, "sum")
    with pytest.raises(ValueError, match="divisible by 4, got 6"):
        TreePool(2)(keras.Input((6, 2)))
    with pytest.raises(ValueError, match="3 places as the mask has, got 4"):
        VertexMask([True, True, False])(keras.Input((4, 2)))
    with pytest.raises(ValueError, match="more than 7 vertices"):
        GatherVertices([7])(keras.Input((7, 2)))
    with pytest.raises(ValueError, match="4 joints, got 5"):
        JointAnchors(np.ones((6, 4)))(keras.Input((5, 2)))
    with pytest.raises(ValueError, match="shape, zlib|are missing"):
        decode_array({"dtype": "float32"})
