"""The tree of the coarsening, by brute force."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

from tfhand.mesh import HandTemplate, coarsen, coarsening, graph


def _grid_weights(rows: int, columns: int) -> scipy.sparse.csr_matrix:
    index = np.arange(rows * columns).reshape(rows, columns)
    pairs = np.concatenate(
        [
            np.stack([index[:, :-1].ravel(), index[:, 1:].ravel()], 1),
            np.stack([index[:-1].ravel(), index[1:].ravel()], 1),
            np.stack([index[:-1, :-1].ravel(), index[1:, 1:].ravel()], 1),
        ]
    )
    ones = np.ones(len(pairs))
    half = scipy.sparse.csr_matrix((ones, pairs.T), shape=(index.size, index.size))
    return scipy.sparse.csr_matrix(half + half.T)


@pytest.fixture(scope="module")
def template() -> HandTemplate:
    return HandTemplate.load()


def _check_tree(weights: np.ndarray, tree: coarsening.HandGraph, levels: int) -> None:
    assert len(tree.adjacencies) == levels + 1
    assert tree.num_places == tree.sizes[0] == tree.sizes[-1] * 2**levels
    real = tree.permutation[tree.permutation >= 0]
    assert sorted(real.tolist()) == list(range(len(weights)))
    np.testing.assert_array_equal(tree.permutation[tree.places], np.arange(len(weights)))
    finest = np.zeros((tree.num_places,) * 2)
    for i in range(tree.num_places):
        for j in range(tree.num_places):
            if tree.permutation[i] >= 0 and tree.permutation[j] >= 0:
                finest[i, j] = weights[tree.permutation[i], tree.permutation[j]]
    np.testing.assert_array_equal(tree.adjacencies[0].toarray(), finest)
    occupied = tree.mask.copy()
    for level in range(levels):
        fine, coarse = tree.adjacencies[level].toarray(), tree.adjacencies[level + 1].toarray()
        assert fine.shape[0] == 2 * coarse.shape[0]
        expected = np.zeros_like(coarse)
        for i, j in np.argwhere(fine):
            if i // 2 != j // 2:
                expected[i // 2, j // 2] += fine[i, j]
        np.testing.assert_array_equal(coarse, expected)
        assert not fine[~occupied].any(), "a fake has edges"
        # Siblings that are both real were matched, so they are neighbours.
        for parent in range(len(coarse)):
            if occupied[2 * parent] and occupied[2 * parent + 1]:
                assert fine[2 * parent, 2 * parent + 1] > 0
        occupied = occupied.reshape(-1, 2).any(axis=1)
    assert occupied.all(), "the coarsest level has no fakes"


@pytest.mark.parametrize(("rows", "columns", "levels"), [(3, 3, 1), (5, 4, 2), (7, 9, 3), (4, 4, 0)])
def test_tree_of_a_grid(rows, columns, levels):
    weights = _grid_weights(rows, columns)
    _check_tree(weights.toarray(), coarsen(weights, levels), levels)


def test_tree_of_a_random_graph_with_lonely_vertices():
    generator = np.random.default_rng(0)
    upper = np.triu(generator.integers(1, 5, (40, 40)) * (generator.random((40, 40)) < 0.06), 1)
    upper[:, [3, 20]] = upper[[3, 20]] = 0
    weights = upper + upper.T
    _check_tree(weights, coarsen(scipy.sparse.csr_matrix(weights), 3), 3)


def test_tree_of_the_hand(template):
    weights = graph.adjacency(template.faces, template.num_vertices)
    _check_tree(weights.toarray(), template.graph, 4)
    assert template.graph.sizes == (1280, 640, 320, 160, 80)
    again = coarsen(weights, 4)
    np.testing.assert_array_equal(again.permutation, template.graph.permutation)
    for one, other in zip(again.adjacencies, template.graph.adjacencies):
        assert (one != other).nnz == 0


def test_matching_is_the_greedy_one_of_the_paper():
    """Against a literal reading: degrees ascending, best w (1/d_i + 1/d_j), ties to the lower index."""
    generator = np.random.default_rng(3)
    upper = np.triu(generator.integers(1, 6, (25, 25)) * (generator.random((25, 25)) < 0.25), 1)
    weights = upper + upper.T
    degrees = weights.sum(axis=1)
    expected = np.full(25, -1)
    count = 0
    for vertex in sorted(range(25), key=lambda index: (degrees[index], index)):
        if expected[vertex] >= 0:
            continue
        free = [other for other in range(25) if weights[vertex, other] and expected[other] < 0 and other != vertex]
        expected[vertex] = count
        if free:
            gains = [weights[vertex, other] * (1 / degrees[vertex] + 1 / degrees[other]) for other in free]
            expected[free[int(np.argmax(np.round(gains, 12)))]] = count
        count += 1
    matched = coarsening.match(scipy.sparse.csr_matrix(weights.astype(np.int64)))
    np.testing.assert_array_equal(matched, expected)


def test_every_vertex_left_alone_has_no_free_neighbour(template):
    """Matching is maximal: two vertices left alone at a level are never neighbours."""
    occupied = template.graph.mask
    for weights in template.graph.adjacencies[:-1]:
        pairs = occupied.reshape(-1, 2)
        alone = np.flatnonzero((pairs.sum(axis=1) == 1).repeat(2) & occupied)
        assert weights[alone][:, alone].nnz == 0
        occupied = pairs.any(axis=1)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones((2, 3)), "square"),
        (np.array([[0, 1], [0, 0]]), "symmetric"),
        (np.array([[0, 0.5], [0.5, 0]]), "non-negative integers"),
        (np.array([[0, -1], [-1, 0]]), "non-negative integers"),
    ],
)
def test_bad_weights_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        coarsen(scipy.sparse.csr_matrix(weights))


def test_bad_permutations_are_refused():
    weights = _grid_weights(2, 2)
    with pytest.raises(ValueError, match=r"each of the vertices 0\.\.3 once"):
        coarsening.graph_from_permutation(weights, np.array([0, 1, 1, 3]), 1)
    with pytest.raises(ValueError, match="multiple of 4 places"):
        coarsening.graph_from_permutation(weights, np.array([0, 1, 2, 3, -1, -1]), 2)


def test_edges_within_a_cluster_stay_where_asked():
    weights = _grid_weights(3, 4)
    permutation = np.array([0, 1, 5, -1, 2, 3, 7, 6, 4, 8, 9, 10, 11, -1, -1, -1])
    plain = coarsening.graph_from_permutation(weights, permutation, 2)
    looped = coarsening.graph_from_permutation(weights, permutation, 2, self_loops=True)
    for level in range(3):
        found = looped.adjacencies[level].toarray()
        np.testing.assert_array_equal(found - np.diag(np.diag(found)), plain.adjacencies[level].toarray())
        expected = np.zeros_like(found)
        for i in range(16):
            for j in range(16):
                if permutation[i] >= 0 and permutation[j] >= 0:
                    expected[i >> level, j >> level] += weights[permutation[i], permutation[j]]
        np.testing.assert_array_equal(found, expected)
    assert np.diag(looped.adjacencies[1].toarray()).any()
