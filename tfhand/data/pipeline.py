"""Batches as a `tf.data.Dataset`."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import tensorflow as tf

from tfhand.data.batches import BatchSource


def to_tf_dataset(
    source: BatchSource, start_step: int = 0, steps: int | None = None, parallel_calls: int | None = None
) -> tf.data.Dataset:
    """Batches `start_step, start_step + 1, ...` in their order, prepared in parallel and ahead of use.

    Args:
        source: where they come from.
        start_step: number of the first batch: a resumed run gives the step it stopped at.
        steps: how many batches; None goes on for ever when the source shuffles, otherwise to its end.
        parallel_calls: batches prepared at the same time; None lets tf.data choose.

    What goes wrong with a batch arrives as a `tf.errors.OpError`; see `loading_errors`.

    Returns:
        Dataset of `(images (B, S, S, 3) uint8, targets)`, shapes static but for the batch axis of a source that does
        not shuffle, whose last batch may be smaller.
    """
    if steps is None:
        steps = np.iinfo(np.int64).max - start_step if source.shuffle else max(len(source) - start_step, 0)
    shapes = source.target_shapes
    batch = source.batch_size if source.shuffle else None

    def load(step: np.ndarray) -> list[np.ndarray]:
        try:
            images, targets = source[int(step)]
        except Exception as error:
            source.error = error
            raise
        return [images, *(targets[key] for key in shapes)]

    def prepare(step: tf.Tensor):
        images, *targets = tf.numpy_function(load, [step], [tf.uint8] + [tf.float32] * len(shapes), stateful=False)
        images.set_shape((batch, source.size, source.size, 3))
        for target, shape in zip(targets, shapes.values(), strict=True):
            target.set_shape((batch, *shape))
        return images, dict(zip(shapes, targets, strict=True))

    dataset = tf.data.Dataset.range(start_step, start_step + steps)
    calls = tf.data.AUTOTUNE if parallel_calls is None else parallel_calls
    dataset = dataset.map(prepare, num_parallel_calls=calls, deterministic=True)
    options = tf.data.Options()
    # Every batch is a different function of its number already: there is nothing to share out between workers.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return dataset.with_options(options).prefetch(tf.data.AUTOTUNE)


@contextmanager
def loading_errors(source: BatchSource) -> Iterator[None]:
    """Around the use of `to_tf_dataset(source)`: what stopped a batch is raised as it was, not as a `tf.errors.OpError`."""
    try:
        yield
    except tf.errors.OpError:
        if source.error is None:
            raise
        raise source.error from None
