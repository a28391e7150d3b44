"""The door of every heat-map stage: the image as the first layer wants it."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from tfhand.models.presets import Preset

#: Name of the layer that scales the pixels.
SCALE_INPUT = "scale_input"


def image_input(preset: Preset) -> tuple[Any, Any]:
    """The network's input, and the same with the preset's order of channels and scale.

    Args:
        preset: with `input_size` S, `input_channels`, `input_scale` and `input_offset`.

    Returns:
        `image` (B, S, S, 3) float32 RGB in 0..1, a Keras input; and what the first layer sees, (B, S, S, 3).
    """
    image = keras.Input((preset.input_size, preset.input_size, 3), name="image", dtype="float32")
    x = image
    if preset.input_channels == "bgr":
        # Not a flip: phones know slices and concatenation.
        x = ops.concatenate(ops.split(x, 3, axis=-1)[::-1], axis=-1)
    return image, layers.Rescaling(preset.input_scale, preset.input_offset, name=SCALE_INPUT)(x)
