"""NumPy's medians, percentiles and quantiles on values, of all elements or of those not NaN.

The methods are those of Hyndman & Fan, Sample Quantiles in Statistical Packages, The American
Statistician 50 (1996), 361-365, and four more that NumPy offers. Each says, for n elements, where
quantile q stands in the sorted array: at a place between two elements, which are interpolated.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array, as_array_on, refuse_out
from jitad.frontend.operands import (
    as_dtype,
    as_shape,
    common_dtype,
    implements,
    innermost,
    lift,
    normal_axes,
)
from jitad.functions.arrays.shaping import concatenate, moveaxis
from jitad.functions.reductions.accumulations import cumsum
from jitad.functions.reductions.reductions import sum_
from jitad.functions.reductions.sorting import take_last
from jitad.functions.reductions.statistics import aligned_weights, mean
from jitad.ir.errors import ShapeError
from jitad.ir.op import FLOAT64
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st

Place = Callable[[Any, Any], Any]


def _between(alpha: float, beta: float) -> Place:
    return lambda n, q: n * q + (alpha + q * (1 - alpha - beta)) - 1


def _averaged(n: Any, q: Any) -> Any:
    """The middle of two elements where n q is whole, else the second of them."""
    place = n * q
    low = np.floor(place)
    return low - np.where(place == low, 0.5, 0.0)


# No product is followed by a sum before it is rounded: compiled code could make both one operation,
# which rounds differently, and miss whole numbers.
_CONTINUOUS: dict[str, Place] = {
    "linear": lambda n, q: (n - 1) * q,
    "interpolated_inverted_cdf": _between(0, 1),
    "hazen": _between(0.5, 0.5),
    "weibull": _between(0, 0),
    "median_unbiased": _between(1 / 3, 1 / 3),
    "normal_unbiased": _between(3 / 8, 3 / 8),
    "averaged_inverted_cdf": _averaged,
    "midpoint": lambda n, q: 0.5 * (np.floor((n - 1) * q) + np.ceil((n - 1) * q)),
}
"""Places between which there is interpolation."""


_DISCRETE: dict[str, Place] = {
    "inverted_cdf": lambda n, q: np.ceil(n * q) - 1,
    "closest_observation": lambda n, q: np.rint(n * q) - 1,
    "lower": lambda n, q: np.floor((n - 1) * q),
    "higher": lambda n, q: np.ceil((n - 1) * q),
    "nearest": lambda n, q: np.rint((n - 1) * q),
}
"""Places of elements."""

METHODS = (*_CONTINUOUS, *_DISCRETE)
"""The names of all methods."""


def _whole(x: Any) -> Any:
    return x.astype(np.int64)


_FEW = 16
"""So many ranks that are known are read by slices, more of them by a gather."""


class _Rows:
    """Rows to be reduced: the elements along the last axis, and their order.

    `count` is how many elements of a row count, NaN being last: a number, or an array with the
    last axis kept.
    """

    def __init__(self, x: Value, axes: tuple[int, ...], ignore_nan: bool) -> None:
        others = [i for i in range(x.ndim) if i not in axes]
        self.rest = tuple(x.shape[i] for i in others)
        self.length = math.prod(x.shape[i] for i in axes)
        self.axes = axes
        self.whole = x.shape
        self.perm = (*others, *axes)
        self.values = self.arranged(x)
        self.order = st.argsort(self.values)
        self.count: int | Value = self.length
        if ignore_nan and x.dtype.kind == "f":
            real = ew.logical_not(ew.isnan(self.values))
            self.count = sum_(real, axis=-1, dtype=FLOAT64, keepdims=True)

    def arranged(self, x: Value) -> Value:
        """An array of the same axes, its reduced ones last and made one."""
        return st.reshape(st.transpose(x, perm=self.perm), shape=(*self.rest, self.length))

    def at(self, ranks: Any) -> Value:
        """The elements of some ranks, which are in range: one row of them for all, or each."""
        if isinstance(ranks, np.ndarray) and 0 < ranks.size <= _FEW:
            places = [self.order[..., k : k + 1] for k in ranks.tolist()]
            return take_last(self.values, concatenate(places, axis=-1))
        ranks = as_array_on(self.values.builder, ranks)
        shape = (*self.rest, ranks.shape[-1])
        return take_last(self.values, take_last(self.order, as_shape(ranks, shape)))

    def count_as(self, dtype: Any) -> Any:
        """The count, in the precision of the fractions that it is multiplied by."""
        if isinstance(self.count, Value) and dtype.kind == "f":
            return as_dtype(self.count, dtype)
        return self.count

    def shaped(self, result: Value, lead: tuple[int, ...], keepdims: Any) -> Value:
        """Results along the last axis as NumPy shapes them: the axes of q before all others."""
        keep = bool(keepdims) and keepdims is not np._NoValue
        rest = st.keep_axes(self.whole, self.axes) if keep else self.rest
        return st.reshape(moveaxis(result, -1, 0), shape=(*lead, *rest))

    def or_nan(self, result: Value) -> Value:
        """NaN in place of the results of rows that have one, or that have no other elements."""
        if self.values.dtype.kind != "f":
            return result
        if isinstance(self.count, Value):
            bad = ew.eq(self.count, 0.0)
        else:
            bad = ew.isnan(self.at(np.array([self.length - 1])))
        nan = ew.like(math.nan, result)
        return ew.where(as_shape(bad, result.shape), nan, result)


# -- places ----------------------------------------------------------------------------------------


def _fractions(q: Any, scale: float, x: Value) -> tuple[Any, tuple[int, ...]]:
    """q as fractions along one axis (an array, or a value where it is traced), and its shape."""
    if isinstance(q, Value):
        q = as_array_on(x.builder, q)
    else:
        q = np.asarray(q)
        if q.dtype == object:
            q = as_array_on(x.builder, q)
        elif q.size and not bool(np.all((q >= 0) & (q <= scale))):
            raise ShapeError(
                f"quantiles outside of the range from 0 to {scale:g}",
                remedy="np.quantile takes fractions of 1, np.percentile of 100",
            )
    if q.ndim > 2:
        raise ShapeError(f"quantiles of shape {q.shape}", remedy="give a number or a row of them")
    fractions = np.true_divide(q, scale) if scale != 1 else q
    return np.reshape(fractions, (-1,)), q.shape


def _chosen(rows: _Rows, q: Any, method: str) -> Value:
    """The elements at whole places."""
    n = rows.count_as(q.dtype)
    place = np.maximum(_DISCRETE.get(method, _CONTINUOUS["linear"])(n, q), 0)
    return rows.at(_whole(np.minimum(place, np.maximum(n - 1, 0))))


def _interpolated(rows: _Rows, q: Any, method: str, weak: bool) -> Value:
    """Between the elements around each place; beyond the ends, the element there."""
    n = rows.count_as(q.dtype)
    place = _CONTINUOUS[method](n, q)
    low = np.floor(place)
    part = (place - low).astype(q.dtype) if q.dtype.kind == "f" else place - low
    last = np.maximum(n - 1, 0)
    beyond, before = place >= last, place < 0
    first = np.where(beyond, last, np.where(before, 0, low))
    second = np.where(beyond, last, np.where(before, 0, low + 1))
    a, b = rows.at(_whole(first)), rows.at(_whole(second))
    dtype = common_dtype(a, *(() if weak else (part,)))
    dtype = FLOAT64 if dtype.kind in "ib" else dtype
    gap = as_dtype(ew.sub(b, a), dtype)
    a, b = as_dtype(a, dtype), as_dtype(b, dtype)
    t = as_shape(as_dtype(lift(a.builder, part), dtype), a.shape)
    # From the nearer end, so that the ends themselves are met exactly.
    upper = ew.sub(b, ew.mul(gap, ew.sub(1.0, t)))
    return ew.where(ew.ge(t, 0.5), upper, ew.add(a, ew.mul(gap, t)))


def _by_weights(rows: _Rows, weights: Value, q: Any) -> Value:
    """The first element at which the running sum of the weights reaches its fraction q."""
    sorted_weights = take_last(rows.arranged(weights), rows.order)
    if isinstance(rows.count, Value):
        rank = st.iota_on(sorted_weights, sorted_weights.shape, sorted_weights.ndim - 1)
        real = np.less(rank, rows.count)
        sorted_weights = np.where(real, sorted_weights, 0)
    running: Any = cumsum(sorted_weights, axis=-1, dtype=FLOAT64)
    valid: Any = np.all(np.greater(running[..., -1:], 0)) & np.all(np.greater_equal(weights, 0))
    if not bool(valid):
        raise ShapeError(
            "weights of quantiles that are negative, NaN or all 0",
            remedy="give weights of 0 or more, some of them more in each row",
        )
    share = running / running[..., -1:]
    share = as_dtype(share, q.dtype) if q.dtype.kind == "f" else share
    # A share of 0 is reached by no fraction: elements without weight at the start do not count.
    column: Any = share[..., None, :]
    reached = (column >= q[:, None]) & (column > 0)
    return rows.at(np.argmax(reached, axis=-1))


# -- NumPy's functions -----------------------------------------------------------------------------


def _quantile(scale: float, ignore_nan: bool) -> Callable[..., Value]:
    def record(
        a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
        method: str = "linear", keepdims: Any = False, *, weights: Any = None,
    ) -> Value:  # fmt: skip
        refuse_out(out)
        x = as_array_on(innermost((a, q, weights)), a)
        axes = normal_axes(axis, x.ndim)
        weak = type(q) in (int, float) or (isinstance(q, Value) and q.weak)
        fractions, lead = _fractions(q, scale, x)
        if method not in METHODS:
            raise ShapeError(
                f"quantiles by the method {method!r}",
                remedy=f"use one of {', '.join(METHODS)}",
            )
        if any(x.shape[i] == 0 for i in axes):
            raise ShapeError("a quantile of an empty array", remedy="test x.size before")
        rows = _Rows(x, axes, ignore_nan)
        if weights is not None:
            if method != "inverted_cdf":
                raise ShapeError(
                    f"weighted quantiles by the method {method!r}",
                    remedy='use method="inverted_cdf"',
                )
            w = as_shape(aligned_weights(x, weights, axis), x.shape)
            result = _by_weights(rows, w, fractions)
        elif method in _DISCRETE or (method == "linear" and fractions.dtype.kind in "ib"):
            result = _chosen(rows, fractions, method)
        else:
            result = _interpolated(rows, fractions, method, weak)
        return rows.shaped(rows.or_nan(result), lead, keepdims)

    return record


quantile = implements(np.quantile)(_quantile(1, False))
percentile = implements(np.percentile)(_quantile(100, False))
nanquantile = implements(np.nanquantile)(_quantile(1, True))
nanpercentile = implements(np.nanpercentile)(_quantile(100, True))


@implements(np.median)
def median(
    a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False
) -> Value:
    refuse_out(out)
    x = as_array(a)
    axes = normal_axes(axis, x.ndim)
    if any(x.shape[i] == 0 for i in axes):
        return mean(x, axis=axes, keepdims=keepdims)
    rows = _Rows(x, axes, False)
    middle = sorted({(rows.length - 1) // 2, rows.length // 2})
    result = mean(rows.at(np.array(middle)), axis=-1, keepdims=True)
    return rows.shaped(rows.or_nan(result), (), keepdims)


@implements(np.nanmedian)
def nanmedian(
    a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False
) -> Value:
    refuse_out(out)
    x = as_array(a)
    axes = normal_axes(axis, x.ndim)
    if x.dtype.kind != "f" or any(x.shape[i] == 0 for i in axes):
        return median(x, axis, keepdims=keepdims)
    rows = _Rows(x, axes, True)
    n = _whole(rows.count)
    low, high = np.maximum((n - 1) // 2, 0), np.minimum(n // 2, rows.length - 1)
    result = ew.mul(ew.add(rows.at(low), rows.at(high)), 0.5)
    return rows.shaped(rows.or_nan(result), (), keepdims)
