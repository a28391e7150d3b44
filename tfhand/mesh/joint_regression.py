"""Fits the sparse regressor from mesh vertices to joints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.optimize
import scipy.sparse


def fit_joint_regressor(
    vertices: np.ndarray,
    joints: np.ndarray,
    candidates: Sequence[np.ndarray],
    anchor_weight: float = 100.0,
) -> scipy.sparse.csr_matrix:
    """Writes every joint as a mean of nearby vertices with non-negative weights that sum to 1.

    Args:
        vertices: (N, V, 3) float64 mm, N posed and shaped meshes.
        joints: (N, J, 3) float64 mm, their joints in the same frame.
        candidates: for each joint the indices of the vertices that may have a weight.
        anchor_weight: how strongly the sum of the weights is held at 1 during the fit, relative to 1 mm.

    Returns:
        (J, V) float32 csr matrix; its rows sum to 1, so it commutes with rotation and translation.
    """
    num_samples, num_vertices, _ = vertices.shape
    rows, columns, values = [], [], []
    for joint, members in enumerate(candidates):
        # Relative to the candidates' mean, so that lengths and not positions are fitted.
        centre = vertices[:, members].mean(axis=1, keepdims=True)
        matrix = (vertices[:, members] - centre).transpose(0, 2, 1).reshape(3 * num_samples, -1)
        target = (joints[:, joint] - centre[:, 0]).reshape(-1)
        root = np.sqrt(num_samples)
        matrix = np.vstack([matrix, np.full((1, len(members)), anchor_weight * root)])
        weights, _ = scipy.optimize.nnls(matrix, np.append(target, anchor_weight * root))
        weights[weights < 1e-4] = 0.0
        weights /= weights.sum()
        used = np.flatnonzero(weights)
        rows += [joint] * len(used)
        columns += [int(members[index]) for index in used]
        values += weights[used].tolist()
    regressor = scipy.sparse.csr_matrix((values, (rows, columns)), shape=(len(candidates), num_vertices))
    regressor.sort_indices()
    return regressor.astype(np.float32)
