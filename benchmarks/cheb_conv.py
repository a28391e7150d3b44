"""Sparse ChebConv against a dense one, forward and with gradients, on the template's graph and on larger ones.

    python -m benchmarks.cheb_conv --features 32 --batches 1 32
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.common import TIMING_HEADERS, compiled, measure, parser, print_machine, print_table, set_threads


def main(arguments: list[str] | None = None) -> None:
    """Runs the command."""
    options = parser(__doc__, repeats=20)
    options.add_argument("--features", type=int, default=32, help="features in and out")
    options.add_argument("--batches", nargs="+", type=int, default=[1, 32], help="batch sizes")
    options.add_argument("--largest-grid", type=int, default=64, help="side of the largest grid graph, vertices")
    args = options.parse_args(arguments)
    set_threads(args.threads)
    print_machine()
    rows = []
    for graph, laplacian in graphs(args.largest_grid):
        for batch in args.batches:
            for kind, direction, call in calls(laplacian, batch, args.features):
                timing = measure(call, args.repeats)
                rows.append([graph, str(laplacian.shape[0]), str(batch), direction, kind, *timing.cells(batch)])
    headers = ["graph", "places", "batch", "direction", "ChebConv", *TIMING_HEADERS]
    print_table(f"ChebConv of order 3, {args.features} to {args.features} features, items are graphs", headers, rows)


def graphs(largest_grid: int) -> Iterator[tuple[str, Any]]:
    """Rescaled Laplacians: two levels of the template's tree, and triangulated grids of growing size."""
    from tfhand.mesh import HandTemplate
    from tfhand.mesh.graph import adjacency, normalized_laplacian, rescaled_laplacian

    graph = HandTemplate.load().graph
    for level in (2, 0):
        yield f"hand, level {level}", graph.laplacian(level)
    side = 48
    while side <= largest_grid:
        corner = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
        lower = np.stack([corner, corner + 1, corner + side], axis=1)
        upper = np.stack([corner + 1, corner + side + 1, corner + side], axis=1)
        weights = adjacency(np.concatenate([lower, upper]).astype(np.int32), side * side)
        yield f"grid {side} x {side}", rescaled_laplacian(normalized_laplacian(weights))
        side = side * 4 // 3


def calls(laplacian: Any, batch: int, features: int) -> Iterator[tuple[str, str, Callable[[], Any]]]:
    """Both kinds of ChebConv, forward alone and with the gradients of inputs and kernel."""
    import keras

    from tfhand.layers import ChebConv

    values = np.random.default_rng(0).normal(size=(batch, laplacian.shape[0], features)).astype(np.float32)
    values = keras.ops.convert_to_tensor(values)
    for kind in ("sparse", "dense"):
        layer = ChebConv(features, laplacian, propagation=kind)
        layer.build(values.shape)
        forward = compiled(lambda x, layer=layer: layer(x, training=True))
        yield kind, "forward", lambda forward=forward: forward(values)
        backward = with_gradients(layer)
        yield kind, "forward + backward", lambda backward=backward: backward(values)


def with_gradients(layer: Any) -> Callable[[Any], Any]:
    """Compiled function: inputs -> gradients of the outputs' sum of squares in inputs and weights."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        def loss(weights: list, x: Any) -> Any:
            outputs, _ = layer.stateless_call(weights, [], x, training=True)
            return (outputs**2).sum()

        gradient = jax.jit(jax.grad(loss, argnums=(0, 1)))
        return lambda x: gradient([weight.value for weight in layer.trainable_variables], x)
    import tensorflow as tf

    @tf.function(autograph=False)
    def gradient(x: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(layer(x, training=True) ** 2)
        return tape.gradient(loss, [x, *(weight.value for weight in layer.trainable_variables)])

    return gradient


if __name__ == "__main__":
    main()
