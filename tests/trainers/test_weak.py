"""The weakly supervised trainer: what it knows of a hand, its command line, and its mistakes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from toy import OCTAHEDRON, SIZE, Hands

from tfhand.data import AugmentConfig, BatchSource
from tfhand.data.sample import encode
from tfhand.data.shards import ShardSetWriter, write_shard
from tfhand.losses import CompositeLoss
from tfhand.mesh import HandTemplate
from trainers.config_file import load_config
from trainers.weak import CONFIGS, check_losses, main, prepare
from trainers.weak_config import WeakConfig
from trainers.weak_samples import WeakSamples


class CorruptedHands(Hands):
    """Toy hands seen where they were, with root depth and hand scale as they were, and nonsense for 3D labels."""

    def __getitem__(self, index):
        sample = super().__getitem__(index)
        rng = np.random.default_rng(1000 + index)
        return dataclasses.replace(
            sample,
            joints_mm=sample.joints_mm * rng.uniform(0.5, 2.0, (21, 1)),
            vertices_mm=rng.normal(size=sample.vertices_mm.shape),
        )


def batches(hands, with_3d_pose: bool = False) -> list:
    source = BatchSource(WeakSamples(hands, with_3d_pose), 4, SIZE, AugmentConfig(), depth_size=8)
    return [source[number] for number in range(3)]


def test_3d_labels_are_not_used():
    for (images, labels), (other_images, other) in zip(batches(Hands()), batches(CorruptedHands()), strict=True):
        np.testing.assert_array_equal(images, other_images)
        assert labels.keys() == other.keys() == {"joints_uvd", "camera", "depth_map"}
        for name, values in labels.items():
            np.testing.assert_allclose(values, other[name], rtol=1e-5, atol=1e-5, err_msg=name)
        np.testing.assert_allclose(labels["joints_uvd"][..., 2], 0, atol=1e-5)


def test_2d_labels_are_those_of_the_hand():
    full = BatchSource(Hands(), 4, SIZE, AugmentConfig())[0][1]
    weak = batches(Hands())[0][1]
    np.testing.assert_allclose(weak["joints_uvd"][..., :2], full["joints_uvd"][..., :2], atol=1e-5)
    np.testing.assert_array_equal(weak["camera"], full["camera"])


def test_with_3d_pose_they_are_used():
    found = batches(Hands(), with_3d_pose=True)[0][1]
    np.testing.assert_array_equal(found["joints_uvd"], BatchSource(Hands(), 4, SIZE, AugmentConfig())[0][1]["joints_uvd"])
    assert "vertices_uvd" not in found


def weak_config(*arguments: str, config: str = "weak.yaml") -> WeakConfig:
    return load_config(WeakConfig, CONFIGS / config, list(arguments))


def test_command_line_of_the_readme():
    config = weak_config("--dataset", "rhd", "--data-dir=RHD", "--with-3d-pose", "--data.num-samples", "7")
    assert (config.dataset, config.data_dir, config.with_3d_pose, config.data.num_samples) == ("rhd", "RHD", True, 7)
    assert not weak_config("--with-3d-pose", "false").with_3d_pose
    assert weak_config("--with_3d_pose=true", "--dataset=stb").with_3d_pose


def test_3d_pose_adds_its_loss_and_trains_the_regressor():
    without, with_pose = (dict(weak_config(*flags).active_stages) for flags in ((), ("--with-3d-pose",)))
    assert with_pose["heatmap"] == without["heatmap"]
    assert with_pose["weak"].losses == {**without["weak"].losses, "pose_l1": 10.0}
    assert without["weak"].parts == ["heatmap", "mesh"] and with_pose["weak"].parts == ["heatmap", "mesh", "pose"]


def test_the_papers_weights():
    config = weak_config("--with-3d-pose", config="weak_paper.yaml")
    assert dict(config.active_stages)["weak"].losses == {
        "heatmap": 0.1, "depth": 0.1, "pseudo_edge": 1.0, "pseudo_laplacian": 50.0, "pose": 10.0
    }  # fmt: skip


def test_a_dataset_without_depth_is_trained_without_its_loss():
    stages = dict(weak_config("--dataset=freihand").active_stages)
    assert "depth" not in stages["weak"].losses and "depth" not in stages["weak"].loss_options
    assert "depth" in dict(weak_config("--dataset=stb").active_stages)["weak"].losses


@pytest.mark.parametrize(
    ("losses", "message"),
    [({"vertex_l1": 1.0}, "expected terms without meshes, got 'vertex_l1'"), ({"pose": 1.0}, "without 3D joints, got 'pose'")],
)
def test_losses_of_full_supervision_are_refused(losses, message):
    with pytest.raises(ValueError, match=message):
        check_losses(weak_config(), {"weak": CompositeLoss(losses, OCTAHEDRON)})


def write_rendered(folder: Path, split: str) -> None:
    """A folder of toy hands as the renderer leaves one."""
    writer = ShardSetWriter(folder, 2, 2, {"split": split, "world": "target"})
    hands = (dataclasses.replace(Hands()[number], vertices_mm=Hands()[number].vertices_mm.astype(np.float32)) for number in range(2))
    write_shard(writer.shard_path(0), (encode(hand) for hand in hands))
    writer.finish()


def test_hands_to_validate_on_are_others_and_of_the_template(tmp_path):
    write_rendered(tmp_path / "one", "all")
    config = weak_config(f"--data-dir={tmp_path / 'one'}")
    with pytest.raises(ValueError, match=r"data_dir: expected train/ and validation/ in .*one, got one folder of hands"):
        prepare(config, HandTemplate.load(), {})
    for split in ("train", "validation"):
        write_rendered(tmp_path / "two" / split, split)
    config = weak_config(f"--data-dir={tmp_path / 'two'}")
    with pytest.raises(ValueError, match="data_dir: expected hands with meshes of the template's 999 vertices, got meshes of 6"):
        prepare(config, HandTemplate.load(), {})


def test_3d_pose_losses_are_fine_where_asked_for():
    check_losses(weak_config("--with-3d-pose"), {"weak": CompositeLoss({"pose": 1.0, "depth": 1.0}, OCTAHEDRON)})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset=stbb"], "error: .*dataset: expected one of .*stb, .*got 'stbb'"),
        (["--dataset=real_world"], "error: .*dataset: expected one with a training split, got 'real_world'"),
        (["--weights=null"], "error: .*weights: expected `default` or a file"),
        (["--data.depth_size=0"], "error: .*data.depth_size: expected at least 1, got 0"),
        (["--data.train=somewhere"], "error: .*"),
        (["--with-3d-pose", "--stages.weak.parts=[pose]"], r"stages\.weak\.parts: expected parts that look at images, got \['pose'\]"),
        (["--stages.weak.losses.vertex_l1=1"], r"stages\.weak\.losses: expected terms without meshes, got 'vertex_l1'"),
    ],
)
def test_mistakes_are_told_in_one_line(tmp_path, arguments, message):
    with pytest.raises(SystemExit, match=message):
        main([f"--out={tmp_path / 'run'}", *arguments])
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["stb", "rhd", "freihand", "synthetic_target"])
def test_missing_data_say_what_to_do(tmp_path, name):
    with pytest.raises(SystemExit) as stopped:
        main([f"--dataset={name}", f"--data-dir={tmp_path / 'absent'}", f"--out={tmp_path / 'run'}"])
    message = str(stopped.value)
    assert str(tmp_path / "absent") in message and ("http" in message or "python -m" in message)
    assert not Path(tmp_path / "run").exists()
