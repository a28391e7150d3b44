"""Every preset of the network: one entry each in `PRESETS`."""

from __future__ import annotations

import dataclasses
from typing import Any

from tfhand.constants import CANONICAL_SIDE, SIDES

HEATMAP_KINDS = ("gaussian", "logits")
JOINT_READOUTS = ("mesh", "heatmap")
INPUT_CHANNELS = ("rgb", "bgr")
FLATTENINGS = ("channels_last", "channels_first")
POSE_OUTPUTS = ("uvd", "depth")


def _check(name: str, value: str, known: tuple[str, ...]) -> None:
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

    trunk_blocks: int = 15
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
        _check("flatten", self.flatten, FLATTENINGS)


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
        _check("outputs", self.outputs, POSE_OUTPUTS)


@dataclasses.dataclass(frozen=True)
class Preset:
    """All sizes of one network.

    Attributes:
        name: of the preset; weight files carry it.
        input_size: side of the square input image, pixels.
        input_scale, input_offset: the network sees `image * scale + offset` of an image in 0..1.
        heatmap_kind: "gaussian" (the maps themselves are regressed to Gaussians; arg-max gives u, v) or
            "logits" (their spatial soft-max is the map; its expectation gives u, v).
        joint_readout: the default of `joints_uvd`: "mesh" (pose regressor) or "heatmap" (u, v of the last
            heat-maps, d of the pose regressor).
        norm_momentum, norm_epsilon: of all batch norms but the trunk's epsilon.
        backbone, encoder, mesh, pose: sizes of the stages.
        input_channels: order in which the first layer sees the channels, "rgb" or "bgr"; the image that the network
            is given is RGB always.
        rescaling: of the Laplacians, one of `tfhand.mesh.graph.RESCALINGS`.
        pixel_origin: of the arg-max of "gaussian" heat-maps, see `ArgmaxUV`.
        hand_side: the side that the network sees; hands of the other one are mirrored on the way in and out.
        joint_definition: whose 21 joints these are: "tfhand" for this package's, or the name of a joint adapter
            (`tfhand.data.joint_adapters`) for those of its dataset.
    """

    name: str
    input_size: int
    input_scale: float
    input_offset: float
    heatmap_kind: str
    joint_readout: str
    norm_momentum: float
    norm_epsilon: float
    backbone: HourglassConfig | LiteConfig
    encoder: ResidualEncoderConfig | LiteEncoderConfig
    mesh: MeshConfig
    pose: PoseConfig
    input_channels: str = "rgb"
    rescaling: str = "chebyshev"
    pixel_origin: str = "centre"
    hand_side: str = CANONICAL_SIDE
    joint_definition: str = "tfhand"

    def __post_init__(self) -> None:
        _check("input_channels", self.input_channels, INPUT_CHANNELS)
        _check("hand_side", self.hand_side, SIDES)

    def to_config(self) -> dict[str, Any]:
        """JSON-able dict with all fields and the names of the stages' classes."""
        config = dataclasses.asdict(self)
        for key in _STAGES:
            config[key]["class"] = type(getattr(self, key)).__name__
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Preset:
        """The preset that `to_config` described; lists become tuples again."""
        stages = {}
        for key in _STAGES:
            fields = {name: _tuples(value) for name, value in config[key].items() if name != "class"}
            stages[key] = _STAGE_CLASSES[config[key]["class"]](**fields)
        return cls(**{**config, **stages})


_STAGES = ("backbone", "encoder", "mesh", "pose")
_STAGE_CLASSES = {
    stage.__name__: stage
    for stage in (HourglassConfig, LiteConfig, ResidualEncoderConfig, LiteEncoderConfig, MeshConfig, PoseConfig)
}


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, (list, tuple)) else value


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        # Ge et al., CVPR 2019: the sizes of the paper and of the authors' released model.
        Preset(
            name="paper",
            input_size=256,
            input_scale=1.0,
            input_offset=-0.5,
            heatmap_kind="gaussian",
            joint_readout="mesh",
            norm_momentum=0.9,
            norm_epsilon=1e-5,
            backbone=HourglassConfig(),
            encoder=ResidualEncoderConfig(),
            mesh=MeshConfig(),
            pose=PoseConfig(),
        ),
        # For phones: an ImageNet trunk, u, v anchored at the heat-maps, everything narrow.
        Preset(
            name="mobile",
            input_size=128,
            input_scale=255.0 / 128.0,
            input_offset=-127.0 / 128.0,
            heatmap_kind="logits",
            joint_readout="heatmap",
            norm_momentum=0.97,
            norm_epsilon=1e-3,
            backbone=LiteConfig(),
            encoder=LiteEncoderConfig(),
            mesh=MeshConfig(
                hidden=256, hidden_norm=True, coarse=24, filters=((32, 32), (32,)), joint_anchors=True
            ),
            pose=PoseConfig(filters=((16, 16), (16, 16)), hidden=64),
        ),
        # The paper's structure, small enough to train from scratch on a CPU; for comparison.
        Preset(
            name="hourglass-small",
            input_size=128,
            input_scale=1.0,
            input_offset=-0.5,
            heatmap_kind="logits",
            joint_readout="heatmap",
            norm_momentum=0.9,
            norm_epsilon=1e-5,
            backbone=HourglassConfig(stacks=1, channels=64, stem=(32, 64)),
            encoder=ResidualEncoderConfig(poolings=3, final_activation=True),
            mesh=MeshConfig(hidden=256, hidden_norm=True, coarse=32, filters=((32, 32), (32,))),
            pose=PoseConfig(filters=((16, 16), (16, 16)), hidden=64),
        ),
        # What the authors released, which differs from the paper in everything that is named here
        # (`export.pytorch_checkpoint` fills it with their weights).
        Preset(
            name="released",
            input_size=256,
            input_scale=1.0,
            input_offset=-0.5,
            heatmap_kind="gaussian",
            joint_readout="heatmap",
            norm_momentum=0.9,
            norm_epsilon=1e-5,
            backbone=HourglassConfig(),
            encoder=ResidualEncoderConfig(flatten="channels_first"),
            mesh=MeshConfig(),
            pose=PoseConfig(pooling="max", outputs="depth"),
            input_channels="bgr",
            rescaling="half",
            pixel_origin="corner",
            hand_side="left",
            joint_definition="real_world",
        ),
    )
}


def get_preset(name: str) -> Preset:
    """Returns the preset called `name`.

    Raises:
        ValueError: there is none; the message lists those that exist.
    """
    if name not in PRESETS:
        raise ValueError(f"name must be one of the presets {sorted(PRESETS)}, got {name!r}.")
    return PRESETS[name]
