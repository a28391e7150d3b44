"""Procrustes alignment: the error that is left when position, rotation and size are forgiven."""

from __future__ import annotations

import numpy as np

from tfhand.metrics.errors import check_visible, distances_mm


def procrustes_align(
    pred: np.ndarray, true: np.ndarray, visible: np.ndarray | None = None, scaled: bool = True
) -> np.ndarray:
    """Moves each prediction onto its ground truth by the best similarity (no reflection).

    Least squares over rotation `R`, scale `s` and translation `t` of `sum_j ||s R p_j + t - q_j||^2`.

    Args:
        pred: (N, P, 3).
        true: (N, P, 3), any unit.
        visible: (N, P) bool, points that decide the fit; None is all. All points are moved.
        scaled: whether sizes are matched, too; False keeps them, `s = 1` (a rigid motion).

    Returns:
        (N, P, 3) float64: `s R p + t`. Where the visible points of a prediction coincide its scale is 0 and
        everything lands on the centre of the ground truth.

    Raises:
        ValueError: see `tfhand.metrics.errors.distances_mm`; or `visible` has another shape.

    References:
        Umeyama, "Least-squares estimation of transformation parameters between two point patterns", 1991.
    """
    distances_mm(pred, true)
    pred, true = np.asarray(pred, np.float64), np.asarray(true, np.float64)
    weights = check_visible(visible, pred.shape[:2]).astype(np.float64)[..., None]
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1.0)
    centre_pred = (weights * pred).sum(axis=1, keepdims=True)
    centre_true = (weights * true).sum(axis=1, keepdims=True)
    centred_pred, centred_true = pred - centre_pred, true - centre_true
    covariance = np.swapaxes(weights * centred_true, 1, 2) @ centred_pred
    left, singular, right = np.linalg.svd(covariance)
    singular[:, -1] *= np.linalg.det(left @ right)
    left[:, :, -1] *= np.linalg.det(left @ right)[:, None]
    rotation = left @ right
    spread = (weights * centred_pred**2).sum(axis=(1, 2))
    scale = np.where(spread > 0, singular.sum(axis=1) / np.where(spread > 0, spread, 1.0), 0.0) if scaled else np.ones(len(pred))
    return scale[:, None, None] * centred_pred @ np.swapaxes(rotation, 1, 2) + centre_true


def procrustes_pose_error_mm(pred: np.ndarray, true: np.ndarray, visible: np.ndarray | None = None) -> float:
    """Mean joint distance after `procrustes_align`, mm.

    Args:
        pred: (N, 21, 3) mm.
        true: (N, 21, 3) mm.
        visible: (N, 21) bool, joints that count; None is all. Samples with fewer than three can't be
            aligned and are left out.

    Raises:
        ValueError: see `procrustes_align`; or no sample has three joints that count.
    """
    counted = check_visible(visible, np.shape(pred)[:2])
    counted = counted & (counted.sum(axis=1, keepdims=True) >= 3)
    if not counted.any():
        raise ValueError("visible: expected a sample with at least three joints that count, got none.")
    return float(distances_mm(procrustes_align(pred, true, counted), true)[counted].mean())
