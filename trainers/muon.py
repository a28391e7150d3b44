"""Muon, for networks of convolutions."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

#: Matrices with a side below this move as AdamW moves them: three or so columns are outputs, not features.
_MIN_SIDE = 8


class Muon(keras.optimizers.Muon):
    """Momentum whose steps are made orthogonal: every direction of a weight matrix moves equally far.

    Keras's Muon (Jordan et al. 2024, scaled as in Liu et al., arXiv 2502.16982, so that a step's root mean square is
    0.2 times the learning rate, as AdamW's about is) leaves all but matrices to AdamW. Here the kernels of convolutions
    are matrices, too: one row for every place and input channel, one column for every output channel. Depthwise
    kernels, vectors, and matrices with fewer than eight inputs or outputs are moved as AdamW moves them.

    Args:
        **options: of `keras.optimizers.Muon`. `weight_decay` holds for AdamW's share, too, unless `adam_weight_decay` is
            given. `exclude_layers` and `exclude_embeddings` have no say here: shapes alone decide.
    """

    def __init__(self, **options: Any) -> None:
        options.setdefault("adam_weight_decay", options.get("weight_decay"))
        super().__init__(**options)

    def _should_use_adamw(self, variable: Any) -> bool:
        return len(variable.shape) < 2 or min(variable.shape[-2:]) < _MIN_SIDE

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """The orthogonal matrix next to a gradient's of shape (..., C_in, C_out), in the same shape."""
        return ops.reshape(super().zeropower_via_newtonschulz5(_matrix(x), steps), x.shape)

    def lr_adjust(self, x: Any) -> Any:
        """A step of shape (..., C_in, C_out), made as long as AdamW's."""
        return ops.reshape(super().lr_adjust(_matrix(x)), x.shape)


def _matrix(kernel: Any) -> Any:
    return ops.reshape(kernel, (-1, kernel.shape[-1]))
