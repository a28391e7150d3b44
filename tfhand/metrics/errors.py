"""Mesh and pose errors in millimetres (numpy)."""

from __future__ import annotations

import numpy as np

from tfhand.constants import ROOT_JOINT


def distances_mm(pred: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Euclidean distances of corresponding points.

    Args:
        pred: (N, P, 3) mm.
        true: (N, P, 3) mm, same frame.

    Returns:
        (N, P) float64 mm.

    Raises:
        ValueError: shapes that differ or are not (N, P, 3), no samples, or values that are not finite.
    """
    pred, true = _check_points("pred", pred), _check_points("true", true)
    if pred.shape != true.shape:
        raise ValueError(f"pred: expected the shape of true, {true.shape}, got {pred.shape}.")
    return np.linalg.norm(pred - true, axis=-1)


def mesh_error_mm(pred: np.ndarray, true: np.ndarray) -> float:
    """Mean distance of corresponding vertices, mm.

    Args:
        pred: (N, V, 3) mm.
        true: (N, V, 3) mm, same frame.

    Raises:
        ValueError: see `distances_mm`.
    """
    return float(distances_mm(pred, true).mean())


def pose_error_mm(
    pred: np.ndarray, true: np.ndarray, include_root: bool = True, visible: np.ndarray | None = None
) -> float:
    """Mean distance of corresponding joints, mm.

    Args:
        pred: (N, 21, 3) mm.
        true: (N, 21, 3) mm, same frame.
        include_root: whether the wrist counts. Where a protocol gives the wrist away its error is 0, which
            lowers the mean by 1/21.
        visible: (N, 21) bool, joints that count; None is all.

    Raises:
        ValueError: see `distances_mm`; or `visible` has another shape or leaves no joint.
    """
    distances = distances_mm(pred, true)
    counted = check_visible(visible, distances.shape).copy()
    if not include_root:
        counted[:, ROOT_JOINT] = False
    if not counted.any():
        raise ValueError("visible: expected at least one joint that counts, got none.")
    return float(distances[counted].mean())


def check_visible(visible: np.ndarray | None, shape: tuple[int, int]) -> np.ndarray:
    """Returns `visible` as a bool array of `shape` (all true for None); ValueError if it has another shape."""
    if visible is None:
        return np.ones(shape, bool)
    visible = np.asarray(visible, bool)
    if visible.shape != shape:
        raise ValueError(f"visible: expected shape {shape}, got {visible.shape}.")
    return visible


def _check_points(name: str, points: np.ndarray) -> np.ndarray:
    points = np.asarray(points, np.float64)
    if points.ndim != 3 or points.shape[-1] != 3 or 0 in points.shape:
        raise ValueError(f"{name}: expected shape (N, P, 3) with N, P > 0, got {points.shape}.")
    finite = np.isfinite(points).all(axis=(1, 2))
    if not finite.all():
        bad = np.flatnonzero(~finite)[:10].tolist()
        raise ValueError(f"{name}: expected finite coordinates, got NaN or infinity in samples {bad}.")
    return points
