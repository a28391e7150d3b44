"""The named protocols against their definitions written out."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tfhand.metrics import Predictions, get_protocol

KEYS = [
    "dataset",
    "protocol",
    "num_samples",
    "pose_error_mm",
    "pose_error_without_root_mm",
    "procrustes_pose_error_mm",
    "auc_20_50",
    "auc_0_50",
    "mesh_error_mm",
]


@pytest.fixture
def predictions(rng) -> Predictions:
    true = rng.uniform([-90, -90, 500], [90, 90, 700], (6, 21, 3))
    mesh = rng.uniform([-90, -90, 500], [90, 90, 700], (6, 40, 3))
    return Predictions(
        joints_pred=true + rng.normal(0, 15, true.shape),
        joints_true=true,
        vertices_pred=mesh + rng.normal(0, 15, mesh.shape),
        vertices_true=mesh,
        visible=rng.random((6, 21)) < 0.7,
        scale_pred_mm=rng.uniform(30, 60, 6),
    )


def test_ge_gives_the_root_away(predictions):
    everything = Predictions(
        predictions.joints_pred, predictions.joints_true, predictions.vertices_pred, predictions.vertices_true
    )
    result = get_protocol("ge").evaluate("real_world", everything)
    distances = np.linalg.norm(predictions.joints_pred - predictions.joints_true, axis=-1)
    metrics = result.metrics
    assert list(metrics) == KEYS
    assert (metrics["dataset"], metrics["protocol"], metrics["num_samples"]) == ("real_world", "ge", 6)
    assert metrics["pose_error_without_root_mm"] == pytest.approx(distances[:, 1:].mean())
    assert metrics["pose_error_mm"] == pytest.approx(distances[:, 1:].mean() * 20 / 21)
    mesh = np.linalg.norm(predictions.vertices_pred - predictions.vertices_true, axis=-1)
    assert metrics["mesh_error_mm"] == pytest.approx(mesh.mean())
    np.testing.assert_allclose(result.sample_mesh_error_mm, mesh.mean(axis=1))
    np.testing.assert_allclose(result.sample_pose_error_mm, distances[:, 1:].sum(axis=1) / 21)
    distances[:, 0] = 0.0
    shares = [(distances <= t).mean() for t in result.thresholds_mm]
    np.testing.assert_allclose(result.pck, shares)
    window = result.thresholds_mm >= 20
    expected = np.trapezoid(result.pck[window], result.thresholds_mm[window]) / 30
    assert metrics["auc_20_50"] == pytest.approx(expected)
    json.dumps(metrics)


def test_zimmermann_brox_joint_by_joint(predictions):
    result = get_protocol("zimmermann-brox").evaluate("rhd", predictions)
    errors: list[list[float]] = [[] for _ in range(21)]
    for i in range(6):
        true = predictions.joints_true[i] - predictions.joints_true[i, 0]
        scale = np.linalg.norm(predictions.joints_true[i, 9] - predictions.joints_true[i, 10])
        pred = (predictions.joints_pred[i] - predictions.joints_pred[i, 0]) / predictions.scale_pred_mm[i] * scale
        for j in range(21):
            if predictions.visible[i, j]:
                errors[j].append(float(np.linalg.norm(pred[j] - true[j])))
    assert result.metrics["pose_error_mm"] == pytest.approx(np.mean([np.mean(e) for e in errors]))
    assert result.metrics["pose_error_without_root_mm"] == pytest.approx(np.mean([np.mean(e) for e in errors[1:]]))
    thresholds = np.linspace(0, 0.05, 20) * 1000
    np.testing.assert_allclose(result.thresholds_mm, thresholds)
    curve = np.mean([[np.mean(np.array(e) <= t) for t in thresholds] for e in errors], axis=0)
    np.testing.assert_allclose(result.pck, curve)
    window = np.trapezoid(curve[8:], thresholds[8:]) / np.trapezoid(np.ones(12), thresholds[8:])
    assert result.metrics["auc_20_50"] == pytest.approx(window)
    assert result.metrics["auc_0_50"] == pytest.approx(np.trapezoid(curve, thresholds) / 50)


@pytest.mark.parametrize("name", ["ge", "zimmermann-brox"])
def test_perfect_predictions(predictions, name):
    perfect = Predictions(predictions.joints_true, predictions.joints_true)
    metrics = get_protocol(name).evaluate("x", perfect).metrics
    assert metrics["mesh_error_mm"] is None
    assert [metrics[key] for key in KEYS[3:5]] == [0.0, 0.0]
    assert metrics["procrustes_pose_error_mm"] < 1e-6
    assert metrics["auc_20_50"] == metrics["auc_0_50"] == pytest.approx(1.0)


def test_a_shift_counts_in_the_camera_frame_only(predictions):
    shifted = Predictions(predictions.joints_true + 100.0, predictions.joints_true)
    assert get_protocol("ge").evaluate("x", shifted).metrics["pose_error_mm"] > 100.0
    assert get_protocol("zimmermann-brox").evaluate("x", shifted).metrics["pose_error_mm"] == pytest.approx(0, abs=1e-9)


def test_a_sample_without_visible_joints_is_nan_and_counts_nothing(predictions):
    visible = np.ones((6, 21), bool)
    visible[2] = False
    some = Predictions(predictions.joints_pred, predictions.joints_true, visible=visible)
    result = get_protocol("ge").evaluate("x", some)
    assert np.isnan(result.sample_pose_error_mm[2]) and np.isfinite(np.delete(result.sample_pose_error_mm, 2)).all()
    rest = [0, 1, 3, 4, 5]
    others = Predictions(predictions.joints_pred[rest], predictions.joints_true[rest])
    expected = get_protocol("ge").evaluate("x", others).metrics
    for key in ("pose_error_mm", "procrustes_pose_error_mm", "auc_20_50"):
        assert result.metrics[key] == pytest.approx(expected[key])


def test_bad_input_is_named(predictions):
    joints = predictions.joints_true
    with pytest.raises(ValueError, match="unknown protocol 'gee'; expected one of ge, zimmermann-brox"):
        get_protocol("gee")
    with pytest.raises(ValueError, match="joints_true: expected shape"):
        Predictions(joints[:, :20], joints[:, :20])
    with pytest.raises(ValueError, match="pred: expected finite"):
        Predictions(joints * np.nan, joints)
    with pytest.raises(ValueError, match="expected both or neither"):
        Predictions(joints, joints, vertices_pred=np.ones((6, 4, 3)))
    with pytest.raises(ValueError, match="vertices_true: expected 6 samples"):
        Predictions(joints, joints, np.ones((5, 4, 3)), np.ones((5, 4, 3)))
    with pytest.raises(ValueError, match="visible: expected at least one"):
        get_protocol("ge").evaluate("x", Predictions(joints, joints, visible=np.zeros((6, 21), bool)))
