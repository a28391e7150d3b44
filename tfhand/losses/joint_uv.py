"""Image-plane joint error of the soft-arg-max of the heat-maps."""

from __future__ import annotations

from typing import Any

from keras import ops

from tfhand.losses.base import LossInputs, LossTerm
from tfhand.losses.gaussian import cell_centres, flatten_maps
from tfhand.losses.heatmap_cross_entropy import joint_mean
from tfhand.losses.registry import register_loss


@register_loss("joint_uv")
class JointUV(LossTerm):
    """`|u_j - u^_j| + |v_j - v^_j|`, averaged over the joints in the crop, summed over the stacks.

    `(u^, v^)` is the expectation of the cell centres under the spatial soft-max of the network's
    logits. Joints outside the crop, where no expectation can lie, don't count.

    References:
        Sun et al., "Integral Human Pose Regression", ECCV 2018.
    """

    def call(self, inputs: LossInputs) -> Any:
        total = 0.0
        for maps in inputs.heatmap_stacks():
            error = ops.sum(ops.abs(expected_uv(maps) - inputs.joints_uv), axis=-1)
            total = total + joint_mean(error, inputs.joints_inside)
        return total


def expected_uv(logits: Any) -> Any:
    """Soft-arg-max: (B, h, w, J) logits -> (B, J, 2) `u, v` in 0..1 across the crop."""
    _, height, width, joints = logits.shape
    shares = ops.reshape(ops.softmax(flatten_maps(logits), axis=1), (-1, height, width, joints))
    u = ops.sum(ops.sum(shares, axis=1) * ops.reshape(cell_centres(width), (1, width, 1)), axis=1)
    v = ops.sum(ops.sum(shares, axis=2) * ops.reshape(cell_centres(height), (1, height, 1)), axis=1)
    return ops.stack([u, v], axis=-1)
