"""The order of the release's vertices in its coarsening tree: read from a file, or found again.

The release finds it at start-up and leaves ties to NumPy's unstable sort, so it differs between platforms and versions
of NumPy. The released weights fit one order only: with any other one the mesh is garbage, without any error.
"""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import scipy.sparse

from export.release.introsort import introsort_argsort
from export.release.unpickling import restricted_load
from tfhand.mesh.coarsening import merge, tree_orders

#: Places of the tree that the released weights fit, fakes included.
PLACES = 1280
LEVELS = 4
_KEY = "graph_perm"


def read_order(path: Path) -> np.ndarray:
    """Reads an order from a `.npy` file: the array itself, or the release's own `graph_dict.npy`.

    Args:
        path: of integers (P,), or of a pickled dict that holds them as `graph_perm`.

    Returns:
        (P,) int64, vertex at each place; the numbers from V on are fakes.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is something else; or its pickle names anything but NumPy's and SciPy's arrays.
    """
    if not path.is_file():
        raise FileNotFoundError(f"--graph-perm: no file at {path}.")
    try:
        with open(path, "rb") as file:
            content = _read_npy(file)
        if isinstance(content, np.ndarray) and content.dtype == object:
            content = content.item()[_KEY]
        order = np.asarray(content)
        if order.ndim != 1 or not np.issubdtype(order.dtype, np.integer):
            raise ValueError(f"expected a row of integers, got shape {order.shape} and type {order.dtype}")
    except (ValueError, TypeError, KeyError, EOFError, OverflowError, pickle.UnpicklingError) as error:
        reason = f"its dict has no {_KEY!r}" if isinstance(error, KeyError) else error
        raise ValueError(f"--graph-perm: {path} holds no order of places: {reason}.") from error
    return order.astype(np.int64)


def recompute_order(weights: scipy.sparse.spmatrix) -> np.ndarray:
    """Finds the order as the release did on the NumPy of its time.

    `LEVELS` times, vertices are visited by increasing degree, equal ones as scalar introsort leaves them, and each is
    matched with the unmatched neighbour j of the largest `(2 w_ij + s_i + s_j) / (d_i + d_j + 1e-9)`, the first one
    where several are equal. `d` are degrees: after the first merging those count the edges within a cluster. `s` is
    meant to be a cluster's weight of edges within; what the release takes is the first entry of the cluster's row.

    Args:
        weights: (V, V) binary adjacency of the release's mesh without the arm.

    Returns:
        (P,) int64, vertex at each place; fakes are numbered from V on.

    References:
        Bresson's coarsening in spectral_graph_convnets, after Defferrard et al., NIPS 2016.
    """
    matrix = scipy.sparse.csr_matrix(weights, dtype=np.int64)
    parents = []
    for _ in range(LEVELS):
        parents.append(_match(matrix))
        matrix = merge(matrix, parents[-1], self_loops=True)
    order = tree_orders(parents, matrix.shape[0])[0]
    order[order < 0] = weights.shape[0] + np.arange((order < 0).sum())
    return order


def check_order(order: np.ndarray, num_vertices: int, source: str) -> None:
    """Refuses an order that can't be the one that the released weights fit.

    Args:
        order: (P,) vertex at each place.
        num_vertices: V, real vertices.
        source: where it comes from, for the message.

    Raises:
        ValueError: it has not 1280 places, or does not hold each of them once.
    """
    if len(order) != PLACES:
        raise ValueError(
            f"{source}: expected an order of {PLACES} places, got {len(order)}: it comes from another sort than the "
            "released weights were trained with, and with a wrong order the mesh is garbage."
        )
    if not np.array_equal(np.sort(order), np.arange(PLACES)):
        raise ValueError(
            f"{source}: expected each of 0..{PLACES - 1} once ({num_vertices} vertices, then fakes), "
            f"got {len(np.unique(order))} different numbers in {order.min()}..{order.max()}."
        )


def strangers(order: np.ndarray, weights: scipy.sparse.spmatrix) -> int:
    """How many pairs of siblings are no neighbours on the mesh: 0 in an order that was made for it.

    Args:
        order: (P,) vertex at each place, fakes from V on.
        weights: (V, V) adjacency.
    """
    pairs = order.reshape(-1, 2)
    pairs = pairs[(pairs < weights.shape[0]).all(axis=1)]
    return int((np.asarray(scipy.sparse.csr_matrix(weights)[pairs[:, 0], pairs[:, 1]]) == 0).sum())


def _match(matrix: scipy.sparse.csr_matrix) -> np.ndarray:
    """(V,) the cluster of each vertex, numbered in the order of visiting."""
    matrix.sort_indices()
    start, neighbours, values = matrix.indptr.tolist(), matrix.indices.tolist(), matrix.data.tolist()
    degrees = np.asarray(matrix.sum(axis=0)).ravel()
    first = [values[begin] if begin < len(values) else 0.0 for begin in start[:-1]]
    clusters, count = [-1] * matrix.shape[0], 0
    for vertex in introsort_argsort(degrees).tolist():
        if clusters[vertex] >= 0:
            continue
        clusters[vertex] = count
        best, best_gain = -1, 0.0
        for entry in range(start[vertex], start[vertex + 1]):
            other = neighbours[entry]
            if clusters[other] < 0:
                weight = 2.0 * values[entry] + first[vertex] + first[other]
                gain = weight / (degrees[vertex] + degrees[other] + 1e-9)
                if gain > best_gain:
                    best, best_gain = other, gain
        if best >= 0:
            clusters[best] = count
        count += 1
    return np.array(clusters, np.int64)


def _read_npy(file: BinaryIO) -> Any:
    """The array of a .npy file; its objects by restricted unpickling."""
    version = np.lib.format.read_magic(file)
    read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in read_header:
        raise ValueError(f"it is of the .npy format {version}, which this does not know")
    dtype = read_header[version](file)[2]
    if dtype.hasobject:
        return restricted_load(file, _find)
    file.seek(0)
    return np.load(file, allow_pickle=False)


class _Unread:
    """Stands in for a sparse matrix, which nothing here looks at."""

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass


def _find(module: str, name: str) -> Any:
    # NumPy 2 has moved what older pickles name; Python 2's `scipy.sparse.csr` is `scipy.sparse._csr` today.
    if re.fullmatch(r"numpy(\._?core\.(multiarray|numeric))?", module):
        return _NUMPY.get(name)
    if re.fullmatch(r"scipy\.sparse\._?(csr|csc|coo|bsr|dia)", module):
        return _Unread if re.fullmatch(r"(csr|csc|coo|bsr|dia)_(matrix|array)", name) else None
    return _encode if (module, name) == ("_codecs", "encode") else None


def _encode(text: str, encoding: str) -> bytes:
    """How Python 3 pickles bytes for Python 2."""
    if encoding != "latin1":
        raise ValueError(f"bytes as {encoding!r}")
    return text.encode("latin1")


def _scalar(dtype: np.dtype, data: bytes | str) -> Any:
    return np.frombuffer(data.encode("latin1") if isinstance(data, str) else data, dtype)[0]


_NUMPY: dict[str, Any] = {
    "ndarray": np.ndarray,
    "dtype": np.dtype,
    "scalar": _scalar,
    "_reconstruct": lambda kind, shape, dtype: np.ndarray(shape, dtype),
    "_frombuffer": lambda data, dtype, shape, order: np.frombuffer(data, dtype).reshape(shape, order=order),
}
