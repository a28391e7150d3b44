"""`python -m trainers.evaluate` of networks that say whether there is a hand, and of networks without a mesh."""

from __future__ import annotations

import csv
import itertools
import json

import numpy as np
import pytest

from tests.data.conftest import make_sample
from tests.data.rendered_hands import rendered_hands
from tests.data.test_freihand import write_set as write_freihand
from tfhand import models
from tfhand.data import ShardedDataset, ShardSetWriter, crop, encode, open_dataset
from tfhand.data.shards import write_shard
from tfhand.data.sign_views import negative_crop
from trainers.data import validation_backgrounds
from trainers.evaluate import main

SIZE, COUNT = 32, 7


class Seeing:
    """A network of one answer for joints and mesh; its signs are brightness, and how much brighter the left half is."""

    input_size, hand_side, depth_axis, joint_definition, num_vertices = SIZE, "right", "camera", "tfhand", 50
    faces = np.array([[0, 1, 2], [3, 4, 5]])
    output = dict.fromkeys(("joints_uvd", "vertices_uvd", "sign_logits"))

    def __init__(self, mesh: bool = True):
        if not mesh:
            self.output = dict.fromkeys(("joints_uvd", "sign_logits"))
        hand = np.random.default_rng(2).normal([0.5, 0.5, 0], [0.1, 0.1, 0.3], (50, 3)).astype(np.float32)
        self.answers = {"joints_uvd": hand[:21], "vertices_uvd": hand, "sign_logits": np.zeros(2)}

    def predict_on_batch(self, images: np.ndarray) -> dict[str, np.ndarray]:
        said = {key: np.repeat(self.answers[key][None], len(images), axis=0) for key in self.output}
        said["sign_logits"] = np.stack([self.signs(image) for image in images])
        return said

    @staticmethod
    def signs(image: np.ndarray) -> np.ndarray:
        """(2,) of a crop (SIZE, SIZE, 3), 0..1."""
        left, right = image[:, : SIZE // 2].mean(), image[:, SIZE // 2 :].mean()
        return np.array([left + right - 1, left - right])


@pytest.fixture(scope="module")
def hands(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hands")
    writer = ShardSetWriter(folder, COUNT, 4, {})
    for shard in writer.missing_shards():
        samples = (make_sample(seed, side=("left", "right")[seed % 2]) for seed in writer.shard_range(shard))
        write_shard(writer.shard_path(shard), map(encode, samples))
    writer.finish()
    return folder


def test_signs_of_a_set_and_its_groups_by_another_protocol(hands, tmp_path, monkeypatch) -> None:
    read, opened = [], ShardedDataset.__getitem__

    def counted(dataset, index):
        read.append(opened(dataset, index))
        return read[-1]

    monkeypatch.setattr(models.HandMeshNet, "from_preset", lambda *_: Seeing())
    monkeypatch.setattr(ShardedDataset, "__getitem__", counted)
    arguments = ["--dataset", "synthetic", "--data-dir", str(hands), "--out", str(tmp_path), "--batch-size", "3"]
    assert main([*arguments, "--protocol", "zimmermann-brox", "--pictures", "0"]) == 0
    assert len(read) == COUNT and all(sample.depth_mm is None for sample in read)  # once each, without the slowest part

    samples, backgrounds = [opened(ShardedDataset(hands, with_depth=True), index) for index in range(COUNT)], validation_backgrounds()
    plain = [crop(sample, SIZE)["image"] for sample in samples]
    without = [negative_crop(sample, index, SIZE, "right", backgrounds) for index, sample in enumerate(samples)]
    known, mirrored, empty = (
        [Seeing.signs(np.float32(image) / 255) for image in images] for images in (plain, [i[:, ::-1] for i in plain], without)
    )
    hit = [x[0] > 0 for x in known + mirrored], [x[0] <= 0 for x in empty]
    expected = {
        "presence_accuracy": (np.mean(hit[0]) + np.mean(hit[1])) / 2,
        "presence_auc": np.mean([(a[0] > b[0]) + (a[0] == b[0]) / 2 for a, b in itertools.product(known + mirrored, empty)]),
        "handedness_accuracy": np.mean([x[1] > 0 for x in known] + [x[1] <= 0 for x in mirrored]),
        "handedness_auc": np.mean([(a[1] > b[1]) + (a[1] == b[1]) / 2 for a, b in itertools.product(known, mirrored)]),
        "handedness_accuracy_two_looks": np.mean([a[1] > b[1] for a, b in zip(known, mirrored, strict=True)]),
    }
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert {name: metrics[name] for name in expected} == pytest.approx(expected)
    with open(tmp_path / "groups.csv", newline="") as file:
        sides = [row for row in csv.DictReader(file) if row["kind"] == "side"]
    total = sum(int(row["samples"]) * float(row["mesh_error_mm"]) for row in sides)
    assert total / COUNT == pytest.approx(metrics["mesh_error_mm"], abs=1e-3)


def test_joints_alone_are_no_predictions_for_freihand(tmp_path, capsys, monkeypatch) -> None:
    write_freihand(tmp_path / "freihand", rendered_hands(224, ("right", "right")))
    open_dataset("freihand", tmp_path / "freihand", "test", workers=1, progress=False)  # to shards
    monkeypatch.setattr(models.HandMeshNet, "from_preset", lambda *_: Seeing(mesh=False))
    monkeypatch.delattr(Seeing, "num_vertices")
    assert main(["--dataset", "freihand", "--data-dir", str(tmp_path / "freihand"), "--out", str(tmp_path / "out")]) == 0
    assert "pred.json is not written: it must have meshes" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"metrics.json", "pck.csv", "pck.png", "groups.csv"}
