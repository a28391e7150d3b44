"""Optimizers and learning-rate schedules from their config."""

from __future__ import annotations

import keras

from trainers.config import OptimizerConfig
from trainers.muon import Muon

_CLASSES = {
    "rmsprop": keras.optimizers.RMSprop,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "lion": keras.optimizers.Lion,
    "muon": Muon,
    "sgd": keras.optimizers.SGD,
}


def build_optimizer(
    config: OptimizerConfig, steps: int, model: keras.Model, num_replicas: int = 1
) -> keras.optimizers.Optimizer:
    """Makes the optimizer of a stage, its slots included.

    Args:
        config: what the stage says about it.
        steps: length of the stage, which the schedule spans.
        model: its trainable variables are the ones to move. Weight decay leaves out vectors: biases, and scales and
            offsets of normalisations.
        num_replicas: devices that share a batch.

    Raises:
        ValueError: nothing is trainable.
    """
    if not model.trainable_variables:
        raise ValueError("parts: expected parts with trainable weights, got none")
    options = {}
    if config.weight_decay > 0:
        options["weight_decay"] = config.weight_decay
    elif config.name in ("adamw", "muon"):  # Keras's defaults decay
        options["weight_decay"] = 0.0
    optimizer_class = _CLASSES[config.name]
    if config.clip_norm > 0 and num_replicas > 1:
        optimizer_class = _clipping_the_sum(optimizer_class, config.clip_norm, num_replicas)
    elif config.clip_norm > 0:
        options["global_clipnorm"] = config.clip_norm
    optimizer = optimizer_class(learning_rate=build_schedule(config, steps), **options)
    if config.weight_decay > 0:
        optimizer.exclude_from_weight_decay(
            var_list=[variable for variable in model.trainable_variables if len(variable.shape) < 2]
        )
    optimizer.build(model.trainable_variables)
    return optimizer


def build_schedule(config: OptimizerConfig, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate over the steps of a stage."""
    if config.schedule == "constant" and config.warmup_steps == 0:
        return config.learning_rate
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if config.warmup_steps else config.learning_rate,
        decay_steps=max(1, steps - config.warmup_steps),
        alpha=1.0 if config.schedule == "constant" else config.final_factor,
        warmup_target=config.learning_rate if config.warmup_steps else None,
        warmup_steps=config.warmup_steps,
    )


def _clipping_the_sum(
    optimizer_class: type[keras.optimizers.Optimizer], clip_norm: float, num_replicas: int
) -> type[keras.optimizers.Optimizer]:
    """An optimizer that clips as one device would: `global_clipnorm` clips every device's share by itself."""
    import tensorflow as tf

    class ClippingTheSum(optimizer_class):
        def apply(self, grads, trainable_variables=None):
            grads = list(grads)
            reached = [place for place, grad in enumerate(grads) if grad is not None]
            sums = [grads[place] for place in reached]
            summed = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, sums)
            clipped, _ = tf.clip_by_global_norm(summed, clip_norm)
            for place, grad in zip(reached, clipped, strict=True):  # they are added once more further down
                grads[place] = grad / num_replicas
            super().apply(grads, trainable_variables)

    return ClippingTheSum
