from __future__ import annotations

import keras
import numpy as np
import pytest
from toy import ToyNet

from trainers.average import WeightAverage


def test_follows_the_formula_and_includes_batch_statistics(rng):
    network = ToyNet()
    average = WeightAverage(network, ToyNet(), decay=0.5)
    expected = network.get_weights()
    for update in range(6):
        for weight in network.weights:
            weight.assign(rng.normal(size=weight.shape))
        average.update()
        decay = min(0.5, (1 + update) / (10 + update))
        expected = [decay * old + (1 - decay) * new for old, new in zip(expected, network.get_weights(), strict=True)]
    for got, wanted in zip(average.copy.get_weights(), expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)
    assert any("moving_variance" in weight.path for weight in average.copy.weights)


def test_starts_as_the_network_and_is_not_trained():
    network = ToyNet()
    average = WeightAverage(network, ToyNet(), decay=0.9)
    for got, wanted in zip(average.copy.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(got, wanted)
    assert average.trainable_variables == []
    assert len(average.variables) == len(network.weights) + 1  # checkpoints hold the network's own once
    assert network.trainable_variables


def test_decay_zero_follows(rng):
    network = ToyNet()
    average = WeightAverage(network, ToyNet(), decay=0.0)
    network.weights[0].assign(rng.normal(size=network.weights[0].shape))
    average.update()
    np.testing.assert_allclose(average.copy.get_weights()[0], network.get_weights()[0], rtol=1e-6, atol=1e-6)


def test_other_architectures_are_refused():
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="expected the 14 weights"):
        WeightAverage(ToyNet(), other, decay=0.9)
