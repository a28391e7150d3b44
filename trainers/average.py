"""A running average of the weights, kept as a second network."""

from __future__ import annotations

import functools

import keras
from keras import ops


class WeightAverage(keras.layers.Layer):
    """The exponential moving average of a network's weights, as a network that can be run and saved at any time.

    The optimizers' `use_ema` ends every `fit` by overwriting the weights with their average, which sets a
    training in several stages back; it also leaves batch statistics out. Here the average never touches
    what is trained. Early on it forgets faster, with decay `min(decay, (1 + n) / (10 + n))` after `n` updates,
    so that short runs are not tied to their start.

    Args:
        network: the network that is trained.
        copy: a network of the same architecture; takes over the weights of `network` now and is never
            trained itself.
        decay: per-step decay, 0..1; 0 makes `copy` follow `network` from step to step.

    Raises:
        ValueError: the two networks' weights differ in number or shape.
    """

    def __init__(self, network: keras.Model, copy: keras.Model, decay: float):
        super().__init__(name="weight_average", trainable=False, dtype="float32")
        shapes = [[tuple(weight.shape) for weight in one.weights] for one in (network, copy)]
        if shapes[0] != shapes[1]:
            raise ValueError(
                f"copy: expected the {len(shapes[0])} weights of network, got {len(shapes[1])} that differ"
            )
        self.copy = copy
        self.copy.trainable = False
        self.decay = decay
        # Not a list: Keras would take the trained network's weights for this layer's own, and checkpoints hold them twice.
        self._pairs = functools.partial(zip, copy.weights, network.weights, strict=True)
        self.num_updates = self.add_weight(
            shape=(),
            dtype="int32",
            initializer="zeros",
            trainable=False,
            name="num_updates",
            aggregation="only_first_replica",
        )
        self.built = True
        self.reset()

    def reset(self) -> None:
        """Sets the average to the network's weights."""
        self.num_updates.assign(0)
        for average, weight in self._pairs():
            average.assign(ops.convert_to_numpy(weight))

    def update(self) -> None:
        """Moves the average towards the network's weights; part of the compiled training step."""
        n = ops.cast(self.num_updates, "float32")
        decay = ops.minimum(self.decay, (1.0 + n) / (10.0 + n))
        for average, weight in self._pairs():
            target = ops.stop_gradient(ops.cast(weight, average.dtype))
            average.assign(average + (1.0 - decay) * (target - average))
        self.num_updates.assign(self.num_updates + 1)
