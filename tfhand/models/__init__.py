"""The network: stacked hourglass or mobile trunk, encoder, Graph CNN, pose regressor."""

from __future__ import annotations

from tfhand.models.flops import multiply_adds
from tfhand.models.graph_topology import GraphTopology
from tfhand.models.hand_mesh_net import HandMeshNet
from tfhand.models.network_files import load_network, read_network
from tfhand.models.presets import PRESETS, Preset, get_preset

__all__ = ["PRESETS", "GraphTopology", "HandMeshNet", "Preset", "get_preset", "load_network", "multiply_adds", "read_network"]
