"""Normal loss of the paper."""

from __future__ import annotations

from typing import Any

from keras import ops

from tfhand.losses.base import LossInputs, LossTerm, squared_norm
from tfhand.losses.registry import register_loss

#: Added to squared lengths of normals: a triangle thinner than this (in hand scales) has no direction.
EPSILON = 1e-12


@register_loss("normal")
class NormalLoss(LossTerm):
    """`L_n = sum_t sum_{(i,j) in t} <v^3d_i - v^3d_j, n_t>^2`: edges of a triangle lie in its plane.

    `n_t` is the unit normal of triangle `t` of the ground truth; degenerate triangles have none and count
    nothing. An edge of two triangles counts once in each. Positions are root-relative in hand scales.

    References:
        Ge et al. 2019, equation 3.
    """

    def call(self, inputs: LossInputs) -> Any:
        sides_true = self._sides(inputs.vertices_true_xyz)
        normals = ops.cross(sides_true[0], sides_true[1])
        normals = normals * ops.rsqrt(ops.sum(ops.square(normals), axis=-1, keepdims=True) + EPSILON)
        sides = self._sides(inputs.vertices_pred_xyz)
        return sum(squared_norm(ops.sum(side * normals, axis=-1)) for side in sides)

    def _sides(self, vertices: Any) -> tuple[Any, Any, Any]:
        a, b, c = (ops.take(vertices, self.topology.faces[:, corner], axis=1) for corner in range(3))
        return b - a, c - b, a - c
