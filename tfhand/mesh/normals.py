"""Normals of a triangle mesh."""

from __future__ import annotations

import numpy as np


def face_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Computes the unit normal of every face, outward for faces that wind outward.

    Args:
        vertices: (V, 3) float, any unit and right-handed frame.
        faces: (F, 3) integer vertex indices.

    Returns:
        (F, 3) of the dtype of `vertices`; zero for a degenerate face.
    """
    corners = vertices[faces]
    return _normalized(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Computes smooth normals: the area-weighted mean of the normals of the faces around a vertex.

    Args:
        vertices: (V, 3) float, any unit and right-handed frame.
        faces: (F, 3) integer vertex indices.

    Returns:
        (V, 3) of the dtype of `vertices`, unit length; zero for a vertex that no face uses.
    """
    first, second, third = (vertices[faces[:, corner]] for corner in range(3))
    a, b = second - first, third - first
    normals = np.empty_like(vertices)
    index = faces.T.ravel()
    for axis, (one, two) in enumerate(((1, 2), (2, 0), (0, 1))):
        doubled_area = a[:, one] * b[:, two] - a[:, two] * b[:, one]
        normals[:, axis] = np.bincount(index, np.tile(doubled_area, 3), minlength=len(vertices))
    return _normalized(normals)


def _normalized(vectors: np.ndarray) -> np.ndarray:
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
    return vectors / np.where(lengths > 0, lengths, 1)
