"""Edge loss against the pseudo-ground truth."""

from __future__ import annotations

from typing import Any, ClassVar

from tfhand.losses.base import LossInputs
from tfhand.losses.edge import EdgeLoss
from tfhand.losses.registry import register_loss


@register_loss("pseudo_edge")
class PseudoEdgeLoss(EdgeLoss):
    """`EdgeLoss` with the pseudo-ground-truth mesh for the true one: edges keep the lengths that a network gave them.

    Where the mesh lies doesn't count: pseudo-ground truth suffers from errors of depth.

    References:
        Ge et al. 2019, section 4.4, "Pseudo-Ground Truth Mesh Loss".
    """

    supervision: ClassVar[str] = "pseudo_mesh"

    def reference(self, inputs: LossInputs) -> Any:
        return inputs.pseudo_vertices_xyz
