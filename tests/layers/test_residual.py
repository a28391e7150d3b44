"""Residual module and hourglass against compositions of plain numpy."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.layers.checks import check_layer, run
from tfhand.layers import Hourglass, ResidualModule


def randomise(layer: keras.layers.Layer, rng: np.random.Generator) -> None:
    """Random weights, running variances positive, small enough for deep sums."""
    for weight in layer.weights:
        value = rng.normal(size=weight.shape) * (1.0 if len(weight.shape) == 1 else 0.3 / np.sqrt(weight.shape[-2]))
        weight.assign(np.abs(value) + 0.5 if "variance" in weight.name else value)


def conv(x: np.ndarray, layer: keras.layers.Conv2D) -> np.ndarray:
    """Convolution with zero padding, pixel by pixel."""
    kernel, bias = layer.get_weights()
    k, (batch, height, width, _) = kernel.shape[0], x.shape
    padded = np.pad(x, ((0, 0), (k // 2, k // 2), (k // 2, k // 2), (0, 0)))
    outputs = np.zeros((batch, height, width, kernel.shape[-1]))
    for i in range(height):
        for j in range(width):
            outputs[:, i, j] = np.einsum("bhwc,hwcf->bf", padded[:, i : i + k, j : j + k], kernel)
    return outputs + bias


def norm_relu(x: np.ndarray, layer: keras.layers.BatchNormalization) -> np.ndarray:
    gamma, beta, mean, variance = layer.get_weights()
    return np.maximum((x - mean) / np.sqrt(variance + layer.epsilon) * gamma + beta, 0.0)


def naive_residual(x: np.ndarray, module: ResidualModule) -> np.ndarray:
    y = conv(norm_relu(x, module.bn1), module.conv1)
    y = conv(norm_relu(y, module.bn2), module.conv2)
    y = conv(norm_relu(y, module.bn3), module.conv3)
    return y + (x if module.skip is None else conv(x, module.skip))


def naive_hourglass(x: np.ndarray, layer: Hourglass, scale: int = 0) -> np.ndarray:
    """The original's recursion, as the paper draws it."""

    def chain(y: np.ndarray, modules: list[ResidualModule]) -> np.ndarray:
        for module in modules:
            y = naive_residual(y, module)
        return y

    batch, height, width, channels = x.shape
    pooled = x.reshape(batch, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))
    low = chain(pooled, layer.downs[scale])
    inner = scale + 1 < layer.depth
    low = naive_hourglass(low, layer, scale + 1) if inner else chain(low, layer.bottom)
    low = chain(low, layer.ups[scale])
    return chain(x, layer.skips[scale]) + low.repeat(2, axis=1).repeat(2, axis=2)


@pytest.mark.parametrize(("channels", "filters"), [(4, 4), (4, 6), (8, 4)])
def test_residual_module_is_its_parts(rng, channels, filters) -> None:
    layer = ResidualModule(filters)
    x = rng.normal(size=(2, 5, 6, channels)).astype("float32")
    layer.build(x.shape)
    randomise(layer, rng)
    np.testing.assert_allclose(run(layer, x), naive_residual(x, layer), rtol=1e-4, atol=1e-4)
    assert (layer.skip is None) == (channels == filters)


def test_hourglass_is_the_recursion(rng) -> None:
    layer = Hourglass(4, depth=2, modules=2)
    x = rng.normal(size=(1, 8, 12, 4)).astype("float32")
    layer.build(x.shape)
    randomise(layer, rng)
    np.testing.assert_allclose(run(layer, x), naive_hourglass(x, layer), rtol=1e-3, atol=1e-3)
    assert len([name for name in vars(layer) if isinstance(getattr(layer, name), ResidualModule)]) == 0
    # Skip, down and up at each scale, two modules each, and two at the bottom.
    assert len([part for part in layer._flatten_layers() if isinstance(part, ResidualModule)]) == 2 * (3 * 2 + 1)


def test_behave_as_layers(rng) -> None:
    check_layer(lambda **kw: ResidualModule(6, **kw), rng.normal(size=(3, 4, 4, 2)).astype("float32"))
    check_layer(
        lambda **kw: Hourglass(4, depth=1, modules=1, **kw),
        rng.normal(size=(3, 8, 8, 4)).astype("float32"),
        tolerance=1e-4,
    )


def test_wrong_shapes_are_named() -> None:
    with pytest.raises(ValueError, match="even number of at least 2, got 5"):
        ResidualModule(5)
    with pytest.raises(ValueError, match=r"divisible by 2 \*\* depth = 16, got \(24, 64\)"):
        Hourglass(4)(keras.Input((24, 64, 4)))
    with pytest.raises(ValueError, match="filters = 4 channels, got 8"):
        Hourglass(4)(keras.Input((64, 64, 8)))
