"""The whole network: an image to heat-maps, mesh and joints."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from tfhand.constants import SIGN_LOGITS
from tfhand.layers import GatherVertices
from tfhand.models.graph_topology import GraphTopology
from tfhand.models.hand_net import HandNet, build_heatmap_stage, check_weights, checked_readout
from tfhand.models.hand_signs import SIGN_PREFIX, build_hand_signs
from tfhand.models.mesh_stage import build_mesh_stage, uv_readout
from tfhand.models.pose_regressor import build_pose_regressor
from tfhand.models.presets import Preset, check_pipeline, get_preset
from tfhand.models.weight_files import holds_weights, load_weights, shipped_weights

if TYPE_CHECKING:
    from tfhand.mesh import HandTemplate


@keras.saving.register_keras_serializable(package="tfhand")
class HandMeshNet(HandNet):
    """Functional Keras model of three stages: 2D heat-maps, Graph CNN to the mesh, pose regressor; and a fourth, signs.

    Input: `image` (B, S, S, 3) float32 RGB in 0..1, or uint8 in 0..255. Output, a dict of float32:

    - `heatmaps_1`, ... (B, S/4, S/4, 21), one for each stack; what they are `heatmap_kind` says;
    - `vertices_uvd` (B, V, 3), the mesh in the template's order of vertices;
    - `joints_uvd_mesh` (B, 21, 3), the joints that the pose regressor reads off the mesh (not where the preset's
      regressor gives depths only);
    - `joints_uvd` (B, 21, 3), the joints by the chosen read-out: those of the mesh, or u, v of the last
      heat-maps with the mesh's d;
    - `sign_logits` (B, 2), where the preset has signs: log odds of "the crop holds a hand" and, given that it does, "it is
      one of `hand_side`".

    u, v are in 0..1 across the crop, d is depth behind the wrist along the preset's `depth_axis`, in units of the hand's scale.

    Args:
        preset: all sizes.
        topology: graph of the template.
        joint_readout: "mesh" or "heatmap"; None takes the preset's.
        propagation: of the graph convolutions, "sparse" or "dense": the same numbers, see `ChebConv`.
        **kwargs: of `keras.Model`.

    Attributes:
        heatmap_stage, mesh_stage, pose_stage: the stages as models that share the network's weights.
        sign_stage: likewise, or None without signs.

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
        check_pipeline(preset, "mesh")
        readout = checked_readout(preset, joint_readout)
        if readout == "mesh" and preset.pose.outputs == "depth":
            raise ValueError(f"joint_readout must be 'heatmap' with preset {preset.name!r}, got 'mesh'.")
        if preset.mesh.joint_anchors and topology.anchors is None:
            raise ValueError(f"preset {preset.name!r} must have a template with a rig, got one without.")
        heatmap_stage = build_heatmap_stage(preset)
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
        sign_stage = None if preset.signs is None else build_hand_signs(heatmap_stage, preset)
        if sign_stage is not None:
            outputs[SIGN_LOGITS] = sign_stage({name: inputs[name] for name in sign_stage.input})
        super().__init__(inputs=image, outputs=outputs, **{"name": preset.name.replace("-", "_"), **kwargs})
        self.preset, self.topology = preset, topology
        self.joint_readout, self.propagation = readout, propagation
        self.heatmap_stage, self.mesh_stage, self.pose_stage = heatmap_stage, mesh_stage, pose_stage
        self.sign_stage = sign_stage

    @classmethod
    def from_preset(
        cls,
        name: str,
        weights: str | os.PathLike[str] | None = None,
        template: HandTemplate | None = None,
        joint_readout: str | None = None,
        propagation: str = "sparse",
        signs: bool | None = None,
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
            signs: whether the network has the preset's stage of signs. None: if the weights have it, so that nobody
                trusts signs that were never trained; True: in any case, random where the weights lack it.

        Raises:
            ValueError: an unknown preset or read-out, weights that do not fit, or signs of a preset without.
            FileNotFoundError: the weights are not there.
        """
        preset = get_preset(name)
        check_weights(name, weights)
        if signs and preset.signs is None:
            raise ValueError(f"signs: expected False or None with preset {name!r}, which has none, got True.")
        if preset.signs is not None and not (_holds_signs(name, weights) if signs is None else signs):
            preset = dataclasses.replace(preset, signs=None)
        if template is None:
            from tfhand.mesh import HandTemplate

            template = HandTemplate.load()
        topology = GraphTopology.from_template(template, preset.rescaling)
        model = cls(preset, topology, joint_readout, propagation)
        model.load_named_weights(weights)
        return model

    def load_preset_weights(self, path: str | os.PathLike[str]) -> None:
        """Loads a file of `save_preset_weights`. Where only one of file and network has signs, the rest is loaded.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is of another preset or depth axis, or does not fit.
        """
        load_weights(self.weights, path, self.preset.name, optional=SIGN_PREFIX, depth_axis=self.depth_axis)

    # Sizes

    @property
    def num_vertices(self) -> int:
        """V, vertices of the mesh."""
        return self.topology.num_vertices

    @property
    def faces(self) -> np.ndarray:
        """(F, 3) int32 triangles over the mesh's vertices, winding outward on a hand of `hand_side`."""
        return self.topology.faces

    # Stages

    def pose_model(self) -> keras.Model:
        """Model of the pose regressor alone, sharing its weights: vertices (B, V, 3) uvd -> joints (B, 21, 3), or
        (B, 21, 1), d alone, where the preset's regressor gives depths only."""
        vertices = keras.Input((self.num_vertices, 3), name="vertices_uvd", dtype="float32")
        to_tree = GatherVertices(self.topology.permutation, name="places_uvd", dtype="float32")
        return keras.Model(vertices, self.pose_stage(to_tree(vertices)), name="pose_model")

    # Config

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


def _holds_signs(name: str, weights: str | os.PathLike[str] | None) -> bool:
    """Whether weights, named as in `HandMeshNet.from_preset`, have those of the signs."""
    if weights is None or weights == "imagenet":
        return False
    return holds_weights(shipped_weights(name) if weights == "default" else weights, SIGN_PREFIX)
