"""Between the order of the template's vertices and the order of the graph's tree."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="tfhand")
class GatherVertices(keras.layers.Layer):
    """Puts vertices into another order, with zeros where there is none.

    Args:
        indices: (N,) int, for each output the input it is taken from; -1 gives zeros.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        inputs: (B, M, F) features, M more than the largest index.

    Returns:
        (B, N, F) features.
    """

    def __init__(self, indices: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.indices = np.asarray(indices, dtype=np.int32)
        if self.indices.ndim != 1 or self.indices.size == 0 or self.indices.min() < -1:
            raise ValueError(f"indices must have shape (N,) and be -1 or more, got {self.indices}.")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        if input_shape[1] <= self.indices.max():
            raise ValueError(
                f"inputs must have more than {self.indices.max()} vertices (axis 1), got {input_shape[1]}."
            )

    def call(self, inputs: Any) -> Any:
        gathered = ops.take(inputs, np.maximum(self.indices, 0), axis=1)
        if (self.indices >= 0).all():
            return gathered
        return gathered * ops.convert_to_tensor(self.indices[:, None] >= 0, dtype=inputs.dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (input_shape[0], len(self.indices), input_shape[2])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "indices": self.indices.tolist()}
