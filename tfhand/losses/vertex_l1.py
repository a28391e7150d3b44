"""Vertex loss with absolute errors."""

from __future__ import annotations

from typing import Any

from tfhand.losses.base import LossInputs, LossTerm, mean_absolute
from tfhand.losses.registry import register_loss
from tfhand.losses.topology import MeshTopology


@register_loss("vertex_l1")
class VertexL1(LossTerm):
    """`mean_i |v3d_i - v^3d_i|_1 + uv_weight * |v2d_i - v^2d_i|_1`: equation 2 with absolute errors.

    Squares let the few worst hands of a batch decide the gradient; absolute errors weigh hands alike and
    keep pulling when the error is small. `v3d` is root-relative in hand scales, `v2d` is `u, v` across the crop.

    Args:
        topology: unused; every term is built alike.
        uv_weight: weight of the image-plane part. A crop is several hand scales wide, so 1 makes it the
            smaller part.
        depth_weight: weight of the depth error `d - d^` (hand scales), which is counted once more on its own
            when this is above 0: relative depth is what a photograph shows least.
    """

    def __init__(self, topology: MeshTopology, uv_weight: float = 1.0, depth_weight: float = 0.0):
        super().__init__(topology)
        self.uv_weight = uv_weight
        self.depth_weight = depth_weight

    def call(self, inputs: LossInputs) -> Any:
        offsets_uvd = inputs.pred("vertices_uvd") - inputs.true("vertices_uvd")
        return (
            mean_absolute(inputs.vertices_pred_xyz - inputs.vertices_true_xyz)
            + self.uv_weight * mean_absolute(offsets_uvd[..., :2])
            + self.depth_weight * mean_absolute(offsets_uvd[..., 2:])
        )
