"""SavedModels: equal to Keras for who has only TensorFlow, whole or not there, and mistakes in one line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from export import saved_model
from export.contract import ExportError
from export.pictures import photograph_crops
from export.saved_model import export_saved_model, main
from export.contract import OUTPUTS
from export.served import ServedNetwork
from export.verify import keras_outputs
from tfhand.models import BASELINES, PRESETS

ROOT = Path(__file__).resolve().parents[2]

#: Knows TensorFlow and nothing of this project or of Keras.
LOADER = """
import sys
import numpy as np
import tensorflow as tf
signatures = tf.saved_model.load(sys.argv[1]).signatures
assert list(signatures) == ["serving_default"], list(signatures)
serve = signatures["serving_default"]
inputs = serve.structured_input_signature[1]
assert list(inputs) == ["image"] and inputs["image"].dtype == tf.uint8, inputs
assert inputs["image"].shape.as_list()[0] is None, inputs
images = np.load(sys.argv[2])
for count in (1, len(images)):
    outputs = serve(image=tf.constant(images[:count]))
np.savez(sys.argv[3], **{name: value.numpy() for name, value in outputs.items()})
assert not [name for name in sys.modules if name.split(".")[0] in ("tfhand", "export")]
"""

FULL_DISK = """
import resource, sys
from pathlib import Path
from export.saved_model import export_saved_model
from tfhand.models import load_network
model = load_network(None, sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))  # writing more bytes to a file fails as on a full disk
try:
    export_saved_model(model, Path(sys.argv[1]))
except OSError as error:
    print(error)
"""


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_export_equals_keras_in_a_process_without_the_project(tiny, tiny_file, tmp_path, capsys):
    out = tmp_path / "deep" / "hand"
    assert main(["--weights", str(tiny_file), "--out", str(out)]) == 0
    assert f"{out}: " in (printed := capsys.readouterr().out) and "9 photographs and 2 renders against Keras" in printed
    assert [path.name for path in out.parent.iterdir()] == ["hand"]
    assert not list((out / "variables").glob("*.data*")) or (out / "variables").stat().st_size < 10_000  # constants only
    metadata = json.loads((out / "assets.extra" / "tfhand.json").read_text())
    assert metadata["num_vertices"] == 300 and len(metadata["joint_names"]) == 21
    images = photograph_crops(tiny.input_size)[::4]
    np.save(tmp_path / "images.npy", images)
    command = [sys.executable, "-c", LOADER, out, tmp_path / "images.npy", tmp_path / "outputs.npz"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    expected = keras_outputs(tiny, images)
    found = np.load(tmp_path / "outputs.npz")
    assert set(found) == set(OUTPUTS)
    for name in OUTPUTS:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-4, err_msg=name)


def test_an_older_saved_model_is_replaced(tiny, other_tiny, tmp_path):
    export_saved_model(other_tiny, tmp_path / "hand")
    before = content(tmp_path / "hand")
    export_saved_model(tiny, tmp_path / "hand")
    assert content(tmp_path / "hand").keys() == before.keys() and content(tmp_path / "hand") != before
    assert [path.name for path in tmp_path.iterdir()] == ["hand"]


@pytest.mark.slow
def test_a_wrong_export_is_refused_and_the_older_one_kept(tiny, other_tiny, tmp_path, monkeypatch):
    export_saved_model(tiny, tmp_path / "hand")
    before = content(tmp_path / "hand")
    write = saved_model.write_signature
    monkeypatch.setattr(saved_model, "write_signature", lambda served, folder, batch: write(ServedNetwork(other_tiny), folder, batch))
    for name in ("hand", "new"):
        with pytest.raises(ExportError, match="not equal to Keras: vertices differ by up to .* mm"):
            export_saved_model(tiny, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["hand"] and content(tmp_path / "hand") == before


def test_a_disk_that_fills_up_is_named_and_leaves_nothing(tiny_file, tmp_path):
    command = [sys.executable, "-c", FULL_DISK, tmp_path / "hand", tiny_file]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "the SavedModel can't be written: " in result.stdout and "File too large" in result.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("there", "message"),
    [
        (["notes.txt"], "expected a new folder or an older SavedModel, got .*, which holds notes.txt"),
        (["saved_model.pb", "notes.txt"], "which holds notes.txt"),
        (["variables/a"], "which holds variables"),
    ],
)
def test_folders_with_something_else_are_left_alone(tmp_path, capsys, there, message):
    for name in there:
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_text("kept")
    before = content(tmp_path)
    with pytest.raises(ValueError, match=message):
        saved_model.check_out(tmp_path / "out")
    assert main(["--out", str(tmp_path / "out"), "--preset", "huge"]) == 1
    assert "export.saved_model: --out: expected" in capsys.readouterr().err  # before it looks for the network
    assert content(tmp_path) == before


def test_out_that_is_a_file(tmp_path, capsys):
    (tmp_path / "file").write_text("kept")
    for out, message in (("file", "which is a file"), ("file/hand", "file is a file")):
        assert main(["--out", str(tmp_path / out)]) == 1
        assert message in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "kept"


def test_mistakes_are_told_in_one_line(mobile, foreign_weights, tmp_path, capsys):
    out = tmp_path / "hand"
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(mobile.weights.read_bytes()[:1000])
    for arguments, message in (
        (["--preset", "huge"], f"{sorted({**PRESETS, **BASELINES})}, got 'huge'"),
        (["--weights", str(foreign_weights)], "weights must be of preset 'mobile', got those of preset 'paper'"),
        (["--weights", str(tmp_path / "none.safetensors")], "no weight file at"),
        (["--quantize", "int8"], "--quantize: saved_model files have none, got 'int8'"),
        (["--weights", str(damaged)], "damaged.safetensors can't be read as safetensors"),
    ):
        assert main([*arguments, "--out", str(out)]) == 1
        errors = capsys.readouterr().err
        assert errors.startswith("export.saved_model: ") and message in errors and errors.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["damaged.safetensors"]


@pytest.mark.slow
def test_paper_preset(tmp_path, capsys):
    from tfhand.models import HandMeshNet

    weights = tmp_path / "paper.safetensors"
    HandMeshNet.from_preset("paper").save_preset_weights(weights, "float16")
    assert main(["--preset", "paper", "--weights", str(weights), "--out", str(tmp_path / "hand")]) == 0
    assert "against Keras" in capsys.readouterr().out
