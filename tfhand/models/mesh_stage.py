"""The second stage: from heat-maps and features to the mesh."""

from __future__ import annotations

import keras

from tfhand.layers import ArgmaxUV, SoftArgmax2D
from tfhand.models.encoder import heatmap_inputs, residual_encoder
from tfhand.models.graph_topology import GraphTopology
from tfhand.models.lite_encoder import lite_encoder
from tfhand.models.mesh_decoder import decode_mesh
from tfhand.models.presets import LiteEncoderConfig, Preset


def build_mesh_stage(
    heatmap_stage: keras.Model, preset: Preset, topology: GraphTopology, propagation: str = "sparse"
) -> keras.Model:
    """Functional model: outputs of the heat-map stage -> (B, P, 3) u, v, d of the places in tree order.

    Args:
        heatmap_stage: whose outputs are this stage's inputs.
        preset: sizes.
        topology: of the template; P places.
        propagation: of the ChebConvs, "sparse" or "dense".
    """
    inputs = heatmap_inputs(heatmap_stage)
    uv = None
    if isinstance(preset.encoder, LiteEncoderConfig):
        uv = uv_readout(preset, "mesh_joints_uv")(inputs["heatmaps"])
        latent = lite_encoder(inputs, uv, preset)
    else:
        latent = residual_encoder(inputs, preset)
    places = decode_mesh(latent, preset, topology, uv, propagation)
    return keras.Model(inputs, places, name="mesh_stage")


def uv_readout(preset: Preset, name: str) -> keras.layers.Layer:
    """The layer that reads u, v (B, 21, 2) off heat-maps of the preset's kind."""
    if preset.heatmap_kind == "logits":
        return SoftArgmax2D(name=name)
    return ArgmaxUV(preset.input_size, preset.pixel_origin, name=name)
