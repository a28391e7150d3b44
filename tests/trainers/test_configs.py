"""Every shipped config trains, and what it trained predicts."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

import tfhand
from tfhand.models import HandMeshNet
from tfhand.synthetic.generate import generate
from tfhand.synthetic.generator import SyntheticConfig
from trainers import weak
from trainers.config import TrainConfig
from trainers.config_file import load_config
from trainers.fully_supervised import main
from trainers.weak_config import WeakConfig

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
WEAK = [path for path in CONFIGS if path.stem.startswith("weak")]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_header_gives_command_cost_and_score(path):
    header = "".join(line for line in path.read_text().splitlines(keepends=True) if line.startswith("#"))
    for words in ("python -m trainers.", "Cost:", "Score to expect:"):
        assert words in header
    if path in WEAK:
        config = load_config(WeakConfig, path, [])
        assert config.active_stages and config.data_dir is None
    else:
        config = load_config(TrainConfig, path, [])
        assert config.active_stages and config.data.train is None  # no folder of one machine


@pytest.fixture(scope="module")
def target(tmp_path_factory) -> Path:
    """Rendered hands in the folders of a dataset."""
    folder = tmp_path_factory.mktemp("target")
    for split, count in (("train", 4), ("validation", 2)):
        generate(folder / split, count, 1, SyntheticConfig(size=96, split=split, world="target"), seed=3, progress=False)
    return folder


def write_weights(preset: str, path: Path) -> Path:
    """A file of random weights."""
    HandMeshNet.from_preset(preset).save_preset_weights(path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("with_3d_pose", [False, True])
@pytest.mark.parametrize("path", WEAK, ids=lambda path: path.stem)
def test_one_step_of_every_weak_stage(path, with_3d_pose, target, tmp_path):
    content = yaml.safe_load(path.read_text())
    weights = content["weights"]
    if weights != "default":
        weights = write_weights(content["preset"], tmp_path / "weights.safetensors")
    arguments = [f"--config={path}", f"--out={tmp_path / 'run'}", "--num_pictures=1", f"--weights={weights}"]
    arguments += ["--dataset=synthetic_target", f"--data-dir={target}", "--data.num_validation=2"]
    for name in content["stages"]:
        stage = f"--stages.{name}"
        arguments += [f"{stage}.steps=1", f"{stage}.batch_size=2", f"{stage}.optimizer.warmup_steps=0"]
    assert weak.main(arguments + ["--with-3d-pose"] * with_3d_pose) == 0
    rows = list(csv.DictReader((tmp_path / "run" / "log.csv").open()))
    assert float(rows[-1]["depth"]) > 0 and float(rows[-1]["val_mesh_error_mm"]) > 0
    picture = cv2.imread(str(sorted((tmp_path / "run" / "pictures").iterdir())[-1]))
    assert picture.shape == (256, 2 * 5 * 256, 3)
    assert list((tmp_path / "run" / "data" / "pseudo_meshes").glob("*/meshes-00000.npy"))


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in CONFIGS if path not in WEAK], ids=lambda path: path.stem)
def test_one_step_of_every_stage(path, tmp_path):
    out = tmp_path / "run"
    arguments = [f"--config={path}", f"--out={out}", "--num_pictures=1"]
    arguments += ["--data.num_samples=4", "--data.num_validation=2"]
    for name in yaml.safe_load(path.read_text())["stages"]:
        stage = f"--stages.{name}"
        arguments += [f"{stage}.steps=1", f"{stage}.batch_size=2", f"{stage}.optimizer.warmup_steps=0"]
    assert main(arguments) == 0
    preset = yaml.safe_load(path.read_text())["preset"]
    hand = tfhand.HandEstimator.from_preset(preset, out / "weights.safetensors")(
        np.full((64, 48, 3), 90, np.uint8), side="left"
    )
    assert hand.vertices_mm.shape == (len(tfhand.HandTemplate.load().vertex_ids), 3)
    assert np.isfinite(hand.vertices_mm).all() and np.isfinite(hand.joints_mm).all()
