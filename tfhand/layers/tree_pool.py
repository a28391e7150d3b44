"""From a graph to a coarser one: every place takes the maximum or the mean of its children."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

MODES = ("max", "mean")


@keras.saving.register_keras_serializable(package="tfhand")
class TreePool(keras.layers.Layer):
    """Pools the features of the `2 ** levels` descendants of each place of the coarser graph.

    Fake places take part with the features they have. The mean keeps a network linear; the maximum is
    what the authors' released pose regressor does.

    Args:
        levels: how many levels of the binary tree to go down in resolution; at least 1.
        mode: "max" or "mean".
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        inputs: (B, P, F) features of a graph's places, in tree order; P divisible by 2 ** levels.

    Returns:
        (B, P / 2 ** levels, F) features.

    References:
        Defferrard, Bresson, Vandergheynst: Convolutional Neural Networks on Graphs with Fast Localized
        Spectral Filtering, NIPS 2016, section 2.3.
    """

    def __init__(self, levels: int = 2, mode: str = "max", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if levels < 1:
            raise ValueError(f"levels must be at least 1, got {levels}.")
        if mode not in MODES:
            raise ValueError(f"mode must be one of {MODES}, got {mode!r}.")
        self.levels = levels
        self.mode = mode

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        step = 2**self.levels
        if input_shape[1] is None or input_shape[1] % step:
            raise ValueError(f"inputs must have places divisible by {step}, got {input_shape[1]}.")

    def call(self, inputs: Any) -> Any:
        _, places, features = inputs.shape
        step = 2**self.levels
        families = ops.reshape(inputs, (-1, places // step, step, features))
        return (ops.max if self.mode == "max" else ops.mean)(families, axis=2)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (input_shape[0], input_shape[1] // 2**self.levels, input_shape[2])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "levels": self.levels, "mode": self.mode}
