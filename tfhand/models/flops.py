"""Counts the multiply-adds of a functional model."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers


def multiply_adds(model: keras.Model) -> int:
    """Multiply-adds of one sample: convolutions, matrix products and graph convolutions.

    Counted are all products of features with weights (or of features with features), each with its
    addition, at the sizes at which they run; sparse graph convolutions with their padded neighbour tables.
    Batch norms (folded at inference), biases, activations, sums, poolings and resizing are not.

    Args:
        model: functional; nested models are counted by what is inside.

    Raises:
        ValueError: the model has a layer with weights whose products this function can't count.
    """
    return sum(_of_layer(layer) for layer in model.layers)


def _of_layer(layer: keras.layers.Layer) -> int:
    if isinstance(layer, keras.Model):
        return multiply_adds(layer)
    if hasattr(layer, "multiply_adds"):
        return layer.multiply_adds(_shapes(layer.input))
    if isinstance(layer, layers.DepthwiseConv2D):
        return math.prod(layer.output.shape[1:]) * math.prod(layer.kernel_size)
    if isinstance(layer, layers.Conv2D):
        window = math.prod(layer.kernel_size) * layer.input.shape[-1] // layer.groups
        return math.prod(layer.output.shape[1:]) * window
    if isinstance(layer, layers.Dense):
        return math.prod(layer.output.shape[1:]) * layer.input.shape[-1]
    if isinstance(layer, layers.BatchNormalization) or not layer.weights:
        return 0
    raise ValueError(f"multiply-adds of {type(layer).__name__} ({layer.name!r}) are not known.")


def _shapes(tensors: Any) -> Any:
    if isinstance(tensors, (list, tuple)):
        return tuple(_shapes(tensor) for tensor in tensors)
    return tuple(tensors.shape)
