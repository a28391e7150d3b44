"""Multiply-adds of models whose products can be counted by hand."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from tfhand.layers import ChebConv, HeatmapPooling, Hourglass, JointAnchors, ResidualModule, SoftArgmax2D
from tfhand.models import multiply_adds


def chain(shape: tuple[int, ...], *parts: keras.layers.Layer) -> keras.Model:
    x = image = keras.Input(shape)
    for part in parts:
        x = part(x)
    return keras.Model(image, x)


def test_plain_layers() -> None:
    assert multiply_adds(chain((8, 8, 3), layers.Conv2D(5, 3, strides=2, padding="same"))) == 16 * 5 * 27
    assert multiply_adds(chain((8, 8, 6), layers.DepthwiseConv2D(5, padding="same"))) == 64 * 6 * 25
    assert multiply_adds(chain((8, 8, 6), layers.Conv2D(4, 1, groups=2))) == 64 * 4 * 3
    assert multiply_adds(chain((7, 6), layers.Dense(4))) == 7 * 6 * 4
    free = (layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(2), layers.UpSampling2D(2))
    assert multiply_adds(chain((8, 8, 3), *free)) == 0


def test_nested_models_count_once_for_each_stage() -> None:
    inner = chain((8, 8, 3), layers.Conv2D(5, 1))
    assert multiply_adds(chain((8, 8, 3), inner, layers.Conv2D(2, 1))) == 64 * (15 + 10)


def test_own_layers() -> None:
    # 4 -> 6 channels: 1x1 to 3, 3x3 of 3, 1x1 to 6, skip.
    assert multiply_adds(chain((5, 5, 4), ResidualModule(6))) == 25 * (4 * 3 + 9 * 9 + 3 * 6 + 4 * 6)
    # Scales of 8 x 8 (skip), 4 x 4 (down, skip, up), 2 x 2 (down, bottom, up); one module each.
    module = 4 * 2 + 9 * 4 + 2 * 4
    assert multiply_adds(chain((8, 8, 4), Hourglass(4, depth=2, modules=1))) == module * (64 + 3 * 16 + 3 * 4)
    ring = np.roll(np.eye(6), 1, axis=0) + np.roll(np.eye(6), -1, axis=0)
    assert multiply_adds(chain((6, 5), ChebConv(7, ring))) == 6 * (3 * 35 + 2 * 2 * 5)
    assert multiply_adds(chain((6, 5), ChebConv(2, ring))) == 6 * (3 * 10 + 2 * 2 * 2)
    assert multiply_adds(chain((6, 5), ChebConv(2, ring, propagation="dense"))) == 6 * (3 * 10 + 2 * 6 * 2)
    assert multiply_adds(chain((21, 3), JointAnchors(np.ones((9, 21))))) == 9 * 21 * 3
    assert multiply_adds(chain((4, 4, 3), SoftArgmax2D())) == 2 * 16 * 3
    maps, features = keras.Input((4, 4, 3)), keras.Input((4, 4, 5))
    pooled = HeatmapPooling()([maps, features])
    assert multiply_adds(keras.Model([maps, features], pooled)) == 16 * 3 * 5


def test_unknown_layer_is_named() -> None:
    with pytest.raises(ValueError, match="Conv1D"):
        multiply_adds(chain((8, 3), layers.Conv1D(2, 3)))
