"""3D pose loss of the paper."""

from __future__ import annotations

from typing import Any, ClassVar

from tfhand.losses.base import LossInputs, LossTerm, squared_norm
from tfhand.losses.registry import register_loss


@register_loss("pose")
class PoseLoss(LossTerm):
    """`L_J = sum_j ||p_j - p^_j||^2` over the joints that the pose regressor reads off the mesh.

    Positions are root-relative in hand scales.

    References:
        Ge et al. 2019, section 4.3, "3D Pose Loss".
    """

    supervision: ClassVar[str] = "joints_3d"

    def call(self, inputs: LossInputs) -> Any:
        return squared_norm(inputs.joints_pred_xyz - inputs.joints_true_xyz)
