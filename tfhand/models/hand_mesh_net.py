"""The whole network: an image to heat-maps, mesh and joints."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from tfhand.layers import GatherVertices
from tfhand.models.flops import multiply_adds
from tfhand.models.graph_topology import GraphTopology
from tfhand.models.hourglass import build_hourglass
from tfhand.models.lite_heatmaps import build_lite_heatmaps
from tfhand.models.mesh_stage import build_mesh_stage, uv_readout
from tfhand.models.pose_regressor import build_pose_regressor
from tfhand.models.presets import JOINT_READOUTS, LiteConfig, Preset, get_preset
from tfhand.models.weight_files import load_weights, save_weights, shipped_weights

if TYPE_CHECKING:
    from tfhand.mesh import HandTemplate

STAGES = ("heatmap", "mesh", "pose")


@keras.saving.register_keras_serializable(package="tfhand")
class HandMeshNet(keras.Model):
    """Functional Keras model of three stages: 2D heat-maps, Graph CNN to the mesh, pose regressor.

    Input: `image` (B, S, S, 3) float32 RGB in 0..1, or uint8 in 0..255. Output, a dict of float32:

    - `heatmaps_1`, ... (B, S/4, S/4, 21), one for each stack; what they are `heatmap_kind` says;
    - `vertices_uvd` (B, V, 3), the mesh in the template's order of vertices;
    - `joints_uvd_mesh` (B, 21, 3), the joints that the pose regressor reads off the mesh (not where the preset's
      regressor gives depths only);
    - `joints_uvd` (B, 21, 3), the joints by the chosen read-out: those of the mesh, or u, v of the last
      heat-maps with the mesh's d.

    u, v are in 0..1 across the crop, d is depth behind the wrist in units of the hand's scale.

    Args:
        preset: all sizes.
        topology: graph of the template.
        joint_readout: "mesh" or "heatmap"; None takes the preset's.
        propagation: of the graph convolutions, "sparse" or "dense": the same numbers, see `ChebConv`.
        **kwargs: of `keras.Model`.

    Attributes:
        heatmap_stage, mesh_stage, pose_stage: the stages as models that share the network's weights.

    Raises:
        ValueError: an unknown read-out, "mesh" where the pose regressor gives depths only, or joint anchors asked of
            a template without a rig.

    References:
        Ge et al.: 3D Hand Shape and Pose Estimation from a Single RGB Image, CVPR 2019.
    """

    def __init__(
        self,
        preset: Preset,
        topology: GraphTopology,
        joint_readout: str | None = None,
        propagation: str = "sparse",
        **kwargs: Any,
    ) -> None:
        readout = preset.joint_readout if joint_readout is None else joint_readout
        if readout not in JOINT_READOUTS:
            raise ValueError(f"joint_readout must be one of {JOINT_READOUTS}, got {readout!r}.")
        if readout == "mesh" and preset.pose.outputs == "depth":
            raise ValueError(f"joint_readout must be 'heatmap' with preset {preset.name!r}, got 'mesh'.")
        if preset.mesh.joint_anchors and topology.anchors is None:
            raise ValueError(f"preset {preset.name!r} must have a template with a rig, got one without.")
        lite = isinstance(preset.backbone, LiteConfig)
        heatmap_stage = (build_lite_heatmaps if lite else build_hourglass)(preset)
        mesh_stage = build_mesh_stage(heatmap_stage, preset, topology, propagation)
        pose_stage = build_pose_regressor(preset, topology, propagation)

        image = keras.Input((preset.input_size, preset.input_size, 3), name="image", dtype="float32")
        features = heatmap_stage(image)
        outputs = {name: value for name, value in features.items() if name.startswith("heatmaps_")}
        last = outputs[max(outputs)]
        inputs = {"heatmaps": last, **features}
        places = mesh_stage({name: inputs[name] for name in mesh_stage.input})
        joints = pose_stage(places)
        outputs["vertices_uvd"] = GatherVertices(topology.place_of_vertex, name="vertices_uvd", dtype="float32")(
            places
        )
        if preset.pose.outputs == "uvd":
            outputs["joints_uvd_mesh"] = outputs["joints_uvd"] = joints
        if readout == "heatmap":
            uv = uv_readout(preset, "joints_uv")(last)
            outputs["joints_uvd"] = ops.concatenate([uv, joints[..., -1:]], axis=-1)
        super().__init__(inputs=image, outputs=outputs, **{"name": preset.name.replace("-", "_"), **kwargs})
        self.preset, self.topology = preset, topology
        self.joint_readout, self.propagation = readout, propagation
        self.heatmap_stage, self.mesh_stage, self.pose_stage = heatmap_stage, mesh_stage, pose_stage

    @classmethod
    def from_preset(
        cls,
        name: str,
        weights: str | os.PathLike[str] | None = None,
        template: HandTemplate | None = None,
        joint_readout: str | None = None,
        propagation: str = "sparse",
    ) -> HandMeshNet:
        """Builds the network of a preset.

        Args:
            name: of the preset, see `tfhand.models.presets.PRESETS`.
            weights: None for random ones, "default" for the trained ones that come with the package,
                "imagenet" for a pretrained trunk (presets with an EfficientNet-Lite0 trunk) and the rest
                random, or the path of a file that `save_preset_weights` wrote.
            template: the hand; None takes the one that comes with the package.
            joint_readout: "mesh" or "heatmap"; None takes the preset's.
            propagation: of the graph convolutions, "sparse" or "dense".

        Raises:
            ValueError: an unknown preset or read-out, or weights that do not fit.
            FileNotFoundError: the weights are not there.
        """
        preset = get_preset(name)
        if weights == "default" and not shipped_weights(name).is_file():
            raise FileNotFoundError(
                f"weights: the package comes without trained weights for preset {name!r} "
                f"(expected {shipped_weights(name)}); give the path of a file, or None for random ones."
            )
        if template is None:
            from tfhand.mesh import HandTemplate

            template = HandTemplate.load()
        topology = GraphTopology.from_template(template, preset.rescaling)
        model = cls(preset, topology, joint_readout, propagation)
        if weights == "imagenet":
            model.load_trunk_weights(shipped_weights("efficientnet-lite0", "imagenet"))
        elif weights is not None:
            model.load_preset_weights(shipped_weights(name) if weights == "default" else weights)
        return model

    # Sizes

    @property
    def input_size(self) -> int:
        """Side of the square input image, pixels."""
        return self.preset.input_size

    @property
    def heatmap_size(self) -> int:
        """Side of the heat-maps, pixels."""
        return self.heatmap_stage.output["heatmaps_1"].shape[1]

    @property
    def heatmap_kind(self) -> str:
        """"gaussian": the maps are regressed to Gaussians; "logits": their spatial soft-max is the map."""
        return self.preset.heatmap_kind

    @property
    def num_vertices(self) -> int:
        """V, vertices of the mesh."""
        return self.topology.num_vertices

    @property
    def faces(self) -> np.ndarray:
        """(F, 3) int32 triangles over the mesh's vertices, winding outward on a hand of `hand_side`."""
        return self.topology.faces

    @property
    def hand_side(self) -> str:
        """The side that the network sees, "right" or "left"; images of the other one are mirrored for it."""
        return self.preset.hand_side

    @property
    def joint_definition(self) -> str:
        """Whose 21 joints these are: "tfhand", or the name of a joint adapter (`tfhand.data.joint_adapters`)."""
        return self.preset.joint_definition

    # Stages

    def stage_layers(self, stage: str) -> list[keras.layers.Layer]:
        """The layers of a stage: "heatmap", "mesh" (encoder and Graph CNN) or "pose".

        Raises:
            ValueError: an unknown stage.
        """
        if stage not in STAGES:
            raise ValueError(f"stage must be one of {STAGES}, got {stage!r}.")
        model = {"heatmap": self.heatmap_stage, "mesh": self.mesh_stage, "pose": self.pose_stage}[stage]
        return [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]

    def heatmap_model(self) -> keras.Model:
        """Model of the heat-map stage alone, sharing its weights: image -> dict of `heatmaps_1`, ..."""
        outputs = self.heatmap_stage.output
        maps = {name: value for name, value in outputs.items() if name.startswith("heatmaps_")}
        return keras.Model(self.heatmap_stage.input, maps, name="heatmap_model")

    def pose_model(self) -> keras.Model:
        """Model of the pose regressor alone, sharing its weights: vertices (B, V, 3) uvd -> joints (B, 21, 3), or
        (B, 21, 1), d alone, where the preset's regressor gives depths only."""
        vertices = keras.Input((self.num_vertices, 3), name="vertices_uvd", dtype="float32")
        to_tree = GatherVertices(self.topology.permutation, name="places_uvd", dtype="float32")
        return keras.Model(vertices, self.pose_stage(to_tree(vertices)), name="pose_model")

    # Calls

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if keras.backend.standardize_dtype(getattr(inputs, "dtype", "float32")) == "uint8":
            inputs = ops.cast(inputs, "float32") / 255.0
        return super().call(inputs, training=training, mask=mask)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> dict[str, np.ndarray]:
        """`keras.Model.predict` on images of uint8 (0..255) or float (0..1), RGB.

        Raises:
            ValueError: an array of another shape, type or range, or with NaN.
        """
        return super().predict(self.check_images(x) if isinstance(x, (np.ndarray, list)) else x, *args, **kwargs)

    def check_images(self, images: Any) -> np.ndarray:
        """Returns images as the network takes them: (B, S, S, 3), uint8 or float32 in 0..1.

        Args:
            images: (B, S, S, 3) uint8 in 0..255 or float in 0..1, RGB.

        Raises:
            ValueError: another shape, type or range, or NaN.
        """
        images = np.asarray(images)
        size = self.input_size
        if images.ndim != 4 or images.shape[1:] != (size, size, 3):
            raise ValueError(f"images must have shape (B, {size}, {size}, 3), got {images.shape}.")
        if images.dtype == np.uint8:
            return images
        if not np.issubdtype(images.dtype, np.floating):
            raise ValueError(f"images must be uint8 in 0..255 or float in 0..1, got {images.dtype}.")
        if not np.isfinite(images).all():
            raise ValueError("images must be finite, got NaN or infinite pixels.")
        if images.size and (images.min() < -1e-3 or images.max() > 1.0 + 1e-3):
            raise ValueError(
                f"float images must be in 0..1, got {images.min():.4g}..{images.max():.4g}; "
                "images in 0..255 are passed as uint8."
            )
        return images.astype(np.float32)

    def summary(self, *args: Any, **kwargs: Any) -> None:
        """`keras.Model.summary`, and the multiply-adds of an image."""
        super().summary(*args, **kwargs)
        write = kwargs.get("print_fn") or print
        write(f" Multiply-adds of an image: {multiply_adds(self) / 1e6:.1f} M")

    # Weights and config

    def save_preset_weights(self, path: str | os.PathLike[str], dtype: str = "float32") -> None:
        """Writes all weights to a `.safetensors` file that carries the preset's name; "float16" halves it."""
        save_weights(self.weights, path, self.preset.name, dtype)

    def load_preset_weights(self, path: str | os.PathLike[str]) -> None:
        """Loads a file of `save_preset_weights`; ValueError if it is of another preset or does not fit."""
        load_weights(self.weights, path, self.preset.name)

    def load_trunk_weights(self, path: str | os.PathLike[str]) -> None:
        """Loads pretrained weights into the EfficientNet-Lite0 trunk.

        Raises:
            ValueError: the preset has no such trunk.
        """
        trunk = [weight for weight in self.heatmap_stage.weights if weight.path.startswith("trunk_")]
        if not trunk:
            raise ValueError(f"weights: preset {self.preset.name!r} has no pretrained trunk; 'imagenet' is not for it.")
        load_weights(trunk, path, "efficientnet-lite0", allow_extra=True)

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "trainable": self.trainable,
            "preset": self.preset.to_config(),
            "topology": self.topology.to_config(),
            "joint_readout": self.joint_readout,
            "propagation": self.propagation,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> HandMeshNet:
        config = dict(config)
        preset = Preset.from_config(config.pop("preset"))
        return cls(preset, GraphTopology.from_config(config.pop("topology")), **config)
