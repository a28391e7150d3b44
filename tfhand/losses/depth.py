"""Depth loss of the paper."""

from __future__ import annotations

from typing import Any, ClassVar

from keras import ops

from tfhand.losses.base import LossInputs, LossTerm
from tfhand.losses.registry import register_loss
from tfhand.losses.topology import MeshTopology

#: Pixels of the paper's depth maps, which sums over maps of other sizes are scaled to.
PAPER_PIXELS = 32 * 32


@register_loss("depth")
class DepthLoss(LossTerm):
    """`L_D = smooth_L1(D, D^)` between a measured depth map and one that is rendered from the predicted mesh.

    Both maps are relative to the root's depth and measured in hand scales, `D = (z - z_root) / scale`, with the given scale
    of `camera`; the root's depth drops out of the difference. The values of the pixels that count are summed; sums over maps of
    another size than the paper's 32 x 32 are scaled by `32^2 / S^2`, so that a weight means the same at any size.

    A pixel counts where *both* maps have the hand:

    - reference 0, rendering not: left out. The reference may have a hole there (no measurement) or not show the hand,
      and nothing tells which; a prediction can't be blamed for covering a hole.
    - reference not 0, rendering 0: left out. No vertex is seen there, so there is no gradient that could help;
      the other terms (heat-maps, joints) bring the mesh over the hand.
    - neither: left out. A sample whose reference is all holes has a loss of 0 and no gradients.
    - reference infinite or not a number, or not in front of the camera: a hole.

    Args:
        topology: unused; every term is built alike.
        beta: difference in hand scales at which the loss turns from squared (`0.5 x^2 / beta`) to absolute
            (`|x| - 0.5 beta`). The usual smooth-L1 has 1, which is a middle bone's length, some 40 mm.

    Raises:
        ValueError: `beta` is not positive.

    References:
        Ge et al. 2019, equation 7; Girshick, "Fast R-CNN", ICCV 2015, equation 3.
    """

    supervision: ClassVar[str] = "depth"

    def __init__(self, topology: MeshTopology, beta: float = 1.0):
        super().__init__(topology)
        if not beta > 0:
            raise ValueError(f"beta: expected a positive number of hand scales, got {beta}.")
        self.beta = beta

    def call(self, inputs: LossInputs) -> Any:
        measured, rendered, hand = inputs.depth_maps
        counts = ops.logical_and(hand, rendered > 0.0)
        scale = inputs.true("camera")[:, None, None, 5]
        difference = ops.abs(ops.where(counts, rendered, 0.0) - ops.where(counts, measured, 0.0)) / scale
        smooth = ops.where(
            difference < self.beta, 0.5 * ops.square(difference) / self.beta, difference - 0.5 * self.beta
        )
        total = ops.sum(ops.where(counts, smooth, 0.0), axis=(1, 2))
        return total * (PAPER_PIXELS / (measured.shape[1] * measured.shape[2]))
