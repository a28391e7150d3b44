"""The second stage: from heat-maps and features to the mesh."""

from __future__ import annotations

from typing import Any

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
    inputs, latent, uv = _encode(heatmap_stage, preset)
    places = decode_mesh(latent, preset, topology, uv, propagation)
    return keras.Model(inputs, places, name="mesh_stage")


def build_latent_stage(heatmap_stage: keras.Model, preset: Preset) -> keras.Model:
    """Functional model: outputs of the heat-map stage -> the (B, L) latent alone, as the mesh stage has it within.

    Its layers have the names that they have there, so the weights of one fit the other.

    Args:
        heatmap_stage: whose outputs are this stage's inputs.
        preset: sizes.
    """
    inputs, latent, _ = _encode(heatmap_stage, preset)
    return keras.Model(inputs, latent, name="latent_stage")


def _encode(heatmap_stage: keras.Model, preset: Preset) -> tuple[dict[str, Any], Any, Any]:
    """Inputs with the names of the heat-map stage's outputs, the latent, and u, v of the joints where the encoder
    reads them off."""
    inputs = heatmap_inputs(heatmap_stage)
    if not isinstance(preset.encoder, LiteEncoderConfig):
        return inputs, residual_encoder(inputs, preset), None
    uv = uv_readout(preset, "mesh_joints_uv")(inputs["heatmaps"])
    return inputs, lite_encoder(inputs, uv, preset), uv


def uv_readout(preset: Preset, name: str) -> keras.layers.Layer:
    """The layer that reads u, v (B, 21, 2) off heat-maps of the preset's kind."""
    if preset.heatmap_kind == "logits":
        return SoftArgmax2D(name=name)
    return ArgmaxUV(preset.input_size, preset.pixel_origin, name=name)
