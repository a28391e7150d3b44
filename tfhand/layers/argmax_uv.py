"""Where a heat-map has its maximum, at the resolution of the image."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

#: Point of a pixel that stands for it, and how far it lies from the pixel's upper left corner, pixels.
PIXEL_ORIGINS = {"centre": 0.5, "corner": 0.0}


@keras.saving.register_keras_serializable(package="tfhand")
class ArgmaxUV(keras.layers.Layer):
    """Arg-max of the heat-maps after bilinear resizing to `size` x `size` pixels.

    Pixel (row i, column j) has its centre at `u = (j + 0.5) / size, v = (i + 0.5) / size`. Of equal maxima
    the first in row order counts. Has no gradient.

    Args:
        size: side of the network's input image, pixels.
        origin: the point of a pixel that is returned: "centre", or "corner" (`u = j / size, v = i / size`, the
            upper left one), as the authors' released model has it.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        inputs: (B, H, W, J) heat-maps.

    Returns:
        (B, J, 2) float32 u, v in 0..1 across the crop.

    Raises:
        ValueError: a size below 1 or an unknown origin.

    References:
        Ge et al.: 3D Hand Shape and Pose Estimation from a Single RGB Image, CVPR 2019; the read-out of
        their released model.
    """

    def __init__(self, size: int, origin: str = "centre", **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        if size < 1:
            raise ValueError(f"size must be at least 1 pixel, got {size}.")
        if origin not in PIXEL_ORIGINS:
            raise ValueError(f"origin must be one of {tuple(PIXEL_ORIGINS)}, got {origin!r}.")
        self.size = size
        self.origin = origin

    def call(self, inputs: Any) -> Any:
        joints = inputs.shape[-1]
        maps = ops.image.resize(
            ops.cast(inputs, "float32"),
            (self.size, self.size),
            interpolation="bilinear",
            data_format="channels_last",
        )
        maps = ops.reshape(maps, (-1, self.size * self.size, joints))
        # Keras's arg-max of floating-point numbers looks at their bits, which LiteRT has no op for.
        highest = ops.cast(ops.equal(maps, ops.max(maps, axis=1, keepdims=True)), "int32")
        place = ops.argmax(highest, axis=1)
        uv = ops.stack([place % self.size, place // self.size], axis=-1)
        return (ops.cast(uv, "float32") + PIXEL_ORIGINS[self.origin]) / self.size

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (input_shape[0], input_shape[3], 2)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "origin": self.origin}
