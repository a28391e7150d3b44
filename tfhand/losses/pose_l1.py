"""3D pose loss with absolute errors."""

from __future__ import annotations

from typing import Any, ClassVar

from tfhand.losses.base import LossInputs, LossTerm, mean_absolute
from tfhand.losses.registry import register_loss
from tfhand.losses.topology import MeshTopology


@register_loss("pose_l1")
class PoseL1(LossTerm):
    """`mean_j |p_j - p^_j|_1 + depth_weight * |d_j - d^_j|` over the joints of the pose regressor.

    Positions `p` are root-relative in hand scales, `d` is the relative depth in hand scales. Why absolute
    errors: see `VertexL1`.

    Args:
        topology: unused; every term is built alike.
        depth_weight: weight of the depth error that is counted once more on its own.
    """

    supervision: ClassVar[str] = "joints_3d"

    def __init__(self, topology: MeshTopology, depth_weight: float = 0.0):
        super().__init__(topology)
        self.depth_weight = depth_weight

    def call(self, inputs: LossInputs) -> Any:
        depth_offsets = (inputs.pred("joints_uvd_mesh") - inputs.true("joints_uvd"))[..., 2:]
        return mean_absolute(
            inputs.joints_pred_xyz - inputs.joints_true_xyz
        ) + self.depth_weight * mean_absolute(depth_offsets)
