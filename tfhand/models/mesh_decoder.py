"""Graph CNN: the latent to the mesh, coarse to fine."""

from __future__ import annotations

from typing import Any

from keras import layers

from tfhand.constants import NUM_JOINTS
from tfhand.layers import BatchNorm, ChebConv, JointAnchors, TreeUpsample, VertexMask
from tfhand.models.graph_topology import COARSE_LEVEL, CONV_LEVELS, GraphTopology
from tfhand.models.presets import Preset


def decode_mesh(
    latent: Any, preset: Preset, topology: GraphTopology, joints_uv: Any = None, propagation: str = "sparse"
) -> Any:
    """Two fully connected layers to the coarse graph, then upsampling and ChebConvs to every place's u, v, d.

    With `preset.mesh.joint_anchors` the Graph CNN's output is added to a linear image of the joints
    (`JointAnchors`): u, v from the heat-maps, d from the latent by one fully connected layer.

    Args:
        latent: (B, L) features.
        preset: sizes.
        topology: of the template; P places.
        joints_uv: (B, 21, 2) u, v of the joints in 0..1; needed with joint anchors.
        propagation: of the ChebConvs, "sparse" or "dense".

    Returns:
        (B, P, 3) float32 u, v, d in tree order, zero at fakes.

    References:
        Ge et al.: 3D Hand Shape and Pose Estimation from a Single RGB Image, CVPR 2019, section 4.2 and
        figure 4.
    """
    config = preset.mesh
    norm = {"momentum": preset.norm_momentum, "epsilon": preset.norm_epsilon}
    coarse_places = topology.num_places >> COARSE_LEVEL
    hidden = layers.Dense(config.hidden, name="mesh_fc_0")(latent)
    if config.hidden_norm:
        hidden = BatchNorm(name="mesh_fc_0_bn", **norm)(hidden)
    hidden = layers.ReLU(name="mesh_fc_0_relu")(hidden)
    x = layers.Dense(coarse_places * config.coarse, name="mesh_fc_1")(hidden)
    x = layers.Reshape((coarse_places, config.coarse), name="mesh_coarse")(x)
    for level, widths in zip(reversed(CONV_LEVELS), config.filters, strict=True):
        places = topology.num_places >> level
        x = TreeUpsample(2, name=f"mesh_up_{places}")(x)
        for i, width in enumerate(widths):
            name = f"mesh_cheb_{places}_{i}"
            x = ChebConv(width, topology.laplacians[level], propagation=propagation, name=name)(x)
            x = BatchNorm(name=f"{name}_bn", **norm)(x)
            x = layers.ReLU(name=f"{name}_relu")(x)
    # Coordinates are float32 from here on: 16 bits are too coarse for them.
    x = ChebConv(
        3,
        topology.laplacians[0],
        propagation=propagation,
        kernel_initializer="zeros" if config.joint_anchors else "glorot_uniform",
        name="mesh_uvd",
        dtype="float32",
    )(x)
    if config.joint_anchors:
        depth = layers.Dense(NUM_JOINTS, name="mesh_joint_depth", dtype="float32")(hidden)
        depth = layers.Reshape((NUM_JOINTS, 1), name="mesh_joint_depth_column", dtype="float32")(depth)
        joints = layers.Concatenate(name="mesh_joints", dtype="float32")([joints_uv, depth])
        anchors = JointAnchors(topology.anchors, name="mesh_anchors")(joints)
        x = layers.Add(name="mesh_anchored", dtype="float32")([x, anchors])
    return VertexMask(topology.mask, name="mesh_mask", dtype="float32")(x)
