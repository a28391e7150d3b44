"""What every layer must do, whatever it computes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import keras
import numpy as np
from keras import ops


def run(layer: Any, inputs: Any, **options: Any) -> np.ndarray:
    """Calls a layer or model eagerly and returns its output as numpy."""
    return ops.convert_to_numpy(layer(inputs, **options))


def check_layer(make: Any, *inputs: np.ndarray, tolerance: float = 1e-5, bfloat16_tolerance: float = 0.1) -> None:
    """Checks a layer's config round trip, shapes, dynamic batch, compiled calls and 16-bit policy.

    Args:
        make: called with `dtype=`, gives a new layer.
        *inputs: batches, float32; a layer with several takes them as a list.
        tolerance: between eager and compiled calls, relative to the largest output.
        bfloat16_tolerance: between float32 and mixed_bfloat16, relative to the largest output.
    """
    layer = make(dtype="float32")
    several = len(inputs) > 1
    expected = run(layer, list(inputs) if several else inputs[0])
    scale = max(1e-6, float(np.abs(expected).max()))

    config = json.loads(json.dumps(layer.get_config()))
    again = type(layer).from_config(config)
    assert json.loads(json.dumps(again.get_config())) == config
    symbols = [keras.Input(batch.shape[1:]) for batch in inputs]
    model = keras.Model(symbols if several else symbols[0], again(symbols if several else symbols[0]))
    assert model.output.shape == (None, *expected.shape[1:])
    shapes = [(None, *batch.shape[1:]) for batch in inputs]
    assert tuple(layer.compute_output_shape(shapes if several else shapes[0])) == model.output.shape
    model.set_weights(layer.get_weights())
    # Compiled, with an odd batch as well: the batch is not baked in.
    for batch in (slice(None), slice(0, 1)):
        found = model.predict([x[batch] for x in inputs] if several else inputs[0][batch], verbose=0)
        np.testing.assert_allclose(found, expected[batch], atol=tolerance * scale, rtol=0)
    if keras.backend.backend() == "tensorflow":  # JAX has compiled with XLA already
        model.jit_compile = True
        found = model.predict(list(inputs) if several else inputs[0], verbose=0)
        np.testing.assert_allclose(found, expected, atol=tolerance * scale, rtol=0)

    mixed = make(dtype="mixed_bfloat16")
    mixed(list(inputs) if several else inputs[0])
    mixed.set_weights(layer.get_weights())
    assert all(weight.dtype == "float32" for weight in mixed.weights)
    found = ops.convert_to_numpy(ops.cast(mixed(list(inputs) if several else inputs[0]), "float32"))
    np.testing.assert_allclose(found, expected, atol=bfloat16_tolerance * scale, rtol=0)


_TWO_DEVICES = """
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices('CPU')[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(['CPU:0', 'CPU:1'])

def on_both(function, x):
    parts = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(np.split(x, 2)[context.replica_id_in_sync_group]))
    return tf.function(lambda: strategy.run(function, args=(parts,)))()
"""


def run_on_two_devices(code: str) -> None:
    """Runs Python code in a process with two logical CPUs, TensorFlow's, and asserts that it gets to its end.

    Args:
        code: may use `np`, `tf`, `strategy`, and `on_both(function, x)`, which calls a function on halves of a batch (N, ...).
    """
    command = [sys.executable, "-c", f"{_TWO_DEVICES}\n{code}\nprint('done')"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.stdout.strip().endswith("done"), result.stderr[-2000:]


def traced_ops(layer: Any, inputs: np.ndarray, training: bool) -> set[str]:
    """Types of the ops in TensorFlow's graph of a built layer's call and of its gradients by inputs and weights."""
    import tensorflow as tf

    @tf.function
    def slopes(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(layer(x, training=training) ** 2)
        return tape.gradient(total, [x, *(weight.value for weight in layer.trainable_weights)])

    return {op.type for op in slopes.get_concrete_function(tf.constant(inputs)).graph.get_operations()}


def gradients(layer: Any, inputs: np.ndarray, training: bool = True) -> tuple[list[np.ndarray], np.ndarray]:
    """Gradients of `sum(output ** 2)` by the layer's weights and by its inputs, under either backend."""
    if not layer.built:
        layer.build(inputs.shape)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        x = tf.constant(inputs)
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(layer(x, training=training) ** 2)
        weights, by_input = tape.gradient(loss, ([weight.value for weight in layer.trainable_weights], x))
        return [np.asarray(weight) for weight in weights], np.asarray(by_input)
    import jax

    def loss(weights: Any, x: Any) -> Any:
        fixed = [weight.value for weight in layer.non_trainable_variables]
        output, _ = layer.stateless_call(weights, fixed, x, training=training)
        return ops.sum(output**2)

    start = [weight.value for weight in layer.trainable_weights]
    weights, by_input = jax.grad(loss, argnums=(0, 1))(start, jax.numpy.asarray(inputs))
    return [np.asarray(weight) for weight in weights], np.asarray(by_input)
