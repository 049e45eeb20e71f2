"""NumPy's functions of sliding windows on values: windows themselves, convolve and correlate."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array, conjugate
from jitad.frontend.operands import implements, normal_axis
from jitad.functions.arrays.shaping import concatenate, moveaxis
from jitad.functions.products.contractions import matmul, pair
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import Shape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st

_SHORT = 16
"""Operands of at most that many elements are applied element by element."""


@implements(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Value:
    if writeable:
        raise TraceError(
            "sliding_window_view(..., writeable=True) of a traced value",
            remedy="traced arrays are immutable: compute a new array from the windows",
        )
    windows = as_array(x)
    lengths = tuple(window_shape) if np.iterable(window_shape) else (window_shape,)
    axes = range(windows.ndim) if axis is None else axis if np.iterable(axis) else (axis,)
    places = [normal_axis(i, windows.ndim) for i in axes]
    if len(places) != len(lengths):
        raise ShapeError(
            f"sliding windows of shape {lengths} along the axes {tuple(places)}",
            remedy="give a length for each axis, or name the axes with axis=",
        )
    for place, length in zip(places, lengths, strict=True):
        count = windows.shape[place] - length + 1
        if length < 0 or count < 1:
            raise ShapeError(
                f"a window of {length} elements in an axis of {windows.shape[place]}",
                remedy="windows are as long as the axis, or shorter",
            )
        rows = st.gather(moveaxis(windows, place, 0), _shifted(windows, (count, length), 1, 1))
        windows = moveaxis(rows, (0, 1), (place, -1))
    return windows


def _shifted(like: Value, shape: Shape, down: int, across: int, start: int = 0) -> Value:
    """A matrix of element numbers: start + down * row + across * column."""
    row, column = st.iota_on(like, shape, 0), st.iota_on(like, shape, 1)
    return ew.add(ew.add(ew.mul(row, down), ew.mul(column, across)), start)


# -- convolve and correlate ------------------------------------------------------------------------


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Value:
    x, y = _signals("convolve", a, v)
    if y.shape[0] > x.shape[0]:
        x, y = y, x
    return _correlate(x, y[::-1], mode)


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Value:
    x, y = _signals("correlate", a, v)
    y = conjugate(y)
    if x.shape[0] < y.shape[0]:
        return _correlate(y, x, mode)[::-1]
    return _correlate(x, y, mode)


def _signals(name: str, a: Any, v: Any) -> tuple[Value, Value]:
    x, y = pair(a, v)
    x, y = (s if s.ndim else s.reshape(1) for s in (x, y))
    if x.ndim != 1 or y.ndim != 1 or not x.size or not y.size:
        raise ShapeError(
            f"np.{name} of arrays of shapes {x.shape} and {y.shape}",
            remedy="both are of one axis, and not empty",
        )
    return x, y


def _correlate(x: Value, y: Value, mode: str) -> Value:
    """sum_j x[k + j] y[j] for every k of the mode, where x, the longer one, is 0 outside."""
    n = y.shape[0]
    margins = {"valid": (0, 0), "same": (n // 2, n - n // 2 - 1), "full": (n - 1, n - 1)}
    if mode not in margins:
        raise ShapeError(f"there is no mode {mode!r}", remedy="use full, same or valid")
    x = _padded(x, *margins[mode])
    return _few_terms(x, y) if n <= _SHORT else _blocks(x, y)


def _padded(x: Value, before: int, after: int) -> Value:
    ends = [st.zeros(x, (n,), x.dtype) for n in (before, after)]
    pieces = [piece for piece in (ends[0], x, ends[1]) if piece.size]
    return concatenate(pieces)


def _few_terms(x: Value, y: Value) -> Value:
    """One shifted view of x for each element of y: they fuse into one loop."""
    n = y.shape[0]
    count = x.shape[0] - n + 1
    total: Value | None = None
    for j in range(n):
        weight = st.broadcast(st.index(y, slots=(j,)), shape=(count,))
        term = ew.mul(st.index(x, slots=((j, count, 1),)), weight)
        total = term if total is None else ew.add(total, term)
    assert total is not None
    return total


def _blocks(x: Value, y: Value) -> Value:
    """A product of matrices: of windows of x, one for each block of results, and of shifts of y.

    A block of B results reads B + n - 1 elements of x. With B about the root of their number both
    matrices stay small, and B <= n keeps the work within twice that of the sums themselves.
    """
    n = y.shape[0]
    count = x.shape[0] - n + 1
    size = max(1, min(n, math.isqrt(count)))
    blocks = -(-count // size)
    width = size + n - 1
    x = _padded(x, 0, blocks * size - count)
    windows = st.gather(x, _shifted(x, (blocks, width), size, 1))
    shifts = st.gather(
        _padded(y, size - 1, size - 1), _shifted(y, (width, size), 1, -1, start=size - 1)
    )
    return st.index(matmul(windows, shifts).reshape(-1), slots=((0, count, 1),))
