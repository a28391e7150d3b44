"""What networks share that end with fully connected layers of the latent: the layers, and where weights come from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from keras import layers

from tfhand.layers import BatchNorm
from tfhand.models.presets import PRESETS, Preset
from tfhand.models.weight_files import load_weights, read_weights

if TYPE_CHECKING:
    from tfhand.models.hand_net import HandNet


def fully_connected(latent: Any, outputs: int, preset: Preset, name: str, **last: Any) -> Any:
    """Layers of the widths `preset.joints` with ReLU between, and a linear one.

    Args:
        latent: (B, L) features.
        outputs: of the last layer.
        preset: sizes.
        name: that the layers' names begin with.
        **last: options of the last layer.

    Returns:
        (B, outputs) float32: coordinates, for which 16 bits are too coarse.
    """
    x = latent
    for place, width in enumerate(preset.joints.hidden):
        x = layers.Dense(width, name=f"{name}_{place}")(x)
        if preset.joints.hidden_norm:
            x = BatchNorm(preset.norm_momentum, preset.norm_epsilon, name=f"{name}_{place}_bn")(x)
        x = layers.ReLU(name=f"{name}_{place}_relu")(x)
    return layers.Dense(outputs, name=f"{name}_{len(preset.joints.hidden)}", dtype="float32", **last)(x)


def load_with_stages(network: HandNet, path: str | os.PathLike[str]) -> None:
    """Loads a file of `save_preset_weights`: of the network's preset all of it, of the mesh network of the same sizes its
    heat-map stage and encoder, which leaves the last stage as it is.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is of another preset or does not fit.
    """
    found, _ = read_weights(path)
    preset = network.preset
    if found == preset.name.removesuffix(f"-{preset.pipeline}") != preset.name and found in PRESETS:
        load_weights(network.heatmap_stage.weights + network.mesh_stage.weights, path, found, allow_extra=True)
    else:
        load_weights(network.weights, path, preset.name, depth_axis=preset.depth_axis)
