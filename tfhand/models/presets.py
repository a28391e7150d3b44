"""Every preset of the network: one entry each in `PRESETS`."""

from __future__ import annotations

import dataclasses
from typing import Any

from tfhand.constants import CANONICAL_SIDE, DEPTH_AXES, SIDES
from tfhand.models.stage_configs import (
    HourglassConfig,
    JointConfig,
    LiteConfig,
    LiteEncoderConfig,
    MeshConfig,
    PoseConfig,
    ResidualEncoderConfig,
    SignsConfig,
    check_choice,
)

HEATMAP_KINDS = ("gaussian", "logits")
JOINT_READOUTS = ("mesh", "heatmap")
INPUT_CHANNELS = ("rgb", "bgr")
PIPELINES = ("mesh", "joints", "parametric")


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
        pipeline: "mesh" (latent to mesh to joints: `HandMeshNet`), or for comparison "joints" (latent to joints, without a
            mesh: `HandJointNet`) or "parametric" (latent to shape and pose of the rig: `HandParametricNet`).
        depth_axis: what depths `d` run along, one of `tfhand.constants.DEPTH_AXES`: "camera", the optical axis, as the paper
            has it, or "crop", the ray through the crop's middle (`tfhand.geometry.camera` says why).
        joints: sizes of the last stage where the pipeline is "joints" or "parametric".
        signs: sizes of the stage that says whether there is a hand and of which side; None for a network without. Of the
            presets' own networks those have it whose weights have it, see `HandMeshNet.from_preset`.
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
    pipeline: str = "mesh"
    depth_axis: str = "camera"
    joints: JointConfig = JointConfig()
    signs: SignsConfig | None = None

    def __post_init__(self) -> None:
        check_choice("input_channels", self.input_channels, INPUT_CHANNELS)
        check_choice("hand_side", self.hand_side, SIDES)
        check_choice("pipeline", self.pipeline, PIPELINES)
        check_choice("depth_axis", self.depth_axis, DEPTH_AXES)
        if self.signs is not None and not (self.pipeline == "mesh" and isinstance(self.backbone, LiteConfig)):
            raise ValueError(f"signs: expected None without an EfficientNet-Lite0 trunk and a mesh, got {self.signs}.")

    def to_config(self) -> dict[str, Any]:
        """JSON-able dict with all fields and the names of the stages' classes."""
        config = dataclasses.asdict(self)
        for key in _STAGES:
            if config[key] is None:
                del config[key]
            else:
                config[key]["class"] = type(getattr(self, key)).__name__
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Preset:
        """The preset that `to_config` described; lists become tuples again."""
        stages = {}
        for key in _STAGES:
            if key not in config:  # there is none, or it is a file from before there was such a stage
                continue
            fields = {name: _tuples(value) for name, value in config[key].items() if name != "class"}
            stages[key] = _STAGE_CLASSES[config[key]["class"]](**fields)
        return cls(**{**config, **stages})


_STAGES = ("backbone", "encoder", "mesh", "pose", "joints", "signs")
_STAGE_CLASSES = {
    stage.__name__: stage
    for stage in (
        HourglassConfig, LiteConfig, ResidualEncoderConfig, LiteEncoderConfig, MeshConfig, PoseConfig, JointConfig,
        SignsConfig,
    )  # fmt: skip
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
            input_size=160,
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
            depth_axis="crop",
            signs=SignsConfig(),
        ),
        # The paper's structure but for depths, small enough to train from scratch on a CPU; for comparison.
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
            depth_axis="crop",
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


#: Networks for comparison, which `tfhand` itself never offers, beside each preset that can be trained here: latent to joints,
#: without a mesh (the paper's Baseline 1 and its task transfer), and latent to shape and pose of the rig (its MANO-based method).
BASELINES: dict[str, Preset] = {
    f"{name}-{pipeline}": dataclasses.replace(
        PRESETS[name],
        name=f"{name}-{pipeline}",
        pipeline=pipeline,
        joints=JointConfig(hidden_norm=name == "mobile"),
        signs=None,
    )
    for pipeline in PIPELINES[1:]
    for name in ("paper", "mobile", "hourglass-small")
}


def get_preset(name: str) -> Preset:
    """Returns the preset called `name`, one of `PRESETS` or `BASELINES`.

    Raises:
        ValueError: there is none; the message lists those that exist.
    """
    known = {**PRESETS, **BASELINES}
    if name not in known:
        raise ValueError(f"name must be one of the presets {sorted(known)}, got {name!r}.")
    return known[name]


def check_pipeline(preset: Preset, pipeline: str) -> None:
    """Compares a preset with the class of network that is to be built of it.

    Raises:
        ValueError: it is for another class.
    """
    if preset.pipeline != pipeline:
        classes = ("HandMeshNet", "HandJointNet", "HandParametricNet")
        builds = dict(zip(PIPELINES, classes, strict=True))[preset.pipeline]
        raise ValueError(f"preset {preset.name!r} must be of the pipeline {pipeline!r}; {builds} builds it.")
