"""Vertex loss of the paper."""

from __future__ import annotations

from typing import Any

from tfhand.losses.base import LossInputs, LossTerm, squared_norm
from tfhand.losses.registry import register_loss


@register_loss("vertex")
class VertexLoss(LossTerm):
    """`L_v = sum_i ||v3d_i - v^3d_i||^2 + ||v2d_i - v^2d_i||^2`.

    `v3d` is root-relative in hand scales, `v2d` is `u, v` across the crop.

    References:
        Ge et al. 2019, equation 2.
    """

    def call(self, inputs: LossInputs) -> Any:
        offsets_3d = inputs.vertices_pred_xyz - inputs.vertices_true_xyz
        offsets_2d = inputs.pred("vertices_uvd")[..., :2] - inputs.true("vertices_uvd")[..., :2]
        return squared_norm(offsets_3d) + squared_norm(offsets_2d)
