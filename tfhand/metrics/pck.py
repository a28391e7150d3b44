"""Percentage of correct keypoints over distance thresholds, and the area under it."""

from __future__ import annotations

import numpy as np


def pck_curve(errors: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Share of errors that are at most each threshold.

    Args:
        errors: any shape, mm; NaN entries (joints that don't count) are left out.
        thresholds: (T,) mm.

    Returns:
        (T,) float64 in 0..1.

    Raises:
        ValueError: no errors, or thresholds that are not one-dimensional.
    """
    errors = np.asarray(errors, np.float64).ravel()
    errors = np.sort(errors[~np.isnan(errors)])
    thresholds = np.asarray(thresholds, np.float64)
    if errors.size == 0:
        raise ValueError("errors: expected at least one value, got none.")
    if thresholds.ndim != 1:
        raise ValueError(f"thresholds: expected shape (T,), got {thresholds.shape}.")
    return np.searchsorted(errors, thresholds, side="right") / errors.size


def auc(curve: np.ndarray, thresholds: np.ndarray, low: float | None = None, high: float | None = None) -> float:
    """Area under a curve between two thresholds, as a share of the rectangle of height 1 (trapezoids).

    Args:
        curve: (T,) values in 0..1.
        thresholds: (T,) mm, increasing.
        low: lower end, mm; None is the first threshold. Between thresholds the curve is interpolated.
        high: upper end, mm; None is the last threshold.

    Returns:
        Area divided by `high - low`: 1 for a curve that is 1 throughout.

    Raises:
        ValueError: shapes that differ, thresholds that don't increase, or a range that isn't within them.
    """
    curve, thresholds = np.asarray(curve, np.float64), np.asarray(thresholds, np.float64)
    if curve.shape != thresholds.shape or curve.ndim != 1 or curve.size < 2:
        raise ValueError(
            f"curve: expected shape (T,) like thresholds, T > 1, got {curve.shape} and {thresholds.shape}."
        )
    if not (np.diff(thresholds) > 0).all():
        raise ValueError("thresholds: expected increasing values.")
    low = thresholds[0] if low is None else low
    high = thresholds[-1] if high is None else high
    if not thresholds[0] <= low < high <= thresholds[-1]:
        raise ValueError(
            f"low, high: expected a range within {thresholds[0]:g}..{thresholds[-1]:g}, got {low:g}..{high:g}."
        )
    inside = thresholds[(thresholds > low) & (thresholds < high)]
    grid = np.concatenate([[low], inside, [high]])
    return float(np.trapezoid(np.interp(grid, thresholds, curve), grid) / (high - low))
