"""Programs that compare elements and move them: sorts, selections, searches, masks."""

from __future__ import annotations

import bisect
import heapq
from typing import Any

import numpy as np

from control_flow.program import program

ORDERS = {
    "sorted_already": (np.array([-1.0, 0.5, 2.0, 3.25]),),
    "reversed_order": (np.array([4.0, 1.5, 0.25, -2.0]),),
    "mixed": (np.array([0.5, -1.5, 3.0, 1.0]),),
}
"""Points for programs whose path is an order of four numbers."""


def weighted(xs: Any) -> Any:
    """A result that depends on the places: each number squared, times its place."""
    return sum((k + 1) * x * x for k, x in enumerate(xs)) + xs[0] * xs[-1]


@program(**ORDERS)
def bubble_sort(x: Any) -> Any:
    xs = list(x)
    swapped = True
    while swapped:
        swapped = False
        for k in range(len(xs) - 1):
            if xs[k] > xs[k + 1]:
                xs[k], xs[k + 1] = xs[k + 1], xs[k]
                swapped = True
    return weighted(xs)


@program(**ORDERS)
def insertion_sort_in_place(x: Any) -> Any:
    """On a copy of the array, which is written to."""
    a = x.copy()
    for i in range(1, len(a)):
        moved, j = a[i] + 0.0, i - 1
        while j >= 0 and a[j] > moved:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = moved
    return np.sum(a * a * np.arange(1, 5)) + a[0] * a[-1]


def quicksorted(xs: list[Any]) -> list[Any]:
    if len(xs) < 2:
        return xs
    pivot, *rest = xs
    low = [x for x in rest if x < pivot]
    high = [x for x in rest if not x < pivot]
    return [*quicksorted(low), pivot, *quicksorted(high)]


@program(**ORDERS)
def quick_sort(x: Any) -> Any:
    return weighted(quicksorted(list(x)))


def merged(a: list[Any], b: list[Any]) -> list[Any]:
    result: list[Any] = []
    while a and b:
        result.append(a.pop(0) if a[0] <= b[0] else b.pop(0))
    return result + a + b


def mergesorted(xs: list[Any]) -> list[Any]:
    half = len(xs) // 2
    return merged(mergesorted(xs[:half]), mergesorted(xs[half:])) if half else xs


@program(**ORDERS)
def merge_sort(x: Any) -> Any:
    return weighted(mergesorted(list(x)))


@program(**ORDERS)
def sorting_network(x: Any) -> Any:
    """Batcher's network of five comparators."""
    xs = [*x]
    for i, j in ((0, 1), (2, 3), (0, 2), (1, 3), (1, 2)):
        if xs[j] < xs[i]:
            xs[i], xs[j] = xs[j], xs[i]
    return weighted(xs)


@program(**ORDERS)
def builtin_sort(x: Any) -> Any:
    xs = sorted(x, reverse=True)
    xs.sort(key=lambda v: abs(v))
    return weighted(xs)


@program(**ORDERS)
def heap_of_values(x: Any) -> Any:
    heap = list(x)
    heapq.heapify(heap)
    return weighted([heapq.heappop(heap) for _ in range(3)])


@program(
    odd=([3.0, -1.0, 2.0],),
    even=([3.0, -1.0, 2.0, 0.5],),
    other_even=([0.25, 3.0, 2.0, 0.5],),
)
def median(xs: Any) -> Any:
    ordered = sorted(xs)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half] ** 2
    return (ordered[half - 1] * ordered[half]) ** 2


@program(
    first=(np.array([3.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0])),
    second=(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0])),
    third=(np.array([2.0, 1.0, 3.0]), np.array([1.0, 2.0, 3.0])),
)
def sort_by_another(keys: Any, values: Any) -> Any:
    pairs = sorted(zip(keys, values, strict=True), key=lambda pair: pair[0])
    return sum((k + 1) * key * value**2 for k, (key, value) in enumerate(pairs))


KNOTS = [0.0, 0.5, 1.5, 3.0, 4.0]


@program(first=(0.25,), second=(1.0,), third=(2.5,), last=(3.5,))
def binary_search(x: Any) -> Any:
    low, high = 0, len(KNOTS) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if x < KNOTS[middle]:
            high = middle
        else:
            low = middle
    t = (x - KNOTS[low]) / (KNOTS[high] - KNOTS[low])
    return t * t * (low + 1) + x


@program(low=(0.25, 0.75), middle=(1.0, 0.75), high=(2.75, 0.75))
def bisect_of_the_library(x: Any, y: Any) -> Any:
    k = bisect.bisect_left(KNOTS, x)
    return (x - KNOTS[k]) ** 2 * (y + k)


@program(
    none=(np.array([-1.0, -2.0, -3.0]),),
    one=(np.array([-1.0, 2.0, -3.0]),),
    other=(np.array([1.0, -2.0, -3.0]),),
    every=(np.array([1.0, 2.0, 3.0]),),
)
def positive_part_of_an_array(x: Any) -> Any:
    kept = x[x > 0]
    return {"kept": kept * kept, "count": len(kept), "rest": np.sum(x[~(x > 0)] ** 3)}


@program(
    two=(np.array([0.25, 1.5, -2.0]),),
    all_of_them=(np.array([0.75, 1.5, -2.0]),),
    one=(np.array([0.25, 0.125, -2.0]),),
)
def places_of_large(x: Any) -> Any:
    (places,) = np.nonzero(abs(x) > 0.5)
    return np.prod(x[places]) * (1 + len(places))


@program(
    corner=(np.array([[5.0, 1.0], [2.0, 3.0]]),),
    edge=(np.array([[1.0, 5.0], [2.0, 3.0]]),),
    low=(np.array([[1.0, 2.0], [5.0, 3.0]]),),
)
def row_and_column_of_the_maximum(a: Any) -> Any:
    i, j = np.unravel_index(int(np.argmax(a)), a.shape)
    return np.sum(a[i] ** 2) + np.prod(a[:, j])


@program(
    rising=(np.array([1.0, 2.0, 4.0, 8.0]),),
    peak=(np.array([1.0, 5.0, 4.0, 3.0]),),
    two_peaks=(np.array([5.0, 1.0, 4.0, 3.0]),),
)
def local_maxima(x: Any) -> Any:
    padded = [-np.inf, *x, -np.inf]
    triples = zip(padded, padded[1:], padded[2:], strict=False)
    return sum(b**2 for a, b, c in triples if a < b > c)


@program(
    one_group=(np.array([1.0, 1.25, 1.5]),),
    two_groups=(np.array([1.0, 1.25, 4.0]),),
    three_groups=(np.array([1.0, 2.75, 4.5]),),
)
def groups_by_gaps(x: Any) -> Any:
    groups: list[list[Any]] = []
    for v in x:
        if groups and v - groups[-1][-1] < 1.0:
            groups[-1].append(v)
        else:
            groups.append([v])
    return sum((sum(group) / len(group)) ** 2 for group in groups)


@program(
    near=(np.array([0.1, 0.2]), np.array([1.5, 2.5])),
    crossed=(np.array([2.1, 1.2]), np.array([1.5, 2.5])),
    one_for_both=(np.array([0.1, 0.2]), np.array([2.5, 1.5])),
)
def nearest_neighbour(x: Any, y: Any) -> Any:
    total = 0.0
    for a in x:
        best, place = None, 0
        for k, b in enumerate(y):
            distance = abs(a - b)
            if best is None or distance < best:
                best, place = distance, k
        total = total + (a - y[place]) ** 2 * (place + 1)
    return total
