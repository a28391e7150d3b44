"""Keras 3 layers of the network: written on `keras.ops`, the same numbers under TensorFlow and JAX."""

from __future__ import annotations

from tfhand.layers.argmax_uv import ArgmaxUV
from tfhand.layers.batch_norm import BatchNorm
from tfhand.layers.cheb_conv import ChebConv
from tfhand.layers.crop_view import VIEW_SIZE, CropView
from tfhand.layers.depthwise_conv import DepthwiseConv
from tfhand.layers.gather_vertices import GatherVertices
from tfhand.layers.heatmap_pooling import HeatmapPooling
from tfhand.layers.hourglass import Hourglass
from tfhand.layers.joint_anchors import JointAnchors
from tfhand.layers.pointwise_conv import PointwiseConv
from tfhand.layers.pose_cues import PoseCues
from tfhand.layers.residual import ResidualModule
from tfhand.layers.rig_layer import RigLayer, rig_arrays
from tfhand.layers.soft_argmax import SoftArgmax2D
from tfhand.layers.stop_gradient import StopGradient
from tfhand.layers.tree_pool import TreePool
from tfhand.layers.tree_upsample import TreeUpsample
from tfhand.layers.vertex_mask import VertexMask

__all__ = [
    "VIEW_SIZE",
    "ArgmaxUV",
    "BatchNorm",
    "ChebConv",
    "CropView",
    "DepthwiseConv",
    "GatherVertices",
    "HeatmapPooling",
    "Hourglass",
    "JointAnchors",
    "PointwiseConv",
    "PoseCues",
    "ResidualModule",
    "RigLayer",
    "SoftArgmax2D",
    "StopGradient",
    "TreePool",
    "TreeUpsample",
    "VertexMask",
    "rig_arrays",
]
