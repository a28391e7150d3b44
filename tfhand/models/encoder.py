"""The paper's encoder: heat-maps and features to the latent."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from tfhand.layers import BatchNorm, ResidualModule
from tfhand.models.presets import Preset


def residual_encoder(stage: dict[str, Any], preset: Preset) -> Any:
    """Sums heat-maps and features through 1 x 1 convolutions, then residual modules and poolings.

    Args:
        stage: tensors of the heat-map stage: the last `heatmaps`, `features` and `entering`.
        preset: with a `ResidualEncoderConfig` as encoder.

    Returns:
        (B, L) latent: the last feature map, flattened row by row, in the preset's order of channels.

    References:
        Ge et al.: 3D Hand Shape and Pose Estimation from a Single RGB Image, CVPR 2019, section 4.1.
    """
    channels, config = preset.backbone.channels, preset.encoder
    norm = {"momentum": preset.norm_momentum, "epsilon": preset.norm_epsilon}
    x = layers.Add(name="encoder_sum")(
        [
            layers.Conv2D(channels, 1, name="encoder_heatmaps")(stage["heatmaps"]),
            layers.Conv2D(channels, 1, name="encoder_features")(stage["features"]),
            stage["entering"],
        ]
    )
    for i in range(config.poolings):
        x = ResidualModule(channels, name=f"encoder_residual_{2 * i}", **norm)(x)
        x = ResidualModule(channels, name=f"encoder_residual_{2 * i + 1}", **norm)(x)
        x = layers.MaxPooling2D(2, name=f"encoder_pool_{i}")(x)
    if config.final_activation:
        x = BatchNorm(name="encoder_bn", **norm)(x)
        x = layers.ReLU(name="encoder_relu")(x)
    if config.flatten == "channels_first":
        x = layers.Permute((3, 1, 2), name="encoder_channels_first")(x)
    return layers.Flatten(name="latent")(x)


def heatmap_inputs(heatmap_stage: keras.Model) -> dict[str, Any]:
    """Inputs of a mesh stage with the shapes and names of a heat-map stage's outputs.

    Only the last heat-maps are passed on, as `heatmaps`.
    """
    outputs = dict(heatmap_stage.output)
    last = max(name for name in outputs if name.startswith("heatmaps_"))
    maps = outputs[last]
    outputs = {name: value for name, value in outputs.items() if not name.startswith("heatmaps_")}
    return {
        name: keras.Input(value.shape[1:], dtype=value.dtype, name=name)
        for name, value in {**outputs, "heatmaps": maps}.items()
    }
