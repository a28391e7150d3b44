"""A constant sparse matrix over a graph's places, in the two forms in which it is applied to features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
from keras import ops

from tfhand.layers import kernels
from tfhand.layers.array_codec import decode_array, encode_array

PROPAGATIONS = ("sparse", "dense")


class GraphOperator:
    """Applies a square matrix to the features of a graph: `y_p = sum_q M_pq x_q`.

    The sparse form gathers every place's neighbours from a table padded to the largest number of neighbours
    D and sums them with their weights: P * D * F multiply-adds, in ops that every runtime has (no sparse
    ops). The dense form is one product with the full matrix on the right: P * P * F.

    Args:
        matrix: (P, P) scipy sparse matrix, array, or the dict that `to_config` returns.

    Raises:
        ValueError: `matrix` is not square, or not finite.
    """

    def __init__(self, matrix: Any) -> None:
        if isinstance(matrix, dict):
            parts = tuple(decode_array(matrix[key]) for key in ("data", "indices", "indptr"))
            matrix = sp.csr_matrix(parts, shape=(len(parts[2]) - 1,) * 2)
        csr = sp.csr_matrix(matrix)
        if csr.shape[0] != csr.shape[1]:
            raise ValueError(f"matrix must be square, got {csr.shape}.")
        csr = csr.astype(np.float32)
        csr.sum_duplicates()
        csr.eliminate_zeros()
        if not np.isfinite(csr.data).all():
            raise ValueError("matrix must be finite, got NaN or infinite entries.")
        self.csr = csr
        self.places: int = csr.shape[0]
        self._tables = (_padded_table(csr), _padded_table(sp.csr_matrix(csr.T)))

    @property
    def width(self) -> int:
        """Columns of the neighbour table: the largest number of non-zero entries in a row."""
        return self._tables[0][0].shape[1]

    def apply(self, x: Any, training: bool | None = None) -> Any:
        """Returns M x by gathering neighbours; x and the result are (B, P, F).

        In training the gradient (M^T times the incoming one) is gathered as well: the automatic one of a
        gather is a scatter, which takes twice as long on a CPU. Where `tfhand.layers.kernels` are enabled both
        are computed without the gathered features, in a fifth of the time.
        """
        if not training:
            return _gather_sum(x, *self._tables[0])
        compiled = kernels.enabled_for(x)
        multiply = _gather_sum if compiled is None else compiled.tfhand_graph_product

        @ops.custom_gradient
        def product(features: Any) -> tuple[Any, Callable[..., Any]]:
            def gradient(*args: Any, upstream: Any = None) -> Any:
                return multiply(args[0] if upstream is None else upstream, *self._tables[1])

            return multiply(features, *self._tables[0]), gradient

        return product(x)

    def apply_dense(self, x: Any) -> Any:
        """Returns M x as `(x^T M^T)^T`, the form that becomes a fully connected layer on phones."""
        matrix = ops.convert_to_tensor(self.csr.toarray().T, dtype=x.dtype)
        return ops.transpose(ops.matmul(ops.transpose(x, (0, 2, 1)), matrix), (0, 2, 1))

    def to_config(self) -> dict[str, Any]:
        """JSON-able form, a few kilobytes."""
        index = np.uint16 if self.places <= 2**16 else np.int32
        return {
            "data": encode_array(self.csr.data),
            "indices": encode_array(self.csr.indices.astype(index)),
            "indptr": encode_array(self.csr.indptr.astype(np.int32)),
        }


def _padded_table(csr: sp.csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Neighbours (P, D) int32 and weights (P, D) float32 of each row, padded by itself with weight 0."""
    counts = np.diff(csr.indptr)
    places, width = csr.shape[0], max(int(counts.max(initial=0)), 1)
    neighbours = np.repeat(np.arange(places, dtype=np.int32)[:, None], width, axis=1)
    weights = np.zeros((places, width), dtype=np.float32)
    filled = np.arange(width) < counts[:, None]
    neighbours[filled] = csr.indices
    weights[filled] = csr.data
    return neighbours, weights


def _gather_sum(x: Any, neighbours: np.ndarray, weights: np.ndarray) -> Any:
    places, width = neighbours.shape
    gathered = ops.take(x, neighbours.reshape(-1), axis=1)  # (B, P * D, F)
    gathered = ops.reshape(gathered, (-1, places, width, x.shape[-1]))
    return ops.sum(gathered * ops.convert_to_tensor(weights[:, :, None], dtype=x.dtype), axis=2)
