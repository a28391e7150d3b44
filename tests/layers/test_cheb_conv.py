"""ChebConv against the formula written as loops, in every form."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import scipy.sparse as sp

from tests.layers.checks import check_layer, gradients, run, traced_ops
from tests.models.toys import toy_laplacian
from tfhand.layers import ChebConv
from tfhand.layers.graph_operator import GraphOperator


def naive(x: np.ndarray, laplacian: sp.csr_matrix, kernel: np.ndarray, bias: np.ndarray, order: int) -> np.ndarray:
    """Equation 1 of the paper, place by place and neighbour by neighbour, in float64."""
    dense = laplacian.toarray()
    batch, places, features = x.shape
    outputs = np.zeros((batch, places, kernel.shape[1]))
    for b in range(batch):
        terms = [x[b].astype(np.float64)]
        for k in range(1, order):
            product = np.zeros((places, features))
            for p in range(places):
                for q in np.flatnonzero(dense[p]):
                    product[p] += dense[p, q] * terms[-1][q]
            terms.append(product if k == 1 else 2.0 * product - terms[-2])
        for k, term in enumerate(terms):
            outputs[b] += term @ kernel[k * features : (k + 1) * features]
    return outputs + bias


@pytest.fixture
def laplacian(rng: np.random.Generator) -> sp.csr_matrix:
    return toy_laplacian(24, 5, rng)


@pytest.mark.parametrize("propagation", ["sparse", "dense"])
@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize(("features", "filters"), [(3, 6), (6, 2)])  # forward recurrence, Clenshaw's
def test_is_the_chebyshev_sum(laplacian, rng, features, filters, order, propagation) -> None:
    x = rng.normal(size=(2, 24, features)).astype("float32")
    layer = ChebConv(filters, laplacian, order=order, propagation=propagation)
    layer.build(x.shape)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.weights])
    kernel, bias = layer.get_weights()
    expected = naive(x, laplacian, kernel, bias, order)
    for training in (False, True):
        np.testing.assert_allclose(run(layer, x, training=training), expected, rtol=1e-4, atol=1e-4)


def test_asymmetric_matrix_has_the_right_gradient(rng) -> None:
    """The gradient in training is a gather of our own: against automatic differentiation of the dense form."""
    matrix = sp.random(20, 20, density=0.2, random_state=1, format="csr")
    x = rng.normal(size=(2, 20, 3)).astype("float32")
    layers = [ChebConv(5, matrix, propagation=form) for form in ("sparse", "dense")]
    for layer in layers:
        layer.build(x.shape)
    layers[1].set_weights(layers[0].get_weights())
    (by_weights, by_input), (dense_by_weights, dense_by_input) = (gradients(layer, x) for layer in layers)
    np.testing.assert_allclose(by_input, dense_by_input, rtol=1e-4, atol=1e-3)
    for found, expected in zip(by_weights, dense_by_weights, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("features", "filters"), [(3, 6), (6, 2), (1, 1)])
def test_compiled_kernels_give_the_same(rng, training_kernels, features, filters) -> None:
    matrix = sp.random(30, 30, density=0.2, random_state=2, format="csr")  # asymmetric, rows of zero to ten neighbours
    x = rng.normal(size=(3, 30, features)).astype("float32")
    layers = [ChebConv(filters, matrix, order=4, propagation=form) for form in ("sparse", "dense")]
    for layer in layers:
        layer.build(x.shape)
    layers[1].set_weights([rng.normal(size=weight.shape) for weight in layers[1].weights])
    layers[0].set_weights(layers[1].get_weights())
    assert "TfhandGraphProduct" in traced_ops(layers[0], x, training=True)
    assert "TfhandGraphProduct" not in traced_ops(layers[0], x, training=False)
    np.testing.assert_allclose(*(run(layer, x, training=True) for layer in layers), rtol=1e-4, atol=1e-4)
    (by_weights, by_input), (dense_by_weights, dense_by_input) = (gradients(layer, x) for layer in layers)
    np.testing.assert_allclose(by_input, dense_by_input, rtol=1e-3, atol=1e-3)
    for found, expected in zip(by_weights, dense_by_weights, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_gradient_agrees_with_finite_differences(laplacian, rng) -> None:
    x = rng.normal(size=(1, 24, 4)).astype("float32")
    layer = ChebConv(2, laplacian, order=4)
    _, by_input = gradients(layer, x)
    for p, f in ((0, 0), (7, 3), (23, 1)):
        step = np.zeros_like(x)
        step[0, p, f] = 1e-2
        difference = (run(layer, x + step) ** 2).sum() - (run(layer, x - step) ** 2).sum()
        assert by_input[0, p, f] == pytest.approx(difference / 2e-2, rel=1e-2, abs=1e-2)


@pytest.mark.parametrize("propagation", ["sparse", "dense"])
@pytest.mark.parametrize("filters", [2, 7])
def test_behaves_as_a_layer(laplacian, rng, filters, propagation) -> None:
    x = rng.normal(size=(3, 24, 4)).astype("float32")
    check_layer(lambda **kw: ChebConv(filters, laplacian, propagation=propagation, **kw), x)


def test_config_keeps_the_laplacian_exactly_and_small(rng) -> None:
    laplacian = toy_laplacian(1280, 326, rng)
    config = json.dumps(ChebConv(8, laplacian).get_config())
    again = ChebConv.from_config(json.loads(config)).operator.csr
    assert (again != laplacian.astype("float32")).nnz == 0
    assert len(config) < 30_000  # the dense matrix would be 6.5 MB


def test_without_bias(laplacian, rng) -> None:
    layer = ChebConv(3, laplacian, use_bias=False)
    assert not run(layer, np.zeros((1, 24, 2), "float32")).any()
    assert [weight.name for weight in layer.weights] == ["kernel"]


def test_cost_grows_with_edges_not_with_places_squared(rng) -> None:
    costs = []
    for places in (160, 320, 640):
        layer = ChebConv(8, toy_laplacian(places, 0, rng))
        costs.append(layer.multiply_adds((None, places, 8)))
    assert costs[1] == 2 * costs[0] and costs[2] == 4 * costs[0]


def test_wrong_arguments_are_named(laplacian) -> None:
    with pytest.raises(ValueError, match="order must be at least 1, got 0"):
        ChebConv(4, laplacian, order=0)
    with pytest.raises(ValueError, match="filters must be at least 1, got 0"):
        ChebConv(0, laplacian)
    with pytest.raises(ValueError, match="'sparse', 'dense'.*got 'fast'"):
        ChebConv(4, laplacian, propagation="fast")
    with pytest.raises(ValueError, match=r"must be square, got \(2, 3\)"):
        ChebConv(4, np.ones((2, 3)))
    with pytest.raises(ValueError, match="must be finite"):
        GraphOperator(np.full((2, 2), np.nan))
    with pytest.raises(ValueError, match=r"\(B, 24, F\).*got \(None, 23, 4\)"):
        ChebConv(4, laplacian)(keras.Input((23, 4)))
