"""NumPy's functions that take elements at given places along an axis, on values.

Places that are known while tracing become slices where that is a view or a few of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.frontend.active import holds_traced
from jitad.frontend.conversion import as_array_on, as_arrays, refuse_out
from jitad.frontend.guards import guard_array
from jitad.frontend.operands import (
    as_dtype,
    as_shape,
    as_value,
    broadcast_shape,
    common_dtype,
    implements,
    innermost,
    lift,
    normal_axis,
)
from jitad.functions.arrays.indexing import part_of
from jitad.functions.arrays.shaping import concatenate, moveaxis, ravel
from jitad.functions.elementwise.ufuncs import truth
from jitad.ir.builder import Builder
from jitad.ir.errors import JitadError, ShapeError, TraceError
from jitad.ir.op import BOOL, INT64
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.views import resized

FEW_RUNS = 8
"""Places in at most that many runs are taken run by run, and joined."""

OUTSIDE = -(2**40)
"""An index that lies outside of any array."""

# -- what is known while tracing -------------------------------------------------------------------


def known(builder: Builder, x: Any) -> np.ndarray:
    """The concrete array of x, under a guard where it is not written in the program."""
    if isinstance(x, (Value, np.ndarray)) or holds_traced(x):
        return guard_array(lift(builder, x))
    return np.asarray(x)


def known_truth(builder: Builder, x: Any) -> np.ndarray:
    """Where x is true; which elements are is what a guard holds, not their values."""
    return guard_array(truth(lift(builder, x)))


def insist(inside: Value, error: Callable[[], JitadError]) -> None:
    """An error where not all elements are true: one number is guarded."""
    if not guard_array(st.reduce_all(inside, axes=tuple(range(inside.ndim)))):
        raise error()


# -- places ----------------------------------------------------------------------------------------


def pick(x: Value, places: np.ndarray, axis: int) -> Value:
    """The elements at known places along an axis, which must lie within it."""
    if places.size == 0:
        return part_of(x, slice(0), axis)
    steps = np.diff(places)
    if np.all(steps == steps[:1]) and (steps.size == 0 or steps[0] != 0):
        step = int(steps[0]) if steps.size else 1
        stop = int(places[-1]) + (1 if step > 0 else -1)
        return part_of(x, slice(int(places[0]), stop if stop >= 0 else None, step), axis)
    pieces = runs(np.flatnonzero(steps != 1) + 1, places)
    if len(pieces) > FEW_RUNS:
        return part_of(x, places, axis)
    return concatenate([part_of(x, piece, axis) for piece in pieces], axis=axis)


def runs(cuts: np.ndarray, places: np.ndarray) -> list[slice]:
    """The slices that places are, cut at these positions: one after the other in between."""
    starts, stops = [0, *cuts.tolist()], [*cuts.tolist(), places.size]
    return [
        slice(int(places[i]), int(places[j - 1]) + 1) for i, j in zip(starts, stops, strict=True)
    ]


def weave(x: Value, y: Value, places: np.ndarray, axis: int) -> Value:
    """The elements at known places of x and y laid end to end along an axis."""
    n = x.shape[axis]
    cuts = np.flatnonzero((np.diff(places) != 1) | (places[1:] == n)) + 1
    if places.size == 0 or cuts.size >= FEW_RUNS:
        return pick(concatenate([x, y], axis=axis), places, axis)
    parts = [
        part_of(x, piece, axis)
        if piece.start < n
        else part_of(y, slice(piece.start - n, piece.stop - n), axis)
        for piece in runs(cuts, places)
    ]
    return concatenate(parts, axis=axis)


def flattened(x: Value, axis: Any) -> tuple[Value, int]:
    """x and a non-negative axis of it; of axis None, x as one axis."""
    return (ravel(x), 0) if axis is None else (x, normal_axis(axis, x.ndim))


def _indices(x: Any) -> Value | np.ndarray:
    """Integers that are places; NumPy takes booleans for 0 and 1."""
    i: Any = x if isinstance(x, (Value, np.ndarray)) else None
    if i is None:
        i = as_value(x) if holds_traced(x) else np.asarray(x)
    return i.astype(np.int64) if i.dtype == BOOL or math.prod(i.shape) == 0 else i


@implements(np.take)
def take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Value:
    refuse_out(out)
    builder = innermost((a, indices))
    x, place = flattened(as_array_on(builder, a), axis)
    i: Any = _indices(indices)
    n = x.shape[place]
    if n == 0 and math.prod(i.shape):
        raise ShapeError(
            f"np.take from an axis of length 0 of an array of shape {x.shape}",
            remedy="test x.size before",
        )
    if mode != "raise" and n:
        # An array that the function closes over may change after the trace: it is an operand.
        i = lift(builder, i) if isinstance(i, np.ndarray) and isinstance(indices, np.ndarray) else i
        i = in_range(i, n, mode)
    return part_of(x, i, place)


def in_range(i: Any, n: int, mode: str) -> Any:
    """Integers brought into 0 <= i < n, as NumPy's modes `wrap` and `clip` have it."""
    if mode == "wrap":
        return np.remainder(i, n)
    if mode == "clip":
        return np.minimum(np.maximum(i, 0), n - 1)
    raise TraceError(f"there is no mode {mode!r}", remedy="use 'raise', 'wrap' or 'clip'")


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Value:
    x, i = as_arrays(arr, indices)
    x, place = flattened(x, axis)
    if i.dtype.kind != "i":
        raise TraceError(f"an array of dtype {i.dtype} as an index", remedy="use integers")
    if i.ndim != x.ndim:
        raise ShapeError(
            f"np.take_along_axis of shape {x.shape} with indices of shape {i.shape}",
            remedy="the indices have as many axes as the array; with axis=None they have one",
        )
    n, count = x.shape[place], i.shape[place]
    others = broadcast_shape(*(resized(y.shape, place, 1) for y in (x, i)))
    rows = math.prod(others)
    x = moveaxis(as_shape(x, resized(others, place, n)), place, -1)
    i = moveaxis(as_shape(as_dtype(i, INT64), resized(others, place, count)), place, -1)
    flat = st.reshape(i, shape=(rows, count))
    flat = ew.where(ew.lt(flat, 0), ew.add(flat, n), flat)
    if rows > 1:
        # Out of bounds in one row must not land inside another one.
        inside = ew.logical_and(ew.ge(flat, 0), ew.lt(flat, n))
        start = ew.mul(st.iota_on(flat, flat.shape, 0), n)
        flat = ew.where(inside, ew.add(start, flat), OUTSIDE)
    taken = st.gather(st.reshape(x, shape=(rows * n,)), flat)
    return moveaxis(st.reshape(taken, shape=i.shape), -1, place)


@implements(np.compress)
def compress(condition: Any, a: Any, axis: Any = None, out: Any = None) -> Value:
    refuse_out(out)
    builder = innermost((condition, a))
    x, place = flattened(as_array_on(builder, a), axis)
    mask = known_truth(builder, condition)
    if mask.ndim != 1:
        raise ShapeError(
            f"np.compress with a condition of shape {mask.shape}",
            remedy="give one number for each place along the axis, or use x[mask]",
        )
    places = np.flatnonzero(mask)
    if places.size and places[-1] >= x.shape[place]:
        raise ShapeError(
            f"np.compress with {mask.size} conditions for an axis of length {x.shape[place]}",
            remedy="give one condition for each place along the axis",
        )
    return pick(x, places, place)


@implements(np.extract)
def extract(condition: Any, arr: Any) -> Value:
    builder = innermost((condition, arr))
    flat = ravel(lift(builder, condition))
    return compress(flat, ravel(lift(builder, arr)))


# -- choices by number -----------------------------------------------------------------------------


@implements(np.choose)
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Value:
    refuse_out(out)
    builder = innermost((a, choices))
    number = as_array_on(builder, a)
    if number.dtype.kind not in "ib":
        raise TraceError(f"np.choose by an array of {number.dtype}", remedy="choose by integers")
    values = [lift(builder, x) for x in choices]
    dtype, n = common_dtype(*values), len(values)
    shape = broadcast_shape(number.shape, *(x.shape for x in values))
    number = as_shape(as_dtype(number, INT64), shape)
    if mode == "raise":
        insist(
            ew.logical_and(ew.ge(number, 0), ew.lt(number, n)),
            lambda: ShapeError(
                f"np.choose of {n} arrays by numbers that are not all in 0 ... {n - 1}",
                remedy="bring them into range, or give mode='wrap' or mode='clip'",
            ),
        )
    else:
        number = in_range(number, n, mode)
    *rest, result = (as_shape(as_dtype(x, dtype), shape) for x in values)
    for k, x in reversed([*enumerate(rest)]):
        result = ew.where(ew.eq(number, k), x, result)
    return result
