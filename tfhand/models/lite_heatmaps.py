"""Heat-map stage of the mobile network: EfficientNet-Lite0 and a light decoder."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from tfhand.constants import NUM_JOINTS
from tfhand.layers import BatchNorm, DepthwiseConv, PointwiseConv
from tfhand.models.efficientnet_lite import lite0_trunk
from tfhand.models.image_input import image_input
from tfhand.models.presets import Preset


def build_lite_heatmaps(preset: Preset) -> keras.Model:
    """Trunk down to stride 32, then bilinear upsampling with skips from strides 16, 8 and 4.

    Args:
        preset: with a `LiteConfig` as backbone.

    Returns:
        Functional model: image (B, S, S, 3) in 0..1 -> dict of `heatmaps_1` (B, S/4, S/4, 21) float32
        logits, and the features `decoder_4`, `decoder_8`, `decoder_16` of the decoder and `deep` of the
        trunk's end, at strides 4, 8, 16 and 32.
    """
    config = preset.backbone
    image, x = image_input(preset)
    trunk = lite0_trunk(x, preset.norm_momentum, config.trunk_blocks)
    x = pointwise(trunk[32], config.decoder[0], "decoder_32", preset)
    outputs = {"deep": trunk[32]}
    for stride, channels in zip((16, 8, 4), config.decoder[1:], strict=True):
        name = f"decoder_{stride}"
        x = x if x.shape[-1] == channels else pointwise(x, channels, f"{name}_narrow", preset)
        x = layers.UpSampling2D(2, interpolation="bilinear", name=f"{name}_up")(x)
        skip = pointwise(trunk[stride], channels, f"{name}_skip", preset, activation=False)
        x = layers.Add(name=f"{name}_sum")([x, skip])
        x = separable(x, channels, 1, f"{name}_mix", preset)
        outputs[name] = x
    x = separable(x, config.decoder[-1], 1, "heatmaps_mix", preset)
    heatmaps = layers.Conv2D(NUM_JOINTS, 1, name="heatmaps_conv", dtype="float32")(x)
    return keras.Model(image, {"heatmaps_1": heatmaps, **outputs}, name="heatmap_stage")


def pointwise(x: Any, channels: int, name: str, preset: Preset, activation: bool = True) -> Any:
    """1 x 1 convolution, batch norm and, if asked for, ReLU6."""
    x = PointwiseConv(channels, use_bias=False, name=f"{name}_conv")(x)
    x = BatchNorm(preset.norm_momentum, preset.norm_epsilon, name=f"{name}_bn")(x)
    return layers.ReLU(max_value=6.0, name=f"{name}_relu6")(x) if activation else x


def separable(x: Any, channels: int, stride: int, name: str, preset: Preset) -> Any:
    """5 x 5 depthwise convolution and `pointwise`, each with batch norm and ReLU6."""
    x = DepthwiseConv(5, strides=stride, padding="same", use_bias=False, name=f"{name}_depthwise")(x)
    x = BatchNorm(preset.norm_momentum, preset.norm_epsilon, name=f"{name}_depthwise_bn")(x)
    x = layers.ReLU(max_value=6.0, name=f"{name}_depthwise_relu6")(x)
    return pointwise(x, channels, name, preset)
