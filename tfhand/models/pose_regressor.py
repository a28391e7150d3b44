"""Pose regressor: a linear Graph CNN from the mesh to the joints."""

from __future__ import annotations

import keras
from keras import layers

from tfhand.constants import NUM_JOINTS
from tfhand.layers import ChebConv, TreePool
from tfhand.models.graph_topology import CONV_LEVELS, GraphTopology
from tfhand.models.presets import Preset


def build_pose_regressor(preset: Preset, topology: GraphTopology, propagation: str = "sparse") -> keras.Model:
    """Two ChebConvs and a pooling by four, twice, then two fully connected layers; linear but for a maximum pooling.

    Runs in float32 under every policy: inputs and outputs are coordinates.

    Args:
        preset: sizes.
        topology: of the template; P places.
        propagation: of the ChebConvs, "sparse" or "dense".

    Returns:
        Functional model: `places_uvd` (B, P, 3) in tree order, zero at fakes -> joints (B, 21, 3) u, v, d, or
        (B, 21, 1) d, where the preset's regressor gives depths only.

    References:
        Ge et al.: 3D Hand Shape and Pose Estimation from a Single RGB Image, CVPR 2019, section 4.3.
    """
    config = preset.pose
    places_uvd = keras.Input((topology.num_places, 3), name="places_uvd", dtype="float32")
    x = places_uvd
    for level, widths in zip(CONV_LEVELS, config.filters, strict=True):
        places = topology.num_places >> level
        for i, width in enumerate(widths):
            x = ChebConv(
                width,
                topology.laplacians[level],
                propagation=propagation,
                name=f"pose_cheb_{places}_{i}",
                dtype="float32",
            )(x)
        x = TreePool(2, config.pooling, name=f"pose_pool_{places}", dtype="float32")(x)
    x = layers.Flatten(name="pose_flatten", dtype="float32")(x)
    x = layers.Dense(config.hidden, name="pose_fc_0", dtype="float32")(x)
    if config.outputs == "uvd":
        x = layers.Dense(NUM_JOINTS * 3, name="pose_fc_1", dtype="float32")(x)
        joints = layers.Reshape((NUM_JOINTS, 3), name="pose_uvd", dtype="float32")(x)
    else:
        x = layers.Dense(NUM_JOINTS - 1, name="pose_fc_1", dtype="float32")(x)
        x = layers.Reshape((NUM_JOINTS - 1, 1), name="pose_depths", dtype="float32")(x)
        joints = layers.ZeroPadding1D((1, 0), name="pose_wrist", dtype="float32")(x)
    return keras.Model(places_uvd, joints, name="pose_stage")
