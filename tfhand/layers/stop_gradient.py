"""Values that are read without being taught."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tfhand")
class StopGradient(keras.layers.Layer):
    """Passes its inputs on as they are, and no gradients back."""

    def call(self, inputs: Any) -> Any:
        return ops.stop_gradient(inputs)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape
