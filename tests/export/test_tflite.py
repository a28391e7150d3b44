"""TFLite files: equal to Keras in LiteRT, builtin ops only, whole or not there, and mistakes in one line.

The converter keeps some 20 MB a call, so it runs in processes of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from export import tflite
from export.network import ExportError
from export.tflite import export_tflite, main
from tfhand.models import BASELINES, PRESETS

pytest.importorskip("ai_edge_litert")

ROOT = Path(__file__).resolve().parents[2]

TOYS = """
import sys
import keras, tensorflow as tf
from pathlib import Path
from export.network import ExportError
from export.tflite import export_tflite
from tests.trainers.toy import ToyNet
folder = Path(sys.argv[1])
keras.utils.set_random_seed(4)
toy = ToyNet()
export_tflite(toy, folder / "toy.tflite")
odd = keras.Model(toy.input, {**toy.output, "joints_uvd": keras.layers.Lambda(lambda x: tf.linalg.svd(x)[0], (3,))(toy.output["joints_uvd"])})
odd.input_size, odd.hand_side = toy.input_size, toy.hand_side
try:
    export_tflite(odd, folder / "odd.tflite")
except ExportError as error:
    print(error)
"""


def run(*arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    """A folder with the toy's file, and what the converter said of a network with an op that LiteRT lacks."""
    folder = tmp_path_factory.mktemp("toys")
    result = run("-c", TOYS, folder)
    assert result.returncode == 0, result.stderr
    return folder, result.stdout


def builtin_operators(path: Path) -> tuple[set[int], list[bytes]]:
    """Codes of a file's builtin ops, and names of those that are not builtin."""
    from tensorflow.lite.python import schema_py_generated as schema

    codes = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0)).operatorCodes
    custom = schema.BuiltinOperator.CUSTOM
    return {code.builtinCode for code in codes} - {custom}, [code.customCode for code in codes if code.builtinCode == custom]


def test_export_equals_keras_with_builtin_ops_only(mobile, tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    out = tmp_path / "deep" / "hand.tflite"
    result = run("-m", "export.tflite", "--preset", "mobile", "--weights", mobile.weights, "--out", out)
    assert result.returncode == 0, result.stderr
    assert f"{out}: " in result.stdout and "equal to Keras on 9 crops" in result.stdout
    assert [path.name for path in out.parent.iterdir()] == ["hand.tflite"]
    builtin, custom = builtin_operators(out)
    assert custom == [] and len(builtin) > 5
    interpreter = Interpreter(str(out))
    assert list(interpreter.get_signature_list()) == ["serving_default"]
    signature = interpreter.get_signature_runner("serving_default")
    size = mobile.model.input_size
    (name, details), = signature.get_input_details().items()
    assert name == "image" and tuple(details["shape"]) == (1, size, size, 3) and details["dtype"] == np.float32
    expected = mobile.model.predict_on_batch(mobile.images)
    assert set(signature.get_output_details()) == set(expected)
    for number, image in enumerate(mobile.images):
        found = signature(image=image[None])
        for name, value in expected.items():
            assert found[name].shape == (1, *value.shape[1:]) and found[name].dtype == np.float32
            np.testing.assert_allclose(found[name][0], value[number], atol=1e-4 * np.abs(value).max(), err_msg=name)


def test_ops_that_litert_lacks_are_an_error_and_leave_nothing(toys):
    folder, said = toys
    assert "can't be converted to builtin TFLite ops" in said and "Svd" in said
    assert [path.name for path in folder.iterdir()] == ["toy.tflite"]


def test_a_wrong_file_is_refused_and_the_older_one_kept(toys, toy, other_toy, tmp_path, monkeypatch):
    converted = (toys[0] / "toy.tflite").read_bytes()
    monkeypatch.setattr(tflite, "_convert", lambda model: converted)
    export_tflite(toy, tmp_path / "hand.tflite")
    for name in ("hand.tflite", "new.tflite"):
        with pytest.raises(ExportError, match="not equal to Keras and was not kept"):
            export_tflite(other_toy, tmp_path / name)
    monkeypatch.setattr(tflite, "_convert", lambda model: converted[: len(converted) // 2])
    with pytest.raises(ExportError, match="LiteRT can't load"):
        export_tflite(toy, tmp_path / "new.tflite")
    assert [path.name for path in tmp_path.iterdir()] == ["hand.tflite"]
    assert (tmp_path / "hand.tflite").read_bytes() == converted


def test_a_full_disk_is_named_and_the_older_file_kept(toys, toy, tmp_path, monkeypatch):
    converted = (toys[0] / "toy.tflite").read_bytes()
    monkeypatch.setattr(tflite, "_convert", lambda model: converted)
    out = tmp_path / "hand.tflite"
    out.write_bytes(b"older")

    def full(path, content):
        path.symlink_to("/dev/full")
        with open(path, "wb") as file:
            file.write(content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left on device: '.*hand.tflite'"):
        export_tflite(toy, out)
    assert os.listdir(tmp_path) == ["hand.tflite"] and out.read_bytes() == b"older"


def test_mistakes_are_told_in_one_line_before_any_work(tmp_path, foreign_weights, capsys, monkeypatch):
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder.tflite").mkdir()
    for arguments, message in (
        (["--out", "hand.bin", "--preset", "huge"], "--out: expected a file ending in .tflite, got hand.bin"),
        (["--out", str(tmp_path / "folder.tflite"), "--preset", "huge"], "folder.tflite (a folder)"),
        (["--out", str(tmp_path / "file" / "hand.tflite"), "--preset", "huge"], "file is a file"),
        (["--out", str(tmp_path / "a.tflite"), "--preset", "huge"], f"{sorted({**PRESETS, **BASELINES})}, got 'huge'"),
        (["--out", str(tmp_path / "a.tflite"), "--weights", str(foreign_weights)], "got those of preset 'paper'"),
    ):
        assert main(arguments) == 1
        errors = capsys.readouterr().err
        assert errors.startswith("export.tflite: ") and message in errors and errors.count("\n") == 1
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    assert main(["--out", str(tmp_path / "a.tflite"), "--preset", "huge"]) == 1
    assert "LiteRT is not installed: pip install 'tfhand[export]'" in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.tflite"]


@pytest.mark.slow
def test_paper_preset(tmp_path):
    from tfhand.models import HandMeshNet

    weights = tmp_path / "paper.safetensors"
    HandMeshNet.from_preset("paper").save_preset_weights(weights, "float16")
    result = run("-m", "export.tflite", "--preset", "paper", "--weights", weights, "--out", tmp_path / "hand.tflite")
    assert result.returncode == 0, result.stderr
    assert builtin_operators(tmp_path / "hand.tflite")[1] == []
