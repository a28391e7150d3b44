"""Saving and loading: weight files, whole models, configs."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from tfhand.models import PRESETS, GraphTopology, HandMeshNet, Preset
from tfhand.models.weight_files import read_weights, save_weights, shipped_weights


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_weights_survive_a_file(small, template, tmp_path: Path, dtype) -> None:
    path = tmp_path / "small.safetensors"
    small.save_preset_weights(path, dtype)
    again = HandMeshNet.from_preset("hourglass-small", weights=path, template=template)
    for weight, found in zip(small.weights, again.weights, strict=True):
        expected = np.asarray(weight)
        exact = dtype == "float32" or expected.ndim == 1
        np.testing.assert_allclose(np.asarray(found), expected, rtol=0 if exact else 1e-3, atol=0 if exact else 1e-7)
    assert path.stat().st_size < small.count_params() * np.dtype(dtype).itemsize * 1.2


def test_weights_of_another_preset_are_refused_by_both_names(small, mobile, tmp_path) -> None:
    small.save_preset_weights(tmp_path / "weights.safetensors")
    before = mobile.get_weights()
    with pytest.raises(ValueError, match="must be of preset 'mobile', got those of preset 'hourglass-small'"):
        mobile.load_preset_weights(tmp_path / "weights.safetensors")
    for weight, expected in zip(mobile.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_weights_whose_depths_run_along_another_axis_are_refused(small, tmp_path) -> None:
    path = tmp_path / "weights.safetensors"
    for axis in ({}, {"depth_axis": "camera"}):  # a file of before there was such a choice, too
        save_weights(small.weights, path, "hourglass-small", **axis)
        with pytest.raises(ValueError, match="must give depths along the axis 'crop', got 'camera': .*weights.safetensors"):
            small.load_preset_weights(path)
    small.save_preset_weights(path)
    small.load_preset_weights(path)


def test_weights_that_do_not_fit_are_listed_and_change_nothing(small, tmp_path) -> None:
    path = tmp_path / "weights.safetensors"
    first, *rest = small.weights
    wrong = [keras.Variable(np.zeros((2, 2)), name="stranger"), *rest[1:]]
    save_weights(wrong, path, "hourglass-small", depth_axis="crop")
    before = small.get_weights()
    with pytest.raises(ValueError, match=f"{first.path}: missing; .*{rest[0].path}: missing; .*stranger: not part"):
        small.load_preset_weights(path)
    for weight, expected in zip(small.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_damaged_and_foreign_files_are_refused(small, template, tmp_path) -> None:
    path = tmp_path / "weights.safetensors"
    with pytest.raises(FileNotFoundError, match="no weight file at .*weights.safetensors"):
        HandMeshNet.from_preset("hourglass-small", weights=path, template=template)
    small.save_preset_weights(path)
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(ValueError, match="can't be read as safetensors"):
        small.load_preset_weights(path)
    from safetensors.numpy import save_file

    save_file({"a": np.zeros(3, np.float32)}, path)
    with pytest.raises(ValueError, match="format 'tfhand-weights-1', got None"):
        small.load_preset_weights(path)
    with pytest.raises(ValueError, match="must end in .safetensors"):
        small.save_preset_weights(tmp_path / "weights.h5")
    with pytest.raises(ValueError, match="'float32', 'float16'.*got 'int8'"):
        small.save_preset_weights(path, "int8")


def test_weights_that_are_not_finite_are_not_written(tmp_path) -> None:
    weight = keras.Variable(np.full((2, 2), 1e6), name="kernel")
    with pytest.raises(ValueError, match="finite in float16; kernel is not"):
        save_weights([weight], tmp_path / "w.safetensors", "mobile", "float16")
    assert list(tmp_path.iterdir()) == []


def test_imagenet_trunk(template) -> None:
    model = HandMeshNet.from_preset("mobile", weights="imagenet", template=template)
    _, arrays = read_weights(shipped_weights("efficientnet-lite0", "imagenet"))
    trunk = [weight for weight in model.weights if weight.path.startswith("trunk_")]
    assert len(trunk) > 200
    for weight in trunk:
        np.testing.assert_array_equal(np.asarray(weight), arrays[weight.path].astype("float32"))
    with pytest.raises(ValueError, match="'paper' has no pretrained trunk"):
        HandMeshNet.from_preset("paper", weights="imagenet", template=template)


def test_missing_default_weights_say_so(template, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("tfhand.models.weight_files.ASSETS", tmp_path)
    with pytest.raises(FileNotFoundError, match="without trained weights for preset 'hourglass-small'"):
        HandMeshNet.from_preset("hourglass-small", weights="default", template=template)


def test_whole_model_survives_a_file(small, tmp_path) -> None:
    """A .keras file needs neither the preset's entry nor the template."""
    small.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert isinstance(again, HandMeshNet)
    assert (again.preset, again.joint_readout, again.name) == (small.preset, small.joint_readout, small.name)
    image = np.random.default_rng(0).integers(0, 256, (1, 128, 128, 3), dtype=np.uint8)
    expected = small.predict(image, verbose=0)
    for key, value in again.predict(image, verbose=0).items():
        np.testing.assert_allclose(value, expected[key], atol=1e-5)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_json(name) -> None:
    preset = PRESETS[name]
    assert Preset.from_config(json.loads(json.dumps(preset.to_config()))) == preset


def test_topology_survives_json(template) -> None:
    topology = GraphTopology.from_template(template)
    again = GraphTopology.from_config(json.loads(json.dumps(topology.to_config())))
    np.testing.assert_array_equal(again.permutation, topology.permutation)
    np.testing.assert_array_equal(again.anchors, topology.anchors)
    np.testing.assert_array_equal(again.faces, template.faces)
    for level, operator in topology.laplacians.items():
        assert (again.laplacians[level].csr != operator.csr).nnz == 0
