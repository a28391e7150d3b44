"""The release's tree order: NumPy's old sort, the files that may hold it, and pickles that want more than they may."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest
import scipy.sparse

from export.release import introsort
from export.release.introsort import introsort_argsort
from export.release.tree_order import read_order, recompute_order, strangers
from tests.export.made_up_release import PLACES, VERTICES, hand_mesh, tree_order
from tfhand.mesh.graph import adjacency


def old_argsort(keys: np.ndarray) -> np.ndarray:
    """NumPy's own: of 16-bit integers it has no SIMD arg-sort, so these are sorted as all types once were."""
    return np.argsort(keys.astype(np.int16))


@pytest.mark.parametrize("count", [0, 1, 2, 15, 16, 17, 18, 33, 100, 954, 5000])
@pytest.mark.parametrize("values", [1, 2, 7, 1000])
def test_equal_keys_come_in_the_order_of_scalar_introsort(count, values) -> None:
    keys = np.random.default_rng(count + values).integers(0, values, count)
    np.testing.assert_array_equal(introsort_argsort(keys), old_argsort(keys))
    np.testing.assert_array_equal(introsort_argsort(np.sort(keys)), old_argsort(np.sort(keys)))


def test_known_order() -> None:
    """Twenty equal keys: turned around between pivots."""
    assert introsort_argsort(np.zeros(20)).tolist() == [0, *range(17, 0, -1), 18, 19]


def quicksort_killer(count: int) -> np.ndarray:
    """Keys on which the median of three is always a bad pivot (McIlroy's adversary)."""
    height, keys = [0, None], [count] * count

    class Key:
        def __init__(self, index: int) -> None:
            self.index = index

        def __lt__(self, other: Key) -> bool:
            a, b = self.index, other.index
            if keys[a] == keys[b] == count:
                keys[a if height[1] == a else b] = height[0]
                height[0] += 1
            height[1] = a if keys[a] == count else b if keys[b] == count else height[1]
            return keys[a] < keys[b]

    items, order, pending = [Key(i) for i in range(count)], list(range(count)), [(0, count - 1)]
    while pending:
        low, high = pending.pop()
        while high - low > 15:
            pivot = introsort._partition(items, order, low, high)
            pending.append((pivot + 1, high))
            high = pivot - 1
    return np.array(keys)


@pytest.mark.parametrize("count", [300, 1000, 3000])
def test_bad_pivots_end_in_heap_sort(count, monkeypatch) -> None:
    calls, heap_sort = [], introsort._heap_sort
    monkeypatch.setattr(introsort, "_heap_sort", lambda *args: calls.append(1) or heap_sort(*args))
    keys = quicksort_killer(count)
    for killer in (keys, np.minimum(keys, np.sort(keys)[-count // 4])):  # with equal keys at the end, too
        calls.clear()
        np.testing.assert_array_equal(introsort_argsort(killer), old_argsort(killer))
        assert calls


def test_recomputed_order_is_a_tree_of_neighbours() -> None:
    _, faces = hand_mesh()
    weights = adjacency(faces, VERTICES)
    order = recompute_order(weights)
    assert len(order) % 16 == 0 and np.array_equal(np.sort(order), np.arange(len(order)))
    assert strangers(order, weights) == 0
    place = np.argsort(order)[:VERTICES]
    for size in (2, 4, 8, 16):  # every cluster hangs together
        within = weights.toarray() * (place[:, None] // size == place[None] // size)
        assert scipy.sparse.csgraph.connected_components(within, directed=False)[0] == len(np.unique(place // size))
    assert strangers(np.random.default_rng(0).permutation(len(order)), weights) > 100


@pytest.fixture
def order() -> np.ndarray:
    return tree_order(hand_mesh()[1])


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("as_list", [False, True])
def test_orders_come_from_the_release_s_own_dict(order, tmp_path, protocol, as_list) -> None:
    path = tmp_path / "graph_dict.npy"
    matrices = [scipy.sparse.csr_matrix(np.eye(3)), scipy.sparse.coo_matrix(np.eye(2))]
    content = {"graph_perm": order.tolist() if as_list else order, "graph_L": matrices, "levels": np.int64(4)}
    array = np.array(content, dtype=object)
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
        pickle.dump(array, file, protocol=protocol)
    np.testing.assert_array_equal(read_order(path), order)


def test_orders_come_from_python_2(tmp_path) -> None:
    """Old names of modules, and text that is bytes: `{'graph_perm': np.arange(3)}` in a pickle of protocol 0."""
    inner = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I3\ntcnumpy\ndtype\n(S'i8'\nI0\nI1\ntR"
        b"(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\nS'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00"
        b"\\x00\\x02\\x00\\x00\\x00\\x00\\x00\\x00\\x00'\ntb"
    )
    outer = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(tcnumpy\ndtype\n(S'O8'\nI0\nI1\ntR"
        b"(I3\nS'|'\nNNNI-1\nI-1\nI63\ntbI00\n(lp1\n(dp2\nS'graph_perm'\n" + inner + b"satb."
    )
    path = tmp_path / "graph_dict.npy"
    with open(path, "wb") as file:
        header = np.lib.format.header_data_from_array_1_0(np.array({}, dtype=object))
        np.lib.format.write_array_header_1_0(file, header)
        file.write(outer)
    assert read_order(path).tolist() == [0, 1, 2]


def test_orders_come_from_plain_arrays(order, tmp_path) -> None:
    for dtype in (np.int32, np.int64, np.uint16):
        np.save(tmp_path / "order.npy", order.astype(dtype))
        np.testing.assert_array_equal(read_order(tmp_path / "order.npy"), order)
    assert len(order) == PLACES


class _Calls:
    def __init__(self, function, *arguments) -> None:
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("function", [os.mkdir, eval, exec, np.load, np.memmap, scipy.sparse.load_npz, scipy.sparse.csr_matrix.dot])
def test_pickles_that_call_anything_are_refused(function, tmp_path) -> None:
    target = tmp_path / "made_by_the_pickle"
    argument = str(target) if function is os.mkdir else f"__import__('os').mkdir({str(target)!r})"
    np.save(tmp_path / "bad.npy", np.array({"graph_perm": _Calls(function, argument)}, dtype=object))
    with pytest.raises(ValueError, match="bad.npy holds no order of places: it names .*, which has no business there"):
        read_order(tmp_path / "bad.npy")
    assert not target.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.zeros((2, 3), int), r"expected a row of integers, got shape \(2, 3\)"),
        (np.zeros(3), "expected a row of integers, got shape .* and type float64"),
        (np.array({"other": 1}, dtype=object), "its dict has no 'graph_perm'"),
        (np.array(3, dtype=object), "holds no order of places"),
    ],
)
def test_other_content_is_named(content, message, tmp_path) -> None:
    np.save(tmp_path / "order.npy", content)
    with pytest.raises(ValueError, match=message):
        read_order(tmp_path / "order.npy")


def test_other_files_are_named(tmp_path) -> None:
    path = tmp_path / "order.npy"
    with pytest.raises(FileNotFoundError, match="--graph-perm: no file at"):
        read_order(path)
    np.save(path, np.array({"graph_perm": np.arange(1280)}, dtype=object))
    whole = path.read_bytes()
    for data in (b"", b"hello, I am a text", whole[:60], whole[:200], whole[:-5]):
        path.write_bytes(data)
        with pytest.raises(ValueError, match="order.npy holds no order of places"):
            read_order(path)
