"""Errors in millimetres as Keras metrics, for use during training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from tfhand.constants import NUM_JOINTS, ROOT_JOINT
from tfhand.geometry.camera_ops import uvd_to_xyz


@keras.saving.register_keras_serializable(package="tfhand")
class MeshErrorMM(keras.metrics.Mean):
    """Mean distance of corresponding vertices, mm, camera frame, with the true root depth and hand scale.

    Args:
        name: name in logs.
        dtype: as for any Keras metric.
    """

    def __init__(self, name: str = "mesh_error_mm", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)

    def update_state(self, y_true: Mapping[str, Any], y_pred: Mapping[str, Any], sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: `vertices_uvd` (B, V, 3) and `camera` (B, 7), which places predictions, too.
            y_pred: `vertices_uvd` (B, V, 3).
            sample_weight: (B,) weights, or None.
        """
        distances = _distances_mm(y_true["vertices_uvd"], y_pred["vertices_uvd"], y_true["camera"])
        super().update_state(ops.mean(distances, axis=1), sample_weight)


@keras.saving.register_keras_serializable(package="tfhand")
class PoseErrorMM(keras.metrics.Mean):
    """Mean distance of corresponding joints, mm, camera frame, with the true root depth and hand scale.

    As in the protocol of Ge et al. the true root is copied in: its error is 0.

    Args:
        key: which output to measure: `joints_uvd` (the chosen read-out) or `joints_uvd_mesh`.
        include_root: whether the root's 0 counts in the mean.
        name: name in logs.
        dtype: as for any Keras metric.
    """

    def __init__(
        self, key: str = "joints_uvd", include_root: bool = True, name: str = "pose_error_mm", dtype: Any = None
    ):
        super().__init__(name=name, dtype=dtype)
        self.key = key
        self.include_root = include_root

    def update_state(self, y_true: Mapping[str, Any], y_pred: Mapping[str, Any], sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: `joints_uvd` (B, 21, 3) and `camera` (B, 7), which places predictions, too.
            y_pred: `key` (B, 21, 3).
            sample_weight: (B,) weights, or None.
        """
        distances = _distances_mm(y_true["joints_uvd"], y_pred[self.key], y_true["camera"])
        others = ops.sum(distances, axis=1) - distances[:, ROOT_JOINT]
        super().update_state(others / (NUM_JOINTS if self.include_root else NUM_JOINTS - 1), sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "key": self.key, "include_root": self.include_root}


def _distances_mm(uvd_true: Any, uvd_pred: Any, camera: Any) -> Any:
    uvd_true, uvd_pred, camera = (
        ops.cast(ops.convert_to_tensor(value), keras.config.floatx()) for value in (uvd_true, uvd_pred, camera)
    )
    offsets = uvd_to_xyz(uvd_pred, camera) - uvd_to_xyz(uvd_true, camera)
    return ops.sqrt(ops.sum(ops.square(offsets), axis=-1))
