"""Graph matrices against dense, naive ones."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

from tfhand.mesh import HandTemplate, graph


@pytest.fixture(scope="module")
def template() -> HandTemplate:
    return HandTemplate.load()


def _random_weights(seed: int, size: int = 30) -> np.ndarray:
    generator = np.random.default_rng(seed)
    upper = np.triu(generator.integers(0, 4, (size, size)) * (generator.random((size, size)) < 0.2), 1)
    upper[:, 7] = upper[7] = 0  # One vertex without edges.
    return (upper + upper.T).astype(np.float64)


def test_adjacency_and_edges_match_a_loop_over_faces(template):
    expected = np.zeros((template.num_vertices,) * 2)
    for a, b, c in template.faces:
        for i, j in ((a, b), (b, c), (c, a)):
            expected[i, j] = expected[j, i] = 1
    matrix = graph.adjacency(template.faces, template.num_vertices)
    np.testing.assert_array_equal(matrix.toarray(), expected)
    pairs = graph.edges(template.faces)
    assert pairs.dtype == np.int32
    np.testing.assert_array_equal(pairs, np.argwhere(np.triu(expected)))


def test_adjacency_refuses_indices_out_of_range():
    with pytest.raises(ValueError, match=r"faces: expected vertex indices in 0\.\.2, got 0\.\.3"):
        graph.adjacency(np.array([[0, 1, 3]]), 3)


@pytest.mark.parametrize("seed", range(3))
def test_laplacian_matches_a_naive_dense_one(seed):
    weights = _random_weights(seed)
    expected = np.eye(len(weights))
    degrees = weights.sum(axis=1)
    for i in range(len(weights)):
        for j in range(len(weights)):
            if weights[i, j]:
                expected[i, j] -= weights[i, j] / np.sqrt(degrees[i] * degrees[j])
    laplacian = graph.normalized_laplacian(scipy.sparse.csr_matrix(weights))
    np.testing.assert_allclose(laplacian.toarray(), expected, atol=1e-12)
    lambda_max = np.linalg.eigvalsh(expected)[-1]
    assert graph.largest_eigenvalue(laplacian) == pytest.approx(lambda_max, abs=1e-9)
    rescaled = graph.rescaled_laplacian(laplacian)
    np.testing.assert_allclose(rescaled.toarray(), 2 * expected / lambda_max - np.eye(len(weights)), atol=1e-6)
    half = graph.rescaled_laplacian(laplacian, rescaling="half")
    np.testing.assert_allclose(half.toarray(), expected / (2 * lambda_max) - np.eye(len(weights)), atol=1e-6)


def test_largest_eigenvalue_of_every_level_matches_a_dense_solver(template):
    for weights in template.graph.adjacencies:
        laplacian = graph.normalized_laplacian(weights)
        expected = np.linalg.eigvalsh(laplacian.toarray())[-1]
        assert graph.largest_eigenvalue(laplacian) == pytest.approx(expected, abs=1e-8)


def test_spectrum_of_the_rescaled_laplacian_lies_within_one(template):
    values = np.linalg.eigvalsh(template.graph.laplacian(1).toarray().astype(np.float64))
    assert values[0] >= -1 - 1e-5
    assert values[-1] == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_rescaling_refuses_a_largest_eigenvalue_that_is_not_positive(value):
    with pytest.raises(ValueError, match="lambda_max: expected a positive number"):
        graph.rescaled_laplacian(scipy.sparse.eye(3), value)


def test_unknown_rescaling_lists_the_known_ones():
    with pytest.raises(ValueError, match="rescaling: expected one of chebyshev, half, got 'full'"):
        graph.rescaled_laplacian(scipy.sparse.eye(3), 1.0, "full")
