"""NumPy's sorting on values: orders, sorted arrays, and what is unique in them.

A sorted array is gathered at the order of its elements, so that derivatives are permuted with it.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from jitad.frontend.conversion import as_array, as_arrays
from jitad.frontend.guards import guard_array
from jitad.frontend.operands import implements, normal_axis
from jitad.functions.arrays.shaping import concatenate, moveaxis
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import INT64
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st


def take_last(x: Value, places: Value) -> Value:
    """x[..., places] along the last axis, whose leading axes are those of x; all are in range."""
    lead, n = math.prod(x.shape[:-1]), x.shape[-1]
    flat = st.reshape(x, shape=(x.size,))
    if lead == 1:
        return st.gather(flat, places)
    rows = st.reshape(places, shape=(lead, places.shape[-1]))
    rows = ew.add(rows, ew.mul(st.iota_on(rows, rows.shape, 0), n))
    return st.gather(flat, st.reshape(rows, shape=places.shape))


def _with_last(a: Any, axis: Any, name: str) -> tuple[Value, int]:
    """The array with the axis to be sorted last, and where that axis was."""
    x = as_array(a)
    if axis is None:
        return st.reshape(x, shape=(x.size,)), 0
    if x.ndim == 0:
        raise ShapeError(f"np.{name} of a scalar", remedy="use an array of one axis or more")
    place = normal_axis(axis, x.ndim)
    return moveaxis(x, place, -1), place


def _refuse_fields(order: Any) -> None:
    if order is not None:
        raise TraceError(
            "order= of a sort of a traced value", remedy="traced arrays have no fields"
        )


def _check_algorithm(kind: Any) -> None:
    known = ("quicksort", "heapsort", "stable", "mergesort")
    if kind is not None and (not isinstance(kind, str) or kind.lower() not in known):
        raise ShapeError(f"np.sort of kind {kind!r}", remedy=f"use one of {', '.join(known)}")


@implements(np.argsort)
def argsort(
    a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Value:
    _refuse_fields(order)
    _check_algorithm(kind)
    x, place = _with_last(a, axis, "argsort")
    return moveaxis(st.argsort(x), -1, place)


@implements(np.sort)
def sort(
    a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Value:
    _refuse_fields(order)
    _check_algorithm(kind)
    x, place = _with_last(a, axis, "sort")
    return moveaxis(take_last(x, st.argsort(x)), -1, place)


def _check_places(kth: Any, a: Any, axis: Any) -> None:
    n = _with_last(a, axis, "partition")[0].shape[-1]
    for k in kth if np.iterable(kth) else (kth,):
        if not -n <= int(k) < n:
            raise ShapeError(
                f"np.partition at place {int(k)} of an axis of {n} elements",
                remedy="count places from 0, or from -1 backwards",
            )


@implements(np.partition)
def partition(
    a: Any, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None
) -> Value:
    """A sorted array is partitioned at every place."""
    _check_places(kth, a, axis)
    return sort(a, axis, order=order)


@implements(np.argpartition)
def argpartition(
    a: Any, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None
) -> Value:
    _check_places(kth, a, axis)
    return argsort(a, axis, order=order)


@implements(np.lexsort)
def lexsort(keys: Any, axis: int = -1) -> Value:
    """Stable sorts by one key after the other, the last one first in rank."""
    values = list(as_array(keys)) if isinstance(keys, (Value, np.ndarray)) else as_arrays(*keys)
    if any(x.shape != values[0].shape for x in values):
        raise ShapeError(
            f"np.lexsort with keys of shapes {[x.shape for x in values]}",
            remedy="all keys are of one shape",
        )
    place = _with_last(values[0], axis, "lexsort")[1]
    order: Value | None = None
    for key in values:
        x = moveaxis(key, place, -1)
        order = (
            st.argsort(x) if order is None else take_last(order, st.argsort(take_last(x, order)))
        )
    assert order is not None
    return moveaxis(order, -1, place)


# -- what is unique: how much that is depends on the values, and stands under a guard --------------


class _Runs(NamedTuple):
    """A sorted array as runs of equal elements."""

    values: Value
    order: Value
    starts: Value
    places: np.ndarray


def _runs(ar: Any, equal_nan: bool) -> _Runs:
    x = as_array(ar)
    x = st.reshape(x, shape=(x.size,))
    order = st.argsort(x)
    values = take_last(x, order)
    new = ew.ne(values[1:], values[:-1])
    if equal_nan and x.dtype.kind == "f":
        new = ew.logical_and(new, ew.logical_not(ew.isnan(values[:-1])))
    first = x.builder.const(True, (min(x.size, 1),), new.dtype)
    starts = concatenate([first, new])
    return _Runs(values, order, starts, np.flatnonzero(guard_array(starts)))


@implements(np.unique)
def unique(
    ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
    axis: Any = None, *, equal_nan: bool = True, sorted: bool = True,
) -> Any:  # fmt: skip
    x = as_array(ar)
    if axis is not None and (x.ndim != 1 or normal_axis(axis, x.ndim)):
        raise TraceError(
            "np.unique(..., axis=) of a traced array of several axes is not supported",
            remedy="use np.unique of the flat array, or np.lexsort and comparisons of neighbours",
        )
    runs = _runs(x, equal_nan)
    results: list[Any] = [runs.values[runs.places]]
    if return_index:
        results.append(runs.order[runs.places])
    if return_inverse:
        number = ew.sub(st.cumsum(ew.cast(runs.starts, dtype=INT64), axis=0, backward=False), 1)
        inverse = st.scatter_add(st.zeros(x, number.shape, INT64), runs.order, number)
        results.append(st.reshape(inverse, shape=x.shape))
    if return_counts:
        results.append(np.diff([*runs.places, x.size]).astype(np.int64))
    return tuple(results) if len(results) > 1 else results[0]
