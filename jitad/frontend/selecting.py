"""NumPy's functions that take parts of arrays, on values: triangles, diagonals, pieces, shifts."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.operands import (
    as_value,
    implements,
    normal_axes,
    normal_axis,
)
from jitad.frontend.shaping import concatenate, moveaxis, ravel
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st

# -- triangles and diagonals -----------------------------------------------------------------------


def _triangle(m: Any, k: int, *, upper: bool) -> Value:
    x = as_value(m)
    if x.ndim < 2:
        raise ShapeError(
            f"a triangle of an array of shape {x.shape}",
            remedy="use an array of two axes or more",
        )
    row = st.iota_on(x, x.shape, x.ndim - 2)
    column = st.iota_on(x, x.shape, x.ndim - 1)
    gap = ew.sub(column, row)
    kept = ew.ge(gap, k) if upper else ew.le(gap, k)
    return ew.where(kept, x, st.zeros(x, x.shape, x.dtype))


@implements(np.tril)
def tril(m: Any, k: int = 0) -> Value:
    return _triangle(m, k, upper=False)


@implements(np.triu)
def triu(m: Any, k: int = 0) -> Value:
    return _triangle(m, k, upper=True)


@implements(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    x = moveaxis(a, (axis1, axis2), (-2, -1))
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
    return np.sum(diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


# -- parts -----------------------------------------------------------------------------------------


@implements(np.flip)
def flip(m: Any, axis: Any = None) -> Value:
    x = as_value(m)
    axes = normal_axes(axis, x.ndim)
    slots = tuple((n - 1, n, -1) if i in axes else (0, n, 1) for i, n in enumerate(x.shape))
    return st.index(x, slots=slots)


@implements(np.split, np.array_split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Value]:
    x = as_value(ary)
    place = normal_axis(axis, x.ndim)
    total = x.shape[place]
    if isinstance(indices_or_sections, int):
        each, extra = divmod(total, indices_or_sections)
        sizes = [each + 1] * extra + [each] * (indices_or_sections - extra)
        stops = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    else:
        stops = [*indices_or_sections, total]
    parts: list[Value] = []
    start = 0
    for stop in stops:
        key = (slice(None),) * place + (slice(start, stop),)
        parts.append(x[key])
        start = stop
    return parts


@implements(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Value:
    x = as_value(a)
    if axis is None:
        return st.reshape(roll(ravel(x), shift, 0), shape=x.shape)
    for amount, place in np.broadcast(shift, axis):
        where_ = normal_axis(place, x.ndim)
        n = x.shape[where_]
        if n and amount % n:
            parts = split(x, [n - amount % n], where_)
            x = concatenate(parts[::-1], axis=where_)
    return x


@implements(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, **unsupported: Any) -> Value:
    if unsupported:
        raise TraceError(
            f"np.diff with {sorted(unsupported)} is not supported",
            remedy="join the ends with np.concatenate first",
        )
    x = as_value(a)
    place = normal_axis(axis, x.ndim)
    for _ in range(n):
        later = (slice(None),) * place + (slice(1, None),)
        earlier = (slice(None),) * place + (slice(None, -1),)
        x = ew.sub(x[later], x[earlier])
    return x
