"""Heavy-edge coarsening of a graph, and the binary tree that turns pooling into a 1D operation.

References:
    Defferrard et al., Convolutional Neural Networks on Graphs with Fast Localized Spectral Filtering,
    NIPS 2016, sections 2.2 and 2.3. Dhillon et al., Weighted Graph Cuts without Eigenvectors, PAMI 2007.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import scipy.sparse

from tfhand.mesh import graph as graph_maths


@dataclasses.dataclass(frozen=True, eq=False)
class HandGraph:
    """A graph, its coarser versions, and the order of its vertices in which siblings are adjacent.

    The places of a level are numbered so that places `2 p` and `2 p + 1` of level k are the children
    of place `p` of level k + 1. A place that holds no vertex is *fake*: it has no edges.

    Attributes:
        permutation: (P,) int32, vertex at each place of the finest level, -1 for a fake.
        adjacencies: levels + 1 symmetric float32 csr matrices in tree order, finest (P, P) to coarsest;
            an entry of a coarser one is the number of finest edges between the two clusters. Diagonals are empty,
            or hold twice the edges within a cluster (`graph_from_permutation` with `self_loops`).
    """

    permutation: np.ndarray
    adjacencies: tuple[scipy.sparse.csr_matrix, ...]

    @property
    def num_places(self) -> int:
        """Places of the finest level, fakes included (P)."""
        return len(self.permutation)

    @property
    def num_vertices(self) -> int:
        """Real vertices (V)."""
        return int(self.mask.sum())

    @property
    def sizes(self) -> tuple[int, ...]:
        """Places of each level, finest first: (1280, 640, 320, 160, 80) for the hand."""
        return tuple(adjacency.shape[0] for adjacency in self.adjacencies)

    @functools.cached_property
    def mask(self) -> np.ndarray:
        """(P,) bool, True where a place holds a real vertex."""
        return self.permutation >= 0

    @functools.cached_property
    def places(self) -> np.ndarray:
        """(V,) int32, place of each vertex: `x_vertices = x_places[places]`."""
        places = np.empty(self.num_vertices, np.int32)
        places[self.permutation[self.mask]] = np.flatnonzero(self.mask)
        return places

    def laplacian(self, level: int, rescaling: str = "chebyshev") -> scipy.sparse.csr_matrix:
        """Rescaled Laplacian of one level (0 = finest), float32 csr, tree order; see `graph.rescaled_laplacian`."""
        normalized = graph_maths.normalized_laplacian(self.adjacencies[level])
        return graph_maths.rescaled_laplacian(normalized, rescaling=rescaling)


def coarsen(weights: scipy.sparse.spmatrix, levels: int = 4) -> HandGraph:
    """Merges vertices in pairs, `levels` times, and orders them as a binary tree.

    One level: visit the vertices by increasing degree and match each with the unmarked neighbour of
    the highest normalised-cut gain `w_ij (1/d_i + 1/d_j)`, or leave it alone. Every tie goes to the
    lower index, and the gains are compared in exact integer arithmetic for integer weights, so the
    result is the same on every platform. A vertex left alone gets a fake sibling, so that every
    parent has two children.

    Args:
        weights: (V, V) symmetric adjacency matrix; weights are non-negative integers (1 for a mesh).
        levels: how many times to halve.

    Returns:
        The graph with `levels + 1` adjacencies.

    Raises:
        ValueError: `weights` is not square, not symmetric or has non-integer or negative entries, or
            `levels` is negative.
    """
    weights = _checked(weights)
    if levels < 0:
        raise ValueError(f"levels: expected 0 or more, got {levels}.")
    graphs, parents = [weights], []
    for _ in range(levels):
        parents.append(match(graphs[-1]))
        graphs.append(merge(graphs[-1], parents[-1]))
    orders = tree_orders(parents, graphs[-1].shape[0])
    adjacencies = tuple(_permute(one, order) for one, order in zip(graphs, orders, strict=True))
    return HandGraph(orders[0].astype(np.int32), adjacencies)


def graph_from_permutation(
    weights: scipy.sparse.spmatrix, permutation: np.ndarray, levels: int, self_loops: bool = False
) -> HandGraph:
    """Rebuilds a coarsened graph from the order of its places (its tree is that of pairs of places).

    Args:
        weights: (V, V) symmetric adjacency matrix with non-negative integer weights.
        permutation: (P,) vertex at each place, -1 for a fake; P a multiple of 2 ** levels.
        levels: how many times to halve.
        self_loops: whether edges within a cluster stay, on the diagonals of the coarser adjacencies, as in the authors'
            released model.

    Returns:
        The graph with `levels + 1` adjacencies.

    Raises:
        ValueError: `weights` as for `coarsen`; `permutation` misses or repeats vertices, or P doesn't fit.
    """
    weights = _checked(weights)
    permutation = np.asarray(permutation)
    real = np.sort(permutation[permutation >= 0])
    if not np.array_equal(real, np.arange(weights.shape[0])):
        raise ValueError(
            f"permutation: expected each of the vertices 0..{weights.shape[0] - 1} once, got {len(real)} entries "
            f"of which {len(np.unique(real))} differ."
        )
    if len(permutation) % 2**levels:
        raise ValueError(f"permutation: expected a multiple of {2**levels} places, got {len(permutation)}.")
    graphs = [_permute(weights, permutation)]
    for _ in range(levels):
        parents = np.arange(graphs[-1].shape[0]) // 2
        graphs.append(merge(graphs[-1], parents, self_loops))
    return HandGraph(permutation.astype(np.int32), tuple(graphs))


def match(weights: scipy.sparse.csr_matrix) -> np.ndarray:
    """Pairs neighbouring vertices by heavy-edge matching with the normalised-cut gain.

    Args:
        weights: (V, V) symmetric int64 csr matrix, empty diagonal.

    Returns:
        (V,) int64: the cluster of each vertex, numbered in the order of visiting.
    """
    size = weights.shape[0]
    degrees = np.asarray(weights.sum(axis=1)).ravel().astype(np.int64)
    visits = np.argsort(degrees, kind="stable")
    indptr, indices, data = weights.indptr, weights.indices, weights.data
    degree_of = degrees.tolist()
    clusters = [-1] * size
    count = 0
    for vertex in visits.tolist():
        if clusters[vertex] >= 0:
            continue
        best, best_weight, best_degree = -1, 0, 1
        own = degree_of[vertex]
        for entry in range(indptr[vertex], indptr[vertex + 1]):
            other, weight = int(indices[entry]), int(data[entry])
            if clusters[other] >= 0 or other == vertex:
                continue
            # w (1/d_i + 1/d_j) > best, multiplied out to integers; d_i is common to both sides.
            gain, best_gain = weight * (own + degree_of[other]), best_weight * (own + best_degree)
            if best < 0 or gain * best_degree > best_gain * degree_of[other]:
                best, best_weight, best_degree = other, weight, degree_of[other]
        clusters[vertex] = count
        if best >= 0:
            clusters[best] = count
        count += 1
    return np.asarray(clusters, np.int64)


def merge(weights: scipy.sparse.csr_matrix, clusters: np.ndarray, self_loops: bool = False) -> scipy.sparse.csr_matrix:
    """Adds up the weights between clusters.

    Args:
        weights: (V, V) symmetric int64 csr matrix.
        clusters: (V,) cluster of each vertex, 0..C-1.
        self_loops: whether edges within a cluster stay, on the diagonal; otherwise they vanish.

    Returns:
        (C, C) symmetric int64 csr matrix with sorted indices.
    """
    count = int(clusters.max()) + 1 if len(clusters) else 0
    coo = weights.tocoo()
    rows, columns = clusters[coo.row], clusters[coo.col]
    between = (rows != columns) | self_loops
    merged = scipy.sparse.csr_matrix(
        (coo.data[between], (rows[between], columns[between])), shape=(count, count)
    )
    merged.sum_duplicates()
    merged.sort_indices()
    return merged


def tree_orders(parents: list[np.ndarray], num_roots: int) -> list[np.ndarray]:
    """Orders every level, finest first, so that the children of place p are places 2p and 2p + 1.

    Returns one (places,) int64 array a level: the vertex of that level's graph at each place, or -1.
    """
    orders = [np.arange(num_roots, dtype=np.int64)]
    for clusters in reversed(parents):
        children = np.full((int(clusters.max()) + 1, 2), -1, np.int64)
        for vertex, cluster in enumerate(clusters.tolist()):
            children[cluster, 0 if children[cluster, 0] < 0 else 1] = vertex
        above = orders[-1]
        pairs = np.where(above[:, None] >= 0, children[above], -1)
        orders.append(pairs.reshape(-1))
    return orders[::-1]


def _permute(weights: scipy.sparse.csr_matrix, order: np.ndarray) -> scipy.sparse.csr_matrix:
    """Moves the vertices to their places; fakes get no edges."""
    place = np.full(weights.shape[0], -1, np.int64)
    real = np.flatnonzero(order >= 0)
    place[order[real]] = real
    coo = weights.tocoo()
    moved = scipy.sparse.csr_matrix(
        (coo.data.astype(np.float32), (place[coo.row], place[coo.col])), shape=(len(order), len(order))
    )
    moved.sort_indices()
    return moved


def _checked(weights: scipy.sparse.spmatrix) -> scipy.sparse.csr_matrix:
    matrix = scipy.sparse.csr_matrix(weights)
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"weights: expected a square matrix, got shape {matrix.shape}.")
    if matrix.nnz and (matrix.data.min() < 0 or np.any(matrix.data != np.round(matrix.data))):
        raise ValueError("weights: expected non-negative integers, got other values.")
    matrix = matrix.astype(np.int64)
    matrix.setdiag(0)
    matrix.eliminate_zeros()
    matrix.sort_indices()
    if (matrix != matrix.T).nnz:
        raise ValueError("weights: expected a symmetric matrix, got one that differs from its transpose.")
    return matrix
