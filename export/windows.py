"""A product with a sparse matrix as a few products with small dense ones.

Phones have no sparse products; a gather per neighbour breaks XNNPACK's graph in pieces and runs at the speed of memory,
and the full matrix is mostly zeros. With the vertices in an order in which neighbours are near each other (reverse
Cuthill-McKee), the rows of a block read a narrow window of columns: a slice and a FULLY_CONNECTED.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import reverse_cuthill_mckee

#: XNNPACK joins no more tensors than this at once.
_JOIN = 4


def narrow_order(operator: sp.csr_matrix, nodes: np.ndarray) -> np.ndarray:
    """The nodes in an order in which those that the operator couples are near each other.

    Args:
        operator: (P, P) sparse matrix of a graph.
        nodes: (N,) places to order.

    Returns:
        (N,) the same places.
    """
    coupled = sp.csr_matrix((operator != 0) + (operator.T != 0))[nodes][:, nodes]
    return np.asarray(nodes)[reverse_cuthill_mckee(coupled, symmetric_mode=True)]


class WindowedProduct:
    """`M x` for a fixed sparse M, x laid out with its features first.

    Args:
        matrix: (R, C) sparse.
        rows: of a block; None makes one block of all, the dense product.

    Call arguments:
        x: (B, F, C) tensor.

    Returns:
        (B, F, R) tensor, `x M^T`.
    """

    def __init__(self, matrix: sp.csr_matrix, rows: int | None):
        matrix = sp.csr_matrix(matrix).astype(np.float32)
        self.blocks: list[tuple[int, int, np.ndarray]] = []
        for first in range(0, matrix.shape[0], rows or matrix.shape[0]):
            block = matrix[first : first + (rows or matrix.shape[0])]
            columns = block.indices[block.data != 0]
            low, high = (int(columns.min()), int(columns.max()) + 1) if columns.size else (0, 1)
            if rows is None:
                low, high = 0, matrix.shape[1]
            self.blocks.append((low, high, np.ascontiguousarray(block[:, low:high].toarray().T)))

    @property
    def size(self) -> int:
        """Numbers in the dense blocks: multiply-adds a feature."""
        return sum(block.size for *_, block in self.blocks)

    def __call__(self, x: Any) -> Any:
        import tensorflow as tf

        return _join([tf.matmul(x[:, :, low:high], block) for low, high, block in self.blocks])


def _join(parts: Sequence[Any]) -> Any:
    import tensorflow as tf

    while len(parts) > 1:
        groups = [parts[i : i + _JOIN] for i in range(0, len(parts), _JOIN)]
        parts = [tf.concat(group, axis=-1) if len(group) > 1 else group[0] for group in groups]
    return parts[0]
