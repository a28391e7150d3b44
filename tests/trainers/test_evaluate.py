"""`python -m trainers.evaluate` on tiny sets, against a recomputation in plain loops."""

from __future__ import annotations

import csv
import json
import math
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.io

from tfhand import models
from tfhand.constants import DEPTH_AXES
from tfhand.data import HandSample, ShardedDataset, crop
from tfhand.data.joint_adapters import REAL_WORLD_ADAPTER
from tfhand.data.real_world import RealWorldDataset
from tfhand.data.sample import encode
from tfhand.data.shards import INFO_FILE, ShardSetWriter, write_shard
from tfhand.geometry import with_root_at
from tfhand.mesh import HandTemplate
from tfhand.mesh.rigged_hands import rig_hands
from tfhand.synthetic.generator import HandGenerator, SyntheticConfig
from trainers.evaluate import main

KEYS = [
    "dataset", "protocol", "num_samples", "pose_error_mm", "pose_error_without_root_mm", "procrustes_pose_error_mm",
    "auc_20_50", "auc_0_50", "mesh_error_mm", "pose_error_at_true_depth_mm", "pose_error_at_true_uv_mm",
]  # fmt: skip
FILES = {"metrics.json", "pck.csv", "pck.png", "groups.csv", "worst.png", "best.png", "causes.png"}
COUNTS = {"synthetic": 6, "real_world": 3}


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sets") / "synthetic"
    generator = HandGenerator(SyntheticConfig(size=64))
    writer = ShardSetWriter(folder, COUNTS["synthetic"], 4, {"size": 64})
    for index in writer.missing_shards():
        write_shard(writer.shard_path(index), (encode(generator.render(seed)) for seed in writer.shard_range(index)))
    writer.finish()
    return folder


@pytest.fixture(scope="module")
def real_world(tmp_path_factory, synthetic) -> Path:
    """The layout of the real-world test set, with synthetic poses in centimetres and pictures of noise."""
    folder, rng = tmp_path_factory.mktemp("sets") / "real_world", np.random.default_rng(5)
    (folder / "images").mkdir(parents=True)
    names = [f"images/{number:05d}.jpg" for number in range(COUNTS["real_world"])]
    for name in names:
        assert cv2.imwrite(str(folder / name), rng.integers(0, 255, (256, 256, 3), np.uint8))
    joints = np.stack([ShardedDataset(synthetic)[index].joints_mm for index in range(len(names))])
    pose = (joints - joints[:, :1] + [0, 0, 500]) / 10
    params = {
        "image_path": np.array(names),
        "cam_param": np.tile([900.0, 900.0, 640.0, 360.0], (len(names), 1)),
        "bbox": np.tile(np.array([440, 160, 400, 400], np.int32), (len(names), 1)),
        "pose_root": pose[:, 0],
        "pose_scale": np.linalg.norm(pose[:, 9] - pose[:, 10], axis=-1)[None],
    }
    scipy.io.savemat(folder / "params.mat", params)
    scipy.io.savemat(folder / "pose_gt.mat", {"pose_gt": pose.astype(np.float32)})
    return folder


class NearTruth:
    """A network that knows the answers up to noise, for figures between the extremes; answers in the set's order."""

    input_size = 64
    hand_side = "right"
    joint_definition = "tfhand"

    def __init__(self, dataset, num_vertices: int, depth_axis: str = "camera"):
        rng = np.random.default_rng(4)
        self.depth_axis = depth_axis
        views = [crop(dataset[index], self.input_size, depth_axis=depth_axis) for index in range(len(dataset))]
        self.num_vertices = num_vertices
        self.faces = HandTemplate.load().faces
        joints = np.stack([view["joints_uvd"] for view in views])
        noise = rng.normal(0, 0.04, joints.shape) * rng.uniform(0.2, 3, (len(views), 1, 1))
        vertices = [view.get("vertices_uvd", np.zeros((num_vertices, 3))) for view in views]
        self.outputs = {
            "joints_uvd": joints + noise,
            "vertices_uvd": np.stack(vertices) + rng.normal(0, 0.04, (len(views), num_vertices, 3)),
        }
        self.done = 0

    def predict_on_batch(self, images: np.ndarray) -> dict[str, np.ndarray]:
        assert images.dtype == np.float32 and images.shape[1:] == (64, 64, 3) and 0 <= images.min() <= images.max() <= 1
        chosen = slice(self.done, self.done + len(images))
        self.done += len(images)
        return {key: value[chosen].astype(np.float32) for key, value in self.outputs.items()}


def ray(uv: np.ndarray, camera: np.ndarray) -> np.ndarray:
    return np.array([(uv[0] - camera[2]) / camera[0], (uv[1] - camera[3]) / camera[1], 1.0])


def to_mm(uvd: np.ndarray, camera: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Points whose product with the unit vector `axis` is their depth."""
    root, scale = float(camera[4]), float(camera[5])
    rays = [ray(point[:2], camera) for point in np.float64(uvd)]
    return np.array([one * (float(point[2]) * scale + root) / (one @ axis) for point, one in zip(uvd, rays)])


def aligned(points: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Kabsch's rotation with the scale that fits best, one hand."""
    a, b = points - points.mean(0), target - target.mean(0)
    u, s, vt = np.linalg.svd(a.T @ b)
    d = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    return (s * d).sum() / (a**2).sum() * a @ (u * d) @ vt + target.mean(0)


def naive_metrics(samples: list[HandSample], outputs: dict[str, np.ndarray], size: int, adapted: bool, depth_axis: str) -> dict:
    """The figures of Ge et al.'s protocol from crops and raw outputs, with the PCK curve as `curve`."""
    errors, aligned_errors, mesh_errors, true_depth, true_uv = [], [], [], [], []
    for index, sample in enumerate(samples):
        view = crop(sample, size)
        joints, camera = np.float64(outputs["joints_uvd"][index]), np.float64(view["camera"])
        optical = np.array([0.0, 0.0, 1.0])
        true = to_mm(view["joints_uvd"], camera, optical)
        middle = ray([0.5, 0.5], camera)
        axis = middle / math.hypot(*middle) if depth_axis == "crop" else optical
        wrist = REAL_WORLD_ADAPTER.matrix[0] @ joints[:, :2] if adapted else joints[0, :2]
        camera[4] *= ray(wrist, camera) @ axis
        if adapted:
            camera[5] *= REAL_WORLD_ADAPTER.scale_ratio
            depths = joints[:, 2] - joints[0, 2]
            camera[4] -= camera[5] * sum(w * d for w, d in zip(REAL_WORLD_ADAPTER.matrix[0], depths))
        ours = to_mm(joints, camera, axis)
        if adapted:
            front, reach = np.cross(ours[5] - ours[0], ours[17] - ours[0]), math.dist(ours[9], ours[0])
            ours = np.array([sum(w * joint for w, joint in zip(row, ours)) for row in REAL_WORLD_ADAPTER.matrix])
            ours[1] += REAL_WORLD_ADAPTER.thumb_front * reach * front / math.hypot(*front)
        true_depth += [math.dist(a * b[2] / a[2], b) for a, b in zip(ours, true)]
        true_uv += [math.dist(b * a[2] / b[2], b) for a, b in zip(ours, true)]
        ours[0] = true[0]
        errors.append([math.dist(a, b) for a, b in zip(ours, true)])
        aligned_errors += [math.dist(a, b) for a, b in zip(aligned(ours, true), true)]
        if "vertices_uvd" in view:
            vertices = to_mm(outputs["vertices_uvd"][index], camera, axis)
            true_vertices = to_mm(view["vertices_uvd"], np.float64(view["camera"]), optical)
            mesh_errors += [math.dist(a, b) for a, b in zip(vertices, true_vertices)]
    errors = np.array(errors)
    curve = [(errors <= 0.5 * step).mean() for step in range(101)]
    areas = [0.5 * (low + high) for low, high in zip(curve, curve[1:])]
    return {
        "pose_error_mm": errors.mean(),
        "pose_error_without_root_mm": errors[:, 1:].mean(),
        "procrustes_pose_error_mm": np.mean(aligned_errors),
        "auc_20_50": np.mean(areas[40:]),
        "auc_0_50": np.mean(areas),
        "mesh_error_mm": np.mean(mesh_errors) if mesh_errors else None,
        "pose_error_at_true_depth_mm": np.mean(true_depth),
        "pose_error_at_true_uv_mm": np.mean(true_uv),
        "curve": curve,
    }


def check_report(out: Path, name: str, expected: dict, text: str, rtol: float) -> None:
    metrics = json.loads((out / "metrics.json").read_text())
    assert list(metrics) == KEYS
    assert [metrics[key] for key in KEYS[:3]] == [name, "ge", COUNTS[name]]
    for key in KEYS[3:]:
        if expected[key] is None:
            assert metrics[key] is None and "no meshes in this set" in text
        else:
            assert metrics[key] == pytest.approx(expected[key], rel=rtol), key
            assert (f"{metrics[key]:.3f}" if key.startswith("auc") else f"{metrics[key]:.2f} mm") in text, key
    with open(out / "pck.csv", newline="") as file:
        rows = [(float(row["threshold_mm"]), float(row["pck"])) for row in csv.DictReader(file)]
    assert [threshold for threshold, _ in rows] == [0.5 * step for step in range(101)]
    np.testing.assert_allclose([share for _, share in rows], expected["curve"], atol=1e-9)
    assert {path.name for path in out.iterdir()} == FILES
    assert cv2.imread(str(out / "pck.png")) is not None
    for picture in ("worst.png", "best.png"):
        assert cv2.imread(str(out / picture)).shape == (256 * min(2, COUNTS[name]), 256 * 6, 3)
    with open(out / "groups.csv", newline="") as file:
        causes = [min(2, int(row["samples"])) for row in csv.DictReader(file) if row["kind"] == "cause"]
    assert cv2.imread(str(out / "causes.png")).shape == (256 * sum(causes), 256 * 6, 3)


def test_random_weights_of_the_mobile_network(synthetic, tmp_path, capsys, monkeypatch):
    from_preset, built = models.HandMeshNet.from_preset, []
    from_preset("mobile").save_preset_weights(tmp_path / "random.safetensors")
    monkeypatch.setattr(models.HandMeshNet, "from_preset", lambda *args: built.append(from_preset(*args)) or built[0])
    out = tmp_path / "deep" / "out"
    arguments = ["--dataset", "synthetic", "--data-dir", str(synthetic), "--out", str(out), "--batch-size", "6"]
    assert main([*arguments, "--pictures", "2", "--weights", str(tmp_path / "random.safetensors")]) == 0
    samples, (model,) = list(ShardedDataset(synthetic)), built
    images = np.stack([crop(sample, model.input_size)["image"] for sample in samples])
    expected = naive_metrics(samples, model.predict_on_batch(images.astype(np.float32) / 255), model.input_size, False, "crop")
    check_report(out, "synthetic", expected, capsys.readouterr().out, rtol=1e-4)


@pytest.mark.parametrize("axis", DEPTH_AXES)
@pytest.mark.parametrize("name", ["synthetic", "real_world"])
def test_figures_of_a_network_near_the_truth(name, axis, request, tmp_path, capsys, monkeypatch):
    folder = request.getfixturevalue(name)
    dataset = {"synthetic": ShardedDataset, "real_world": RealWorldDataset}[name](folder)
    network = NearTruth(dataset, len(ShardedDataset(request.getfixturevalue("synthetic"))[0].vertices_mm), axis)
    monkeypatch.setattr(models.HandMeshNet, "from_preset", lambda *_: network)
    arguments = ["--dataset", name, "--data-dir", str(folder), "--out", str(tmp_path), "--batch-size", "2"]
    assert main([*arguments, "--pictures", "2"]) == 0
    expected = naive_metrics(list(dataset), network.outputs, 64, name == "real_world", axis)
    assert 0.05 < expected["auc_0_50"] < expected["auc_20_50"] < 0.99
    check_report(tmp_path, name, expected, capsys.readouterr().out, rtol=1e-5)


def test_network_that_knows_left_hands_sees_the_set_as_it_is(real_world, tmp_path, capsys, monkeypatch):
    """The set's left hands aren't mirrored for it, and its joints, being the set's own, aren't adapted."""
    dataset = RealWorldDataset(real_world)
    network = NearTruth(dataset, 12)
    seen = []
    network.hand_side, network.joint_definition = "left", REAL_WORLD_ADAPTER.name
    network.faces = np.array([[0, 1, 2], [3, 4, 5]])
    network.outputs["joints_uvd"] = np.stack([crop(sample, 64, hand_side="left")["joints_uvd"] for sample in dataset])
    answer = network.predict_on_batch
    network.predict_on_batch = lambda images: seen.append(images) or answer(images)
    monkeypatch.setattr(models.HandMeshNet, "from_preset", lambda *_: network)
    assert main(["--dataset", "real_world", "--data-dir", str(real_world), "--out", str(tmp_path)]) == 0
    photos = [crop(sample, 64, hand_side="left") for sample in dataset]
    assert not any(photo["side_mirrored"] for photo in photos)
    np.testing.assert_array_equal(np.concatenate(seen), np.stack([photo["image"] for photo in photos]) / np.float32(255))
    assert json.loads((tmp_path / "metrics.json").read_text())["pose_error_mm"] == pytest.approx(0, abs=1e-3)


def test_joints_of_another_set_are_refused(synthetic, tmp_path, capsys, monkeypatch):
    network = NearTruth(ShardedDataset(synthetic), len(ShardedDataset(synthetic)[0].vertices_mm))
    network.joint_definition = REAL_WORLD_ADAPTER.name
    monkeypatch.setattr(models.HandMeshNet, "from_preset", lambda *_: network)
    message = fails(capsys, "--dataset", "synthetic", "--data-dir", str(synthetic), "--out", str(tmp_path))
    assert "trained with the joints of 'real_world'" in message


def test_first_samples_without_pictures(synthetic, tmp_path, monkeypatch):
    dataset = ShardedDataset(synthetic)
    network = NearTruth(dataset, len(dataset[0].vertices_mm))
    monkeypatch.setattr(models.HandMeshNet, "from_preset", lambda *_: network)
    arguments = ["--dataset", "synthetic", "--data-dir", str(synthetic), "--out", str(tmp_path)]
    assert main([*arguments, "--max-samples", "2", "--pictures", "0"]) == 0
    assert json.loads((tmp_path / "metrics.json").read_text())["num_samples"] == 2
    assert {path.name for path in tmp_path.iterdir()} == {"metrics.json", "pck.csv", "pck.png", "groups.csv"}


def fails(capsys, *arguments: str) -> str:
    assert main(arguments) == 1
    message = capsys.readouterr().err
    assert message.startswith("trainers.evaluate: ") and "Traceback" not in message
    return message


def test_folders_that_are_no_sets_are_named(synthetic, tmp_path, capsys):
    out = ["--out", str(tmp_path / "out")]
    for name in COUNTS:
        missing = fails(capsys, "--dataset", name, "--data-dir", str(tmp_path / "nowhere"), *out)
        assert "nowhere" in missing and "not exist" in missing
        (tmp_path / "empty").mkdir(exist_ok=True)
        assert "empty" in fails(capsys, "--dataset", name, "--data-dir", str(tmp_path / "empty"), *out)
    half = tmp_path / "half"
    shutil.copytree(synthetic, half)
    (half / INFO_FILE).unlink()
    assert "half is half-generated" in fails(capsys, "--dataset", "synthetic", "--data-dir", str(half), *out)
    shutil.copy(synthetic / INFO_FILE, half)
    shard = sorted(half.glob("*.array_record"))[0]
    shard.unlink()
    assert shard.name in fails(capsys, "--dataset", "synthetic", "--data-dir", str(half), *out)
    assert not (tmp_path / "out").exists()


def test_other_mistakes_are_named(synthetic, tmp_path, capsys, monkeypatch):
    good = ["--dataset", "synthetic", "--data-dir", str(synthetic), "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as stop:
        main(["--dataset", "stereo", *good[2:]])
    message = capsys.readouterr().err
    assert stop.value.code == 2 and all(name in message for name in ("stereo", *COUNTS))
    assert "at least 1, got 0" in fails(capsys, *good, "--batch-size", "0")
    assert "at least 1, got 0" in fails(capsys, *good, "--max-samples", "0")
    assert "nope" in fails(capsys, *good, "--preset", "nope")

    dataset = ShardedDataset(synthetic)
    network = NearTruth(dataset, len(dataset[0].vertices_mm))
    network.outputs["vertices_uvd"] = network.outputs["vertices_uvd"][:, :7]
    monkeypatch.setattr(models.HandMeshNet, "from_preset", lambda *_: network)
    assert "meshes of 7 vertices" in fails(capsys, *good)
    network.done, network.outputs["joints_uvd"][0, 0, 0] = 0, np.nan
    assert "finite outputs" in fails(capsys, *good)
    monkeypatch.setattr(models.HandMeshNet, "from_preset", lambda *_: pytest.fail("built before --out was looked at"))
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        assert f"--out: expected a folder that can be written to, got {out}" in fails(capsys, *good[:-1], str(out))


def test_missing_weights_are_named(synthetic, tmp_path, capsys):
    path = tmp_path / "missing.safetensors"
    arguments = ["--dataset", "synthetic", "--data-dir", str(synthetic), "--out", str(tmp_path / "out")]
    assert str(path) in fails(capsys, *arguments, "--weights", str(path))
    assert list((tmp_path / "out").iterdir()) == []


def test_direct_lbs_gives_joints_a_mesh(synthetic, tmp_path, capsys, monkeypatch):
    dataset, template = ShardedDataset(synthetic), HandTemplate.load()
    network = NearTruth(dataset, template.num_vertices)
    command = ["--dataset", "synthetic", "--data-dir", str(synthetic), "--direct-lbs"]
    monkeypatch.setattr(models.HandMeshNet, "from_preset", lambda *_: network)
    assert main([*command, "--out", str(tmp_path / "refused")]) == 1
    assert "--direct-lbs: expected a network that gives our joints and no mesh" in capsys.readouterr().err
    del network.num_vertices, network.faces, network.outputs["vertices_uvd"]
    network.outputs["joints_uvd"] = np.stack([crop(sample, 64)["joints_uvd"] for sample in dataset])
    assert main([*command, "--out", str(tmp_path / "out"), "--pictures", "2"]) == 0
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    # True joints: what is left is what they don't tell, and what linear skinning does to bent joints.
    assert 0.5 < metrics["mesh_error_mm"] < 4.0 and metrics["pose_error_mm"] < 0.1
    assert cv2.imread(str(tmp_path / "out" / "worst.png")).shape == (2 * 256, 6 * 256, 3)
    network.done = 0
    assert main([*command[:-1], "--out", str(tmp_path / "without")]) == 0
    assert json.loads((tmp_path / "without" / "metrics.json").read_text())["mesh_error_mm"] is None


def test_fitting_the_rig_takes_the_networks_place(synthetic, tmp_path, capsys, monkeypatch):
    """Joints and mesh of the figures are those of the hands that `rig_hands` makes of the network's joints."""
    dataset, template = ShardedDataset(synthetic), HandTemplate.load()
    network = NearTruth(dataset, template.num_vertices)
    command = ["--dataset", "synthetic", "--data-dir", str(synthetic), "--fit-rig", "--pictures", "0"]
    monkeypatch.setattr(models.HandMeshNet, "from_preset", lambda *_: network)
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    errors = []
    for sample, uvd in zip(dataset, network.outputs["joints_uvd"]):
        view = crop(sample, 64)
        joints = to_mm(uvd, with_root_at(view["camera"], view["joints_uvd"][0, :2], uvd[0, :2]), np.array([0.0, 0.0, 1.0]))
        found = rig_hands(template, joints[None]).joints_mm[0]
        true = to_mm(view["joints_uvd"], view["camera"], np.array([0.0, 0.0, 1.0]))
        errors += [math.dist(a, b) for a, b in zip(found[1:], true[1:])] + [0.0]
    assert metrics["pose_error_mm"] == pytest.approx(np.mean(errors), abs=1e-2)
    assert metrics["mesh_error_mm"] is not None
    network.hand_side = "left"
    for refused, message in ((["--direct-lbs"], "expected one of them, got both"), ([], "that gives our joints of right hands")):
        assert message in fails(capsys, *command, "--out", str(tmp_path / "refused"), *refused)
