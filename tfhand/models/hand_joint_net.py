"""Joints straight from the features, without a mesh: what the mesh network is compared with."""

from __future__ import annotations

import os
from typing import Any

import keras
from keras import layers, ops

from tfhand.constants import NUM_JOINTS
from tfhand.models.hand_net import HandNet, build_heatmap_stage, check_weights, checked_readout
from tfhand.models.latent_layers import fully_connected, load_with_stages
from tfhand.models.mesh_stage import build_latent_stage, uv_readout
from tfhand.models.presets import Preset, check_pipeline, get_preset


@keras.saving.register_keras_serializable(package="tfhand")
class HandJointNet(HandNet):
    """Functional Keras model of three stages: 2D heat-maps, encoder to the latent, fully connected layers to the joints.

    Heat-map stage and encoder are those of the mesh network of the same sizes, layer by layer and name by name. So
    this is the paper's Baseline 1 ("im -> hm + feat -> pose") when it is trained by itself, and its "task transfer" when
    it takes over the weights of a trained mesh network (`load_preset_weights`) and only its last stage is trained.

    Input: `image` (B, S, S, 3) float32 RGB in 0..1, or uint8 in 0..255. Output, a dict of float32:

    - `heatmaps_1`, ... (B, S/4, S/4, 21), one for each stack; what they are `heatmap_kind` says;
    - `joints_uvd_mesh` (B, 21, 3), all that the last stage regresses, by the name that losses know regressed joints by;
    - `joints_uvd` (B, 21, 3), the joints by the chosen read-out: the same, or u, v of the last heat-maps with its d.

    Args:
        preset: all sizes; its pipeline is "joints".
        joint_readout: "mesh" (all of the last stage's) or "heatmap"; None takes the preset's.
        **kwargs: of `keras.Model`.

    Raises:
        ValueError: an unknown read-out, or a preset of another pipeline.

    References:
        Ge et al.: 3D Hand Shape and Pose Estimation from a Single RGB Image, CVPR 2019, section 5.4 and table 3.
    """

    def __init__(self, preset: Preset, joint_readout: str | None = None, **kwargs: Any) -> None:
        check_pipeline(preset, "joints")
        readout = checked_readout(preset, joint_readout)
        heatmap_stage = build_heatmap_stage(preset)
        latent_stage = build_latent_stage(heatmap_stage, preset)
        pose_stage = build_joint_regressor(latent_stage.output.shape[-1], preset)

        image = keras.Input((preset.input_size, preset.input_size, 3), name="image", dtype="float32")
        features = heatmap_stage(image)
        outputs = {name: value for name, value in features.items() if name.startswith("heatmaps_")}
        last = outputs[max(outputs)]
        inputs = {"heatmaps": last, **features}
        joints = pose_stage(latent_stage({name: inputs[name] for name in latent_stage.input}))
        outputs["joints_uvd_mesh"] = outputs["joints_uvd"] = joints
        if readout == "heatmap":
            uv = uv_readout(preset, "joints_uv")(last)
            outputs["joints_uvd"] = ops.concatenate([uv, joints[..., -1:]], axis=-1)
        super().__init__(inputs=image, outputs=outputs, **{"name": preset.name.replace("-", "_"), **kwargs})
        self.preset, self.joint_readout = preset, readout
        self.heatmap_stage, self.mesh_stage, self.pose_stage = heatmap_stage, latent_stage, pose_stage

    @classmethod
    def from_preset(
        cls, name: str, weights: str | os.PathLike[str] | None = None, joint_readout: str | None = None
    ) -> HandJointNet:
        """Builds the network of a preset.

        Args:
            name: of the preset, see `tfhand.models.presets.BASELINES`.
            weights: None for random ones, "imagenet" for a pretrained trunk (presets that have one) and the rest
                random, or a file, see `load_preset_weights`.
            joint_readout: "mesh" or "heatmap"; None takes the preset's.

        Raises:
            ValueError: an unknown preset or read-out, or weights that do not fit.
            FileNotFoundError: the weights are not there.
        """
        check_weights(name, weights)
        model = cls(get_preset(name), joint_readout)
        model.load_named_weights(weights)
        return model

    def load_preset_weights(self, path: str | os.PathLike[str]) -> None:
        """Loads a file of `save_preset_weights`, see `load_with_stages`; the same errors."""
        load_with_stages(self, path)

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "trainable": self.trainable,
            "preset": self.preset.to_config(),
            "joint_readout": self.joint_readout,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> HandJointNet:
        config = dict(config)
        return cls(Preset.from_config(config.pop("preset")), **config)


def build_joint_regressor(num_features: int, preset: Preset) -> keras.Model:
    """Functional model of fully connected layers with ReLU between: `latent` (B, L) -> joints (B, 21, 3) u, v, d.

    Args:
        num_features: L.
        preset: sizes.
    """
    latent = keras.Input((num_features,), name="latent")
    x = fully_connected(latent, NUM_JOINTS * 3, preset, "joint_fc")
    joints = layers.Reshape((NUM_JOINTS, 3), name="joint_uvd", dtype="float32")(x)
    return keras.Model(latent, joints, name="pose_stage")
