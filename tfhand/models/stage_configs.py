"""Sizes of the network's stages, which presets are made of."""

from __future__ import annotations

import dataclasses

FLATTENINGS = ("channels_last", "channels_first")
POSE_OUTPUTS = ("uvd", "depth")


def check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    """Raises ValueError where `value` is not one of those `known`."""
    if value not in known:
        raise ValueError(f"{name} must be one of {known}, got {value!r}.")


@dataclasses.dataclass(frozen=True)
class HourglassConfig:
    """Stacked hourglass (`tfhand.models.hourglass`).

    Attributes:
        stacks: hourglasses one after the other, each with its own heat-maps.
        channels: width of the features; even.
        stem: channels after the first convolution and after the first residual module.
        depth: poolings within an hourglass.
        modules: residual modules at every place of the original.
    """

    stacks: int = 2
    channels: int = 256
    stem: tuple[int, int] = (64, 128)
    depth: int = 4
    modules: int = 2


@dataclasses.dataclass(frozen=True)
class LiteConfig:
    """EfficientNet-Lite0 trunk with a light decoder (`tfhand.models.lite_heatmaps`).

    Attributes:
        trunk_blocks: how many of the trunk's 16 blocks to keep. The last one holds a fifth of the trunk's
            parameters, for 320 channels on 4 x 4 pixels.
        decoder: channels of the decoder at strides 32, 16, 8 and 4.
    """

    trunk_blocks: int = 14
    decoder: tuple[int, int, int, int] = (96, 96, 64, 64)


@dataclasses.dataclass(frozen=True)
class ResidualEncoderConfig:
    """The paper's encoder (`tfhand.models.encoder`).

    Attributes:
        poolings: two residual modules and a 2 x 2 pooling, this many times.
        final_activation: whether to end with BN and ReLU before flattening. The paper does not; without
            it the first hundreds of training steps are rough.
        flatten: order of the latent: "channels_last" (pixel by pixel) or "channels_first" (map by map, as the
            authors' released model has it).
    """

    poolings: int = 4
    final_activation: bool = False
    flatten: str = "channels_last"

    def __post_init__(self) -> None:
        check_choice("flatten", self.flatten, FLATTENINGS)


@dataclasses.dataclass(frozen=True)
class LiteEncoderConfig:
    """Encoder of the mobile network (`tfhand.models.lite_encoder`).

    Attributes:
        channels: of the feature maps at strides 8, 16 and 32 on the way down.
        joint_features: features read off at each joint.
    """

    channels: tuple[int, int, int] = (64, 96, 64)
    joint_features: int = 32


@dataclasses.dataclass(frozen=True)
class MeshConfig:
    """Graph CNN from the latent to the mesh (`tfhand.models.mesh_decoder`).

    Attributes:
        hidden: outputs of the first fully connected layer.
        hidden_norm: whether that layer has batch norm before its ReLU.
        coarse: features of each of the 80 coarse places.
        filters: ChebConv widths on the 320-place graph, and those on the 1280-place graph before the last
            one (to u, v, d).
        joint_anchors: whether the mesh is predicted relative to a linear image of the joints (u, v of the
            heat-maps, d regressed from the latent); needs a template with a rig.
    """

    hidden: int = 512
    hidden_norm: bool = False
    coarse: int = 64
    filters: tuple[tuple[int, ...], tuple[int, ...]] = ((64, 32), (32,))
    joint_anchors: bool = False


@dataclasses.dataclass(frozen=True)
class PoseConfig:
    """Linear Graph CNN from the mesh to the joints (`tfhand.models.pose_regressor`).

    Attributes:
        filters: ChebConv widths on the 1280-place and on the 320-place graph.
        hidden: outputs of the first fully connected layer.
        pooling: "mean" (linear, as the paper says) or "max" (as the authors' released model does).
        outputs: "uvd" (u, v, d of all joints, as the paper says) or "depth" (d of all but the wrist, whose d is 0
            by definition, as the authors' released model does; u, v are then read off the heat-maps).
    """

    filters: tuple[tuple[int, ...], tuple[int, ...]] = ((32, 32), (64, 64))
    hidden: int = 512
    pooling: str = "mean"
    outputs: str = "uvd"

    def __post_init__(self) -> None:
        check_choice("outputs", self.outputs, POSE_OUTPUTS)


@dataclasses.dataclass(frozen=True)
class JointConfig:
    """Fully connected layers from the latent to the joints (`tfhand.models.hand_joint_net`), or to shape and pose of the rig
    (`tfhand.models.hand_parametric_net`).

    Attributes:
        hidden: outputs of all layers but the last one.
        hidden_norm: whether those layers have batch norm before their ReLU.
    """

    hidden: tuple[int, ...] = (512, 256)
    hidden_norm: bool = False


@dataclasses.dataclass(frozen=True)
class SignsConfig:
    """Whether there is a hand, and of which side (`tfhand.models.hand_signs`).

    Attributes:
        joint_features: features read off at each joint.
        hidden: outputs of the one hidden layer.
    """

    joint_features: int = 16
    hidden: int = 32
