"""The 1 x 1 convolution against Keras's, and with products in bfloat16 against values rounded by hand."""

from __future__ import annotations

import keras
import ml_dtypes
import numpy as np
import pytest

from tests.layers.checks import check_layer, gradients, run
from tfhand.layers import PointwiseConv, kernels


def rounded(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, np.float32).astype(ml_dtypes.bfloat16).astype(np.float64)


@pytest.fixture
def narrow(training_kernels):
    kernels.enable(bfloat16=True)
    return training_kernels


def test_layer(rng) -> None:
    x = rng.normal(size=(2, 6, 6, 4)).astype("float32")
    check_layer(lambda **options: PointwiseConv(5, use_bias=False, **options), x)


def test_is_keras_s_without_bfloat16(rng) -> None:
    x = rng.normal(size=(2, 5, 4, 8)).astype("float32")
    layers = [PointwiseConv(6, use_bias=False), keras.layers.Conv2D(6, 1, use_bias=False)]
    for layer in layers:
        layer.build(x.shape)
    layers[1].set_weights(layers[0].get_weights())
    np.testing.assert_array_equal(run(layers[0], x, training=True), run(layers[1], x))


def test_products_are_of_rounded_values(rng, narrow) -> None:
    x = rng.normal(size=(3, 5, 4, 24)).astype("float32")
    layer = PointwiseConv(32, use_bias=False)
    layer.build(x.shape)
    filters = layer.get_weights()[0]
    exact, found = run(layer, x), run(layer, x, training=True)
    expected = rounded(x) @ rounded(filters[0, 0])
    np.testing.assert_array_equal(found, rounded(found))  # results are rounded once more
    np.testing.assert_allclose(found, expected, rtol=2**-8, atol=1e-5)
    assert 0 < np.abs(found - exact).max() < 0.05  # and only in training
    (by_filters,), by_images = gradients(layer, x)
    slopes = rounded(2 * found)
    np.testing.assert_allclose(by_images, slopes @ rounded(filters[0, 0]).T, rtol=2**-8, atol=1e-4)
    np.testing.assert_allclose(by_filters[0, 0], np.einsum("bhwc,bhwf->cf", rounded(x), slopes), rtol=2**-8, atol=1e-3)


def test_casts_round_to_the_nearest(rng, narrow) -> None:
    common = rng.normal(size=1000) * 10.0 ** rng.uniform(-40, 37, 1000)
    borders = [0.0, -0.0, np.inf, -np.inf, np.nan, 1 + 2**-8, 1 + 3 * 2**-8, 3.4e38, 1e-40]
    other_nans = np.array([0x7FFFFFFF, 0xFFFFFFFF, 0x7F800001], np.uint32).view(np.float32)
    values = np.concatenate([np.array([*common, *borders], np.float32), other_nans])
    found = narrow.tfhand_widen(narrow.tfhand_narrow(values)).numpy()
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(found, values.astype(ml_dtypes.bfloat16).astype(np.float32))


def test_a_convolution_with_bias_is_keras_s(rng, narrow) -> None:
    x = rng.normal(size=(2, 5, 4, 8)).astype("float32")
    layer = PointwiseConv(6)
    np.testing.assert_array_equal(run(layer, x, training=True), run(layer, x))
