"""F-score of two surfaces' points, whatever their topologies."""

from __future__ import annotations

import numpy as np

from tfhand.metrics.procrustes import procrustes_align


def f_score(pred: np.ndarray, true: np.ndarray, threshold_mm: float) -> float:
    """Harmonic mean of the shares of points of either set that have one of the other within a distance.

    Args:
        pred: (P, 3) mm.
        true: (Q, 3) mm, same frame.
        threshold_mm: the distance.

    Returns:
        0..1; 0 where no point is within it.

    Raises:
        ValueError: a wrong shape, no points, or a threshold that is not positive.

    References:
        Knapitsch et al., Tanks and Temples, 2017; used for hands by Zimmermann et al., FreiHAND, ICCV 2019, section 5.
    """
    for name, points in (("pred", pred), ("true", true)):
        if np.ndim(points) != 2 or np.shape(points)[1] != 3 or len(points) == 0:
            raise ValueError(f"{name}: expected points of shape (P, 3), P > 0, got {np.shape(points)}.")
    if not threshold_mm > 0:
        raise ValueError(f"threshold_mm: expected a positive distance, got {threshold_mm}.")
    origin = np.mean(true, axis=0)  # keeps the squares small, and so exact
    one, other = (np.asarray(points, np.float64) - origin for points in (pred, true))
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    near = squares < threshold_mm**2
    precision, recall = near.any(axis=1).mean(), near.any(axis=0).mean()
    return 0.0 if precision + recall == 0 else float(2 * precision * recall / (precision + recall))


def align_by_joints(vertices_pred: np.ndarray, joints_pred: np.ndarray, joints_true: np.ndarray) -> np.ndarray:
    """Moves each predicted mesh by the similarity that brings its joints onto the true ones (`procrustes_align`).

    Args:
        vertices_pred: (N, V, 3) mm.
        joints_pred, joints_true: (N, J, 3) mm.

    Returns:
        (N, V, 3) float64 mm.
    """
    number, count = np.shape(vertices_pred)[:2]
    points = np.concatenate([joints_pred, vertices_pred], axis=1)
    targets = np.concatenate([joints_true, np.zeros((number, count, 3))], axis=1)
    decides = np.zeros(points.shape[:2], bool)
    decides[:, : np.shape(joints_pred)[1]] = True
    return procrustes_align(points, targets, decides)[:, np.shape(joints_pred)[1] :]
