"""Networks from weight files and from whole `.keras` files, through one function."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.models.test_options import TINY, build, image, topology  # noqa: F401
from tfhand.models import HandMeshNet, load_network


@pytest.fixture(scope="module")
def whole(topology, tmp_path_factory):  # noqa: F811
    """A tiny network that differs from its preset's entry in every size, and its file."""
    model = build(topology)
    path = tmp_path_factory.mktemp("networks") / "hand.keras"
    model.save(path)
    return model, path


def test_keras_file_brings_its_own_sizes_and_hand(whole, image) -> None:  # noqa: F811
    model, path = whole
    again = load_network(weights=path)
    assert again.preset == TINY
    np.testing.assert_array_equal(again.faces, model.faces)
    expected = model.predict(image, verbose=0)
    for key, value in again.predict(image, verbose=0).items():
        np.testing.assert_allclose(value, expected[key], atol=1e-6)


def test_readout_and_propagation_of_a_keras_file_can_be_chosen(whole, image) -> None:  # noqa: F811
    model, path = whole
    again = load_network("paper", path, joint_readout="heatmap", propagation="dense")
    assert (again.joint_readout, again.propagation) == ("heatmap", "dense")
    expected, found = model.predict(image, verbose=0), again.predict(image, verbose=0)
    np.testing.assert_allclose(found["vertices_uvd"], expected["vertices_uvd"], atol=1e-4)
    assert not np.allclose(found["joints_uvd"], expected["joints_uvd"])


def test_keras_file_of_another_preset_is_refused(whole) -> None:
    with pytest.raises(ValueError, match="holds a network of preset 'paper', got 'mobile'"):
        load_network("mobile", whole[1])
    with pytest.raises(ValueError, match="template: expected None.*holds its own hand"):
        load_network(weights=whole[1], template=object())


def test_files_that_hold_no_network_are_named(whole, tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match="no network at .*absent.keras"):
        load_network(weights=tmp_path / "absent.keras")
    half = tmp_path / "half.keras"
    half.write_bytes(whole[1].read_bytes()[:20_000])
    with pytest.raises(ValueError, match="half.keras can't be read as a Keras network"):
        load_network(weights=half)
    other = tmp_path / "other.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(other)
    with pytest.raises(ValueError, match="other.keras must hold a HandMeshNet, got a Sequential"):
        load_network(weights=other)


def test_weight_files_need_a_preset_only_to_differ_from_the_default(tmp_path) -> None:
    model = load_network(weights=_saved(tmp_path))
    assert model.preset.name == "mobile"
    with pytest.raises(ValueError, match="weights must be of preset 'paper', got those of preset 'mobile'"):
        load_network("paper", tmp_path / "mobile.safetensors")


def _saved(folder):
    path = folder / "mobile.safetensors"
    HandMeshNet.from_preset("mobile").save_preset_weights(path)
    return path
