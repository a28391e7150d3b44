"""Edge loss of the paper."""

from __future__ import annotations

from typing import Any

from keras import ops

from tfhand.losses.base import LossInputs, LossTerm, squared_norm
from tfhand.losses.registry import register_loss


@register_loss("edge")
class EdgeLoss(LossTerm):
    """`L_e = sum_i (||e_i||^2 - ||e^_i||^2)^2` over the edges of the mesh, each once.

    Edge vectors are differences of root-relative positions in hand scales.

    References:
        Ge et al. 2019, equation 4.
    """

    def call(self, inputs: LossInputs) -> Any:
        lengths_true = self._squared_lengths(self.reference(inputs))
        return squared_norm(lengths_true - self._squared_lengths(inputs.vertices_pred_xyz))

    def reference(self, inputs: LossInputs) -> Any:
        """Vertices of the mesh to compare with, (B, V, 3), root-relative, in hand scales."""
        return inputs.vertices_true_xyz

    def _squared_lengths(self, vertices: Any) -> Any:
        starts = ops.take(vertices, self.topology.edges[:, 0], axis=1)
        ends = ops.take(vertices, self.topology.edges[:, 1], axis=1)
        return ops.sum(ops.square(starts - ends), axis=-1)
