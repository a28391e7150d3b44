"""Cross-entropy of spatial soft-max heat-maps."""

from __future__ import annotations

from typing import Any, ClassVar

from keras import ops

from tfhand.losses.base import LossInputs, LossTerm
from tfhand.losses.gaussian import check_sigma, flatten_maps, log_gaussians
from tfhand.losses.registry import register_loss
from tfhand.losses.topology import MeshTopology


@register_loss("heatmap_cross_entropy")
class HeatmapCrossEntropy(LossTerm):
    """`-sum_p G_j(p) log softmax(H^_j)(p)`, averaged over the joints in the crop, summed over the stacks.

    `G_j` is the Gaussian at the joint, normalised to sum 1 over the map; the network's maps are logits.
    Unlike squared error on small maps, this has no plateau at the all-zero map to sit on. Its least value
    is the entropy of `G_j`, not zero. Joints outside the crop don't count.

    Args:
        topology: unused; every term is built alike.
        sigma: standard deviation in heat-map pixels; None scales 4 px of 64 to the maps' width.

    Raises:
        ValueError: `sigma` is not positive.
    """

    supervision: ClassVar[str] = "joints_2d"

    def __init__(self, topology: MeshTopology, sigma: float | None = None):
        super().__init__(topology)
        self.sigma = check_sigma(sigma)

    def call(self, inputs: LossInputs) -> Any:
        total = 0.0
        for maps in inputs.heatmap_stacks():
            _, height, width, _ = maps.shape
            target = flatten_maps(log_gaussians(inputs.joints_uv, height, width, self.sigma))
            target = ops.softmax(target, axis=1)
            cross_entropy = -ops.sum(target * ops.log_softmax(flatten_maps(maps), axis=1), axis=1)
            total = total + joint_mean(cross_entropy, inputs.joints_inside)
        return total


def joint_mean(values: Any, inside: Any) -> Any:
    """Mean over the joints that count: (B, J), (B, J) of zeros and ones -> (B,); 0 where none counts."""
    return ops.sum(values * inside, axis=1) / ops.maximum(ops.sum(inside, axis=1), 1.0)
