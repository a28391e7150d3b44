"""What all networks of a hand have in common, whatever they make of an image."""

from __future__ import annotations

import os
from typing import Any

import keras
import numpy as np
from keras import ops

from tfhand.models.flops import multiply_adds
from tfhand.models.hourglass import build_hourglass
from tfhand.models.lite_heatmaps import build_lite_heatmaps
from tfhand.models.presets import JOINT_READOUTS, LiteConfig, Preset
from tfhand.models.weight_files import load_weights, save_weights, shipped_weights

STAGES = ("heatmap", "mesh", "pose", "sign")


class HandNet(keras.Model):
    """Functional Keras model of a hand in stages, the first of which gives heat-maps; see the subclasses.

    Attributes:
        preset: all sizes.
        joint_readout: where u, v of `joints_uvd` come from, "mesh" or "heatmap".
        heatmap_stage, mesh_stage, pose_stage: the stages as models that share the network's weights.
        sign_stage: likewise where the network says whether there is a hand and of which side, else None.
    """

    preset: Preset
    joint_readout: str
    heatmap_stage: keras.Model
    mesh_stage: keras.Model
    pose_stage: keras.Model
    sign_stage: keras.Model | None = None

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
    def hand_side(self) -> str:
        """The side that the network sees, "right" or "left"; images of the other one are mirrored for it."""
        return self.preset.hand_side

    @property
    def joint_definition(self) -> str:
        """Whose 21 joints these are: "tfhand", or the name of a joint adapter (`tfhand.data.joint_adapters`)."""
        return self.preset.joint_definition

    @property
    def depth_axis(self) -> str:
        """What depths `d` run along: "camera", the optical axis, or "crop", the ray through the crop's middle."""
        return self.preset.depth_axis

    # Stages

    def stage_layers(self, stage: str) -> list[keras.layers.Layer]:
        """The layers of a stage: "heatmap", "mesh" (encoder and Graph CNN), "pose" or "sign" (none where there is none).

        Raises:
            ValueError: an unknown stage.
        """
        if stage not in STAGES:
            raise ValueError(f"stage must be one of {STAGES}, got {stage!r}.")
        model = getattr(self, f"{stage}_stage")
        layers = [] if model is None else model.layers
        return [layer for layer in layers if not isinstance(layer, keras.layers.InputLayer)]

    def heatmap_model(self) -> keras.Model:
        """Model of the heat-map stage alone, sharing its weights: image -> dict of `heatmaps_1`, ..."""
        outputs = self.heatmap_stage.output
        maps = {name: value for name, value in outputs.items() if name.startswith("heatmaps_")}
        return keras.Model(self.heatmap_stage.input, maps, name="heatmap_model")

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

    # Weights

    def save_preset_weights(self, path: str | os.PathLike[str], dtype: str = "float32") -> None:
        """Writes all weights to a `.safetensors` file that carries the preset's name and depth axis; "float16" halves it."""
        save_weights(self.weights, path, self.preset.name, dtype, self.depth_axis)

    def load_preset_weights(self, path: str | os.PathLike[str]) -> None:
        """Loads a file of `save_preset_weights`; ValueError if it is of another preset or depth axis, or does not fit."""
        load_weights(self.weights, path, self.preset.name, depth_axis=self.depth_axis)

    def load_trunk_weights(self, path: str | os.PathLike[str]) -> None:
        """Loads pretrained weights into the EfficientNet-Lite0 trunk.

        Raises:
            ValueError: the preset has no such trunk.
        """
        trunk = [weight for weight in self.heatmap_stage.weights if weight.path.startswith("trunk_")]
        if not trunk:
            raise ValueError(f"weights: preset {self.preset.name!r} has no pretrained trunk; 'imagenet' is not for it.")
        load_weights(trunk, path, "efficientnet-lite0", allow_extra=True)

    def load_named_weights(self, weights: str | os.PathLike[str] | None) -> None:
        """Loads "default" weights, "imagenet" ones of the trunk, or a file; None leaves the random ones.

        Raises:
            ValueError: they do not fit.
            FileNotFoundError: they are not there.
        """
        if weights == "imagenet":
            self.load_trunk_weights(shipped_weights("efficientnet-lite0", "imagenet"))
        elif weights is not None:
            self.load_preset_weights(shipped_weights(self.preset.name) if weights == "default" else weights)


def build_heatmap_stage(preset: Preset) -> keras.Model:
    """The first stage of a preset: image -> heat-maps and features."""
    return (build_lite_heatmaps if isinstance(preset.backbone, LiteConfig) else build_hourglass)(preset)


def check_weights(name: str, weights: str | os.PathLike[str] | None) -> None:
    """Looks, before a network is built, whether "default" weights of the preset `name` come with the package.

    Raises:
        FileNotFoundError: they are asked for and not there.
    """
    if weights == "default" and not shipped_weights(name).is_file():
        raise FileNotFoundError(
            f"weights: the package comes without trained weights for preset {name!r} "
            f"(expected {shipped_weights(name)}); give the path of a file, or None for random ones."
        )


def checked_readout(preset: Preset, joint_readout: str | None) -> str:
    """The read-out that is asked for, or with None the preset's.

    Raises:
        ValueError: there is no such read-out.
    """
    readout = preset.joint_readout if joint_readout is None else joint_readout
    if readout not in JOINT_READOUTS:
        raise ValueError(f"joint_readout must be one of {JOINT_READOUTS}, got {readout!r}.")
    return readout
