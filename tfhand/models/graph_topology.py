"""What the network has to know of a template: the order of its graph's places and their Laplacians."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from tfhand.layers.array_codec import decode_array, encode_array
from tfhand.layers.graph_operator import GraphOperator

if TYPE_CHECKING:
    from tfhand.mesh import HandTemplate
    from tfhand.mesh.coarsening import HandGraph

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
        faces: (F, 3) int32 triangles over the vertices, winding outward.
        anchors: (P, 21) float32, for each place the weights of the joints that reproduce it best (see
            `joint_weights`), zero for fakes; None for a template without a rig.
    """

    permutation: np.ndarray
    laplacians: dict[int, GraphOperator]
    faces: np.ndarray
    anchors: np.ndarray | None = None

    @classmethod
    def from_template(cls, template: HandTemplate, rescaling: str = "chebyshev") -> GraphTopology:
        """Takes permutation, Laplacians, faces and joint weights from a template.

        Args:
            template: the hand.
            rescaling: of the Laplacians, see `tfhand.mesh.graph.rescaled_laplacian`.

        Raises:
            ValueError: the template's graph has fewer than four levels of coarsening, or an unknown rescaling.
        """
        topology = cls.from_graph(template.graph, template.faces, rescaling)
        if template.rig is None:
            return topology
        weights = joint_weights(template)[topology.permutation]
        anchors = np.where(topology.mask[:, None], weights, 0.0).astype(np.float32)
        return dataclasses.replace(topology, anchors=anchors)

    @classmethod
    def from_graph(cls, graph: HandGraph, faces: np.ndarray, rescaling: str = "chebyshev") -> GraphTopology:
        """The topology of a mesh without a rig.

        Args:
            graph: the mesh's, coarsened.
            faces: (F, 3) triangles over its vertices, winding outward.
            rescaling: of the Laplacians, see `tfhand.mesh.graph.rescaled_laplacian`.

        Raises:
            ValueError: the graph has fewer than four levels of coarsening, or an unknown rescaling.
        """
        places = len(graph.permutation)
        if len(graph.adjacencies) <= COARSE_LEVEL or places % 2**COARSE_LEVEL:
            raise ValueError(
                f"graph must have {COARSE_LEVEL} levels of coarsening of its {places} places, "
                f"got {len(graph.adjacencies) - 1}."
            )
        permutation = np.where(graph.mask, graph.permutation, -1).astype(np.int32)
        laplacians = {level: GraphOperator(graph.laplacian(level, rescaling)) for level in CONV_LEVELS}
        return cls(permutation, laplacians, np.asarray(faces, np.int32))

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
            "faces": encode_array(self.faces),
            "anchors": None if self.anchors is None else encode_array(self.anchors),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> GraphTopology:
        """The topology that `to_config` described."""
        return cls(
            decode_array(config["permutation"]),
            {int(level): GraphOperator(matrix) for level, matrix in config["laplacians"].items()},
            decode_array(config["faces"]),
            None if config["anchors"] is None else decode_array(config["anchors"]),
        )


def joint_weights(template: HandTemplate, samples: int = 120, noise_mm: float = 3.0) -> np.ndarray:
    """Weights with which the joints reproduce the mesh best, over random poses and shapes.

    Ridge regression, rows bound to sum to one so that the map moves with the hand. Fixed seed: a template
    always gives the same weights. On the package's template 120 samples leave a residual of 3.5 mm.

    Args:
        template: with a rig.
        samples: how many poses.
        noise_mm: error of the joints that the weights shall not amplify.

    Returns:
        (V, 21) float64.
    """
    rng = np.random.default_rng(0)
    low, high = np.radians([-12.0, -14.0, -6.0]), np.radians([86.0, 14.0, 6.0])  # flexion, abduction, twist
    joints, vertices = [], []
    for _ in range(samples):
        angles = rng.uniform(low, high, (20, 3)) * rng.uniform(0.0, 1.0, (20, 1))
        shape = rng.uniform(*template.shape_ranges.T) if len(template.shape_names) else None
        posed = template.pose(template.bone_rotations(angles), shape)
        joints.append(posed.joints.T)
        vertices.append(posed.vertices.T)
    x, y = np.concatenate(joints).astype(np.float64), np.concatenate(vertices).astype(np.float64)
    x, y = x - x[:, :1], y - x[:, :1]  # relative to the wrist; one more "sample" ties the sums to one
    sum_to_one = 1e6
    normal = x.T @ x / len(x) + sum_to_one + noise_mm**2 * np.eye(x.shape[1])
    return np.linalg.solve(normal, x.T @ y / len(x) + sum_to_one).T
