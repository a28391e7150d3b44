"""Training losses: one term a file, composed by name and weight."""

from tfhand.losses.base import LossInputs, LossTerm
from tfhand.losses.composite import FULLY_SUPERVISED_WEIGHTS, WEAKLY_SUPERVISED_WEIGHTS, CompositeLoss
from tfhand.losses.depth import DepthLoss
from tfhand.losses.edge import EdgeLoss
from tfhand.losses.handedness import HandednessLoss
from tfhand.losses.heatmap import HeatmapLoss
from tfhand.losses.heatmap_cross_entropy import HeatmapCrossEntropy
from tfhand.losses.joint_uv import JointUV
from tfhand.losses.laplacian import LaplacianLoss
from tfhand.losses.normal import NormalLoss
from tfhand.losses.pose import PoseLoss
from tfhand.losses.pose_l1 import PoseL1
from tfhand.losses.presence import PresenceLoss
from tfhand.losses.pseudo_edge import PseudoEdgeLoss
from tfhand.losses.pseudo_laplacian import PseudoLaplacianLoss
from tfhand.losses.registry import get_loss, loss_names, register_loss
from tfhand.losses.silhouette import SilhouetteLoss
from tfhand.losses.topology import MeshTopology
from tfhand.losses.vertex import VertexLoss
from tfhand.losses.vertex_l1 import VertexL1

__all__ = [
    "FULLY_SUPERVISED_WEIGHTS",
    "WEAKLY_SUPERVISED_WEIGHTS",
    "CompositeLoss",
    "DepthLoss",
    "EdgeLoss",
    "HandednessLoss",
    "HeatmapCrossEntropy",
    "HeatmapLoss",
    "JointUV",
    "LaplacianLoss",
    "LossInputs",
    "LossTerm",
    "MeshTopology",
    "NormalLoss",
    "PoseL1",
    "PoseLoss",
    "PresenceLoss",
    "PseudoEdgeLoss",
    "PseudoLaplacianLoss",
    "SilhouetteLoss",
    "VertexL1",
    "VertexLoss",
    "get_loss",
    "loss_names",
    "register_loss",
]
