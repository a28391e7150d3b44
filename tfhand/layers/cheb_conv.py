"""Graph convolution by Chebyshev polynomials of the Laplacian."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from tfhand.layers.graph_operator import PROPAGATIONS, GraphOperator


@keras.saving.register_keras_serializable(package="tfhand")
class ChebConv(keras.layers.Layer):
    """Chebyshev graph convolution, `f_out = sum_{k<K} T_k(L) f_in theta_k + bias`.

    `T_0 = x, T_1 = L x, T_k = 2 L T_{k-1} - T_{k-2}`. Where the output is narrower than the input, the same
    sum is taken by Clenshaw's recurrence on the products `x theta_k`, so that L is applied to the fewer
    features. The cost of a sample is `P (K F_in F_out + (K - 1) D min(F_in, F_out))` multiply-adds, D being
    the largest number of neighbours: it grows with the edges, not with the square of the places.

    Args:
        filters: F_out, features of the output.
        laplacian: (P, P) rescaled Laplacian (spectrum within -1..1): scipy sparse, array, or the dict out
            of `get_config`.
        order: K, the number of polynomials; each place sees its K - 1 hop neighbourhood.
        use_bias: whether to add a bias.
        propagation: "sparse" (gathers) or "dense" (product with the full matrix): the same function, for
            runtimes that prefer the one or the other.
        kernel_initializer: of the kernel (K * F_in, F_out), whose rows are k-major.
        **kwargs: of `keras.layers.Layer`.

    Call arguments:
        inputs: (B, P, F_in) features of a graph's places.

    Returns:
        (B, P, F_out) features.

    Raises:
        ValueError: an argument is out of range, or the input has another number of places than L.

    References:
        Defferrard, Bresson, Vandergheynst: Convolutional Neural Networks on Graphs with Fast Localized
        Spectral Filtering, NIPS 2016. Ge et al., CVPR 2019, equation 1.
    """

    def __init__(
        self,
        filters: int,
        laplacian: Any,
        order: int = 3,
        use_bias: bool = True,
        propagation: str = "sparse",
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if filters < 1:
            raise ValueError(f"filters must be at least 1, got {filters}.")
        if order < 1:
            raise ValueError(f"order must be at least 1, got {order}.")
        if propagation not in PROPAGATIONS:
            raise ValueError(f"propagation must be one of {PROPAGATIONS}, got {propagation!r}.")
        self.filters = filters
        self.operator = laplacian if isinstance(laplacian, GraphOperator) else GraphOperator(laplacian)
        self.order = order
        self.use_bias = use_bias
        self.propagation = propagation
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        if len(input_shape) != 3 or input_shape[1] != self.operator.places:
            raise ValueError(
                f"inputs must have shape (B, {self.operator.places}, F), one row for each place of the "
                f"laplacian; got {tuple(input_shape)}."
            )
        self.kernel = self.add_weight(
            shape=(self.order * input_shape[2], self.filters),
            initializer=self.kernel_initializer,
            name="kernel",
        )
        if self.use_bias:
            self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        def propagate(x: Any) -> Any:
            if self.propagation == "dense":
                return self.operator.apply_dense(x)
            return self.operator.apply(x, training=training)

        if self.order > 1 and self.filters < inputs.shape[-1]:
            outputs = self._clenshaw(inputs, propagate)
        else:
            outputs = self._forward(inputs, propagate)
        return outputs + self.bias if self.use_bias else outputs

    def _forward(self, inputs: Any, propagate: Callable[[Any], Any]) -> Any:
        terms = [inputs]  # T_0: (B, P, F_in)
        if self.order > 1:
            terms.append(propagate(inputs))  # T_1
        for _ in range(2, self.order):
            terms.append(2.0 * propagate(terms[-1]) - terms[-2])  # T_k
        stacked = terms[0] if self.order == 1 else ops.concatenate(terms, axis=-1)  # (B, P, K * F_in)
        return ops.matmul(stacked, self.kernel)

    def _clenshaw(self, inputs: Any, propagate: Callable[[Any], Any]) -> Any:
        features = inputs.shape[-1]
        kernel = ops.reshape(self.kernel, (self.order, features, self.filters))
        kernel = ops.reshape(ops.transpose(kernel, (1, 0, 2)), (features, self.order * self.filters))
        products = ops.split(ops.matmul(inputs, kernel), self.order, axis=-1)  # K of (B, P, F_out)
        last, before = products[-1], None  # b_k, b_{k+1}
        for product in reversed(products[1:-1]):
            term = product + 2.0 * propagate(last)
            last, before = (term if before is None else term - before), last
        outputs = products[0] + propagate(last)
        return outputs if before is None else outputs - before

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.filters)

    def multiply_adds(self, input_shape: tuple[int | None, ...]) -> int:
        """Multiply-adds of one sample whose features have `input_shape` (B, P, F_in)."""
        _, places, features = input_shape
        neighbours = places if self.propagation == "dense" else self.operator.width
        narrow = min(features, self.filters)
        return places * (self.order * features * self.filters + (self.order - 1) * neighbours * narrow)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "laplacian": self.operator.to_config(),
            "order": self.order,
            "use_bias": self.use_bias,
            "propagation": self.propagation,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
