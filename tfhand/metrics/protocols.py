"""Named evaluation protocols: what is given away at test time and how errors are averaged.

Figures of different protocols can't be compared, so a result always carries its protocol's name.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tfhand.constants import NUM_JOINTS, ROOT_JOINT, SCALE_BONE
from tfhand.metrics.errors import check_visible, distances_mm
from tfhand.metrics.f_score import align_by_joints, f_score
from tfhand.metrics.pck import auc, pck_curve
from tfhand.metrics.procrustes import procrustes_align, procrustes_pose_error_mm


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions and ground truth of a whole set, camera frame, mm.

    Attributes:
        joints_pred: (N, 21, 3).
        joints_true: (N, 21, 3).
        vertices_pred: (N, V, 3), or None where the set has no meshes.
        vertices_true: (N, V, 3), or None.
        visible: (N, 21) bool, joints that count, or None for all.
        scale_pred_mm: (N,) hand scale that each prediction was made with, or None for the true one.
        other_vertices_true: (N, Q, 3), meshes of another topology that the set has, or None. They are compared with
            `vertices_pred` by F-score.
    """

    joints_pred: np.ndarray
    joints_true: np.ndarray
    vertices_pred: np.ndarray | None = None
    vertices_true: np.ndarray | None = None
    visible: np.ndarray | None = None
    scale_pred_mm: np.ndarray | None = None
    other_vertices_true: np.ndarray | None = None

    def __post_init__(self) -> None:
        shape = np.shape(self.joints_true)
        if len(shape) != 3 or shape[1:] != (NUM_JOINTS, 3):
            raise ValueError(f"joints_true: expected shape (N, {NUM_JOINTS}, 3), got {shape}.")
        distances_mm(self.joints_pred, self.joints_true)
        check_visible(self.visible, shape[:2])
        if (self.vertices_pred is None) != (self.vertices_true is None and self.other_vertices_true is None):
            raise ValueError("vertices_pred, vertices_true: expected both or neither.")
        if self.vertices_true is not None and len(self.vertices_true) != shape[0]:
            raise ValueError(
                f"vertices_true: expected {shape[0]} samples like joints_true, got {len(self.vertices_true)}."
            )


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Figures of one set under one protocol; mm, shares in 0..1.

    Attributes:
        metrics: what `metrics.json` holds; `mesh_error_mm` is None where the set has no meshes.
        thresholds_mm: (T,) thresholds of the PCK curve.
        pck: (T,) share of correct joints at each.
        sample_pose_error_mm: (N,) mean joint error of each sample, NaN where no joint counts.
        sample_mesh_error_mm: (N,) mean vertex error of each sample, or None.
    """

    metrics: dict[str, str | int | float | None]
    thresholds_mm: np.ndarray
    pck: np.ndarray
    sample_pose_error_mm: np.ndarray
    sample_mesh_error_mm: np.ndarray | None


@dataclass(frozen=True)
class Protocol:
    """How a set is evaluated.

    Attributes:
        name: name in configs, files and tables.
        summary: one line on what is given and how errors are averaged.
        root_relative: compare root-relative poses, the prediction rescaled to the true hand scale. If
            False poses are compared in the camera frame, with the true root joint copied in.
        per_joint: average each joint over the set first and the joints then (they weigh alike however
            often they are visible). If False all joints of all samples are averaged at once.
        aligned: compare poses after the similarity that brings each prediction closest (`procrustes_align`).
        visible_only: joints that the set calls hidden are left out of its predictions.
        thresholds_mm: thresholds of the PCK curve.
        auc_low_mm: lower end of the 20-50 mm AUC. It differs from 20 where the protocol starts at the first of
            its thresholds above 20.
    """

    name: str
    summary: str
    root_relative: bool
    per_joint: bool
    thresholds_mm: tuple[float, ...] = field(repr=False)
    auc_low_mm: float
    aligned: bool = False
    visible_only: bool = False

    def evaluate(self, dataset: str, predictions: Predictions) -> Evaluation:
        """Computes every figure of the protocol.

        Args:
            dataset: name of the set, for the record.
            predictions: predictions and ground truth.

        Raises:
            ValueError: no joint counts.
        """
        joints_pred, vertices_pred, joints_true, vertices_true = self._comparable(predictions)
        visible = check_visible(predictions.visible, joints_true.shape[:2])
        if not visible.any():
            raise ValueError("visible: expected at least one joint that counts, got none.")
        distances = np.where(visible, distances_mm(joints_pred, joints_true), np.nan)
        thresholds = np.array(self.thresholds_mm)
        curve = self._curve(distances, thresholds)
        mesh_distances = None if vertices_true is None else distances_mm(vertices_pred, vertices_true).mean(axis=1)
        metrics: dict[str, str | int | float | None] = {
            "dataset": dataset,
            "protocol": self.name,
            "num_samples": len(joints_true),
            "pose_error_mm": self._mean(distances),
            "pose_error_without_root_mm": self._mean(np.delete(distances, ROOT_JOINT, axis=1)),
            "procrustes_pose_error_mm": procrustes_pose_error_mm(joints_pred, joints_true, visible),
            "auc_20_50": auc(curve, thresholds, self.auc_low_mm, 50.0),
            "auc_0_50": auc(curve, thresholds, 0.0, 50.0),
            "mesh_error_mm": None if mesh_distances is None else float(mesh_distances.mean()),
        }
        if predictions.other_vertices_true is not None:
            metrics.update(_f_scores(predictions))
        return Evaluation(metrics, thresholds, curve, _row_means(distances), mesh_distances)

    def _comparable(
        self, predictions: Predictions
    ) -> tuple[np.ndarray, np.ndarray | None, np.ndarray, np.ndarray | None]:
        joints_pred = np.array(predictions.joints_pred, np.float64)
        joints_true = np.asarray(predictions.joints_true, np.float64)
        if self.aligned:
            vertices_pred = predictions.vertices_pred
            if predictions.vertices_true is not None:
                vertices_pred = align_by_joints(vertices_pred, joints_pred, joints_true)
            joints_pred = procrustes_align(joints_pred, joints_true)
            return joints_pred, vertices_pred, joints_true, predictions.vertices_true
        if not self.root_relative:
            joints_pred[:, ROOT_JOINT] = joints_true[:, ROOT_JOINT]
            return joints_pred, predictions.vertices_pred, joints_true, predictions.vertices_true
        root_pred, root_true = (joints[:, ROOT_JOINT : ROOT_JOINT + 1].copy() for joints in (joints_pred, joints_true))
        factor = self._rescaling(predictions)
        vertices_pred, vertices_true = predictions.vertices_pred, predictions.vertices_true
        if vertices_true is not None:
            vertices_pred = (np.asarray(vertices_pred, np.float64) - root_pred) * factor
            vertices_true = np.asarray(vertices_true, np.float64) - root_true
        return (joints_pred - root_pred) * factor, vertices_pred, joints_true - root_true, vertices_true

    @staticmethod
    def _rescaling(predictions: Predictions) -> np.ndarray | float:
        if predictions.scale_pred_mm is None:
            return 1.0
        start, end = SCALE_BONE
        joints = np.asarray(predictions.joints_true, np.float64)
        scale_true = np.linalg.norm(joints[:, start] - joints[:, end], axis=-1)
        return (scale_true / np.asarray(predictions.scale_pred_mm, np.float64))[:, None, None]

    def _curve(self, distances: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
        if not self.per_joint:
            return pck_curve(distances, thresholds)
        seen = ~np.isnan(distances).all(axis=0)
        return np.mean([pck_curve(column, thresholds) for column in distances.T[seen]], axis=0)

    def _mean(self, distances: np.ndarray) -> float:
        return float(np.nanmean(_row_means(distances.T) if self.per_joint else distances))


def _row_means(values: np.ndarray) -> np.ndarray:
    counted = ~np.isnan(values)
    number = counted.sum(axis=1)
    total = np.where(counted, values, 0.0).sum(axis=1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def _f_scores(predictions: Predictions) -> dict[str, float]:
    """Mean F-scores of the meshes, aligned by their joints, at FreiHAND's two distances."""
    aligned = align_by_joints(predictions.vertices_pred, predictions.joints_pred, predictions.joints_true)
    pairs = list(zip(aligned, np.asarray(predictions.other_vertices_true, np.float64), strict=True))
    return {f"f_score_{mm}": float(np.mean([f_score(*pair, mm) for pair in pairs])) for mm in F_SCORE_MM}


#: Distances of F-scores, mm.
F_SCORE_MM = (5, 15)
_ZIMMERMANN_BROX_MM = tuple(np.linspace(0.0, 50.0, 20).tolist())

PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            name="ge",
            summary=(
                "Ge et al.: root depth, hand scale and crop box given; camera frame; mean over 21 joints with the "
                "true root copied in"
            ),
            root_relative=False,
            per_joint=False,
            thresholds_mm=tuple(np.linspace(0.0, 50.0, 101).tolist()),
            auc_low_mm=20.0,
        ),
        Protocol(
            name="zimmermann-brox",
            summary=(
                "Zimmermann and Brox: root-relative, at the true hand scale, visible joints, mean of the joints' "
                "means; PCK at 20 thresholds, 20-50 mm from the ninth (21.05 mm) on"
            ),
            root_relative=True,
            per_joint=True,
            thresholds_mm=_ZIMMERMANN_BROX_MM,
            auc_low_mm=_ZIMMERMANN_BROX_MM[8],
            visible_only=True,
        ),
        Protocol(
            name="freihand",
            summary=(
                "Zimmermann et al., FreiHAND: after the similarity that brings each prediction closest; mean over 21 joints; "
                "PCK at 100 thresholds"
            ),
            root_relative=False,
            per_joint=False,
            thresholds_mm=tuple(np.linspace(0.0, 50.0, 100).tolist()),
            auc_low_mm=20.0,
            aligned=True,
        ),
    )
}


def get_protocol(name: str) -> Protocol:
    """The protocol called `name`.

    Raises:
        ValueError: unknown name; the message lists the known ones.
    """
    if name not in PROTOCOLS:
        raise ValueError(f"unknown protocol {name!r}; expected one of {', '.join(PROTOCOLS)}.")
    return PROTOCOLS[name]
