"""Rounded weights: hardly another network, nothing lost in 16 bits, and batch norms that can be trained on."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from export.folding import fold_batch_norms, foldable_norms, norm_scale_shift
from export.mesh_head import MeshHead
from export.pictures import photograph_crops
from export.round_weights import _residual_modules, main, mean_network, round_weights
from export.verify import keras_outputs
from tests.export.conftest import tiny_network
from tfhand.models import HandMeshNet
from tfhand.models.stage_configs import PoseConfig


def in_16_bits(value: np.ndarray) -> bool:
    """Whether 16 bits lose no more of an array than folding's own rounding in 32 bits."""
    return np.allclose(value.astype(np.float16).astype(np.float32), value, rtol=1e-6, atol=1e-6)


def test_folded_weights_fit_into_16_bits(topology):
    model = tiny_network(topology)
    images = photograph_crops(model.input_size)
    before = keras_outputs(model, images)
    round_weights(model)
    after = keras_outputs(model, images)
    for name in ("vertices_uvd", "joints_uvd"):
        assert 0 < np.abs(after[name] - before[name]).max() < 5e-3 * np.abs(before[name]).max()
    for layer in fold_batch_norms(model.heatmap_stage).layers:
        if modules := _residual_modules(layer):
            for module in modules:  # converters fold these norms
                for convolution, norm in ((module.conv1, module.bn2), (module.conv2, module.bn3)):
                    scale, shift = norm_scale_shift(norm)
                    assert in_16_bits(np.asarray(convolution.kernel) * scale), f"{layer.name}, {module.name}"
                    assert in_16_bits(np.asarray(convolution.bias) * scale + shift), f"{layer.name}, {module.name}"
                assert in_16_bits(np.asarray(module.conv3.kernel))
        elif not isinstance(layer, keras.layers.BatchNormalization):
            assert all(in_16_bits(value) for value in layer.get_weights()), layer.name
    head = MeshHead(model)
    for convolution in [one for level in head.convolutions.values() for one in level]:
        assert in_16_bits(convolution.kernel) and in_16_bits(convolution.bias)


def test_rounding_again_changes_nothing(topology):
    model = tiny_network(topology)
    round_weights(model)
    before = keras_outputs(model, photograph_crops(model.input_size))["vertices_uvd"]
    round_weights(model)
    np.testing.assert_allclose(keras_outputs(model, photograph_crops(model.input_size))["vertices_uvd"], before, atol=1e-5)


def test_statistics_follow_the_kernels(topology):
    """A folded batch norm's mean and variance are those of its new inputs, so training can go on."""
    old, new = tiny_network(topology), tiny_network(topology)
    round_weights(new)
    norms = foldable_norms(old.heatmap_stage)
    assert norms
    for name, norm in norms.items():
        changed = new.heatmap_stage.get_layer(norm.name)
        rest = norm_scale_shift(norm)[0] / norm_scale_shift(changed)[0]
        assert ((0.70 < np.abs(rest)) & (np.abs(rest) < 1.42)).all(), name
        np.testing.assert_allclose(changed.moving_mean, np.asarray(norm.moving_mean) * rest, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(changed.moving_variance, np.asarray(norm.moving_variance) * rest**2, rtol=1e-4)
        exponents = np.log2(np.abs(norm_scale_shift(changed)[0]))
        np.testing.assert_allclose(exponents, np.round(exponents), atol=1e-5)


def test_files(tmp_path, mobile, capsys):
    out = tmp_path / "rounded.safetensors"
    assert main(["--weights", str(mobile.weights), "--out", str(out)]) == 0
    assert out.stat().st_size < 0.6 * mobile.weights.stat().st_size
    found = keras_outputs(HandMeshNet.from_preset("mobile", out), mobile.images)["vertices_uvd"]
    expected = keras_outputs(mobile.model, mobile.images)["vertices_uvd"]
    assert 0 < np.abs(found - expected).max() < 0.02 * np.abs(expected).max()
    assert main(["--weights", str(tmp_path / "none.safetensors"), "--out", str(out)]) == 1
    assert "export.round_weights: no weight file at" in capsys.readouterr().err


def test_the_mean_of_several_files(tmp_path, mobile):
    other = HandMeshNet.from_preset("mobile", mobile.weights)
    for number, variable in enumerate(other.weights):
        variable.assign(variable + 0.01 * (number % 7))
    other.save_preset_weights(tmp_path / "other.safetensors")
    mean = mean_network("mobile", [str(mobile.weights), str(tmp_path / "other.safetensors")])
    first = HandMeshNet.from_preset("mobile", mobile.weights)
    for number, (found, one) in enumerate(zip(mean.weights, first.weights, strict=True)):
        np.testing.assert_allclose(found, np.asarray(one) + 0.005 * (number % 7), rtol=1e-5, atol=1e-6)


def test_files_of_two_networks_have_no_mean(topology, tmp_path):
    files = [str(tmp_path / f"{name}.keras") for name in ("one", "other")]
    for file, hidden in zip(files, (8, 6), strict=True):
        tiny_network(topology, pose=PoseConfig(filters=((4,), (4,)), hidden=hidden)).save(file)
    with pytest.raises(ValueError, match="--weights: expected .*other.keras to be of the same network as .*one.keras"):
        mean_network(None, files)


def test_networks_of_two_depth_axes_have_no_mean(topology, tmp_path):
    files = [str(tmp_path / f"{axis}.keras") for axis in ("crop", "camera")]
    for file, axis in zip(files, ("crop", "camera"), strict=True):
        tiny_network(topology, depth_axis=axis).save(file)
    with pytest.raises(ValueError, match=r"--weights: expected files whose depths run along one axis, got \['camera', 'crop'\]"):
        mean_network(None, files)
    assert mean_network(None, files[:1] * 2).depth_axis == "crop"
