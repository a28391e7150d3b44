"""Laplacian loss against the pseudo-ground truth."""

from __future__ import annotations

from typing import Any, ClassVar

from tfhand.losses.base import LossInputs
from tfhand.losses.laplacian import LaplacianLoss
from tfhand.losses.registry import register_loss


@register_loss("pseudo_laplacian")
class PseudoLaplacianLoss(LaplacianLoss):
    """`LaplacianLoss` with the pseudo-ground-truth mesh for the true one: as smooth as a network made it.

    Where the mesh lies doesn't count: pseudo-ground truth suffers from errors of depth.

    References:
        Ge et al. 2019, section 4.4, "Pseudo-Ground Truth Mesh Loss".
    """

    supervision: ClassVar[str] = "pseudo_mesh"

    def reference(self, inputs: LossInputs) -> Any:
        return inputs.pseudo_vertices_xyz
