"""Files of a network that says whether there is a hand and of which side."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from export import verify as module
from export.contract import OUTPUTS, SIGN_OUTPUTS, ExportError
from export.folding import fold_batch_norms
from export.metadata import describe
from export.pictures import photograph_crops
from export.round_weights import round_weights
from export.runners import open_runner, read_metadata
from export.served import ServedNetwork
from export.verify import keras_outputs, verify
from tests.export.conftest import _unlike_fresh
from tests.export.test_round_weights import in_16_bits
from tfhand.models import HandMeshNet

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def signed(tmp_path_factory) -> SimpleNamespace:
    """`model`, the shipped one with signs of no sense, its weight file `weights`, and three `images` (3, S, S, 3) uint8."""
    keras.utils.set_random_seed(3)
    model = HandMeshNet.from_preset("mobile", "default", signs=True)
    rng = np.random.default_rng(5)
    model.sign_stage.set_weights([_unlike_fresh(weight, rng) for weight in model.sign_stage.weights])
    weights = tmp_path_factory.mktemp("weights") / "signed.safetensors"
    model.save_preset_weights(weights)
    return SimpleNamespace(model=model, weights=weights, images=photograph_crops(model.input_size)[::4])


def test_rounded_signs_lose_nothing_in_16_bits(signed):
    model = HandMeshNet.from_preset("mobile", signed.weights)
    before = model.predict_on_batch(signed.images / np.float32(255))["sign_logits"]
    round_weights(model)
    after = model.predict_on_batch(signed.images / np.float32(255))["sign_logits"]
    assert 0 < np.abs(after - before).max() < 0.02 * np.abs(before).max()
    for layer in fold_batch_norms(model.sign_stage).layers:
        if not isinstance(layer, keras.layers.BatchNormalization):
            assert all(in_16_bits(value) for value in layer.get_weights()), layer.name


def test_served_signs_are_the_networks(signed):
    logits = signed.model.predict_on_batch(signed.images / np.float32(255))["sign_logits"]
    served = ServedNetwork(signed.model)
    found = {name: value.numpy() for name, value in served(signed.images).items()}
    assert tuple(found) == served.outputs == OUTPUTS + SIGN_OUTPUTS
    for column, name in enumerate(SIGN_OUTPUTS):
        assert found[name].shape == (3,) and np.ptp(found[name]) > 1e-6
        np.testing.assert_allclose(found[name], 1 / (1 + np.exp(-logits[:, column])), atol=1e-4)
    assert set(describe(signed.model, "none", "windows")["outputs"]) == set(OUTPUTS + SIGN_OUTPUTS)


def test_networks_without_signs_have_no_such_outputs(tiny):
    assert ServedNetwork(tiny).outputs == OUTPUTS and set(describe(tiny, "none", "windows")["outputs"]) == set(OUTPUTS)


def test_files_without_signs_are_not_those_of_a_network_with(signed, tmp_path, monkeypatch):
    def file(*left_out, **changes):
        def runner(images):
            outputs = keras_outputs(signed.model, images)
            named = {name: np.array(outputs[name]) for name in OUTPUTS + SIGN_OUTPUTS if name not in left_out}
            return {name: changes.get(name, lambda value: value)(value) for name, value in named.items()}

        monkeypatch.setattr(module, "open_runner", lambda path: runner)
        return tmp_path / "hand.tflite"

    assert verify(signed.model, file(), num=0).confidence_max < 1e-4
    with pytest.raises(ExportError, match="expected outputs .*known_side.* got"):
        verify(signed.model, file("known_side"), num=0)
    with pytest.raises(ExportError, match="confidences by 0.1"):
        verify(signed.model, file(presence=lambda value: value + 0.1), num=0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("exporter", "quantize", "name"),
    [("tflite", "none", "hand.tflite"), ("tflite", "int8", "int8.tflite"), ("onnx", "none", "hand.onnx"), ("saved_model", "none", "saved")],
)
def test_every_format_has_them(signed, tmp_path, exporter, quantize, name):
    """The exporter itself compares all outputs; 8 bits may move a probability a little."""
    path = tmp_path / name
    command = [sys.executable, "-m", f"export.{exporter}", "--weights", signed.weights, "--quantize", quantize, "--out", path]
    result = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    found, expected = open_runner(path)(signed.images), keras_outputs(signed.model, signed.images)
    assert {"presence", "known_side"} <= set(read_metadata(path)["outputs"])
    for sign in SIGN_OUTPUTS:
        np.testing.assert_allclose(found[sign], expected[sign], atol=0.1 if quantize == "int8" else 1e-3)
