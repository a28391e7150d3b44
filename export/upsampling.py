"""Nearest upsampling in ops that accelerators take."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="tfhand_export")
class DoubledPixels(layers.Layer):
    """`keras.layers.UpSampling2D(2)`, nearest: every pixel twice across and twice down.

    Keras's becomes TILE, which XNNPACK does not take: an hourglass fell into a piece for each of its levels. Here a picture
    is joined with itself along an axis of one.

    Call arguments:
        inputs: (B, H, W, C).

    Returns:
        (B, 2 H, 2 W, C).
    """

    def call(self, inputs: Any) -> Any:
        _, height, width, channels = inputs.shape
        pixels = ops.reshape(inputs, (-1, height * width, 1, channels))
        rows = ops.reshape(ops.concatenate([pixels, pixels], axis=2), (-1, height, 1, 2 * width * channels))
        return ops.reshape(ops.concatenate([rows, rows], axis=2), (-1, 2 * height, 2 * width, channels))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, height, width, channels = input_shape
        return (batch, 2 * height, 2 * width, channels)
