"""Heat-map stage of the paper: stem and stacked hourglasses."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from tfhand.constants import NUM_JOINTS
from tfhand.layers import BatchNorm, Hourglass, ResidualModule
from tfhand.models.image_input import image_input
from tfhand.models.presets import Preset


def build_hourglass(preset: Preset) -> keras.Model:
    """Stem to a quarter of the input's side, then stacks of hourglass, two residual modules and heat-maps.

    Convolutions of stride two pad evenly on all sides. Between stacks, features and heat-maps come back in
    through 1 x 1 convolutions and a sum.

    Args:
        preset: with a `HourglassConfig` as backbone.

    Returns:
        Functional model: image (B, S, S, 3) in 0..1 -> dict of `heatmaps_1`, ... (B, S/4, S/4, 21) float32,
        `features` (the last stack's) and `entering` (those that entered the last stack), (B, S/4, S/4, C).

    References:
        Newell, Yang, Deng: Stacked Hourglass Networks for Human Pose Estimation, ECCV 2016.
    """
    config = preset.backbone
    norm = {"momentum": preset.norm_momentum, "epsilon": preset.norm_epsilon}
    image, x = image_input(preset)
    x = _stem(x, config.stem, config.channels, norm)
    outputs: dict[str, Any] = {}
    for stack in range(1, config.stacks + 1):
        outputs["entering"] = x
        y = Hourglass(config.channels, config.depth, config.modules, name=f"stack{stack}_hourglass", **norm)(x)
        for i in range(config.modules):
            y = ResidualModule(config.channels, name=f"stack{stack}_residual_{i}", **norm)(y)
        y = layers.Conv2D(config.channels, 1, name=f"stack{stack}_features")(y)
        y = BatchNorm(name=f"stack{stack}_features_bn", **norm)(y)
        y = layers.ReLU(name=f"stack{stack}_features_relu")(y)
        heatmaps = layers.Conv2D(NUM_JOINTS, 1, name=f"stack{stack}_heatmaps", dtype="float32")(y)
        outputs[f"heatmaps_{stack}"] = heatmaps
        outputs["features"] = y
        if stack < config.stacks:
            again = layers.Conv2D(config.channels, 1, name=f"stack{stack}_features_back")(y)
            maps = layers.Conv2D(config.channels, 1, name=f"stack{stack}_heatmaps_back")(heatmaps)
            x = layers.Add(name=f"stack{stack}_sum")([x, again, maps])
    return keras.Model(image, outputs, name="heatmap_stage")


def _stem(x: Any, stem: tuple[int, int], channels: int, norm: dict[str, float]) -> Any:
    x = layers.ZeroPadding2D(3, name="stem_pad")(x)
    x = layers.Conv2D(stem[0], 7, strides=2, name="stem_conv")(x)
    x = BatchNorm(name="stem_bn", **norm)(x)
    x = layers.ReLU(name="stem_relu")(x)
    x = ResidualModule(stem[1], name="stem_residual_0", **norm)(x)
    x = layers.MaxPooling2D(2, name="stem_pool")(x)
    x = ResidualModule(stem[1], name="stem_residual_1", **norm)(x)
    return ResidualModule(channels, name="stem_residual_2", **norm)(x)
