"""What heat-maps say of a hand as a whole."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from tfhand.constants import NUM_JOINTS
from tfhand.layers.soft_argmax import cell_centres, spatial_softmax

#: Joints whose triangles are measured: the palm, the thumb beside it (its middle, its tip), and each finger's bend.
TRIANGLES = ((0, 5, 17), (0, 9, 2), (0, 9, 4), (1, 2, 4), (5, 6, 8), (9, 10, 12), (13, 14, 16), (17, 18, 20))
#: Brings u, v about their middle to about unit variance for a hand that fills the crop. The soft-max's highest share has
#: the same factor; bare, it would in 8 bits make the soft-max take its steps, for all that read it.
_SCALE = 4.0


@keras.saving.register_keras_serializable(package="tfhand")
class PoseCues(keras.layers.Layer):
    """How the joints lie about their middle, how sharply each is seen, and which way their triangles turn.

    With `p_j` four times the joint's u, v from the mean of all joints (soft-arg-max), these are `p_j`; four times the
    highest share of each map's soft-max; and `(p_b - p_a) x (p_c - p_a)` of the triangles a, b, c in `TRIANGLES`, whose signs
    change in a mirror while no other cue of a hand's shape does. Always computed in float32.

    Call arguments:
        inputs: (B, H, W, 21) logits of the heat-maps.

    Returns:
        (B, 42 + 21 + 8) float32.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})

    def call(self, inputs: Any) -> Any:
        _, height, width, _ = inputs.shape
        shares = spatial_softmax(inputs)
        uv = ops.matmul(shares, ops.convert_to_tensor(cell_centres(height, width)))
        # Products with constants on the right, which phones run as fully connected layers.
        points = ops.matmul(ops.transpose(uv, (0, 2, 1)), ops.convert_to_tensor(_about_middle()))  # (B, 2, 21)
        first, second = (ops.matmul(points, ops.convert_to_tensor(_edges(corner))) for corner in (1, 2))
        # Slices keep their axes: XNNPACK knows no others.
        areas = first[:, :1] * second[:, 1:] - first[:, 1:] * second[:, :1]
        peaks = _SCALE * ops.max(shares, axis=-1)
        points, areas = ops.reshape(points, (-1, 2 * NUM_JOINTS)), ops.reshape(areas, (-1, len(TRIANGLES)))
        return ops.concatenate([points, peaks, areas], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (input_shape[0], 3 * NUM_JOINTS + len(TRIANGLES))

    def multiply_adds(self, input_shape: tuple[int | None, ...]) -> int:
        """Multiply-adds of one sample whose heat-maps have `input_shape` (B, H, W, 21)."""
        products = NUM_JOINTS * (NUM_JOINTS + 2 * len(TRIANGLES))
        return 2 * (int(np.prod(input_shape[1:])) + products + len(TRIANGLES))


def _about_middle() -> np.ndarray:
    """(21, 21) float32: columns take the mean off and scale."""
    return (_SCALE * (np.eye(NUM_JOINTS) - 1.0 / NUM_JOINTS)).astype("float32")


def _edges(corner: int) -> np.ndarray:
    """(21, 8) float32: columns are the edges from the triangles' first corner to another one, 1 or 2."""
    matrix = np.zeros((NUM_JOINTS, len(TRIANGLES)), np.float32)
    for column, triangle in enumerate(TRIANGLES):
        matrix[triangle[corner], column], matrix[triangle[0], column] = 1.0, -1.0
    return matrix
