"""Matrices of a mesh's graph: adjacency, edges, normalised and rescaled Laplacians.

All are for the binary adjacency `W` of the mesh (or the merged, weighted one of a coarser level).

References:
    Defferrard et al., Convolutional Neural Networks on Graphs with Fast Localized Spectral Filtering,
    NIPS 2016, section 2.1.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse
import scipy.sparse.linalg

#: Up to this many vertices the largest eigenvalue is computed densely.
_DENSE_EIGENVALUE_LIMIT = 400

#: Ways to rescale a Laplacian L, as the factor of `L / lambda_max` in `factor * L / lambda_max - I`. "chebyshev" brings
#: its eigenvalues to -1..1, as Chebyshev polynomials need; "half" brings them to -1..-1/2, as the authors' released
#: model has it, whose weights fit nothing else.
RESCALINGS: dict[str, float] = {"chebyshev": 2.0, "half": 0.5}


def edges(faces: np.ndarray) -> np.ndarray:
    """Lists each edge of a triangle mesh once.

    Args:
        faces: (F, 3) integer vertex indices.

    Returns:
        (E, 2) int32, the smaller index first, rows in lexicographic order.
    """
    faces = np.asarray(faces, np.int64)
    pairs = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    return np.unique(pairs, axis=0).astype(np.int32)


def adjacency(faces: np.ndarray, num_vertices: int) -> scipy.sparse.csr_matrix:
    """Builds the binary adjacency matrix of a triangle mesh.

    Args:
        faces: (F, 3) integer vertex indices below `num_vertices`.
        num_vertices: V.

    Returns:
        (V, V) symmetric float32 csr matrix: 1 for each edge, empty diagonal, sorted indices.

    Raises:
        ValueError: an index is negative or not below `num_vertices`.
    """
    faces = np.asarray(faces)
    if faces.size and (faces.min() < 0 or faces.max() >= num_vertices):
        raise ValueError(
            f"faces: expected vertex indices in 0..{num_vertices - 1}, got {faces.min()}..{faces.max()}."
        )
    first, second = edges(faces).T
    rows, columns = np.concatenate([first, second]), np.concatenate([second, first])
    matrix = scipy.sparse.csr_matrix(
        (np.ones(len(rows), np.float32), (rows, columns)), shape=(num_vertices, num_vertices)
    )
    matrix.sort_indices()
    return matrix


def normalized_laplacian(weights: scipy.sparse.spmatrix) -> scipy.sparse.csr_matrix:
    """Computes `L = I - D^-1/2 W D^-1/2`.

    A vertex without edges has a degree of 0, whose inverse root is taken as 0: its row is that of `I`.

    Args:
        weights: (V, V) symmetric non-negative adjacency matrix.

    Returns:
        (V, V) symmetric float64 csr matrix with eigenvalues in 0..2.
    """
    weights = scipy.sparse.csr_matrix(weights, dtype=np.float64)
    degrees = np.asarray(weights.sum(axis=1)).ravel()
    inverse_root = np.zeros_like(degrees)
    inverse_root[degrees > 0] = 1.0 / np.sqrt(degrees[degrees > 0])
    scaling = scipy.sparse.diags(inverse_root)
    laplacian = scipy.sparse.eye(weights.shape[0], format="csr") - scaling @ weights @ scaling
    laplacian = scipy.sparse.csr_matrix(laplacian)
    laplacian.sort_indices()
    return laplacian


def largest_eigenvalue(laplacian: scipy.sparse.spmatrix) -> float:
    """Finds the largest eigenvalue of a symmetric matrix, the same on every run.

    Args:
        laplacian: (V, V) symmetric sparse matrix.

    Returns:
        The eigenvalue; accurate to about 1e-9.
    """
    laplacian = scipy.sparse.csr_matrix(laplacian, dtype=np.float64)
    size = laplacian.shape[0]
    if size <= _DENSE_EIGENVALUE_LIMIT:
        return float(np.linalg.eigvalsh(laplacian.toarray())[-1])
    start = np.cos(np.arange(size, dtype=np.float64) ** 2)  # Fixed, and aligned with no eigenvector.
    found = scipy.sparse.linalg.eigsh(laplacian, k=1, which="LA", v0=start, tol=1e-12, return_eigenvectors=False)
    return float(found[0])


def rescaled_laplacian(
    laplacian: scipy.sparse.spmatrix, lambda_max: float | None = None, rescaling: str = "chebyshev"
) -> scipy.sparse.csr_matrix:
    """Computes `2 L / lambda_max - I`, whose eigenvalues lie in -1..1 as Chebyshev polynomials need.

    Args:
        laplacian: (V, V) normalised Laplacian.
        lambda_max: its largest eigenvalue; computed when None.
        rescaling: one of `RESCALINGS`; "half" computes `L / (2 lambda_max) - I` instead.

    Returns:
        (V, V) float32 csr matrix, sorted indices; entries that cancel to zero are kept out.

    Raises:
        ValueError: `lambda_max` is not a positive number, or an unknown rescaling.
    """
    if rescaling not in RESCALINGS:
        raise ValueError(f"rescaling: expected one of {', '.join(RESCALINGS)}, got {rescaling!r}.")
    if lambda_max is None:
        lambda_max = largest_eigenvalue(laplacian)
    if not lambda_max > 0:
        raise ValueError(f"lambda_max: expected a positive number, got {lambda_max}.")
    laplacian = scipy.sparse.csr_matrix(laplacian, dtype=np.float64)
    scaled = laplacian * (RESCALINGS[rescaling] / lambda_max) - scipy.sparse.eye(laplacian.shape[0], format="csr")
    scaled = scipy.sparse.csr_matrix(scaled).astype(np.float32)
    scaled.eliminate_zeros()
    scaled.sort_indices()
    return scaled
