"""The pre-activation bottleneck of which hourglass and encoder are made."""

from __future__ import annotations

from typing import Any

import keras

from tfhand.layers.batch_norm import BatchNorm


@keras.saving.register_keras_serializable(package="tfhand")
class ResidualModule(keras.layers.Layer):
    """Pre-activation bottleneck: BN-ReLU-1x1, BN-ReLU-3x3, BN-ReLU-1x1, plus the input.

    The two inner convolutions have `filters // 2` channels. Where the input has another width than
    `filters` it goes through a 1 x 1 convolution before the sum. All convolutions have biases.

    Args:
        filters: channels of the output; even.
        momentum: of the batch norms' moving averages.
        epsilon: of the batch norms.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        inputs: (B, H, W, C) features.

    Returns:
        (B, H, W, filters) features.

    Raises:
        ValueError: `filters` is not an even number of at least 2.

    References:
        Newell, Yang, Deng: Stacked Hourglass Networks for Human Pose Estimation, ECCV 2016, section 3.2.
        He et al.: Identity Mappings in Deep Residual Networks, ECCV 2016.
    """

    def __init__(self, filters: int, momentum: float = 0.9, epsilon: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if filters < 2 or filters % 2:
            raise ValueError(f"filters must be an even number of at least 2, got {filters}.")
        self.filters = filters
        self.momentum = momentum
        self.epsilon = epsilon
        half, policy = filters // 2, self.dtype_policy
        norm = {"momentum": momentum, "epsilon": epsilon, "dtype": policy}
        conv = keras.layers.Conv2D
        self.bn1 = BatchNorm(name="bn1", **norm)
        self.conv1 = conv(half, 1, name="conv1", dtype=policy)
        self.bn2 = BatchNorm(name="bn2", **norm)
        self.conv2 = conv(half, 3, padding="same", name="conv2", dtype=policy)
        self.bn3 = BatchNorm(name="bn3", **norm)
        self.conv3 = conv(filters, 1, name="conv3", dtype=policy)
        self.skip: keras.layers.Layer | None = None

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        half = (*input_shape[:-1], self.filters // 2)
        for layer, shape in (
            (self.bn1, input_shape),
            (self.conv1, input_shape),
            (self.bn2, half),
            (self.conv2, half),
            (self.bn3, half),
            (self.conv3, half),
        ):
            layer.build(shape)
        if input_shape[-1] != self.filters:
            self.skip = keras.layers.Conv2D(self.filters, 1, name="skip", dtype=self.dtype_policy)
            self.skip.build(input_shape)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        relu = keras.ops.relu
        x = self.conv1(relu(self.bn1(inputs, training=training)))
        x = self.conv2(relu(self.bn2(x, training=training)))
        x = self.conv3(relu(self.bn3(x, training=training)))
        return x + (inputs if self.skip is None else self.skip(inputs))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.filters)

    def multiply_adds(self, input_shape: tuple[int | None, ...]) -> int:
        """Multiply-adds of one sample whose features have `input_shape` (B, H, W, C)."""
        _, height, width, channels = input_shape
        half = self.filters // 2
        weights = channels * half + 9 * half * half + half * self.filters
        if channels != self.filters:
            weights += channels * self.filters
        return height * width * weights

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
        }
