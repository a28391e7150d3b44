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
from safetensors.numpy import load_file
from toy import ToyNet, toy_source
from toy_run import toy_config, toy_run

from tfhand.data import BatchSource
from trainers import callbacks
from trainers.checkpoint import CheckpointFolder, Progress, read_progress
from trainers.run_folder import RunFolder

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
    """Bit by bit: exported averages, what both kept checkpoints hold (the older one the optimizer too), and the log."""
    for mine, theirs in zip(weights(one), weights(other), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    checkpoints = [CheckpointFolder(out / "checkpoints").paths() for out in (one, other)]
    for mine, theirs in zip(*checkpoints, strict=True):
        assert mine.name == theirs.name
        assert {**vars(read_progress(mine)), "seconds": 0} == {**vars(read_progress(theirs)), "seconds": 0}
        mine, theirs = load_file(mine), load_file(theirs)
        assert mine.keys() == theirs.keys()
        for key, value in mine.items():
            np.testing.assert_array_equal(value, theirs[key], err_msg=key)
    assert log(one) == log(other)


@pytest.mark.parametrize("step", [pytest.param(3, marks=pytest.mark.slow), 11], ids=["first-stage", "second-stage"])
def test_killed_run_continues_exactly(uninterrupted, tmp_path, step):
    out = tmp_path / "run"
    path = os.pathsep.join([str(HERE), str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(HERE / "toy_run.py"), str(out), str(step)]
    environment = {**os.environ, "PYTHONPATH": path}
    killed = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    assert read_progress(CheckpointFolder(out / "checkpoints").latest()).total_step < step
    assert toy_run(toy_config(out))
    assert_same_run(out, uninterrupted)


class Killed(BaseException):
    """Ends a run as abruptly as can be done within this process."""


@pytest.mark.parametrize("last", [pytest.param("step-00000006-0", marks=pytest.mark.slow), "step-00000006-1"])
def test_run_killed_between_stages_continues_exactly(uninterrupted, tmp_path, monkeypatch, last):
    original = CheckpointFolder.save

    def save_and_die(self, progress, groups):
        if original(self, progress, groups).stem == last:
            raise Killed

    monkeypatch.setattr(CheckpointFolder, "save", save_and_die)
    with pytest.raises(Killed):
        toy_run(toy_config(tmp_path))
    monkeypatch.undo()
    assert CheckpointFolder(tmp_path / "checkpoints").latest().stem == last
    with open(tmp_path / "log.csv", "a") as file:
        file.write("1,ma")  # half a line
    assert toy_run(toy_config(tmp_path))
    assert_same_run(tmp_path, uninterrupted)


def test_interrupt_at_the_last_step_of_a_stage_stops_before_the_next(tmp_path, monkeypatch):
    original = callbacks.Validation.on_epoch_end

    def interrupt(self, epoch, logs=None):
        if self.progress.total_step == 6:
            os.kill(os.getpid(), signal.SIGINT)
        original(self, epoch, logs)

    monkeypatch.setattr(callbacks.Validation, "on_epoch_end", interrupt)
    assert not toy_run(toy_config(tmp_path))
    assert CheckpointFolder(tmp_path / "checkpoints").latest().stem == "step-00000006-1"


class PoisonedSource(BatchSource):
    """Batches with a vertex that is not a number in that of step 4."""

    def __getitem__(self, step):
        images, labels = super().__getitem__(step)
        vertices = labels["vertices_uvd"].copy()
        if step == 4:
            vertices[1, 2] = np.nan
        return images, {**labels, "vertices_uvd": vertices}


def test_loss_that_is_not_finite_keeps_its_batch(tmp_path, monkeypatch):
    monkeypatch.setattr("toy_run.BatchSource", PoisonedSource)
    message = r"step 4 of stage 1: loss, .*vertex_l1.*the batch itself .* vertices_uvd"
    with pytest.raises(callbacks.NonFiniteLossError, match=message):
        toy_run(toy_config(tmp_path, log_every=1, checkpoint_every=1))
    with np.load(tmp_path / "bad_batch.npz") as batch:
        assert batch["image"].shape == (4, 16, 16, 3) and batch["image"].dtype == np.uint8
        assert np.isnan(batch["vertices_uvd"][1, 2]).all() and np.isfinite(batch["joints_uvd"]).all()
        assert batch["step"] == 4
    latest = CheckpointFolder(tmp_path / "checkpoints").latest()
    assert read_progress(latest).total_step == 6 + 4
    assert all(np.isfinite(value).all() for value in load_file(latest).values())


class DamagedSource(BatchSource):
    """Batches of which that of step 4 can't be read."""

    def __getitem__(self, step):
        if step == 4:
            raise ValueError("sample 17 is truncated")
        return super().__getitem__(step)


def test_what_stops_a_batch_is_told_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr("toy_run.BatchSource", DamagedSource)
    with pytest.raises(ValueError, match="^sample 17 is truncated$"):
        toy_run(toy_config(tmp_path))


def test_weights_that_are_not_finite_reach_no_checkpoint(tmp_path):
    network, progress = ToyNet(), Progress(step=3, total_step=3)
    guard = callbacks.BadBatchGuard(progress, toy_source(), tmp_path / "bad_batch.npz")
    guard.set_model(network)
    guard.on_epoch_end(0, {"loss": 1.0})
    kernel = network.get_layer("stem").kernel
    kernel.assign(kernel * np.inf)
    with pytest.raises(callbacks.NonFiniteLossError, match="step 2 of stage 0: 1 weights such as stem/kernel"):
        guard.on_epoch_end(0, {"loss": 1.0})
    with np.load(tmp_path / "bad_batch.npz") as kept:
        assert kept["step"] == 2
        np.testing.assert_array_equal(kept["image"], toy_source()[2][0])
        np.testing.assert_array_equal(kept["before_image"], toy_source()[1][0])


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
        np.testing.assert_array_equal(mine, theirs)


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
    with pytest.raises(ValueError, match="is not empty; give another folder, or --resume auto"):
        toy_run(dataclasses.replace(config, seed=0, resume="never"))


def test_resume_never_refuses_any_other_files(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not empty"):
        toy_run(toy_config(tmp_path, resume="never"))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_command_in_the_readme_continues_a_run_that_was_never_to_resume(tmp_path):
    config = toy_config(tmp_path / "run", resume="never")
    RunFolder(config.out).open(config, "trainers.fully_supervised")
    readme = (tmp_path / "run" / "README.md").read_text()
    assert f"python -m trainers.fully_supervised --config {tmp_path}/run/config.yaml --resume auto\n" in readme
    assert "--preset mobile --weights" in readme


def test_run_folder_explains_itself(uninterrupted):
    files = {path.name for path in uninterrupted.iterdir()}
    assert files == {
        "README.md", "config.yaml", "environment.json", "log.csv", "curves.png", "tensorboard", "pictures",
        "weights.safetensors", "checkpoints",
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
