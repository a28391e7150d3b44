"""What the mesh losses need to know of a triangle mesh, as constant index tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tfhand.mesh.graph import adjacency, edges


@dataclass(frozen=True, eq=False)
class MeshTopology:
    """Faces, edges and neighbours of a mesh.

    Attributes:
        num_vertices: V.
        faces: (F, 3) int32 vertex indices.
        edges: (E, 2) int32, each edge once.
        neighbours: (V, D) int32, D the largest number of neighbours of a vertex; a vertex with fewer is
            padded with itself at weight zero.
        neighbour_weights: (V, D) float32, `1 / number of neighbours`, 0 at padding.
    """

    num_vertices: int
    faces: np.ndarray
    edges: np.ndarray
    neighbours: np.ndarray
    neighbour_weights: np.ndarray

    @classmethod
    def from_template(cls, template: Any) -> MeshTopology:
        """Tables of a template's network mesh (anything that has `faces` and `num_vertices`)."""
        return cls.from_faces(template.faces, template.num_vertices)

    @classmethod
    def from_faces(cls, faces: np.ndarray, num_vertices: int) -> MeshTopology:
        """Tables of a triangle list.

        Args:
            faces: (F, 3) integer vertex indices.
            num_vertices: V; vertices that no face uses are allowed and have no neighbours.

        Raises:
            ValueError: a wrong shape, or an index outside 0..V-1.
        """
        faces = np.asarray(faces, np.int32)
        if faces.ndim != 2 or faces.shape[1] != 3 or len(faces) == 0:
            raise ValueError(f"faces: expected shape (F, 3) with F > 0, got {faces.shape}.")
        if faces.min() < 0 or faces.max() >= num_vertices:
            raise ValueError(
                f"faces: expected vertex indices in 0..{num_vertices - 1}, got {faces.min()}..{faces.max()}."
            )
        graph = adjacency(faces, num_vertices).tocsr()
        graph.sort_indices()
        degrees = np.diff(graph.indptr)
        slots = np.arange(max(1, degrees.max()))[None, :]
        used = slots < degrees[:, None]
        table = np.repeat(np.arange(num_vertices)[:, None], slots.shape[1], axis=1)
        table[used] = graph.indices
        weights = used / np.maximum(degrees, 1)[:, None]
        return cls(num_vertices, faces, edges(faces), table.astype(np.int32), weights.astype(np.float32))
