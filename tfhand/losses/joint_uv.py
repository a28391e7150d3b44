"""Image-plane joint error of the soft-arg-max of the heat-maps."""

from __future__ import annotations

from typing import Any, ClassVar

from keras import ops

from tfhand.layers import SoftArgmax2D
from tfhand.losses.base import LossInputs, LossTerm
from tfhand.losses.heatmap_cross_entropy import joint_mean
from tfhand.losses.registry import register_loss
from tfhand.losses.topology import MeshTopology


@register_loss("joint_uv")
class JointUV(LossTerm):
    """`|u_j - u^_j| + |v_j - v^_j|`, averaged over the joints in the crop, summed over the stacks.

    `(u^, v^)` is the expectation of the cell centres under the spatial soft-max of the network's
    logits. Joints outside the crop, where no expectation can lie, don't count.

    Args:
        topology: unused; every term is built alike.

    References:
        Sun et al., "Integral Human Pose Regression", ECCV 2018.
    """

    supervision: ClassVar[str] = "joints_2d"

    def __init__(self, topology: MeshTopology):
        super().__init__(topology)
        self._decode = SoftArgmax2D()

    def call(self, inputs: LossInputs) -> Any:
        total = 0.0
        for maps in inputs.heatmap_stacks():
            error = ops.sum(ops.abs(self._decode(maps) - inputs.joints_uv), axis=-1)
            total = total + joint_mean(error, inputs.joints_inside)
        return total
