"""Silences the fake places of a graph."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="tfhand")
class VertexMask(keras.layers.Layer):
    """Sets the features of fake places to zero.

    Args:
        mask: (P,) bool, true where a place holds a real vertex.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        inputs: (B, P, F) features in tree order.

    Returns:
        (B, P, F): the inputs, zero where the mask is false.
    """

    def __init__(self, mask: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask = np.asarray(mask, dtype=bool)
        if self.mask.ndim != 1:
            raise ValueError(f"mask must have shape (P,), got {self.mask.shape}.")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        if input_shape[1] != len(self.mask):
            raise ValueError(f"inputs must have {len(self.mask)} places as the mask has, got {input_shape[1]}.")

    def call(self, inputs: Any) -> Any:
        return inputs * ops.convert_to_tensor(self.mask[:, None], dtype=inputs.dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mask": self.mask.astype(int).tolist()}
