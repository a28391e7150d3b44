"""Batch norms folded into the convolutions and dense layers that come before them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import layers

from export.upsampling import DoubledPixels
from tfhand.layers import Hourglass

_LINEAR = (layers.Conv2D, layers.DepthwiseConv2D, layers.Dense)


def norm_scale_shift(norm: layers.BatchNormalization) -> tuple[np.ndarray, np.ndarray]:
    """What a batch norm does at inference: `x * scale + shift`, both (C,) float64."""
    gamma, beta, mean, variance = (
        keras.ops.convert_to_numpy(value).astype(np.float64)
        for value in (norm.gamma, norm.beta, norm.moving_mean, norm.moving_variance)
    )
    scale = gamma / np.sqrt(variance + norm.epsilon)
    return scale, beta - mean * scale


def fold_batch_norms(
    model: keras.Model, changes: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] | None = None
) -> keras.Model:
    """A copy of a functional model with weights of its own that computes the same without the foldable batch norms.

    A batch norm is folded if it follows a convolution or dense layer directly, and nothing else reads that layer.
    The others (after sums and poolings) stay: at inference they are one product and one sum. Those within a
    `ResidualModule` are left to the converters, which fold them the same way.

    Args:
        model: functional, without nested models.
        changes: of the configs of layers, by their names.

    Returns:
        The copy. Folded layers have a bias; in place of their batch norm stands an identity. Nearest upsampling is
        `DoubledPixels`.
    """
    norms = foldable_norms(model)
    gone = {norm.name for norm in norms.values()}

    def copy(layer: layers.Layer) -> layers.Layer:
        if layer.name in gone:
            return layers.Identity(name=layer.name)
        if isinstance(layer, layers.UpSampling2D) and layer.interpolation == "nearest" and layer.size == (2, 2):
            return DoubledPixels(name=layer.name)
        config = layer.get_config()
        if layer.name in norms:
            config["use_bias"] = True
        if layer.name in (changes or {}):
            config = changes[layer.name](config)
        again = type(layer).from_config(config)
        if isinstance(again, Hourglass):
            again.upsample = DoubledPixels(name="upsample")
        return again

    folded = keras.models.clone_model(model, clone_function=copy)
    for layer in model.layers:
        if not layer.weights:
            continue
        if layer.name in norms:
            folded.get_layer(layer.name).set_weights(_folded_weights(layer, norms[layer.name]))
        elif layer.name not in gone:
            folded.get_layer(layer.name).set_weights(layer.get_weights())
    return folded


def foldable_norms(model: keras.Model) -> dict[str, layers.BatchNormalization]:
    """The batch norms that `fold_batch_norms` folds, by the name of the layer before them."""
    readers: dict[str, int] = {}
    for layer in model.layers:
        for tensor in keras.tree.flatten(layer.input if not isinstance(layer, layers.InputLayer) else []):
            readers[tensor._keras_history.operation.name] = readers.get(tensor._keras_history.operation.name, 0) + 1
    for tensor in keras.tree.flatten(model.output):
        readers[tensor._keras_history.operation.name] = readers.get(tensor._keras_history.operation.name, 0) + 1
    found = {}
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            source = layer.input._keras_history.operation
            if isinstance(source, _LINEAR) and source.activation is keras.activations.linear and readers[source.name] == 1:
                found[source.name] = layer
    return found


def _folded_weights(layer: layers.Layer, norm: layers.BatchNormalization) -> list[np.ndarray]:
    scale, shift = norm_scale_shift(norm)
    kernel = layer.get_weights()[0].astype(np.float64)
    if isinstance(layer, layers.DepthwiseConv2D):
        kernel = kernel * scale.reshape(kernel.shape[2:])
    else:
        kernel = kernel * scale
    bias = layer.get_weights()[1] * scale + shift if layer.use_bias else shift
    return [kernel.astype(np.float32), bias.astype(np.float32)]
