from __future__ import annotations

import csv
import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from toy_run import toy_config, toy_run

from trainers import callbacks
from trainers.checkpoint import CheckpointFolder, read_progress

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("uninterrupted") / "run"
    assert toy_run(toy_config(out))
    return out


def weights(out: Path) -> list[np.ndarray]:
    with np.load(out / "weights.safetensors") as file:
        return [file[key] for key in file.files]


def log(out: Path) -> list[dict[str, str]]:
    with open(out / "log.csv", newline="") as file:
        return [{key: value for key, value in row.items() if "second" not in key} for row in csv.DictReader(file)]


def assert_same_run(one: Path, other: Path) -> None:
    for mine, theirs in zip(weights(one), weights(other), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-7)
    for mine, theirs in zip(log(one), log(other), strict=True):
        assert mine.keys() == theirs.keys()
        for key, value in mine.items():
            if value and key != "stage":
                assert float(value) == pytest.approx(float(theirs[key]), rel=1e-5), key
            else:
                assert value == theirs[key]


@pytest.mark.parametrize("step", [3, 6, 11], ids=["first-stage", "between-stages", "second-stage"])
def test_killed_run_continues_exactly(uninterrupted, tmp_path, step):
    out = tmp_path / "run"
    path = os.pathsep.join([str(HERE), str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(HERE / "toy_run.py"), str(out), str(step)]
    killed = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=120)
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    assert read_progress(CheckpointFolder(out / "checkpoints").latest()).total_step < step
    assert toy_run(toy_config(out))
    assert_same_run(out, uninterrupted)


def test_interrupt_saves_the_step_it_is_at(uninterrupted, tmp_path, monkeypatch):
    original = callbacks.StepCounter.on_train_batch_end

    def interrupt(self, batch, logs=None):
        if self.progress.total_step == 8:
            os.kill(os.getpid(), signal.SIGTERM)
        original(self, batch, logs)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(callbacks.StepCounter, "on_train_batch_end", interrupt)
    assert not toy_run(toy_config(tmp_path))
    assert read_progress(CheckpointFolder(tmp_path / "checkpoints").latest()).total_step == 9
    assert signal.getsignal(signal.SIGTERM) == before
    monkeypatch.undo()
    assert toy_run(toy_config(tmp_path))
    for mine, theirs in zip(weights(tmp_path), weights(uninterrupted), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-7)


def test_finished_run_is_left_alone(uninterrupted):
    before = (uninterrupted / "log.csv").read_text(), weights(uninterrupted)
    assert toy_run(toy_config(uninterrupted))
    assert (uninterrupted / "log.csv").read_text() == before[0]
    for mine, theirs in zip(weights(uninterrupted), before[1], strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_another_config_is_refused(uninterrupted):
    config = toy_config(uninterrupted, seed=3)
    with pytest.raises(ValueError, match=r"(?s)another config.*seed: 0 -> 3"):
        toy_run(config)
    with pytest.raises(ValueError, match="holds a run already"):
        toy_run(dataclasses.replace(config, seed=0, resume="never"))


def test_run_folder_explains_itself(uninterrupted):
    files = {path.name for path in uninterrupted.iterdir()}
    assert files == {
        "README.md", "config.yaml", "environment.json", "log.csv", "tensorboard", "pictures", "weights.safetensors", "checkpoints"
    }  # fmt: skip
    readme = (uninterrupted / "README.md").read_text()
    for name in files - {"README.md"}:
        assert name in readme
    assert len(list((uninterrupted / "checkpoints").iterdir())) == 2
    assert [path.name for path in sorted((uninterrupted / "pictures").iterdir())] == [
        f"step-{step:08d}.jpg" for step in (4, 6, 10, 14, 15)
    ]


def test_log_has_losses_and_validation(uninterrupted):
    rows = log(uninterrupted)
    assert [int(row["total_step"]) for row in rows] == [2, 4, 6, 8, 10, 12, 14, 15]
    assert [row["stage"] for row in rows] == ["maps"] * 3 + ["all"] * 5
    assert rows[0]["heatmap_cross_entropy"] and not rows[0]["vertex_l1"] and rows[-1]["vertex_l1"]
    assert [bool(row["val_mesh_error_mm"]) for row in rows] == [False] * 4 + [True, False, True, True]
    assert [bool(row["val_joint_uv_error_px"]) for row in rows] == [False, True, True, False, True, False, True, True]
