from __future__ import annotations

import keras
import numpy as np
import pytest

from trainers.muon import Muon

RATE = 0.1


def steps_of(optimizer, shape, gradients):
    variable = keras.Variable(np.zeros(shape, np.float32))
    optimizer.build([variable])
    steps = []
    for gradient in gradients:
        before = keras.ops.convert_to_numpy(variable)
        optimizer.apply([keras.ops.convert_to_tensor(gradient)])
        steps.append(keras.ops.convert_to_numpy(variable) - before)
    return steps


def gradients_of(shape, count=3):
    return np.random.default_rng(0).normal(size=(count, *shape)).astype(np.float32)


@pytest.mark.parametrize("shape", [(12, 30), (30, 12), (1, 1, 16, 40), (3, 3, 8, 10), (3, 12, 9)])
def test_a_kernels_step_is_the_orthogonal_matrix_next_to_its_momentum(shape):
    gradients = gradients_of(shape)
    momentum = np.zeros(shape, np.float32)
    for step, gradient in zip(steps_of(Muon(learning_rate=RATE, weight_decay=None), shape, gradients), gradients, strict=True):
        momentum = 0.95 * momentum + gradient
        left, _, right = np.linalg.svd((gradient + 0.95 * momentum).reshape(-1, shape[-1]), full_matrices=False)
        length = RATE * 0.2 * np.sqrt(max(left.shape[0], right.shape[1]))
        sizes = np.diag(left.T @ -step.reshape(-1, shape[-1]) @ right.T) / length
        assert sizes.min() > 0.6 and sizes.max() < 1.3  # five Newton-Schulz iterations leave singular values within 0.3 of 1
        np.testing.assert_allclose(step.reshape(-1, shape[-1]), -length * (left * sizes) @ right, atol=1e-4)
        assert np.sqrt(np.mean(step**2)) == pytest.approx(0.2 * RATE, rel=0.3)


@pytest.mark.parametrize("shape", [(7,), (5, 5, 24, 1), (96, 3), (4, 30)])
def test_vectors_depthwise_kernels_and_thin_matrices_move_as_adamw_moves_them(shape):
    gradients = gradients_of(shape)
    ours = steps_of(Muon(learning_rate=RATE, weight_decay=None), shape, gradients)
    adamw = steps_of(keras.optimizers.AdamW(learning_rate=RATE, weight_decay=0.0), shape, gradients)
    np.testing.assert_allclose(ours, adamw, rtol=1e-5, atol=1e-6)


def test_one_weight_decay_holds_for_all_kernels():
    for shape in ((12, 30), (5, 5, 24, 1)):
        variable = keras.Variable(np.ones(shape, np.float32))
        optimizer = Muon(learning_rate=RATE, weight_decay=0.5)
        optimizer.build([variable])
        optimizer.apply([keras.ops.zeros(shape)])
        np.testing.assert_allclose(keras.ops.convert_to_numpy(variable), 1 - 0.5 * RATE, rtol=1e-6)
