"""A first guess of the mesh from the joints, as one linear map."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from tfhand.layers.array_codec import decode_array, encode_array


@keras.saving.register_keras_serializable(package="tfhand")
class JointAnchors(keras.layers.Layer):
    """Spreads joint coordinates over the places of the graph: `anchor_p = sum_j A_pj joint_j`.

    `A` starts as given (rows that sum to one: each vertex lies somewhere between the joints near it) and is
    trained. Always computed in float32.

    Args:
        weights: (P, J) float, the initial A, or its encoded form out of `get_config`.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        inputs: (B, J, D) coordinates of the joints.

    Returns:
        (B, P, D) float32 coordinates.
    """

    def __init__(self, weights: Any, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        initial = decode_array(weights) if isinstance(weights, dict) else np.asarray(weights)
        if initial.ndim != 2:
            raise ValueError(f"weights must have shape (P, J), got {initial.shape}.")
        self.initial = initial.astype("float32")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        places, joints = self.initial.shape
        if input_shape[1] != joints:
            raise ValueError(f"inputs must have {joints} joints, got {input_shape[1]}.")
        self.kernel = self.add_weight(
            shape=(joints, places),
            initializer=lambda shape, dtype=None: ops.convert_to_tensor(self.initial.T, dtype=dtype),
            name="kernel",
        )

    def call(self, inputs: Any) -> Any:
        # The constant on the right: phones run that as a fully connected layer.
        return ops.transpose(ops.matmul(ops.transpose(inputs, (0, 2, 1)), self.kernel), (0, 2, 1))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (input_shape[0], self.initial.shape[0], input_shape[2])

    def multiply_adds(self, input_shape: tuple[int | None, ...]) -> int:
        """Multiply-adds of one sample whose joints have `input_shape` (B, J, D)."""
        return self.initial.size * input_shape[2]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weights": encode_array(self.initial)}
