"""Keras metrics against the numpy ones."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tfhand.geometry import camera_vector, uvd_to_xyz
from tfhand.metrics import MeshErrorMM, PoseErrorMM, mesh_error_mm


@pytest.fixture
def batches(rng) -> list[tuple[dict, dict]]:
    found = []
    for size in (3, 2):
        camera = camera_vector([600, 600, 320, 240], [200, 120, 240, 240], np.full(size, 650.0), np.full(size, 45.0))
        true = {
            "vertices_uvd": rng.uniform([0, 0, -2], [1, 1, 2], (size, 30, 3)).astype(np.float32),
            "joints_uvd": rng.uniform([0, 0, -2], [1, 1, 2], (size, 21, 3)).astype(np.float32),
            "camera": camera,
        }
        pred = {key: true[key] + rng.normal(0, 0.1, true[key].shape).astype(np.float32) for key in list(true)[:2]}
        pred["joints_uvd_mesh"] = pred["joints_uvd"] + 0.05
        found.append((true, pred))
    return found


def distances(batches, true_key: str, pred_key: str) -> np.ndarray:
    per_batch = [
        np.linalg.norm(uvd_to_xyz(pred[pred_key], true["camera"]) - uvd_to_xyz(true[true_key], true["camera"]), axis=-1)
        for true, pred in batches
    ]
    return np.concatenate(per_batch)


def test_mesh_error_over_batches(batches):
    metric = MeshErrorMM()
    for true, pred in batches:
        metric.update_state(true, pred)
    assert metric.name == "mesh_error_mm"
    assert float(metric.result()) == pytest.approx(distances(batches, "vertices_uvd", "vertices_uvd").mean(), rel=1e-5)
    metric.reset_state()
    true, pred = batches[0]
    metric.update_state(true, pred)
    xyz = [uvd_to_xyz(values["vertices_uvd"], true["camera"]) for values in (pred, true)]
    assert float(metric.result()) == pytest.approx(mesh_error_mm(*xyz), rel=1e-5)


@pytest.mark.parametrize("key", ["joints_uvd", "joints_uvd_mesh"])
def test_pose_error_with_and_without_root(batches, key):
    with_root, without = PoseErrorMM(key), PoseErrorMM(key, include_root=False)
    for true, pred in batches:
        with_root.update_state(true, pred)
        without.update_state(true, pred)
    others = distances(batches, "joints_uvd", key)[:, 1:]
    assert float(without.result()) == pytest.approx(others.mean(), rel=1e-5)
    assert float(with_root.result()) == pytest.approx(others.mean() * 20 / 21, rel=1e-5)


def test_half_precision_predictions_are_measured_in_float32(batches):
    true, pred = batches[0]
    metric = MeshErrorMM()
    metric.update_state(true, {"vertices_uvd": keras.ops.cast(pred["vertices_uvd"], "bfloat16")})
    expected = distances(batches[:1], "vertices_uvd", "vertices_uvd").mean()
    assert float(metric.result()) == pytest.approx(expected, rel=2e-2)


@pytest.mark.parametrize("kind", [MeshErrorMM, PoseErrorMM])
def test_config_round_trip(kind):
    options = {"key": "joints_uvd_mesh", "include_root": False} if kind is PoseErrorMM else {}
    metric = kind(name="other", **options)
    config = keras.saving.serialize_keras_object(metric)
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is type(metric) and again.get_config() == metric.get_config()
