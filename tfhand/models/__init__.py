"""The network: stacked hourglass or mobile trunk, encoder, Graph CNN, pose regressor; and networks to
compare it with."""

from __future__ import annotations

from tfhand.models.build_network import build_network
from tfhand.models.flops import multiply_adds
from tfhand.models.graph_topology import GraphTopology
from tfhand.models.hand_joint_net import HandJointNet
from tfhand.models.hand_mesh_net import HandMeshNet
from tfhand.models.hand_net import HandNet
from tfhand.models.hand_parametric_net import HandParametricNet
from tfhand.models.network_files import load_network, read_network
from tfhand.models.presets import BASELINES, PRESETS, Preset, get_preset

__all__ = [
    "BASELINES",
    "PRESETS",
    "GraphTopology",
    "HandJointNet",
    "HandMeshNet",
    "HandNet",
    "HandParametricNet",
    "Preset",
    "build_network",
    "get_preset",
    "load_network",
    "multiply_adds",
    "read_network",
]
