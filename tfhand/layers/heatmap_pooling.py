"""Features seen at the joints: heat-maps as attention over a feature map."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfhand.layers.soft_argmax import spatial_softmax


@keras.saving.register_keras_serializable(package="tfhand")
class HeatmapPooling(keras.layers.Layer):
    """Mean of a feature map under the soft-max of each joint's heat-map: `sum_p softmax(h_j)_p f_p`.

    What the picture looks like where a joint is seen tells most about its depth; pooling the whole map
    would blur the joints together.

    Call arguments:
        inputs: pair of (B, H, W, J) heat-map logits and (B, H, W, C) features.

    Returns:
        (B, J, C) features of the joints.
    """

    def call(self, inputs: tuple[Any, Any]) -> Any:
        heatmaps, features = inputs
        _, height, width, channels = features.shape
        attention = ops.cast(spatial_softmax(heatmaps), features.dtype)
        return ops.matmul(attention, ops.reshape(features, (-1, height * width, channels)))

    def compute_output_shape(self, input_shape: tuple[tuple[int | None, ...], ...]) -> tuple[int | None, ...]:
        heatmaps, features = input_shape
        return (heatmaps[0], heatmaps[3], features[3])

    def multiply_adds(self, input_shape: tuple[tuple[int | None, ...], ...]) -> int:
        """Multiply-adds of one sample; shapes as in the call."""
        (_, height, width, joints), (*_, channels) = input_shape
        return height * width * joints * channels
