"""From a coarse graph to a finer one: every place gives its features to its children."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tfhand")
class TreeUpsample(keras.layers.Layer):
    """Copies each place's features to its `2 ** levels` descendants in the coarsening tree.

    In tree order the descendants of place `p` are the places `2 ** levels * p` to
    `2 ** levels * (p + 1) - 1`, so this is a repetition along the axis of places.

    Args:
        levels: how many levels of the binary tree to go up in resolution; at least 1.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        inputs: (B, P, F) features of a graph's places, in tree order.

    Returns:
        (B, P * 2 ** levels, F) features.

    References:
        Ge et al.: 3D Hand Shape and Pose Estimation from a Single RGB Image, CVPR 2019, figure 5 (b).
    """

    def __init__(self, levels: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if levels < 1:
            raise ValueError(f"levels must be at least 1, got {levels}.")
        self.levels = levels

    def call(self, inputs: Any) -> Any:
        return ops.repeat(inputs, 2**self.levels, axis=1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        places = input_shape[1]
        return (input_shape[0], None if places is None else places * 2**self.levels, input_shape[2])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "levels": self.levels}
