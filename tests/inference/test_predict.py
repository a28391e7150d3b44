"""`tfhand predict`: its files, its exit status, and photographs that can't be used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.inference.toys import ToyNet, toy_template

import tfhand.inference
from tfhand.cli import find_photos, main
from tfhand.inference import HandEstimator
from tfhand.inference.outputs import read_hint, unique_names

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def toy_estimator(monkeypatch) -> None:
    net = ToyNet([5.0, 40.0, 480.0], [300.0, 300.0, 80.0, 60.0], [30.0, 10.0, 100.0, 100.0])

    def from_preset(name="mobile", weights="default", joint_readout=None):
        if weights != "default":
            raise FileNotFoundError(f"no weight file at {weights}.")
        return HandEstimator(net, toy_template())

    monkeypatch.setattr(tfhand.inference.HandEstimator, "from_preset", from_preset)


def write_photo(path: Path, rng: np.random.Generator, shape: tuple[int, ...] = (120, 160, 3)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), rng.integers(0, 255, shape, dtype=np.uint8))
    return path


@pytest.mark.usefixtures("toy_estimator")
def test_writes_four_files_for_every_photo(tmp_path, rng) -> None:
    photo = write_photo(tmp_path / "hand.jpg", rng)
    write_photo(tmp_path / "more" / "hand.png", rng, (80, 40))
    out = tmp_path / "out" / "deep"
    assert main(["predict", str(photo), str(tmp_path / "more"), "--out", str(out)]) == 0
    expected = [f"{name}{ending}" for name in ("hand", "hand_2") for ending in (".glb", ".json", ".obj", "_overlay.png")]
    assert sorted(os.listdir(out)) == sorted(expected)
    content = json.loads((out / "hand.json").read_text())
    assert content["assumed"].keys() == {"box", "side", "camera", "root_depth_mm", "hand_scale_mm"}
    overlay = cv2.imread(str(out / "hand_overlay.png"))
    assert overlay.shape[0] == 640 and overlay.shape[1] >= 3 * 640
    assert (out / "hand.obj").read_text().count("\nf ") == 4
    assert (out / "hand.glb").read_bytes()[:4] == b"glTF"


@pytest.mark.usefixtures("toy_estimator")
def test_the_rig_of_another_hand_is_refused_before_any_photo(tmp_path, rng, capsys) -> None:
    photo = write_photo(tmp_path / "hand.jpg", rng)
    assert main(["predict", str(photo), "--out", str(tmp_path / "out"), "--fit-rig"]) == 1
    assert "--fit-rig: expected a network with 999 vertices and the joints of 'tfhand', got" in capsys.readouterr().err
    assert not list((tmp_path / "out").iterdir())


def test_the_rigs_hand_is_written(tmp_path) -> None:
    """With the shipped network, on a sample: its joints moved a little, and the angles beside them."""
    sample = ROOT / "tfhand" / "assets" / "samples" / "nocurl.jpg"
    for name, more in (("network", []), ("rig", ["--fit-rig"])):
        assert main(["predict", str(sample), "--out", str(tmp_path / name), *more]) == 0
    network, rig = (json.loads((tmp_path / name / "nocurl.json").read_text()) for name in ("network", "rig"))
    assert "rig" not in network and len(rig["rig"]["angles_deg"]) == 20
    moved = np.linalg.norm(np.subtract(network["joints_mm"], rig["joints_mm"]), axis=1)
    assert 0.1 < moved.mean() < 15
    straight, bent = (abs(rig["rig"]["angles_deg"][f"{finger}_middle"][0]) for finger in ("index", "ring"))
    assert straight < bent


@pytest.mark.usefixtures("toy_estimator")
def test_bad_photos_are_reported_and_skipped(tmp_path, rng, capsys) -> None:
    folder = tmp_path / "photos"
    write_photo(folder / "b.jpg", rng)
    whole = (folder / "b.jpg").read_bytes()
    (folder / "a_truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "c_empty.png").write_bytes(b"")
    (folder / "d_text.jpg").write_text("not an image")
    write_photo(folder / "e_box.jpg", rng)
    (folder / "e_box.hint.json").write_text('{"box": [900, 900, 50, 50]}')
    write_photo(folder / "f_hint.jpg", rng)
    (folder / "f_hint.hint.json").write_text('{"sides": "left"}')
    write_photo(folder / "a_depth.jpg", rng)
    (folder / "a_depth.hint.json").write_text('{"root_depth_mm": "500"}')
    out = tmp_path / "out"
    assert main(["predict", str(folder), str(tmp_path / "missing.jpg"), "--out", str(out)]) == 1
    errors = capsys.readouterr().err
    for name in ("a_depth.jpg", "a_truncated.jpg", "c_empty.png", "d_text.jpg", "e_box.jpg", "missing.jpg"):
        assert name in errors
    assert "expected an object with some of box, side, camera, root_depth_mm, hand_scale_mm, got sides" in errors
    assert {path.name.split("_")[0].split(".")[0] for path in out.iterdir()} == {"b"}


@pytest.mark.usefixtures("toy_estimator")
def test_hints_and_options(tmp_path, rng) -> None:
    photo = write_photo(tmp_path / "hand.jpg", rng)
    (tmp_path / "hand.hint.json").write_text('{"box": [10, 20, 60, 60], "side": "left"}')
    assert main(["predict", str(photo), "--out", str(tmp_path / "out")]) == 0
    content = json.loads((tmp_path / "out" / "hand.json").read_text())
    assert content["box"] == [10, 20, 60, 60] and content["side"] == "left"
    arguments = ["--side", "right", "--box", "0", "0", "90", "90", "--camera", "300", "300", "80", "60"]
    arguments += ["--root-depth-mm", "480", "--hand-scale-mm", "50"]
    assert main(["predict", str(photo), "--out", str(tmp_path / "out"), *arguments]) == 0
    content = json.loads((tmp_path / "out" / "hand.json").read_text())
    assert content["assumed"] == {} and content["side"] == "right" and content["root_depth_mm"] == 480


@pytest.mark.usefixtures("toy_estimator")
def test_a_full_disk_stops_and_leaves_no_half_files(tmp_path, rng, capsys, monkeypatch) -> None:
    photo = write_photo(tmp_path / "hand.jpg", rng)

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert main(["predict", str(photo), "--out", str(tmp_path / "out")]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert os.listdir(tmp_path / "out") == []


@pytest.mark.usefixtures("toy_estimator")
def test_out_that_cannot_be_a_folder(tmp_path, rng, capsys) -> None:
    photo = write_photo(tmp_path / "hand.jpg", rng)
    (tmp_path / "out").write_text("a file")
    assert main(["predict", str(photo), "--out", str(tmp_path / "out")]) == 1
    assert str(tmp_path / "out") in capsys.readouterr().err


@pytest.mark.usefixtures("toy_estimator")
def test_missing_weights_are_an_error_not_a_traceback(tmp_path, rng, capsys) -> None:
    photo = write_photo(tmp_path / "hand.jpg", rng)
    assert main(["predict", str(photo), "--weights", "none.safetensors", "--out", str(tmp_path / "out")]) == 1
    assert "no weight file at none.safetensors" in capsys.readouterr().err


def test_folders_are_searched_for_images(tmp_path, rng) -> None:
    for name in ("b.JPG", "a.png", "a_overlay.png", ".hidden.jpg"):
        write_photo(tmp_path / name.lower(), rng).rename(tmp_path / name)
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "empty").mkdir()
    photos, failures = find_photos([str(tmp_path), str(tmp_path / "empty"), "x.dat"])
    assert [path.name for path in photos] == ["a.png", "b.JPG", "x.dat"]
    assert len(failures) == 1 and "no photographs in" in failures[0]
    assert main(["predict", str(tmp_path / "empty"), "--out", str(tmp_path / "out")]) == 1
    assert not (tmp_path / "out").exists()


def test_names_stay_apart() -> None:
    photos = [Path(name) for name in ("a/x.jpg", "b/X.png", "x_2.jpg", "c/x.jpg")]
    assert unique_names(photos) == ["x", "X_2", "x_2_2", "x_3"]


def test_hints_must_be_json(tmp_path) -> None:
    (tmp_path / "a.hint.json").write_text("{box")
    with pytest.raises(ValueError, match="expected JSON"):
        read_hint(tmp_path / "a.jpg")
    assert read_hint(tmp_path / "b.jpg") == {}


def test_usage_errors_and_help(capsys) -> None:
    for arguments in (["predict"], ["predict", "x.jpg"], ["predict", "x.jpg", "--out", "o", "--side", "both"], []):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 2
    with pytest.raises(SystemExit) as stop:
        main(["predict", "--help"])
    assert stop.value.code == 0
    assert "--root-depth-mm" in capsys.readouterr().out


def test_help_loads_no_tensorflow() -> None:
    code = "import sys, tfhand.cli\ntry:\n tfhand.cli.main(['--help'])\nexcept SystemExit: pass\nprint('tensorflow' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip().endswith("False")
