"""Errors, alignment and curves against loops and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tfhand.metrics import auc, mesh_error_mm, pck_curve, pose_error_mm, procrustes_align, procrustes_pose_error_mm

ONES = np.ones((1, 21, 3))


def rotation_about(axis: np.ndarray, angle: float) -> np.ndarray:
    """Rodrigues' formula."""
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


@pytest.fixture
def pair(rng) -> tuple[np.ndarray, np.ndarray]:
    true = rng.uniform(-90, 90, (4, 21, 3))
    return true + rng.normal(0, 8, true.shape), true


def test_errors_against_loops(pair):
    pred, true = pair
    distances = [[np.sqrt(((pred[i, j] - true[i, j]) ** 2).sum()) for j in range(21)] for i in range(4)]
    assert mesh_error_mm(pred, true) == pytest.approx(np.mean(distances))
    assert pose_error_mm(pred, true) == pytest.approx(np.mean(distances))
    assert pose_error_mm(pred, true, include_root=False) == pytest.approx(np.mean([row[1:] for row in distances]))
    visible = np.zeros((4, 21), bool)
    visible[1, [0, 3, 5]] = True
    assert pose_error_mm(pred, true, visible=visible) == pytest.approx(np.mean([distances[1][j] for j in (0, 3, 5)]))


def test_procrustes_undoes_a_similarity(rng):
    true = rng.uniform(-90, 90, (5, 21, 3))
    pred = np.empty_like(true)
    for i in range(5):
        turn = rotation_about(rng.normal(size=3), rng.uniform(0, np.pi))
        pred[i] = rng.uniform(0.3, 3.0) * true[i] @ turn.T + rng.normal(0, 300, 3)
    np.testing.assert_allclose(procrustes_align(pred, true), true, atol=1e-9)
    assert procrustes_pose_error_mm(pred, true) < 1e-9


@pytest.mark.parametrize("flip", [1, -1])
def test_procrustes_is_the_least_squares_optimum(pair, rng, flip):
    """Also where the best orthogonal matrix would be a reflection."""
    pred, true = pair
    pred = pred * [flip, 1, 1]
    aligned = procrustes_align(pred, true)
    best = ((aligned - true) ** 2).sum(axis=(1, 2))
    assert (best < ((pred - true) ** 2).sum(axis=(1, 2))).all()
    centre = aligned.mean(axis=1, keepdims=True)
    for _ in range(50):
        turn = rotation_about(rng.normal(size=3), 1e-2)
        other = (aligned - centre) @ turn.T * (1 + rng.normal(0, 1e-2)) + centre + rng.normal(0, 0.1, 3)
        assert (((other - true) ** 2).sum(axis=(1, 2)) >= best).all()


def test_a_rigid_fit_keeps_sizes(rng) -> None:
    """Only turned and moved: what is left of a hand that is a fifth too large is a fifth of its distances to the middle."""
    true = rng.normal(size=(3, 21, 3)) * 40
    centred = true - true.mean(axis=1, keepdims=True)
    turns = Rotation.random(3, random_state=4).as_matrix()
    larger = 1.2 * centred @ np.swapaxes(turns, 1, 2) + [5.0, -80.0, 600.0]
    np.testing.assert_allclose(procrustes_align(larger, true, scaled=False) - true, 0.2 * centred, atol=1e-9)


def test_procrustes_does_not_reflect(rng):
    true = rng.uniform(-90, 90, (3, 21, 3))
    mirrored = true * [-1, 1, 1]
    assert procrustes_pose_error_mm(mirrored, true) > 10.0
    flat = true * [1, 1, 0]
    np.testing.assert_allclose(procrustes_align(flat * [-1, 1, 1], flat), flat, atol=1e-9)


def test_procrustes_over_visible_joints_only(rng):
    true = rng.uniform(-90, 90, (2, 21, 3))
    pred = 0.5 * true + 10.0
    pred[:, 4] += 500.0
    visible = np.ones((2, 21), bool)
    visible[:, 4] = False
    assert procrustes_pose_error_mm(pred, true) > 10.0
    assert procrustes_pose_error_mm(pred, true, visible) < 1e-9


def test_procrustes_of_a_single_point_cloud_lands_on_the_centre(rng):
    true = rng.uniform(-90, 90, (1, 21, 3))
    aligned = procrustes_align(np.full((1, 21, 3), 5.0), true)
    np.testing.assert_allclose(aligned, np.broadcast_to(true.mean(axis=1, keepdims=True), (1, 21, 3)))


def test_pck_against_counting(rng):
    errors = rng.exponential(20, 500)
    errors[3] = 10.0
    thresholds = np.array([0.0, 5.0, 10.0, 50.0, 1e9])
    expected = [sum(e <= t for e in errors) / 500 for t in thresholds]
    np.testing.assert_allclose(pck_curve(errors, thresholds), expected)
    np.testing.assert_allclose(pck_curve(np.append(errors, np.nan), thresholds), expected)


def test_auc_in_closed_form():
    thresholds = np.linspace(0, 50, 11)
    assert auc(np.ones(11), thresholds) == pytest.approx(1.0)
    assert auc(thresholds / 50, thresholds) == pytest.approx(0.5)
    assert auc(thresholds / 50, thresholds, 20, 50) == pytest.approx(0.7)
    assert auc(thresholds / 50, thresholds, 22, 47) == pytest.approx((22 + 47) / 2 / 50)


def test_auc_of_uniform_errors(rng):
    errors = (np.arange(100_000) + 0.5) / 2000
    thresholds = np.linspace(0, 50, 101)
    assert auc(pck_curve(errors, thresholds), thresholds, 20, 50) == pytest.approx(0.7, abs=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mesh_error_mm(np.ones((2, 5, 3)), np.ones((2, 6, 3))), "pred: expected the shape of true"),
        (lambda: mesh_error_mm(np.ones((5, 3)), np.ones((5, 3))), r"pred: expected shape \(N, P, 3\)"),
        (lambda: mesh_error_mm(np.ones((0, 5, 3)), np.ones((0, 5, 3))), "N, P > 0"),
        (lambda: mesh_error_mm(np.full((2, 5, 3), np.nan), np.ones((2, 5, 3))), r"pred: .* samples \[0, 1\]"),
        (lambda: pose_error_mm(ONES, ONES, visible=np.zeros((1, 21))), "visible: .* none"),
        (lambda: pose_error_mm(ONES, ONES, visible=np.ones(21)), "visible: expected shape"),
        (lambda: procrustes_pose_error_mm(ONES, ONES, np.zeros((1, 21))), "three joints"),
        (lambda: pck_curve([], [1.0]), "errors: expected at least one"),
        (lambda: pck_curve([1.0], 1.0), "thresholds: expected shape"),
        (lambda: auc([0, 1], [0, 1, 2]), "curve: expected shape"),
        (lambda: auc([0, 1], [1, 1]), "increasing"),
        (lambda: auc([0, 1], [0, 50], 20, 60), r"within 0\.\.50, got 20\.\.60"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
