"""Every shipped config trains, and what it trained predicts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

import tfhand
from trainers.config import TrainConfig
from trainers.config_file import load_config
from trainers.fully_supervised import main

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_header_gives_command_cost_and_score(path):
    header = "".join(line for line in path.read_text().splitlines(keepends=True) if line.startswith("#"))
    for words in ("python -m trainers.", "Cost:", "Score to expect:"):
        assert words in header
    config = load_config(TrainConfig, path, [])
    assert config.active_stages and config.data.train is None  # no folder of one machine


@pytest.mark.slow
@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
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
