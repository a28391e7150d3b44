"""Heat-map loss of the paper."""

from __future__ import annotations

from typing import Any, ClassVar

from keras import ops

from tfhand.losses.base import LossInputs, LossTerm, squared_norm
from tfhand.losses.gaussian import check_sigma, log_gaussians
from tfhand.losses.registry import register_loss
from tfhand.losses.topology import MeshTopology


@register_loss("heatmap")
class HeatmapLoss(LossTerm):
    """`L_H = sum_j ||H_j - H^_j||^2`, summed over the stacks.

    `H_j` is a Gaussian of height 1 and standard deviation 4 px (on 64 x 64) at the joint; the network's
    maps are regressed to it as they are, without soft-max.

    Args:
        topology: unused; every term is built alike.
        sigma: standard deviation in heat-map pixels; None scales the paper's 4 px of 64 to the maps' width.

    Raises:
        ValueError: `sigma` is not positive.

    References:
        Ge et al. 2019, section 4.3, "Heat-map Loss".
    """

    supervision: ClassVar[str] = "joints_2d"

    def __init__(self, topology: MeshTopology, sigma: float | None = None):
        super().__init__(topology)
        self.sigma = check_sigma(sigma)

    def call(self, inputs: LossInputs) -> Any:
        total = 0.0
        for maps in inputs.heatmap_stacks():
            _, height, width, _ = maps.shape
            target = ops.exp(log_gaussians(inputs.joints_uv, height, width, self.sigma))
            total = total + squared_norm(maps - target)
        return total
