"""Evaluation: errors in millimetres, PCK and AUC, named protocols, Keras metrics for training."""

from tfhand.metrics.errors import distances_mm, mesh_error_mm, pose_error_mm
from tfhand.metrics.f_score import align_by_joints, f_score
from tfhand.metrics.pck import auc, pck_curve
from tfhand.metrics.procrustes import procrustes_align, procrustes_pose_error_mm
from tfhand.metrics.protocols import PROTOCOLS, Evaluation, Predictions, Protocol, get_protocol
from tfhand.metrics.signs import SIGN_FIGURES, ranking_auc, sign_accuracy, sign_figures
from tfhand.metrics.training import MeshErrorMM, PoseErrorMM

__all__ = [
    "PROTOCOLS",
    "SIGN_FIGURES",
    "Evaluation",
    "MeshErrorMM",
    "PoseErrorMM",
    "Predictions",
    "Protocol",
    "align_by_joints",
    "auc",
    "distances_mm",
    "f_score",
    "get_protocol",
    "mesh_error_mm",
    "pck_curve",
    "pose_error_mm",
    "procrustes_align",
    "procrustes_pose_error_mm",
    "ranking_auc",
    "sign_accuracy",
    "sign_figures",
]
