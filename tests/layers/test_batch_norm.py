"""The fused batch norm against Keras's own."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.layers.checks import check_layer, gradients, run, run_on_two_devices
from tfhand.layers import BatchNorm


@pytest.mark.parametrize("shape", [(4, 5, 6, 3), (4, 7, 3), (8, 3)])
def test_trains_as_keras_does(rng, shape) -> None:
    x = (rng.normal(size=shape) * 3.0 + 1.0).astype("float32")
    layers = [BatchNorm(momentum=0.8, epsilon=1e-2), keras.layers.BatchNormalization(momentum=0.8, epsilon=1e-2)]
    start = [rng.uniform(0.5, 2.0, size=3) for _ in range(4)]
    for layer in layers:
        layer.build(shape)
        layer.set_weights(start)
    results = [run(layer, x, training=True) for layer in layers]
    np.testing.assert_allclose(results[0], results[1], rtol=1e-4, atol=1e-4)
    for found, expected in zip(*(layer.get_weights() for layer in layers), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    by_weights, by_input = gradients(layers[0], x)
    keras_by_weights, keras_by_input = gradients(layers[1], x)
    np.testing.assert_allclose(by_input, keras_by_input, rtol=1e-3, atol=1e-3)
    for found, expected in zip(by_weights, keras_by_weights, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-2)


def test_frozen_layer_uses_and_keeps_its_averages(rng) -> None:
    layer = BatchNorm()
    x = rng.normal(size=(2, 4, 4, 3)).astype("float32") + 5.0
    layer(x)
    layer.trainable = False
    before = layer.get_weights()
    np.testing.assert_allclose(run(layer, x, training=True), run(layer, x, training=False))
    for found, expected in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_behaves_as_a_layer(rng) -> None:
    check_layer(lambda **kw: BatchNorm(momentum=0.5, **kw), rng.normal(size=(3, 4, 4, 2)).astype("float32"))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.distribute is TensorFlow's")
def test_two_devices_normalise_by_the_whole_batch(rng) -> None:
    """On two replicas every sample is normalised as in one batch, and the averages are the same."""
    run_on_two_devices("""
from tfhand.layers import BatchNorm
x = (np.random.default_rng(0).normal(size=(6, 4, 4, 3)) * [1, 2, 3] + 1).astype('float32')
one = BatchNorm(momentum=0.5); expected = one(x, training=True)
with strategy.scope():
    layer = BatchNorm(momentum=0.5); layer.build((None, 4, 4, 3))
found = on_both(lambda part: layer(part, training=True), x)
found = np.concatenate([part.numpy() for part in strategy.experimental_local_results(found)])
np.testing.assert_allclose(found, expected, atol=1e-4)
np.testing.assert_allclose(layer.moving_variance.numpy(), one.moving_variance.numpy(), rtol=1e-4)
""")
