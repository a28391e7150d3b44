"""Arg-sort exactly as NumPy did it before its SIMD sorts: the order of equal keys is part of the result.

References:
    numpy/core/src/npysort/quicksort.c.src and heapsort.c.src of NumPy 1.14, `aquicksort` and `aheapsort`. Musser:
    Introspective Sorting and Selection Algorithms, 1997.
"""

from __future__ import annotations

from typing import Any

import numpy as np

#: Stretches with no more than this many further elements are sorted by insertion.
_SMALL = 15


def introsort_argsort(keys: Any) -> np.ndarray:
    """Indices that sort `keys`, equal ones in the order that scalar introsort leaves them in.

    Quicksort with the median of three as pivot; insertion for short stretches; heap sort where the recursion gets
    deeper than twice the logarithm of the number of keys.

    Args:
        keys: (N,) numbers, none of them NaN.

    Returns:
        (N,) int64 indices.
    """
    values = np.asarray(keys).tolist()
    order = list(range(len(values)))
    limit = 2 * (max(len(values), 1).bit_length() - 1)
    pending = [(0, len(values) - 1, limit)]
    while pending:
        low, high, depth = pending.pop()
        if depth < 0:  # looked at here alone: a stretch that is being split is not given up
            _heap_sort(values, order, low, high)
            continue
        while high - low > _SMALL:
            pivot = _partition(values, order, low, high)
            depth -= 1
            if pivot - low < high - pivot:  # the larger part waits
                pending.append((pivot + 1, high, depth))
                high = pivot - 1
            else:
                pending.append((low, pivot - 1, depth))
                low = pivot + 1
        _insertion_sort(values, order, low, high)
    return np.array(order, np.int64)


def _partition(values: list, order: list[int], low: int, high: int) -> int:
    """Splits a stretch by the median of its first, middle and last key; returns where that one comes to lie."""

    def exchange_if_less(one: int, other: int) -> None:
        if values[order[one]] < values[order[other]]:
            order[one], order[other] = order[other], order[one]

    middle = low + (high - low) // 2
    exchange_if_less(middle, low)
    exchange_if_less(high, middle)
    exchange_if_less(middle, low)
    key = values[order[middle]]
    left, right = low, high - 1
    order[middle], order[right] = order[right], order[middle]
    while True:
        left += 1
        while values[order[left]] < key:
            left += 1
        right -= 1
        while key < values[order[right]]:
            right -= 1
        if left >= right:
            break
        order[left], order[right] = order[right], order[left]
    order[left], order[high - 1] = order[high - 1], order[left]
    return left


def _insertion_sort(values: list, order: list[int], low: int, high: int) -> None:
    for start in range(low + 1, high + 1):
        index = order[start]
        place = start
        while place > low and values[index] < values[order[place - 1]]:
            order[place] = order[place - 1]
            place -= 1
        order[place] = index


def _heap_sort(values: list, order: list[int], low: int, high: int) -> None:
    heap = order[low : high + 1]

    def sift(index: int, place: int, size: int) -> None:
        """Lets `index` sink from `place` of the first `size` elements; places count from 0, children are 2 p + 1, 2."""
        child = 2 * place + 1
        while child < size:
            if child + 1 < size and values[heap[child]] < values[heap[child + 1]]:
                child += 1
            if not values[index] < values[heap[child]]:
                break
            heap[place] = heap[child]
            place, child = child, 2 * child + 1
        heap[place] = index

    for place in reversed(range(len(heap) // 2)):
        sift(heap[place], place, len(heap))
    for size in reversed(range(1, len(heap))):
        index, heap[size] = heap[size], heap[0]
        sift(index, 0, size)
    order[low : high + 1] = heap
