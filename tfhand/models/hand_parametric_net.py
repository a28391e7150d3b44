"""Shape and pose of the hand's rig from the features, and the mesh that the rig makes of them: for comparison."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import layers, ops

from tfhand.constants import NUM_JOINTS
from tfhand.layers import VIEW_SIZE, CropView, RigLayer, rig_arrays
from tfhand.layers.array_codec import decode_array, encode_array
from tfhand.models.hand_net import HandNet, build_heatmap_stage, check_weights, checked_readout
from tfhand.models.latent_layers import fully_connected, load_with_stages
from tfhand.models.mesh_stage import build_latent_stage, uv_readout
from tfhand.models.presets import Preset, check_pipeline, get_preset

if TYPE_CHECKING:
    from tfhand.mesh import HandTemplate


@keras.saving.register_keras_serializable(package="tfhand")
class HandParametricNet(HandNet):
    """Functional Keras model of three stages: 2D heat-maps, encoder to the latent, fully connected layers to a posed rig.

    The paper's MANO-based method (section 5.3 and table 2) on this package's own rig: three fully connected layers give
    its shape keys, the angles of its bones and how the crop shows it; linear blend skinning gives the mesh, the rig the
    joints. Heat-map stage and encoder are those of the mesh network of the same sizes, layer by layer and name by name,
    and losses see the same outputs.

    Input: `image` (B, S, S, 3) float32 RGB in 0..1, or uint8 in 0..255. Output, a dict of float32:

    - `heatmaps_1`, ... (B, S/4, S/4, 21), one for each stack; what they are `heatmap_kind` says;
    - `vertices_uvd` (B, V, 3), the mesh in the template's order of vertices;
    - `joints_uvd_mesh` (B, 21, 3), the joints of the rig;
    - `joints_uvd` (B, 21, 3), the joints by the chosen read-out: the same, or u, v of the last heat-maps with the rig's d.

    Args:
        preset: all sizes; its pipeline is "parametric".
        rig: arrays of `tfhand.layers.rig_arrays`.
        shape_ranges: (B, 2) lowest and highest value of every shape key, between which the network stays.
        faces: (F, 3) triangles of the mesh.
        joint_readout: "mesh" (the rig's) or "heatmap"; None takes the preset's.
        **kwargs: of `keras.Model`.

    Raises:
        ValueError: an unknown read-out, or a preset of another pipeline.

    References:
        Ge et al.: 3D Hand Shape and Pose Estimation from a Single RGB Image, CVPR 2019, section 5.3.
    """

    def __init__(
        self,
        preset: Preset,
        rig: Mapping[str, np.ndarray],
        shape_ranges: np.ndarray,
        faces: np.ndarray,
        joint_readout: str | None = None,
        **kwargs: Any,
    ) -> None:
        check_pipeline(preset, "parametric")
        readout = checked_readout(preset, joint_readout)
        heatmap_stage = build_heatmap_stage(preset)
        latent_stage = build_latent_stage(heatmap_stage, preset)
        pose_stage = build_rig_regressor(latent_stage.output.shape[-1], preset, rig, shape_ranges)

        image = keras.Input((preset.input_size, preset.input_size, 3), name="image", dtype="float32")
        features = heatmap_stage(image)
        outputs = {name: value for name, value in features.items() if name.startswith("heatmaps_")}
        last = outputs[max(outputs)]
        inputs = {"heatmaps": last, **features}
        hand = pose_stage(latent_stage({name: inputs[name] for name in latent_stage.input}))
        joints = hand["joints_uvd"]
        outputs["vertices_uvd"] = hand["vertices_uvd"]
        outputs["joints_uvd_mesh"] = outputs["joints_uvd"] = joints
        if readout == "heatmap":
            uv = uv_readout(preset, "joints_uv")(last)
            outputs["joints_uvd"] = ops.concatenate([uv, joints[..., -1:]], axis=-1)
        super().__init__(inputs=image, outputs=outputs, **{"name": preset.name.replace("-", "_"), **kwargs})
        self.preset, self.joint_readout = preset, readout
        self.constants = {**rig, "shape_ranges": np.asarray(shape_ranges), "faces": np.asarray(faces, np.int32)}
        self.heatmap_stage, self.mesh_stage, self.pose_stage = heatmap_stage, latent_stage, pose_stage

    @classmethod
    def from_preset(
        cls,
        name: str,
        weights: str | os.PathLike[str] | None = None,
        template: HandTemplate | None = None,
        joint_readout: str | None = None,
    ) -> HandParametricNet:
        """Builds the network of a preset.

        Args:
            name: of the preset, see `tfhand.models.presets.BASELINES`.
            weights: None for random ones, "imagenet" for a pretrained trunk (presets that have one) and the rest
                random, or a file, see `load_preset_weights`.
            template: the hand; None takes the one that comes with the package.
            joint_readout: "mesh" or "heatmap"; None takes the preset's.

        Raises:
            ValueError: an unknown preset or read-out, weights that do not fit, or a template without a rig.
            FileNotFoundError: the weights are not there.
        """
        check_weights(name, weights)
        if template is None:
            from tfhand.mesh import HandTemplate

            template = HandTemplate.load()
        model = cls(get_preset(name), rig_arrays(template), template.shape_ranges, template.faces, joint_readout)
        model.load_named_weights(weights)
        return model

    @property
    def num_vertices(self) -> int:
        """V, vertices of the mesh."""
        return len(self.constants["vertices"])

    @property
    def faces(self) -> np.ndarray:
        """(F, 3) int32 triangles over the mesh's vertices, winding outward on a hand of `hand_side`."""
        return self.constants["faces"]

    def load_preset_weights(self, path: str | os.PathLike[str]) -> None:
        """Loads a file of `save_preset_weights`, see `load_with_stages`; the same errors."""
        load_with_stages(self, path)

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "trainable": self.trainable,
            "preset": self.preset.to_config(),
            "constants": {name: encode_array(array) for name, array in self.constants.items()},
            "joint_readout": self.joint_readout,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> HandParametricNet:
        config = dict(config)
        preset = Preset.from_config(config.pop("preset"))
        rig = {name: decode_array(array) for name, array in config.pop("constants").items()}
        ranges, faces = rig.pop("shape_ranges"), rig.pop("faces")
        return cls(preset, rig, ranges, faces, **config)


def build_rig_regressor(
    num_features: int, preset: Preset, rig: Mapping[str, np.ndarray], shape_ranges: np.ndarray
) -> keras.Model:
    """Functional model: `latent` (B, L) -> `vertices_uvd` (B, V, 3) and `joints_uvd` (B, 21, 3) of a hand of the rig.

    It starts with every shape key in the middle of its range, the bones at rest, and the hand in the middle of the crop.

    Args:
        num_features: L.
        preset: sizes.
        rig: arrays of `tfhand.layers.rig_arrays`.
        shape_ranges: (B, 2) of the shape keys.
    """
    latent = keras.Input((num_features,), name="latent")
    bones, keys = len(rig["bone_parents"]), len(shape_ranges)
    values = fully_connected(latent, keys + 3 * bones + VIEW_SIZE, preset, "rig_fc", kernel_initializer="zeros")
    middle, half = np.mean(shape_ranges, axis=1), np.ptp(shape_ranges, axis=1) / 2
    within = layers.Activation("tanh", name="rig_shape_within", dtype="float32")(values[:, :keys])
    shape = layers.Rescaling(half.tolist(), middle.tolist(), name="rig_shape", dtype="float32")(within)
    angles = layers.Reshape((bones, 3), name="rig_angles", dtype="float32")(values[:, keys : keys + 3 * bones])
    hand = RigLayer(rig, name="rig")([shape, angles])
    hand = CropView(preset.depth_axis, name="rig_view")([hand, values[:, keys + 3 * bones :]])
    outputs = {"vertices_uvd": hand[:, :-NUM_JOINTS], "joints_uvd": hand[:, -NUM_JOINTS:]}
    return keras.Model(latent, outputs, name="pose_stage")
