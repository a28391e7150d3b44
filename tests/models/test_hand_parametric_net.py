"""The network that regresses shape and pose of the rig: shapes, start, gradients, weights that it takes over."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
from keras import ops

from tests.models.test_options import TINY, build, image, topology  # noqa: F401
from tfhand.layers import RigLayer, rig_arrays
from tfhand.layers.crop_view import CropView
from tfhand.mesh import HandTemplate
from tfhand.models import HandJointNet, HandParametricNet, build_network
from tfhand.models.given_heatmaps import GivenHeatmaps
from tfhand.models.stage_configs import JointConfig

TINY_RIG = dataclasses.replace(TINY, name="paper-parametric", pipeline="parametric", joints=JointConfig((8, 6), True))


@pytest.fixture(scope="module")
def hand() -> HandTemplate:
    return HandTemplate.load()


def make(hand: HandTemplate, readout: str | None = None) -> HandParametricNet:
    """The tiny network; its last layer isn't left at zeros, so that images matter."""
    keras.utils.set_random_seed(4)
    model = HandParametricNet(TINY_RIG, rig_arrays(hand), hand.shape_ranges, hand.faces, readout)
    kernel = model.pose_stage.get_layer("rig_fc_2").kernel
    kernel.assign(0.3 * np.random.default_rng(2).normal(size=kernel.shape))
    return model


def test_mobile_shapes_and_start(mobile, hand) -> None:
    model = build_network("mobile-parametric", template=hand)
    shapes = {key: value.shape for key, value in model.output.items()}
    assert shapes == {
        "heatmaps_1": (None, 40, 40, 21), "vertices_uvd": (None, 999, 3), "joints_uvd_mesh": (None, 21, 3),
        "joints_uvd": (None, 21, 3),
    }  # fmt: skip
    assert isinstance(model, HandParametricNet) and (model.num_vertices, model.faces.shape) == (999, hand.faces.shape)
    for stage in ("heatmap_stage", "mesh_stage"):
        found = {weight.path: tuple(weight.shape) for weight in getattr(model, stage).weights}
        whole = {weight.path: tuple(weight.shape) for weight in getattr(mobile, stage).weights}
        assert found.items() <= whole.items() and len(found) > 20
    found = model.predict(np.zeros((1, 160, 160, 3), np.uint8), verbose=0)
    np.testing.assert_allclose(found["joints_uvd_mesh"][0, 0], [0.5, 0.5, 0], atol=1e-6)
    posed = hand.pose(shape=hand.shape_ranges.mean(axis=1))
    scale = np.linalg.norm(posed.joints[10] - posed.joints[9])
    np.testing.assert_allclose(found["vertices_uvd"][0, :, 2], posed.vertices[:, 2] / scale, atol=1e-4)


def test_hand_is_that_of_the_layers_values(hand, image) -> None:  # noqa: F811
    model = make(hand)
    features = model.heatmap_stage.predict(image, verbose=0)
    features["heatmaps"] = features["heatmaps_1"]
    latent = model.mesh_stage.predict({name: features[name] for name in model.mesh_stage.input}, verbose=0)
    values = keras.Model(model.pose_stage.input, model.pose_stage.get_layer("rig_fc_2").output).predict(latent, verbose=0)
    low, high = hand.shape_ranges.T
    shape = low + (high - low) * (np.tanh(values[:, :16]) + 1) / 2
    points = RigLayer(rig_arrays(hand))([shape, values[:, 16:76].reshape(-1, 20, 3)])
    expected = ops.convert_to_numpy(CropView()([points, values[:, 76:]]))
    found = model.predict(image, verbose=0)
    np.testing.assert_allclose(found["vertices_uvd"], expected[:, :-21], atol=1e-4)
    np.testing.assert_allclose(found["joints_uvd_mesh"], expected[:, -21:], atol=1e-4)
    np.testing.assert_array_equal(found["joints_uvd"], found["joints_uvd_mesh"])
    assert np.abs(found["vertices_uvd"][0] - found["vertices_uvd"][1]).max() > 1e-3
    other = make(hand, "heatmap").predict(image, verbose=0)["joints_uvd"]
    np.testing.assert_allclose(other[..., 2], found["joints_uvd"][..., 2], atol=1e-6)
    assert np.abs(other[..., :2] - found["joints_uvd"][..., :2]).max() > 1e-3


def test_gradients_reach_every_weight(hand, image) -> None:  # noqa: F811
    if keras.backend.backend() != "tensorflow":
        pytest.skip("takes gradients by TensorFlow's tape")
    import tensorflow as tf

    model = make(hand)
    with tf.GradientTape() as tape:
        outputs = model(image, training=True)
        loss = sum(ops.sum(ops.square(outputs[name])) for name in ("vertices_uvd", "joints_uvd_mesh", "heatmaps_1"))
    gradients = tape.gradient(loss, model.trainable_weights)
    silent = [
        weight.path for weight, gradient in zip(model.trainable_weights, gradients, strict=True)
        if gradient is None or not np.abs(gradient.numpy()).max() > 0
    ]  # fmt: skip
    assert [path for path in silent if not path.endswith("bias")] == []


def test_weights_and_config_round_trip(hand, topology, image, tmp_path) -> None:  # noqa: F811
    model = make(hand)
    whole = build(topology)
    whole.save_preset_weights(tmp_path / "whole.safetensors")
    before = [np.array(ops.convert_to_numpy(weight)) for weight in model.pose_stage.weights]
    model.load_preset_weights(tmp_path / "whole.safetensors")
    for weight, value in zip(model.pose_stage.weights, before, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(weight), value)
    for weight, value in zip(model.heatmap_stage.weights, whole.heatmap_stage.get_weights(), strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(weight), value)
    found = model.predict(image, verbose=0)
    model.save(tmp_path / "rig.keras")
    model.save_preset_weights(tmp_path / "own.safetensors")
    again = keras.saving.load_model(tmp_path / "rig.keras")
    np.testing.assert_allclose(again.predict(image, verbose=0)["vertices_uvd"], found["vertices_uvd"], atol=1e-6)
    model.set_weights([np.zeros_like(value) for value in model.get_weights()])
    model.load_preset_weights(tmp_path / "own.safetensors")
    for weight, value in zip(model.weights, again.get_weights(), strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(weight), value)
    np.testing.assert_array_equal(again.faces, hand.faces)
    with pytest.raises(ValueError, match="weights must be of preset"):
        whole.load_preset_weights(tmp_path / "own.safetensors")
    with pytest.raises(ValueError, match="must be of the pipeline 'joints'; HandParametricNet builds it"):
        HandJointNet(TINY_RIG)
    with pytest.raises(ValueError, match="network: expected one with a Graph CNN, got HandParametricNet"):
        GivenHeatmaps(model)
    with pytest.raises(ValueError, match="signs: expected False or None with preset 'mobile-parametric'"):
        build_network("mobile-parametric", signs=True)
