"""NumPy's triangles, diagonals and shifts of arrays, on values."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from jitad.frontend.active import holds_traced
from jitad.frontend.conversion import as_array, as_arrays, refuse_out
from jitad.frontend.operands import (
    as_dtype,
    as_value,
    implements,
    innermost,
    lift,
    normal_axes,
    normal_axis,
)
from jitad.functions.arrays.indexing import part_of
from jitad.functions.arrays.shaping import concatenate, moveaxis, ravel, sizes_of, swapaxes
from jitad.functions.arrays.taking import known
from jitad.ir.errors import ShapeError
from jitad.ir.op import INT64
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st

# -- triangles and diagonals -----------------------------------------------------------------------


def _triangle(m: Any, k: Any, *, upper: bool) -> Value:
    x, _ = as_arrays(m, k)
    if x.ndim == 1:
        x = st.broadcast(x, shape=x.shape * 2)
    if x.ndim < 2:
        raise ShapeError(
            "a triangle of a scalar",
            remedy="use an array of one axis or more",
        )
    row = st.iota_on(x, x.shape, x.ndim - 2)
    column = st.iota_on(x, x.shape, x.ndim - 1)
    gap = ew.sub(column, row)
    kept = np.greater_equal(gap, k) if upper else np.less_equal(gap, k)
    return ew.where(kept, x, st.zeros(x, x.shape, x.dtype))


@implements(np.tril)
def tril(m: Any, k: Any = 0) -> Value:
    return _triangle(m, k, upper=False)


@implements(np.triu)
def triu(m: Any, k: Any = 0) -> Value:
    return _triangle(m, k, upper=True)


@implements(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    x = moveaxis(a, (axis1, axis2), (-2, -1))
    offset = operator.index(offset)
    rows, columns = x.shape[-2:]
    length = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    start = offset if offset >= 0 else -offset * columns
    flat = st.reshape(x, shape=(*x.shape[:-2], rows * columns))
    slots = (*((0, n, 1) for n in flat.shape[:-1]), (start, length, columns + 1))
    return st.index(flat, slots=slots)


@implements(np.diag)
def diag(v: Any, k: int = 0) -> Value:
    x = as_value(v)
    if x.ndim == 2:
        return diagonal(x, k)
    if x.ndim != 1:
        raise ShapeError(
            f"np.diag of an array of {x.ndim} axes",
            remedy="use np.diagonal for stacks of matrices",
        )
    k = operator.index(k)
    n = x.shape[0] + abs(k)
    start = k if k >= 0 else -k * n
    flat = st.zeros(x, (n * n,), x.dtype)
    if x.shape[0]:
        flat = st.index_add(flat, x, slots=((start, x.shape[0], n + 1),))
    return st.reshape(flat, shape=(n, n))


@implements(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Value:
    return diag(ravel(v), k)


@implements(np.trace)
def trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Value:
    refuse_out(out)
    return np.sum(diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


# -- shifts and turns ------------------------------------------------------------------------------


@implements(np.flip)
def flip(m: Any, axis: Any = None) -> Value:
    x = as_value(m)
    axes = normal_axes(axis, x.ndim)
    slots = tuple((n - 1, n, -1) if i in axes and n else (0, n, 1) for i, n in enumerate(x.shape))
    return st.index(x, slots=slots)


@implements(np.rot90)
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Value:
    x = as_value(m)
    first, second = (normal_axis(axis, x.ndim) for axis in axes)
    if first == second:
        raise ShapeError(f"np.rot90 in the axes {axes}", remedy="give two axes that differ")
    turns = operator.index(k) % 4
    if turns == 0:
        return x
    if turns == 2:
        return flip(x, (first, second))
    # A quarter turn to the left mirrors the columns and swaps; one to the right is its inverse.
    if turns == 1:
        return swapaxes(flip(x, second), first, second)
    return flip(swapaxes(x, first, second), second)


@implements(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Value:
    builder = innermost((a, shift))
    x = lift(builder, a)
    if axis is None:
        return st.reshape(roll(ravel(x), shift, 0), shape=x.shape)
    traced = holds_traced(shift) and np.ndim(shift) == 0
    amounts = [shift] if traced else np.atleast_1d(known(builder, shift)).tolist()
    if not traced and not all(isinstance(n, int) for n in amounts):
        raise ShapeError(f"np.roll by {shift!r}", remedy="give whole numbers, ints")
    places = sizes_of(axis)
    if len(amounts) != len(places) and 1 not in (len(amounts), len(places)):
        raise ShapeError(
            f"np.roll by {len(amounts)} shifts along {len(places)} axes",
            remedy="give one shift for each axis",
        )
    count = max(len(amounts), len(places)) if amounts and places else 0
    for k in range(count):
        amount, place = amounts[k % len(amounts)], places[k % len(places)]
        x = _rolled(x, amount, normal_axis(place, x.ndim))
    return x


def _rolled(x: Value, amount: Any, axis: int) -> Value:
    n = x.shape[axis]
    if isinstance(amount, Value):
        if n == 0:
            return x
        place = st.iota_on(x, (n,), 0)
        shift = as_dtype(as_array(amount), INT64)
        source = np.remainder(np.subtract(place, shift), n)
        return part_of(x, source, axis)
    if n == 0 or amount % n == 0:
        return x
    cut = n - amount % n
    parts = [part_of(x, part, axis) for part in (slice(cut, None), slice(cut))]
    return concatenate(parts, axis=axis)
