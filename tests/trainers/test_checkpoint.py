from __future__ import annotations

import keras
import numpy as np
import pytest

from trainers.checkpoint import CheckpointFolder, Progress, progress_of, read_progress, restore


@pytest.fixture
def variables(rng):
    return [
        keras.Variable(rng.normal(size=(3, 4)), dtype="float32"),
        keras.Variable(rng.normal(size=()), dtype="float32"),
        keras.Variable(7, dtype="int32", trainable=False),
    ]


def test_round_trip(tmp_path, variables):
    folder = CheckpointFolder(tmp_path / "checkpoints")
    progress = Progress(stage=1, step=20, total_step=120, seconds=3.5)
    path = folder.save(progress, {"network": variables, "optimizer": variables[:1]})
    others = [keras.Variable(keras.ops.zeros_like(variable)) for variable in variables]
    restore(path, {"network": others})
    for variable, other in zip(variables, others, strict=True):
        np.testing.assert_array_equal(variable.numpy(), other.numpy())
    assert read_progress(path) == progress
    assert folder.latest() == path


def test_only_the_last_are_kept(tmp_path, variables):
    folder = CheckpointFolder(tmp_path, keep=2)
    for step in (5, 50, 1000):
        folder.save(Progress(step=step, total_step=step), {"network": variables})
    assert [read_progress(path).step for path in folder.paths()] == [50, 1000]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_stage_that_begins_is_newer_than_the_one_that_ended(tmp_path, variables):
    folder = CheckpointFolder(tmp_path)
    folder.save(Progress(stage=0, step=9, total_step=9), {"network": variables})
    folder.save(Progress(stage=1, step=0, total_step=9), {"network": variables})
    assert read_progress(folder.latest()).stage == 1


def test_a_failed_save_leaves_the_older_checkpoints(tmp_path, variables, monkeypatch):
    folder = CheckpointFolder(tmp_path, keep=1)
    folder.save(Progress(step=1, total_step=1), {"network": variables})

    def full_disk(tensors, path, metadata):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trainers.checkpoint.save_file", full_disk)
    with pytest.raises(OSError, match="No space left"):
        folder.save(Progress(step=2, total_step=2), {"network": variables})
    assert [path.name for path in tmp_path.iterdir()] == [folder.latest().name]
    assert read_progress(folder.latest()).step == 1


def test_another_model_is_refused(tmp_path, variables):
    path = CheckpointFolder(tmp_path).save(Progress(), {"network": variables})
    with pytest.raises(ValueError, match="expected 2 variables of the network, got 3"):
        restore(path, {"network": variables[:2]})
    with pytest.raises(ValueError, match=r"expected shape \(\) .* got \(3, 4\)"):
        restore(path, {"network": [variables[1], variables[0], variables[2]]})
    with pytest.raises(ValueError, match="expected 1 variables of the optimizer, got 0"):
        restore(path, {"optimizer": variables[:1]})


def test_damage_is_named(tmp_path, variables):
    path = CheckpointFolder(tmp_path).save(Progress(), {"network": variables})
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(ValueError, match="is not a checkpoint"):
        read_progress(path)


def test_a_run_of_another_depth_axis_does_not_go_on(tmp_path):
    """Nor one from before there was a choice."""
    path = CheckpointFolder(tmp_path).save(Progress(step=3), {})
    assert progress_of(path, "camera").step == 3
    with pytest.raises(ValueError, match="run along the axis 'crop', got 'camera'; begin anew"):
        progress_of(path, "crop")
    assert progress_of(None, "crop") == Progress(depth_axis="crop")
    assert progress_of(CheckpointFolder(tmp_path / "crop").save(Progress(depth_axis="crop"), {}), "crop").stage == 0
