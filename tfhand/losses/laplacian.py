"""Laplacian loss of the paper."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfhand.losses.base import LossInputs, LossTerm, squared_norm
from tfhand.losses.registry import register_loss


@register_loss("laplacian")
class LaplacianLoss(LossTerm):
    """`L_l = sum_i ||d_i - mean_{k in N(i)} d_k||^2` with `d_i = v3d_i - v^3d_i`: neighbours err alike.

    Positions are root-relative in hand scales. The sum over neighbours is a gather over a padded table, so
    the cost grows with the edges.

    References:
        Ge et al. 2019, equation 5.
    """

    def call(self, inputs: LossInputs) -> Any:
        offsets = self.reference(inputs) - inputs.vertices_pred_xyz
        weights = ops.cast(self.topology.neighbour_weights, keras.config.floatx())
        mean = 0.0
        for slot in range(weights.shape[1]):
            mean = mean + ops.take(offsets, self.topology.neighbours[:, slot], axis=1) * weights[:, slot, None]
        return squared_norm(offsets - mean)

    def reference(self, inputs: LossInputs) -> Any:
        """Vertices of the mesh to compare with, (B, V, 3), root-relative, in hand scales."""
        return inputs.vertices_true_xyz
