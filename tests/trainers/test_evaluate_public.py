"""`python -m trainers.evaluate` on tiny folders of public sets: protocols by name, published figures, pred.json."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from tests.data import stb_set
from tests.data.rendered_hands import rendered_hands
from tests.data.test_freihand import write_set as write_freihand
from tests.data.test_rhd import write_set as write_rhd
from tfhand import models
from tfhand.data import crop, open_dataset
from tfhand.geometry import uvd_to_xyz
from trainers.evaluate import main


class NearTruth:
    """A network that knows the joints of a set up to noise; its mesh is twelve points around the wrist."""

    input_size, hand_side, depth_axis, joint_definition, num_vertices = 64, "right", "camera", "tfhand", 12
    faces = np.array([[0, 1, 2], [3, 4, 5]])

    def __init__(self, dataset, noise: float):
        rng = np.random.default_rng(3)
        self.views = [crop(sample, self.input_size) for sample in dataset]
        joints = np.stack([view["joints_uvd"] for view in self.views])
        self.joints = (joints + rng.normal(0, noise, joints.shape)).astype(np.float32)
        self.vertices = (joints[:, :1] + rng.normal(0, 0.05, (len(joints), 12, 3))).astype(np.float32)
        self.done = 0

    def predict_on_batch(self, images):
        chosen = slice(self.done, self.done + len(images))
        self.done += len(images)
        return {"joints_uvd": self.joints[chosen], "vertices_uvd": self.vertices[chosen]}

    def answers_mm(self, points: np.ndarray) -> np.ndarray:
        return np.stack([uvd_to_xyz(p, view["camera"]) for p, view in zip(points, self.views, strict=True)]).astype(float)

    def true_mm(self) -> np.ndarray:
        return self.answers_mm(np.stack([view["joints_uvd"] for view in self.views]))


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Evaluates a network near the truth; gives it, metrics.json and what was printed."""

    def evaluate(name, folder, *arguments, split="test", noise=0.05):
        network = NearTruth(open_dataset(name, folder, split, workers=1, progress=False), noise)
        monkeypatch.setattr(models.HandMeshNet, "from_preset", lambda *_: network)
        out = tmp_path / "out"
        assert main(["--dataset", name, "--data-dir", str(folder), "--out", str(out), "--pictures", "0", *arguments]) == 0
        return network, json.loads((out / "metrics.json").read_text()), capsys.readouterr().out

    return evaluate


def test_stb_by_both_protocols_with_the_papers_figure(tmp_path, run) -> None:
    folder = stb_set.write(tmp_path / "stb")
    network, metrics, text = run("stb", folder)
    ours, true = network.answers_mm(network.joints), network.true_mm()
    distances = np.linalg.norm(ours - true, axis=-1)
    assert metrics["protocol"] == "ge" and metrics["num_samples"] == 4
    assert metrics["pose_error_mm"] == pytest.approx(distances[:, 1:].sum() / distances.size, rel=1e-4)
    assert "stb, split 'test'" in text and "published: 0.998; Figure 9" in text and "no meshes in this set" in text
    network, metrics, text = run("stb", folder, "--protocol", "zimmermann-brox", "--split", "test_bb", split="test_bb")
    relative = [points - points[:, :1] for points in (network.answers_mm(network.joints), network.true_mm())]
    expected = np.linalg.norm(relative[0] - relative[1], axis=-1)
    assert metrics["protocol"] == "zimmermann-brox" and metrics["num_samples"] == 8
    assert metrics["pose_error_mm"] == pytest.approx(expected.mean(), rel=1e-4)
    assert "published" not in text


def test_rhd_counts_visible_joints_alone(tmp_path, run) -> None:
    write_rhd(tmp_path / "rhd", rendered_hands(320, ("right", "left")), "evaluation")
    network, metrics, text = run("rhd", tmp_path / "rhd")
    visible = np.stack([view["joint_visible"] for view in network.views])
    assert 0 < visible.sum() < visible.size
    relative = [points - points[:, :1] for points in (network.answers_mm(network.joints), network.true_mm())]
    errors = np.linalg.norm(relative[0] - relative[1], axis=-1)
    joints = [errors[visible[:, joint], joint].mean() for joint in range(21) if visible[:, joint].any()]
    assert metrics["pose_error_mm"] == pytest.approx(np.mean(joints), rel=1e-4)
    assert metrics["protocol"] == "zimmermann-brox" and "published: 0.920" in text
    _, metrics, text = run("rhd", tmp_path / "rhd", "--protocol", "ge")
    assert "published" not in text  # another protocol's figure can't stand beside ours
    assert metrics["protocol"] == "ge"  # counts all joints, hidden ones too
    assert metrics["pose_error_mm"] != pytest.approx(np.mean(joints), rel=1e-4)


def naive_f(one: np.ndarray, other: np.ndarray, threshold: float) -> float:
    near = [min(math.dist(a, b) for b in other) < threshold for a in one]
    back = [min(math.dist(a, b) for a in one) < threshold for b in other]
    p, r = np.mean(near), np.mean(back)
    return 2 * p * r / (p + r) if p + r else 0.0


def test_freihand_is_aligned_scored_and_exported(tmp_path, run) -> None:
    write_freihand(tmp_path / "freihand", rendered_hands(224, ("right", "right")))
    network, metrics, text = run("freihand", tmp_path / "freihand", noise=1e-7)
    assert metrics["protocol"] == "freihand" and metrics["pose_error_mm"] == pytest.approx(0, abs=1e-2)
    samples = list(open_dataset("freihand", tmp_path / "freihand", "test"))
    meshes = network.answers_mm(network.vertices)
    for distance in (5, 15):
        expected = [naive_f(m, s.extras["mano_vertices_mm"], distance) for m, s in zip(meshes, samples, strict=True)]
        assert metrics[f"f_score_{distance}"] == pytest.approx(np.mean(expected), abs=2e-3)
        assert f"F-score of aligned meshes, {distance} mm" in text
    joints, vertices = json.loads((tmp_path / "out" / "pred.json").read_text())
    np.testing.assert_allclose(np.array(joints) * 1000, np.stack([s.joints_mm for s in samples]), atol=0.02)
    np.testing.assert_allclose(np.array(vertices) * 1000, meshes, atol=0.02)
    (tmp_path / "out" / "pred.json").unlink()
    _, _, text = run("freihand", tmp_path / "freihand", "--max-samples", "1")
    assert "pred.json is not written" in text and not (tmp_path / "out" / "pred.json").exists()


def test_pred_json_of_a_network_for_left_hands_is_turned_back(tmp_path, monkeypatch) -> None:
    from trainers.evaluation.pred_json import write_pred_json
    from trainers.evaluation.runner import run_network

    write_freihand(tmp_path / "freihand", rendered_hands(224, ("right", "right")))
    dataset = open_dataset("freihand", tmp_path / "freihand", "test", workers=1, progress=False)
    network = NearTruth(dataset, 0.0)
    network.hand_side = "left"
    network.joints = np.stack([crop(sample, 64, hand_side="left")["joints_uvd"] for sample in dataset])
    run = run_network(network, dataset, progress=False, other_mesh="mano_vertices_mm")
    assert run.mirrored.all()
    joints, _ = json.loads(write_pred_json(run, tmp_path).read_text())
    np.testing.assert_allclose(np.array(joints) * 1000, np.stack([s.joints_mm for s in dataset]), atol=0.02)


def test_mistakes_are_told_before_anything_is_built(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setenv("TFHAND_DATA", str(tmp_path))
    out = ["--out", str(tmp_path / "out")]
    assert main(["--dataset", "stb", *out]) == 1
    assert f"{tmp_path / 'stb'} ($TFHAND_DATA/stb) does not exist" in capsys.readouterr().err
    assert main(["--dataset", "rhd", "--split", "dev", *out]) == 1
    assert "split: expected one of train, test of rhd" in capsys.readouterr().err
    # Before a set is looked for, which may have to be converted.
    assert main(["--dataset", "stb", "--max-samples", "0", *out]) == 1
    assert "--max-samples: expected at least 1, got 0" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
