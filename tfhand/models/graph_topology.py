"""What the network has to know of a template: the order of its graph's places and their Laplacians."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from tfhand.constants import BONES
from tfhand.layers.array_codec import decode_array, encode_array
from tfhand.layers.graph_operator import GraphOperator

if TYPE_CHECKING:
    from tfhand.mesh import HandTemplate

#: Levels of the graph on which convolutions run: the finest, and a quarter of its places.
CONV_LEVELS = (0, 2)
#: The level on which the Graph CNN begins: a sixteenth of the places.
COARSE_LEVEL = 4


@dataclasses.dataclass(frozen=True, eq=False)
class GraphTopology:
    """The graph of a template, as the network's layers take it.

    Attributes:
        permutation: (P,) int32, for each place of the finest graph in tree order its vertex, or -1 for a fake.
        laplacians: the rescaled Laplacian of each level of `CONV_LEVELS`.
        anchors: (P, 21) float32, for each place its weights on the joints (rows of real vertices sum to
            one, those of fakes to zero); None for a template without joints.
    """

    permutation: np.ndarray
    laplacians: dict[int, GraphOperator]
    anchors: np.ndarray | None

    @classmethod
    def from_template(cls, template: HandTemplate) -> GraphTopology:
        """Takes permutation, Laplacians and joint weights from a template.

        Raises:
            ValueError: the template's graph has fewer than four levels of coarsening.
        """
        graph = template.graph
        places = len(graph.permutation)
        if len(graph.adjacencies) <= COARSE_LEVEL or places % 2**COARSE_LEVEL:
            raise ValueError(
                f"template.graph must have {COARSE_LEVEL} levels of coarsening of its {places} places, "
                f"got {len(graph.adjacencies) - 1}."
            )
        permutation = np.where(graph.mask, graph.permutation, -1).astype(np.int32)
        laplacians = {level: GraphOperator(graph.laplacian(level)) for level in CONV_LEVELS}
        anchors = None
        if template.joint_regressor is not None:
            vertices = template.surface_vertices[template.vertex_ids]
            weights = joint_weights(vertices, template.joint_regressor @ vertices)
            anchors = np.where(permutation[:, None] >= 0, weights[permutation], 0.0).astype(np.float32)
        return cls(permutation, laplacians, anchors)

    @property
    def num_places(self) -> int:
        """P, places of the finest graph, fakes included."""
        return len(self.permutation)

    @property
    def num_vertices(self) -> int:
        """V, real vertices."""
        return int(self.mask.sum())

    @property
    def mask(self) -> np.ndarray:
        """(P,) bool: which places hold real vertices."""
        return self.permutation >= 0

    @property
    def place_of_vertex(self) -> np.ndarray:
        """(V,) int32: the place of each vertex, the inverse of `permutation`."""
        places = np.flatnonzero(self.mask)
        return places[np.argsort(self.permutation[places])].astype(np.int32)

    def to_config(self) -> dict[str, Any]:
        """JSON-able form."""
        return {
            "permutation": encode_array(self.permutation),
            "laplacians": {str(level): matrix.to_config() for level, matrix in self.laplacians.items()},
            "anchors": None if self.anchors is None else encode_array(self.anchors),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> GraphTopology:
        """The topology that `to_config` described."""
        return cls(
            decode_array(config["permutation"]),
            {int(level): GraphOperator(matrix) for level, matrix in config["laplacians"].items()},
            None if config["anchors"] is None else decode_array(config["anchors"]),
        )


def joint_weights(vertices: np.ndarray, joints: np.ndarray, sharpness: float = 3.0) -> np.ndarray:
    """Weights with which joints interpolate to the vertices around them.

    Every vertex is projected onto every bone (a segment between two joints); the projections are averaged
    with weights that fall with the distance from the bone to the power `2 * sharpness`, and each shares its
    weight between its bone's two joints by where on the segment it lies.

    Args:
        vertices: (V, 3) rest pose, mm, any frame.
        joints: (21, 3) rest pose, mm, the same frame.
        sharpness: higher lets the nearest bone decide alone.

    Returns:
        (V, 21) float64, rows sum to one.
    """
    start, end = np.array(BONES).T
    direction = joints[end] - joints[start]  # (bones, 3)
    offset = vertices[:, None] - joints[start][None]  # (V, bones, 3)
    share = np.clip((offset * direction).sum(-1) / (direction**2).sum(-1), 0.0, 1.0)
    distance2 = ((offset - share[..., None] * direction) ** 2).sum(-1)
    weight = (distance2 / distance2.min(axis=1, keepdims=True).clip(1e-9) + 1e-6) ** -sharpness
    weight /= weight.sum(axis=1, keepdims=True)
    result = np.zeros((len(vertices), len(joints)))
    np.add.at(result.T, start, (weight * (1.0 - share)).T)
    np.add.at(result.T, end, (weight * share).T)
    return result
