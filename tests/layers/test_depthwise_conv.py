"""The depthwise convolution against Keras's, with the compiled gradient of its filters and without."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.layers.checks import check_layer, gradients, run, run_on_two_devices, traced_ops
from tfhand.layers import DepthwiseConv, kernels


def naive_gradient(x: np.ndarray, slopes: np.ndarray, size: int, stride: int) -> np.ndarray:
    """The gradient of depthwise filters, place by place, in float64; padding as TensorFlow's "SAME"."""
    needed = [max((out - 1) * stride + size - side, 0) for out, side in zip(slopes.shape[1:3], x.shape[1:3], strict=True)]
    padding = [(0, 0), *((count // 2, count - count // 2) for count in needed), (0, 0)]
    padded = np.pad(x.astype(np.float64), padding)
    gradient = np.zeros((size, size, x.shape[3], 1))
    for row in range(slopes.shape[1]):
        for column in range(slopes.shape[2]):
            window = padded[:, row * stride : row * stride + size, column * stride : column * stride + size]
            gradient[..., 0] += np.einsum("bijc,bc->ijc", window, slopes[:, row, column])
    return gradient


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("shape", [(2, 9, 12, 20), (3, 5, 5, 16), (1, 8, 3, 1)])  # parts of 16 channels, and whole ones
def test_trains_as_keras_does(rng, training_kernels, shape, stride) -> None:
    x = rng.normal(size=shape).astype("float32")
    options = {"strides": stride, "padding": "same", "use_bias": False}
    layers = [make(5, **options) for make in (DepthwiseConv, keras.layers.DepthwiseConv2D)]
    filters = rng.normal(size=(5, 5, shape[3], 1))
    for layer in layers:
        layer.build(shape)
        layer.set_weights([filters])
    outputs = [run(layers[0], x, training=True), run(layers[1], x)]
    np.testing.assert_allclose(outputs[0], outputs[1], rtol=1e-4, atol=1e-4)
    (by_filters,), by_images = gradients(layers[0], x)
    (keras_by_filters,), keras_by_images = gradients(layers[1], x)
    np.testing.assert_allclose(by_images, keras_by_images, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(by_filters, keras_by_filters, rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(by_filters, naive_gradient(x, 2 * outputs[0], 5, stride), rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_kernel_is_the_sum_over_places(rng, training_kernels, size, stride) -> None:
    x = rng.normal(size=(3, 11, 8, 37)).astype("float32")
    out = [-(-side // stride) for side in x.shape[1:3]]
    slopes = rng.normal(size=(3, *out, 37)).astype("float32")
    before = [max((count - 1) * stride + size - side, 0) // 2 for count, side in zip(out, x.shape[1:3], strict=True)]
    found = training_kernels.tfhand_depthwise_filter_gradient(
        images=x, slopes=slopes, size=size, stride=stride, before=before
    )
    np.testing.assert_allclose(found, naive_gradient(x, slopes, size, stride), rtol=1e-4, atol=1e-4)


def test_other_convolutions_are_keras_s(rng, training_kernels) -> None:
    x = rng.normal(size=(2, 7, 7, 4)).astype("float32")
    for options in ({"kernel_size": 3, "padding": "same"}, {"kernel_size": 5}, {"kernel_size": 5, "depth_multiplier": 2}):
        layer = DepthwiseConv(**options)
        outputs = run(layer, x, training=True)
        same = keras.layers.DepthwiseConv2D(**options)
        same.build(x.shape)
        same.set_weights(layer.get_weights())
        np.testing.assert_allclose(outputs, run(same, x), rtol=1e-5, atol=1e-5)


def test_layer(rng) -> None:
    x = rng.normal(size=(2, 6, 6, 4)).astype("float32")
    check_layer(lambda **options: DepthwiseConv(5, padding="same", use_bias=False, **options), x)


def test_kernel_is_used_in_training_alone_and_only_when_asked_for(rng, training_kernels) -> None:
    layer, x = DepthwiseConv(5, padding="same", use_bias=False), rng.normal(size=(2, 6, 6, 4)).astype("float32")
    layer(x)
    assert "TfhandDepthwiseFilterGradient" in traced_ops(layer, x, training=True)
    assert not any(name.startswith("Tfhand") for name in traced_ops(layer, x, training=False))
    kernels.disable()
    assert not any(name.startswith("Tfhand") for name in traced_ops(layer, x, training=True))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.distribute")
def test_replicas_give_the_gradient_of_the_whole_batch() -> None:
    run_on_two_devices("""
from tfhand.layers import DepthwiseConv, kernels
x = np.random.default_rng(0).normal(size=(6, 9, 8, 3)).astype('float32')
with strategy.scope():
    layer = DepthwiseConv(5, padding='same', use_bias=False); layer.build((None, 9, 8, 3))

def slope(part):
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(part, training=True) ** 2)
    return tape.gradient(total, layer.kernel.value)

kernels.enable()
found = strategy.reduce('SUM', on_both(slope, x), axis=None)
kernels.disable()
np.testing.assert_allclose(found, slope(tf.constant(x)), rtol=1e-4, atol=1e-3)
""")
