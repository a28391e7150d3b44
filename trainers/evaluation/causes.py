"""Why predicted hands are off: the simplest repair that would take most of an error away."""

from __future__ import annotations

import itertools

import numpy as np

from tfhand.constants import NUM_JOINTS
from tfhand.metrics.errors import distances_mm, pose_error_mm
from tfhand.metrics.procrustes import procrustes_align

#: What is wrong with a hand, by the repair that mends it, in the order in which repairs are tried.
CAUSES = FINGERS, TURNED, DEPTH, PICTURE, SEVERAL = (
    "fingers taken for others", "turned", "depth", "place in the picture", "several"
)  # fmt: skip
#: How much of an error a repair takes away at least to be its cause. Fingers that are taken for others are mostly off besides.
_HALF, _FINGERS_SHARE = 0.5, 0.2
_ORDERS = np.array(list(itertools.permutations(range(5))))
_FINGERS = np.arange(1, NUM_JOINTS).reshape(5, 4)


def find_causes(pred: np.ndarray, true: np.ndarray) -> list[str]:
    """What each hand's error comes from.

    - FINGERS: in the picture, other names for the five fingers take a fifth of their error away.
    - TURNED: a rigid motion halves the error: the hand is bent right, but turned (or placed) wrong.
    - DEPTH: true depths under the predicted places in the picture halve it.
    - PICTURE: true places in the picture under the predicted depths halve it.
    - SEVERAL: none of these alone.

    The first that holds counts, so that a cause has as few degrees of freedom as can be.

    Args:
        pred: (N, 21, 3) predicted joints in mm, camera frame, depths above 0.
        true: (N, 21, 3) true ones.

    Returns:
        The N causes.

    Raises:
        ValueError: arrays of another shape, or values that are not finite.
    """
    pred, true = np.asarray(pred, np.float64), np.asarray(true, np.float64)
    if pred.shape != true.shape or pred.shape[1:] != (NUM_JOINTS, 3):
        raise ValueError(f"pred, true: expected shape (N, {NUM_JOINTS}, 3) of both, got {pred.shape} and {true.shape}.")
    error = _error_mm(pred, true)
    at_true_depth = placed(pred, depth=true)
    holds = {
        FINGERS: renaming_gain(at_true_depth, true) >= _FINGERS_SHARE,
        TURNED: _error_mm(procrustes_align(pred, true, scaled=False), true) <= _HALF * error,
        DEPTH: _error_mm(at_true_depth, true) <= _HALF * error,
        PICTURE: _error_mm(placed(true, depth=pred), true) <= _HALF * error,
    }
    return [next((cause for cause, found in holds.items() if found[index]), SEVERAL) for index in range(len(pred))]


def parts_mm(pred: np.ndarray, true: np.ndarray) -> dict[str, float]:
    """What is left of the mean joint error with one part of the predictions right, mm; all joints count, nothing is aligned.

    Args:
        pred, true: as of `find_causes`.

    Returns:
        `pose_error_at_true_depth_mm` (places in the picture are predicted) and `pose_error_at_true_uv_mm` (depths are).
    """
    return {
        "pose_error_at_true_depth_mm": pose_error_mm(placed(pred, depth=true), true),
        "pose_error_at_true_uv_mm": pose_error_mm(placed(true, depth=pred), true),
    }


def placed(joints: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """(N, J, 3) joints moved along their rays to the depths of others."""
    return joints / joints[..., 2:] * depth[..., 2:]


def renaming_gain(pred: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(N,) share of the fingers' error that goes away when predicted fingers get the names that fit the true ones best."""
    pairs = np.linalg.norm(pred[:, _FINGERS][:, :, None] - true[:, _FINGERS][:, None], axis=-1).mean(axis=-1)
    errors = pairs[:, np.arange(5), _ORDERS].sum(axis=-1)  # the first order leaves names as they are
    return (errors[:, 0] - errors.min(axis=1)) / np.maximum(errors[:, 0], 1e-6)


def _error_mm(pred: np.ndarray, true: np.ndarray) -> np.ndarray:
    return distances_mm(pred, true).mean(axis=1)
