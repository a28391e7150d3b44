"""The network as it is exported: the same numbers in every form of the graph convolution, folded and with its read-outs."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
import scipy.sparse as sp

from export.contract import GRAPH_FORMS, OUTPUTS
from export.folding import fold_batch_norms
from export.mesh_head import LinearPose, MeshHead
from export.pictures import photograph_crops
from export.served import ServedNetwork
from export.upsampling import DoubledPixels
from export.verify import keras_outputs
from export.windows import WindowedProduct, narrow_order
from tests.export.conftest import tiny_network
from tests.models.test_hand_joint_net import TINY_JOINTS
from tests.models.test_hand_parametric_net import TINY_RIG
from tests.models.test_options import TINY
from tfhand.layers import rig_arrays
from tfhand.mesh import HandTemplate
from tfhand.models import HandJointNet, HandParametricNet


def assert_equal(model, served, images, tolerance=2e-5):
    expected = keras_outputs(model, images)
    found = {name: value.numpy() for name, value in served(images).items()}
    assert list(found) == list(OUTPUTS)
    for name, value in found.items():
        assert value.shape == expected[name].shape and value.dtype == np.float32
        np.testing.assert_allclose(value, expected[name], atol=tolerance * max(np.abs(expected[name]).max(), 1), err_msg=name)
        assert np.ptp(value, axis=0).max() > 1e-5, f"{name} is the same for every image"


@pytest.mark.parametrize("form", GRAPH_FORMS)
def test_served_equals_the_network(tiny, form):
    assert_equal(tiny, ServedNetwork(tiny, form), photograph_crops(tiny.input_size))


@pytest.mark.parametrize(
    "options",
    [
        {"joint_readout": "mesh"},
        {"heatmap_kind": "gaussian", "joint_readout": "mesh"},
        {"pose": dataclasses.replace(TINY.pose, pooling="max", outputs="depth")},
        {"pose": dataclasses.replace(TINY.pose, outputs="depth"), "heatmap_kind": "gaussian"},
        {"mesh": dataclasses.replace(TINY.mesh, hidden_norm=True, filters=((6, 3), (5,)))},
    ],
    ids=["mesh", "gaussian", "max", "depth", "widening"],
)
def test_options_of_presets(topology, options):
    model = tiny_network(topology, **options)
    assert_equal(model, ServedNetwork(model), photograph_crops(model.input_size)[::4])


def test_mobile_preset(mobile):
    assert_equal(mobile.model, ServedNetwork(mobile.model), mobile.images, 1e-4)


def test_networks_without_a_graph_cnn_are_refused():
    with pytest.raises(ValueError, match="expected one that predicts a mesh, got HandJointNet"):
        ServedNetwork(HandJointNet(TINY_JOINTS))
    hand = HandTemplate.load()
    rig = HandParametricNet(TINY_RIG, rig_arrays(hand), hand.shape_ranges, hand.faces)
    with pytest.raises(ValueError, match="expected one with a Graph CNN, got HandParametricNet"):
        ServedNetwork(rig)


def test_unknown_form(tiny):
    with pytest.raises(ValueError, match="graph_form: expected one of windows, dense, gather, got 'sparse'"):
        ServedNetwork(tiny, "sparse")


def test_folding_leaves_only_norms_that_follow_no_layer(mobile):
    stage = mobile.model.heatmap_stage
    folded = fold_batch_norms(stage)
    left = [layer for layer in folded.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert left == [] and any(isinstance(layer, keras.layers.BatchNormalization) for layer in stage.layers)
    images = mobile.images.astype(np.float32) / 255
    for name, value in stage.predict_on_batch(images).items():
        np.testing.assert_allclose(folded.predict_on_batch(images)[name], value, atol=1e-4 * np.abs(value).max(), err_msg=name)


def test_a_norm_whose_input_is_read_elsewhere_stays():
    image = keras.Input((4, 4, 2))
    x = keras.layers.Conv2D(3, 1)(image)
    y = keras.layers.BatchNormalization()(x)
    model = keras.Model(image, keras.layers.Add()([x, y]))
    model.layers[2].set_weights([np.full(3, 2.0), np.full(3, 1.0), np.full(3, 0.5), np.full(3, 4.0)])
    folded = fold_batch_norms(model)
    assert any(isinstance(layer, keras.layers.BatchNormalization) for layer in folded.layers)
    images = np.random.default_rng(0).random((2, 4, 4, 2), np.float32)
    np.testing.assert_allclose(folded.predict_on_batch(images), model.predict_on_batch(images), atol=1e-6)


def test_doubled_pixels():
    images = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype(np.float32)
    np.testing.assert_array_equal(DoubledPixels()(images), images.repeat(2, axis=1).repeat(2, axis=2))


@pytest.mark.parametrize("rows", [None, 1, 7, 64, 1000])
def test_windowed_product(rows):
    rng = np.random.default_rng(0)
    matrix = sp.random(90, 50, 0.05, "csr", np.float32, rng)
    matrix.data[matrix.indptr[13] : matrix.indptr[14]] = 0  # a row and, with one row a block, a block without entries
    x = rng.normal(size=(2, 3, 50)).astype(np.float32)
    product = WindowedProduct(matrix, rows)
    np.testing.assert_allclose(product(x).numpy(), x @ matrix.toarray().T, atol=1e-5)
    assert product.size == 90 * 50 if rows is None else product.size <= 90 * 50


def test_narrow_order_makes_windows_narrow():
    """A ring in random order: far apart before, neighbours after."""
    places = np.random.default_rng(1).permutation(300)
    ring = sp.csr_matrix((np.ones(300), (places, np.roll(places, 1))), shape=(320, 320))
    order = narrow_order(ring + ring.T, np.sort(places))
    assert np.array_equal(np.sort(order), np.sort(places))
    before, after = (WindowedProduct(ring[nodes][:, nodes], 32).size for nodes in (np.sort(places), order))
    assert after < before / 4


def test_shipped_template_s_windows_are_small():
    """What makes exported files small and fast: a twentieth of the full matrix."""
    from tfhand.mesh import HandTemplate

    graph = HandTemplate.load().graph
    order = narrow_order(graph.laplacian(0), np.flatnonzero(graph.mask))
    assert WindowedProduct(graph.laplacian(0)[order][:, order], 64).size < len(order) ** 2 / 5


def test_pose_regressor_is_one_matrix(tiny):
    head = MeshHead(tiny)
    uvd = np.random.default_rng(0).normal(size=(2, tiny.num_vertices, 3)).astype(np.float32)
    expected = tiny.pose_model().predict_on_batch(uvd)
    rows = uvd[:, head.vertex_of_row].transpose(0, 2, 1)
    found = LinearPose(tiny, head.vertex_of_row, depth_only=False)(rows)
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
    depth = LinearPose(tiny, head.vertex_of_row, depth_only=True)(rows)
    np.testing.assert_allclose(depth, expected[..., 2:], atol=1e-4 * np.abs(expected).max())
