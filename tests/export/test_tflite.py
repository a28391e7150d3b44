"""TFLite files: equal to Keras in LiteRT, builtin ops only, one XNNPACK partition, and mistakes in one line.

The converter keeps some 20 MB a call, so it runs in processes of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from export import flatbuffer, tflite
from export.delegates import inspect
from export.metadata import NAME
from export.contract import ExportError
from export.network import ExportOptions
from export.pictures import photograph_crops
from export.runners import open_runner, read_metadata
from export.contract import OUTPUTS
from export.tflite import export_tflite, main
from export.verify import keras_outputs
from tfhand.constants import DEFAULT_FIELD_OF_VIEW_DEG
from tfhand.inference import HandEstimator
from tfhand.models import BASELINES, PRESETS

pytest.importorskip("ai_edge_litert")

ROOT = Path(__file__).resolve().parents[2]

TINIES = """
import sys
from pathlib import Path
import numpy as np
import tensorflow as tf
from export import served, tflite
from export.metadata import NAME, describe, encode
from export.contract import ExportError
from tfhand.models import load_network
folder, model = Path(sys.argv[1]), load_network(None, sys.argv[2])
images = np.load(folder / "images.npy")
network = served.ServedNetwork(model)
for quantize in ("none", "fp16", "dynamic", "int8"):
    content = tflite._convert(network, quantize, images)
    content = tflite.flatbuffer.finish(content, NAME, encode(describe(model, quantize, "windows")).encode())
    (folder / f"{quantize}.tflite").write_bytes(content)
served.joint_confidence = lambda heatmaps, kind: tf.linalg.svd(heatmaps[..., 0])[0]
try:
    tflite._convert(network, "none", None)
except ExportError as error:
    print(error)
"""


def run(*arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def tinies(tiny, tiny_file, tmp_path_factory):
    """A folder with a tiny network's files, and what the converter said of an op that LiteRT lacks."""
    folder = tmp_path_factory.mktemp("tinies")
    np.save(folder / "images.npy", photograph_crops(tiny.input_size))
    result = run("-c", TINIES, folder, tiny_file)
    assert result.returncode == 0, result.stderr
    return folder, result.stdout


def test_export_equals_keras_with_builtin_ops_only(tinies, tiny):
    from ai_edge_litert.interpreter import Interpreter

    path = tinies[0] / "none.tflite"
    interpreter = Interpreter(str(path))
    assert list(interpreter.get_signature_list()) == ["serving_default"]
    signature = interpreter.get_signature_runner("serving_default")
    size = tiny.input_size
    (name, details), = signature.get_input_details().items()
    assert name == "image" and tuple(details["shape"]) == (1, size, size, 3) and details["dtype"] == np.uint8
    images = photograph_crops(size)[::4]
    expected = keras_outputs(tiny, images)
    assert set(signature.get_output_details()) == set(OUTPUTS)
    for number, image in enumerate(images):
        found = signature(image=image[None])
        for name in OUTPUTS:
            assert found[name].shape == (1, *expected[name].shape[1:]) and found[name].dtype == np.float32
            np.testing.assert_allclose(found[name][0], expected[name][number], atol=1e-4, err_msg=name)


@pytest.mark.parametrize(("quantize", "tolerance"), [("fp16", 5e-3), ("dynamic", 0.1), ("int8", 0.1)])
def test_quantised_files_are_close_and_smaller(tinies, tiny, quantize, tolerance):
    images = photograph_crops(tiny.input_size)
    expected = keras_outputs(tiny, images)
    found = open_runner(tinies[0] / f"{quantize}.tflite")(images)
    gaps = {name: np.abs(found[name] - expected[name]).mean() for name in ("vertices_uvd", "joints_uvd")}
    assert 0 < max(gaps.values()) < tolerance, gaps
    assert (tinies[0] / f"{quantize}.tflite").stat().st_size < (tinies[0] / "none.tflite").stat().st_size
    assert read_metadata(tinies[0] / f"{quantize}.tflite")["quantize"] == quantize


@pytest.mark.parametrize("quantize", ["none", "fp16"])
def test_one_partition_of_xnnpack(tinies, quantize):
    report = inspect(tinies[0] / f"{quantize}.tflite")
    assert report.custom == () and report.partitions == 1
    assert set(report.outside) <= {"CAST", "GATHER"}, report.outside
    assert report.gpu_problems == ()


def test_metadata_is_in_the_file(tinies, tiny):
    metadata = read_metadata(tinies[0] / "none.tflite")
    assert metadata["faces"] == tiny.faces.tolist() and metadata["hand_side"] == "right"
    assert metadata["input"]["shape"] == [1, tiny.input_size, tiny.input_size, 3] and "licence" in metadata
    assert metadata["joint_names"][9] == "middle1" and metadata["num_vertices"] == tiny.num_vertices
    estimator = HandEstimator(tiny)
    np.testing.assert_allclose(metadata["bone_proportions"], estimator.bone_proportions)
    assert metadata["bone_proportions"][metadata["bones"].index(metadata["scale_bone"])] == pytest.approx(1)
    assert metadata["default_scale_mm"] == estimator.default_scale_mm
    assert metadata["field_of_view_deg"] == DEFAULT_FIELD_OF_VIEW_DEG
    assert json.loads(flatbuffer.metadata_of((tinies[0] / "none.tflite").read_bytes(), NAME)) == metadata


def test_equal_arrays_are_written_once(tinies):
    content = (tinies[0] / "int8.tflite").read_bytes()
    again = flatbuffer.write_model(flatbuffer.read_model(content))
    zeros = [t.quantization.zeroPoint for t in flatbuffer.read_model(content).subgraphs[0].tensors if t.quantization]
    assert len(again) <= len(content) * 1.01 and sum(len(z) for z in zeros if z is not None) * 8 > len(content) / 20


def test_ops_that_litert_lacks_are_an_error(tinies):
    assert "can't be converted to builtin TFLite ops" in tinies[1] and "Svd" in tinies[1]


def test_a_wrong_file_is_refused_and_the_older_one_kept(tinies, tiny, other_tiny, tmp_path, monkeypatch):
    converted = (tinies[0] / "none.tflite").read_bytes()
    monkeypatch.setattr(tflite, "_convert", lambda *arguments: converted)
    export_tflite(tiny, tmp_path / "hand.tflite")
    kept = (tmp_path / "hand.tflite").read_bytes()
    for name in ("hand.tflite", "new.tflite"):
        with pytest.raises(ExportError, match="not equal to Keras: vertices differ by up to .* mm"):
            export_tflite(other_tiny, tmp_path / name)
    monkeypatch.setattr(tflite.flatbuffer, "finish", lambda content, *rest: content[: len(content) // 2])
    with pytest.raises(ExportError, match="LiteRT can't load"):
        export_tflite(tiny, tmp_path / "new.tflite")
    assert [path.name for path in tmp_path.iterdir()] == ["hand.tflite"]
    assert (tmp_path / "hand.tflite").read_bytes() == kept


def test_a_full_disk_is_named_and_the_older_file_kept(tinies, tiny, tmp_path, monkeypatch):
    converted = (tinies[0] / "none.tflite").read_bytes()
    monkeypatch.setattr(tflite, "_convert", lambda *arguments: converted)
    out = tmp_path / "hand.tflite"
    out.write_bytes(b"older")

    def full(path, content):
        path.symlink_to("/dev/full")
        with open(path, "wb") as file:
            file.write(content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left on device: '.*hand.tflite'"):
        export_tflite(tiny, out)
    assert os.listdir(tmp_path) == ["hand.tflite"] and out.read_bytes() == b"older"


def test_mistakes_are_told_in_one_line_before_any_work(tmp_path, foreign_weights, capsys, monkeypatch):
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder.tflite").mkdir()
    for arguments, message in (
        (["--out", "hand.bin", "--preset", "huge"], "--out: expected a file ending in .tflite, got hand.bin"),
        (["--out", str(tmp_path / "folder.tflite"), "--preset", "huge"], "folder.tflite (a folder)"),
        (["--out", str(tmp_path / "file" / "hand.tflite"), "--preset", "huge"], "file is a file"),
        (["--out", str(tmp_path / "a.tflite"), "--preset", "huge"], f"{sorted({**PRESETS, **BASELINES})}, got 'huge'"),
        (["--out", str(tmp_path / "a.tflite"), "--preset", "paper"], "without trained weights for preset 'paper'"),
        (["--out", str(tmp_path / "a.tflite"), "--weights", str(foreign_weights)], "got those of preset 'paper'"),
        (["--out", str(tmp_path / "a.tflite"), "--calibration", str(tmp_path)], f"rendered hands, {tmp_path} has none"),
        (["--out", str(tmp_path / "a.tflite"), "--calibration", "nowhere"], "--calibration: expected a folder, got nowhere"),
    ):
        assert main(arguments) == 1
        errors = capsys.readouterr().err
        assert errors.startswith("export.tflite: ") and message in errors and errors.count("\n") == 1, errors
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    assert main(["--out", str(tmp_path / "a.tflite"), "--preset", "huge"]) == 1
    assert "LiteRT is not installed: pip install 'tfhand[export]'" in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.tflite"]


def test_calibration_hands_without_a_compiler(tmp_path, capsys, without_compiler):
    assert main(["--out", str(tmp_path / "a.tflite"), "--quantize", "int8"]) == 1
    errors = capsys.readouterr().err
    assert errors.startswith("export.tflite: ") and "no C++ compiler was found" in errors, errors
    assert not (tmp_path / "a.tflite").exists()


def test_unknown_quantisation(tiny, tmp_path):
    with pytest.raises(ValueError, match="tflite files have none, fp16, dynamic, int8, got 'int4'"):
        export_tflite(tiny, tmp_path / "a.tflite", ExportOptions("int4"))


@pytest.mark.slow
@pytest.mark.parametrize(("quantize", "megabytes"), [("none", 16), ("fp16", 8), ("dynamic", 4), ("int8", 4)])
def test_shipped_preset(tmp_path, quantize, megabytes):
    out = tmp_path / "hand.tflite"
    result = run("-m", "export.tflite", "--quantize", quantize, "--out", out)
    assert result.returncode == 0, result.stderr
    assert out.stat().st_size <= megabytes * 1e6
    assert inspect(out).partitions == 1 or quantize in ("dynamic", "int8")
    result = run("-m", "export.verify", out)
    assert result.returncode == 0 and "against Keras" in result.stdout, result.stderr


@pytest.mark.slow
def test_paper_preset(tmp_path):
    from tfhand.models import HandMeshNet

    weights = tmp_path / "paper.safetensors"
    HandMeshNet.from_preset("paper").save_preset_weights(weights, "float16")
    result = run("-m", "export.tflite", "--preset", "paper", "--weights", weights, "--out", tmp_path / "hand.tflite")
    assert result.returncode == 0, result.stderr
    assert inspect(tmp_path / "hand.tflite").custom == ()
