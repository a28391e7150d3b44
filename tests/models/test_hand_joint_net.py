"""The network without a mesh: shapes, read-outs, gradients, and the weights that it takes over."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
from keras import ops

from tests.models.test_options import TINY, build, image, topology  # noqa: F401
from tfhand.layers import ArgmaxUV
from tfhand.models import BASELINES, PRESETS, HandJointNet, HandMeshNet, build_network, get_preset
from tfhand.models.stage_configs import JointConfig

TINY_JOINTS = dataclasses.replace(TINY, name="paper-joints", pipeline="joints", joints=JointConfig((8, 6), True))


@pytest.fixture
def tiny() -> HandJointNet:
    keras.utils.set_random_seed(4)
    return HandJointNet(TINY_JOINTS)


def test_every_baseline_has_the_sizes_of_its_preset() -> None:
    names = {f"{name}-{pipeline}" for name in ("paper", "mobile", "hourglass-small") for pipeline in ("joints", "parametric")}
    assert set(BASELINES) == names and not set(BASELINES) & set(PRESETS)
    for name, preset in BASELINES.items():
        whole = PRESETS[name.removesuffix(f"-{preset.pipeline}")]
        same = dataclasses.replace(preset, name=whole.name, pipeline="mesh", joints=whole.joints, signs=whole.signs)
        assert same == whole and get_preset(name) is preset
    with pytest.raises(ValueError, match="name must be one of the presets .*'mobile-joints'.*, got 'moon'"):
        build_network("moon")


def test_mobile_shapes(mobile) -> None:
    model = build_network("mobile-joints")
    shapes = {"heatmaps_1": (None, 40, 40, 21), "joints_uvd_mesh": (None, 21, 3), "joints_uvd": (None, 21, 3)}
    assert isinstance(model, HandJointNet) and {key: value.shape for key, value in model.output.items()} == shapes
    assert (model.input_size, model.heatmap_size, model.heatmap_kind) == (160, 40, "logits")
    # Encoder and heat-map stage are the mesh network's, weight by weight.
    for stage in ("heatmap_stage", "mesh_stage"):
        found = {weight.path: tuple(weight.shape) for weight in getattr(model, stage).weights}
        whole = {weight.path: tuple(weight.shape) for weight in getattr(mobile, stage).weights}
        assert found.items() <= whole.items() and len(found) > 20
    latent = mobile.mesh_stage.get_layer("latent").output.shape
    assert model.mesh_stage.output.shape == latent and model.pose_stage.input.shape == latent


def test_joints_are_the_layers_of_the_latent(tiny, image) -> None:  # noqa: F811
    features = tiny.heatmap_stage.predict(image, verbose=0)
    features["heatmaps"] = features["heatmaps_1"]
    x = tiny.mesh_stage.predict({name: features[name] for name in tiny.mesh_stage.input}, verbose=0)
    for place in range(2):
        x = tiny.pose_stage.get_layer(f"joint_fc_{place}")(x)
        x = np.maximum(ops.convert_to_numpy(tiny.pose_stage.get_layer(f"joint_fc_{place}_bn")(x, training=False)), 0)
    expected = ops.convert_to_numpy(tiny.pose_stage.get_layer("joint_fc_2")(x)).reshape(-1, 21, 3)
    found = tiny.predict(image, verbose=0)
    np.testing.assert_allclose(found["joints_uvd_mesh"], expected, atol=1e-5)
    np.testing.assert_array_equal(found["joints_uvd"], found["joints_uvd_mesh"])


def test_heatmap_readout_takes_depth_alone_from_the_layers(tiny, image) -> None:  # noqa: F811
    model = HandJointNet(TINY_JOINTS, "heatmap")
    model.set_weights(tiny.get_weights())
    found, other = model.predict(image, verbose=0), tiny.predict(image, verbose=0)
    np.testing.assert_allclose(found["joints_uvd"][..., 2], other["joints_uvd"][..., 2], atol=1e-6)
    uv = ops.convert_to_numpy(ArgmaxUV(TINY.input_size, TINY.pixel_origin)(found["heatmaps_1"]))
    np.testing.assert_allclose(found["joints_uvd"][..., :2], uv, atol=1e-6)
    with pytest.raises(ValueError, match="joint_readout must be one of"):
        HandJointNet(TINY_JOINTS, "eyes")


def test_gradients_reach_every_weight(tiny, image) -> None:  # noqa: F811
    if keras.backend.backend() != "tensorflow":
        pytest.skip("takes gradients by TensorFlow's tape")
    import tensorflow as tf

    with tf.GradientTape() as tape:
        outputs = tiny(image, training=True)
        loss = ops.sum(ops.square(outputs["joints_uvd_mesh"])) + ops.sum(ops.square(outputs["heatmaps_1"]))
    gradients = tape.gradient(loss, tiny.trainable_weights)
    silent = [
        weight.path for weight, gradient in zip(tiny.trainable_weights, gradients, strict=True)
        if gradient is None or not np.abs(gradient.numpy()).max() > 0
    ]  # fmt: skip
    # A bias before batch norm moves nothing.
    assert [path for path in silent if not path.endswith("bias")] == []


def test_stages_partition_the_layers(tiny) -> None:
    layers = [{id(layer) for layer in tiny.stage_layers(stage)} for stage in ("heatmap", "mesh", "pose")]
    assert all(layers) and not layers[0] & layers[1] and not layers[1] & layers[2] and not layers[0] & layers[2]
    stages = (tiny.heatmap_stage, tiny.mesh_stage, tiny.pose_stage)
    assert sum(stage.count_params() for stage in stages) == tiny.count_params()
    assert set(tiny.heatmap_model().output) == {"heatmaps_1"}
    with pytest.raises(ValueError, match="stage must be one of"):
        tiny.stage_layers("hand")


def test_weights_of_the_mesh_network_fill_all_but_the_last_stage(topology, tiny, image, tmp_path) -> None:  # noqa: F811
    whole = build(topology)
    whole.save_preset_weights(tmp_path / "whole.safetensors")
    before = [np.array(ops.convert_to_numpy(weight)) for weight in tiny.pose_stage.weights]
    tiny.load_preset_weights(tmp_path / "whole.safetensors")
    for weight, value in zip(tiny.pose_stage.weights, before, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(weight), value)
    latent = keras.Model(whole.mesh_stage.input, whole.mesh_stage.get_layer("latent").output)
    features = whole.heatmap_stage.predict(image, verbose=0)
    features["heatmaps"] = features["heatmaps_1"]
    inputs = {name: features[name] for name in tiny.mesh_stage.input}
    np.testing.assert_allclose(tiny.mesh_stage.predict(inputs, verbose=0), latent.predict(inputs, verbose=0), atol=1e-6)
    np.testing.assert_allclose(tiny.predict(image, verbose=0)["heatmaps_1"], features["heatmaps_1"], atol=1e-6)

    tiny.save_preset_weights(tmp_path / "own.safetensors")
    again = HandJointNet(TINY_JOINTS)
    again.load_preset_weights(tmp_path / "own.safetensors")
    np.testing.assert_allclose(again.predict(image, verbose=0)["joints_uvd"], tiny.predict(image, verbose=0)["joints_uvd"])
    with pytest.raises(ValueError, match="weights must be of preset 'paper', got those of preset 'paper-joints'"):
        whole.load_preset_weights(tmp_path / "own.safetensors")


def test_config_round_trip_and_wrong_class(tiny, topology, image, tmp_path) -> None:  # noqa: F811
    tiny.save(tmp_path / "joints.keras")
    again = keras.saving.load_model(tmp_path / "joints.keras")
    assert again.preset == TINY_JOINTS
    np.testing.assert_allclose(again.predict(image, verbose=0)["joints_uvd"], tiny.predict(image, verbose=0)["joints_uvd"])
    with pytest.raises(ValueError, match="must be of the pipeline 'mesh'; HandJointNet builds it"):
        HandMeshNet(TINY_JOINTS, topology)
    with pytest.raises(ValueError, match="must be of the pipeline 'joints'; HandMeshNet builds it"):
        HandJointNet(TINY)
