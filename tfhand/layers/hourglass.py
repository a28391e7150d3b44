"""One hourglass: features go down to a few pixels and come back up, with a skip at every scale."""

from __future__ import annotations

from typing import Any

import keras

from tfhand.layers.residual import ResidualModule


@keras.saving.register_keras_serializable(package="tfhand")
class Hourglass(keras.layers.Layer):
    """Hourglass of `depth` scales, `modules` residual modules at every place where the original has one.

    At each scale: the skip branch runs its residual modules at full size; the other one pools 2 x 2 by the
    maximum, runs its modules, goes through the next scale (or `modules` more at the innermost one), runs its
    modules, and is upsampled by nearest neighbour; the two are summed.

    Args:
        filters: channels, of the input too.
        depth: number of poolings; the input's sides must be divisible by 2 ** depth.
        modules: residual modules at every place.
        momentum: of the batch norms' moving averages.
        epsilon: of the batch norms.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        inputs: (B, H, W, filters) features.

    Returns:
        (B, H, W, filters) features.

    Raises:
        ValueError: the input's width is not `filters`, or its sides are not divisible by 2 ** depth.

    References:
        Newell, Yang, Deng: Stacked Hourglass Networks for Human Pose Estimation, ECCV 2016, section 3.1.
    """

    def __init__(
        self,
        filters: int,
        depth: int = 4,
        modules: int = 2,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.depth = depth
        self.modules = modules
        self.momentum = momentum
        self.epsilon = epsilon
        # Index 0 is the outermost scale.
        self.skips = [self._chain(f"scale{i}_skip") for i in range(depth)]
        self.downs = [self._chain(f"scale{i}_down") for i in range(depth)]
        self.bottom = self._chain("bottom")
        self.ups = [self._chain(f"scale{i}_up") for i in range(depth)]
        self.pool = keras.layers.MaxPooling2D(2, name="pool", dtype=self.dtype_policy)
        self.upsample = keras.layers.UpSampling2D(2, name="upsample", dtype=self.dtype_policy)

    def _chain(self, name: str) -> list[ResidualModule]:
        options = {"momentum": self.momentum, "epsilon": self.epsilon, "dtype": self.dtype_policy}
        return [ResidualModule(self.filters, name=f"{name}_{i}", **options) for i in range(self.modules)]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        if input_shape[-1] != self.filters:
            raise ValueError(f"inputs must have filters = {self.filters} channels, got {input_shape[-1]}.")
        step = 2**self.depth
        for side in input_shape[1:3]:
            if side is not None and side % step:
                raise ValueError(
                    f"inputs must have sides divisible by 2 ** depth = {step}, got {input_shape[1:3]}."
                )
        # Residual modules have no parameter that depends on the size.
        for chain in (*self.skips, *self.downs, self.bottom, *self.ups):
            for module in chain:
                module.build(input_shape)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        def run(chain: list[ResidualModule], x: Any) -> Any:
            for module in chain:
                x = module(x, training=training)
            return x

        skips, x = [], inputs
        for skip, down in zip(self.skips, self.downs, strict=True):
            skips.append(run(skip, x))
            x = run(down, self.pool(x))
        x = run(self.bottom, x)
        for skip, up in zip(reversed(skips), reversed(self.ups), strict=True):
            x = skip + self.upsample(run(up, x))
        return x

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def multiply_adds(self, input_shape: tuple[int | None, ...]) -> int:
        """Multiply-adds of one sample whose features have `input_shape` (B, H, W, filters)."""
        batch, height, width, channels = input_shape
        total = 0
        for scale in range(self.depth + 1):
            shape = (batch, height >> scale, width >> scale, channels)
            # A skip at every scale but the innermost; down and up below the outermost; the bottom once.
            chains = (scale < self.depth) + 2 * (scale > 0) + (scale == self.depth)
            total += chains * self.modules * self.bottom[0].multiply_adds(shape)
        return total

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "depth": self.depth,
            "modules": self.modules,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
        }
