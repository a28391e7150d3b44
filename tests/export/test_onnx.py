"""ONNX files: equal to Keras in ONNX Runtime, any batch, whole or not there, and mistakes in one line."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest

from export import onnx as exporter
from export.contract import ExportError
from export.network import ExportOptions
from export.onnx import export_onnx, main
from export.pictures import photograph_crops
from export.runners import open_runner, read_metadata
from export.contract import OUTPUTS
from export.served import ServedNetwork
from export.verify import keras_outputs

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("tf2onnx")


def test_export_equals_keras(tiny, tiny_file, tmp_path, capsys):
    import onnxruntime

    out = tmp_path / "deep" / "hand.onnx"
    assert main(["--weights", str(tiny_file), "--out", str(out)]) == 0
    assert f"{out}: " in (printed := capsys.readouterr().out) and "9 photographs and 2 renders against Keras" in printed
    assert os.listdir(out.parent) == ["hand.onnx"]
    onnx.checker.check_model(str(out), full_check=True)
    session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    (image,) = session.get_inputs()
    assert image.name == "image" and image.type == "tensor(uint8)" and image.shape[1:] == [64, 64, 3]
    assert {one.name for one in session.get_outputs()} == set(OUTPUTS)
    images = photograph_crops(tiny.input_size)[::4]
    expected = keras_outputs(tiny, images)
    for batch in (images, images[:1]):  # any batch
        for name, value in zip(OUTPUTS, session.run(list(OUTPUTS), {"image": batch}), strict=True):
            np.testing.assert_allclose(value, expected[name][: len(batch)], atol=1e-4, err_msg=name)
    metadata = read_metadata(out)
    assert metadata["faces"] == tiny.faces.tolist() and metadata["quantize"] == "none"


@pytest.mark.parametrize("quantize", ["fp16", pytest.param("dynamic", marks=pytest.mark.slow)])
def test_quantised_files_are_close_and_smaller(tiny, tmp_path, monkeypatch, quantize):
    monkeypatch.setattr(exporter, "verify", lambda *arguments: "not looked at")
    images = photograph_crops(tiny.input_size)
    for name in ("none", quantize):
        export_onnx(tiny, tmp_path / f"{name}.onnx", ExportOptions(name))
    expected, found = keras_outputs(tiny, images), open_runner(tmp_path / f"{quantize}.onnx")(images)
    gap = np.abs(found["vertices_uvd"] - expected["vertices_uvd"]).mean()
    assert 0 < gap < {"fp16": 5e-3, "dynamic": 0.1}[quantize]
    assert (tmp_path / f"{quantize}.onnx").stat().st_size < 0.9 * (tmp_path / "none.onnx").stat().st_size


def test_a_wrong_file_is_refused(tiny, other_tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(exporter, "ServedNetwork", lambda model, form: ServedNetwork(other_tiny, form))
    with pytest.raises(ExportError, match="not equal to Keras: vertices differ by up to .* mm"):
        export_onnx(tiny, tmp_path / "hand.onnx")
    assert os.listdir(tmp_path) == []


def test_mistakes_are_told_in_one_line_before_any_work(tmp_path, capsys, monkeypatch):
    (tmp_path / "folder.onnx").mkdir()
    for arguments, message in (
        (["--out", "hand.bin", "--preset", "huge"], "--out: expected a file ending in .onnx, got hand.bin"),
        (["--out", str(tmp_path / "folder.onnx"), "--preset", "huge"], "folder.onnx (a folder)"),
        (["--out", "a.onnx", "--quantize", "int8"], "--quantize: onnx files have none, fp16, dynamic, got 'int8'"),
        (["--out", str(tmp_path / "a.onnx"), "--preset", "paper"], "without trained weights for preset 'paper'"),
    ):
        assert main(arguments) == 1
        errors = capsys.readouterr().err
        assert errors.startswith("export.onnx: ") and message in errors and errors.count("\n") == 1
    for module, message in (("tf2onnx", "tf2onnx is not installed"), ("onnxruntime", "ONNX Runtime is not installed")):
        monkeypatch.setitem(sys.modules, module, None)
        assert main(["--out", str(tmp_path / "a.onnx"), "--preset", "huge"]) == 1
        assert f"{message}: pip install 'tfhand[export]'" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["folder.onnx"]
