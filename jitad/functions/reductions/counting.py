"""NumPy's searches in sorted arrays, and counts of elements in bins, on values.

Counts are integers and have no derivatives; sums of weights have them, by the weights.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array_on
from jitad.frontend.operands import (
    array_dtype,
    as_dtype,
    as_shape,
    common_dtype,
    implements,
    innermost,
)
from jitad.functions.arrays.shaping import concatenate
from jitad.functions.reductions.reductions import max_, min_
from jitad.ir.builder import Builder
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import FLOAT64, INT64
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.reductions import refuse_complex

# -- places in a sorted array ----------------------------------------------------------------------


def bisect(a: Value, v: Value, *, right: bool) -> Value:
    """How many elements of the ascending a are below each element of v (right: or equal to it).

    Steps of halving lengths are taken while what they pass is below; NaN is above all others.
    """
    n = a.shape[0]
    place = v.builder.const(0, v.shape, INT64)
    step = 1 << (n.bit_length() - 1) if n else 0
    while step:
        ahead = ew.add(place, step)
        passed = st.gather(a, ew.sub(ew.minimum(ahead, n), 1))
        below = ew.le(passed, v) if right else ew.lt(passed, v)
        if v.dtype.kind == "f":
            last = (
                ew.isnan(v)
                if right
                else ew.logical_and(ew.isnan(v), ew.logical_not(ew.isnan(passed)))
            )
            below = ew.logical_or(below, last)
        place = ew.where(ew.logical_and(below, ew.le(ahead, n)), ahead, place)
        step //= 2
    return place


def _row(x: Value, name: str) -> Value:
    if x.ndim != 1:
        raise ShapeError(f"{name} of shape {x.shape}", remedy="give an array of one axis")
    return x


@implements(np.searchsorted)
def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Value:
    if side not in ("left", "right"):
        raise ShapeError(f"np.searchsorted at side {side!r}", remedy='use "left" or "right"')
    builder = innermost((a, v, sorter))
    row, wanted = _row(as_array_on(builder, a), "a sorted array"), as_array_on(builder, v)
    if sorter is not None:
        row = st.gather(row, as_dtype(_row(as_array_on(builder, sorter), "a sorter"), INT64))
    dtype = array_dtype(row, wanted)
    if dtype.kind == "c":
        refuse_complex("searchsorted", as_dtype(row, dtype))
    return bisect(as_dtype(row, dtype), as_dtype(wanted, dtype), right=side == "right")


@implements(np.digitize)
def digitize(x: Any, bins: Any, right: bool = False) -> Value:
    builder = innermost((x, bins))
    edges = _row(as_array_on(builder, bins), "bins")
    plain: Any = edges if isinstance(bins, Value) else np.asarray(bins)
    side = "left" if right else "right"
    if bool(np.all(plain[1:] >= plain[:-1])):
        return searchsorted(edges, x, side)
    if not bool(np.all(plain[1:] <= plain[:-1])):
        raise ShapeError("np.digitize with bins that are not in order", remedy="sort the bins")
    above = searchsorted(edges[::-1], x, side)
    return ew.sub(above.builder.const(edges.size, above.shape, INT64), above)


# -- sums by number --------------------------------------------------------------------------------


@implements(np.bincount)
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Value:
    builder = innermost((x, weights))
    numbers = _row(as_array_on(builder, x), "np.bincount")
    if numbers.dtype.kind not in "ib":
        raise TraceError(f"np.bincount of {numbers.dtype}", remedy="use x.astype(int)")
    if minlength < 0:
        raise ShapeError(f"np.bincount with minlength={minlength}", remedy="use 0 or more")
    length = minlength
    if numbers.size:
        plain: Any = numbers if isinstance(x, Value) else np.asarray(x)
        length = int(np.maximum(np.max(plain).astype(np.int64) + 1, minlength))
    w = _weights(numbers, weights)
    w = w if weights is None else as_dtype(w, FLOAT64)
    return _sums(as_dtype(numbers, INT64), w, length)


def _sums(numbers: Value, weights: Value, length: int) -> Value:
    """The sum of the weights for each number, in double precision before it is rounded."""
    dtype = FLOAT64 if weights.dtype.kind == "f" else weights.dtype
    total = weights.builder.const(0, (length,), dtype)
    if numbers.size:
        total = st.scatter_add(total, numbers, as_dtype(weights, dtype))
    return as_dtype(total, weights.dtype)


def _weights(x: Value, weights: Any) -> Value:
    """A weight for each element: 1 where none are given."""
    if weights is None:
        return x.builder.const(1, x.shape, INT64)
    w = as_array_on(x.builder, weights)
    if w.shape != x.shape:
        raise ShapeError(
            f"weights of shape {w.shape} for elements of shape {x.shape}", remedy="give one each"
        )
    return w


# -- bins ------------------------------------------------------------------------------------------


def _edges(x: Value, bins: Any, limits: Any) -> Value:
    """The edges of bins along one axis: those given, or of a number of bins of equal widths."""
    builder = x.builder
    if isinstance(bins, str):
        raise TraceError(
            f"bins={bins!r}: a number of bins that depends on traced values",
            remedy="give a number of bins, or their edges",
        )
    if np.ndim(bins) == 1:
        edges = as_array_on(builder, bins)
        ordered: Any = edges if isinstance(bins, Value) else np.asarray(bins)
        if not bool(np.all(ordered[:-1] <= ordered[1:])):
            raise ShapeError("edges of bins that do not ascend", remedy="sort them")
        return edges
    try:
        count = operator.index(bins)
    except TypeError as error:
        raise TraceError(f"bins={bins!r}", remedy="give an integer or the edges") from error
    if count < 1:
        raise ShapeError(f"{count} bins", remedy="give 1 or more")
    if not x.size or (limits is not None and not any(isinstance(v, Value) for v in limits)):
        return as_array_on(builder, _known_edges(x, count, limits))
    first, last, dtype = _limits(x, limits)
    step: Any = np.true_divide(ew.sub(last, first), count)
    inner = np.arange(count).astype(dtype) * step + first
    edges = concatenate([inner, st.reshape(last, shape=(1,))])
    if not bool(np.all(edges[:-1] < edges[1:])):
        raise ShapeError(
            f"{count} bins of a range that is too small for them, or not finite",
            remedy="give fewer bins, or another range=",
        )
    return edges


def _known_edges(x: Value, count: int, limits: Any) -> np.ndarray:
    try:
        return np.histogram_bin_edges(np.empty(0, x.dtype), count, limits)
    except ValueError as error:
        raise ShapeError(f"range={limits}: {error}", remedy="give another range=") from error


def _limits(x: Value, limits: Any) -> tuple[Value, Value, Any]:
    """The outer edges, apart from each other, and the dtype of all edges."""
    if limits is not None:
        first, last = (as_array_on(x.builder, v) for v in limits)
        dtype = common_dtype(*limits, x)
    else:
        first, last = min_(x), max_(x)
        dtype = x.dtype
    dtype = FLOAT64 if dtype.kind in "ib" else dtype
    first, last = as_dtype(first, dtype), as_dtype(last, dtype)
    equal = ew.eq(first, last)
    first = ew.where(equal, ew.sub(first, 0.5), first)
    return first, ew.where(equal, ew.add(last, 0.5), last), dtype


def _bin_of(x: Value, edges: Value) -> tuple[Value, Value]:
    """The bin of each element, and whether it is in one: the last includes both of its edges."""
    dtype = array_dtype(x, edges)
    x, edges = as_dtype(x, dtype), as_dtype(edges, dtype)
    count = edges.size - 1
    first, last = (as_shape(edges[k], x.shape) for k in (0, count))
    inside = ew.logical_and(ew.ge(x, first), ew.le(x, last))
    place = ew.sub(bisect(edges, x, right=True), 1)
    return ew.maximum(ew.minimum(place, count - 1), 0), inside


def _counted(bins: Sequence[tuple[Value, Value]], counts: Sequence[int], w: Value) -> Value:
    """The sums of the weights in all cells of a grid of bins."""
    flat, inside = bins[0]
    for (place, within), n in zip(bins[1:], counts[1:], strict=True):
        flat = ew.add(ew.mul(flat, n), place)
        inside = ew.logical_and(inside, within)
    w = ew.where(inside, w, ew.like(0, w))
    return st.reshape(_sums(flat, w, math.prod(counts)), shape=tuple(counts))


def _sample(builder: Builder, a: Any) -> Value:
    x = as_array_on(builder, a)
    return as_dtype(x, INT64) if x.dtype.kind == "b" else x


@implements(np.histogram_bin_edges)
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Value:
    return _edges(_sample(innermost((a, bins, range, weights)), a), bins, range)


@implements(np.histogram)
def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Value, Value]:
    x = _sample(innermost((a, bins, range, weights)), a)
    w = _weights(x, weights)
    x, w = st.reshape(x, shape=(x.size,)), st.reshape(w, shape=(x.size,))
    edges = _edges(x, bins, range)
    total: Any = _counted([_bin_of(x, edges)], [edges.size - 1], w)
    if density:
        widths = as_dtype(ew.sub(edges[1:], edges[:-1]), FLOAT64)
        total = total / widths / np.sum(total)
    return total, edges


@implements(np.histogramdd)
def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Value, list[Value]]:
    given = [x for x in (sample, range, weights) if x is not None]
    builder = innermost((*given, *(bins if isinstance(bins, (list, tuple)) else (bins,))))
    if isinstance(sample, (Value, np.ndarray)) and sample.ndim == 2:
        points = _sample(builder, sample)
    else:
        points = np.atleast_2d(_sample(builder, sample)).T  # type: ignore[call-overload]  # traced
    rank = points.shape[1]
    bins = bins if _is_sequence(bins) else [bins] * rank
    limits = [None] * rank if range is None else range
    if len(bins) != rank or len(limits) != rank:
        raise ShapeError(
            f"bins or ranges for another number of axes than {rank}", remedy="give one for each"
        )
    columns = list(points.T)
    # Unlike np.histogram, limits that are given have the precision of their own.
    edges = [
        _edges(x if r is None else as_dtype(x, FLOAT64), b, r)
        for x, b, r in zip(columns, bins, limits, strict=True)
    ]
    w = as_dtype(_weights(columns[0], weights), FLOAT64)
    places = [_bin_of(x, e) for x, e in zip(columns, edges, strict=True)]
    total: Any = _counted(places, [e.size - 1 for e in edges], w)
    if density:
        whole = np.sum(total)
        for k, e in enumerate(edges):
            shape = [-1 if i == k else 1 for i, _ in enumerate(edges)]
            total = total / np.reshape(np.subtract(e[1:], e[:-1]), shape)
        total = total / whole
    return total, edges


def _is_sequence(bins: Any) -> bool:
    return isinstance(bins, (list, tuple)) or np.ndim(bins) > 0


@implements(np.histogram2d)
def histogram2d(
    x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Value, Value, Value]:
    if np.ndim(x) != 1 or np.shape(x) != np.shape(y):
        raise ShapeError(
            f"np.histogram2d of shapes {np.shape(x)} and {np.shape(y)}",
            remedy="both are of one axis and of one length",
        )
    both = [bins, bins] if _is_sequence(bins) and len(bins) > 2 else bins
    total, edges = histogramdd([x, y], both, range, density, weights)
    return total, edges[0], edges[1]
