"""Where a heat-map points, as a differentiable expectation."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


def cell_centres(height: int, width: int) -> np.ndarray:
    """u, v in 0..1 of the centres of a map's cells, row by row: (height * width, 2) float32."""
    v, u = np.meshgrid((np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width, indexing="ij")
    return np.stack([u.ravel(), v.ravel()], axis=-1).astype("float32")


def spatial_softmax(heatmaps: Any) -> Any:
    """Soft-max of (B, H, W, J) logits over their positions: (B, J, H * W) float32."""
    _, height, width, joints = heatmaps.shape
    flat = ops.reshape(ops.cast(heatmaps, "float32"), (-1, height * width, joints))
    return ops.softmax(ops.transpose(flat, (0, 2, 1)), axis=-1)


@keras.saving.register_keras_serializable(package="tfhand")
class SoftArgmax2D(keras.layers.Layer):
    """Expected position under the soft-max of each heat-map: `sum_p softmax(h)_p centre_p`.

    Cell (row i, column j) of an H x W map has its centre at `u = (j + 0.5) / W, v = (i + 0.5) / H`.
    Always computed in float32, also under a 16-bit policy, whose steps are as coarse as the cells.

    Call arguments:
        inputs: (B, H, W, J) logits of the heat-maps.

    Returns:
        (B, J, 2) float32 u, v in 0..1 across the crop.

    References:
        Sun et al.: Integral Human Pose Regression, ECCV 2018, equation 2.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})

    def call(self, inputs: Any) -> Any:
        _, height, width, _ = inputs.shape
        centres = ops.convert_to_tensor(cell_centres(height, width))
        return ops.matmul(spatial_softmax(inputs), centres)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (input_shape[0], input_shape[3], 2)

    def multiply_adds(self, input_shape: tuple[int | None, ...]) -> int:
        """Multiply-adds of one sample whose heat-maps have `input_shape` (B, H, W, J)."""
        return 2 * int(np.prod(input_shape[1:]))
