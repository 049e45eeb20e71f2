"""NumPy's means, variances and covariances on values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array_on, refuse_out
from jitad.frontend.operands import (
    as_dtype,
    as_shape,
    implements,
    innermost,
    normal_axes,
    normal_axis,
    supported,
)
from jitad.functions.arrays.shaping import atleast_2d, concatenate, squeeze
from jitad.functions.elementwise import sizes
from jitad.functions.reductions.reductions import is_absent, mask_for, select, sum_
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import FLOAT64, REAL_OF, DType
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st

# -- means and variances ---------------------------------------------------------------------------


def _mean_dtype(x: Value, dtype: Any) -> DType:
    if dtype is not None:
        return supported(np.dtype(dtype))
    return FLOAT64 if x.dtype.kind in "ib" else x.dtype


def _count(x: Value, mask: Value | None, axes: tuple[int, ...], dtype: DType, keepdims: Any) -> Any:
    """How many elements are reduced into one."""
    if mask is None:
        return float(math.prod(x.shape[i] for i in axes))
    return sum_(mask, axis=axes, dtype=dtype, keepdims=keepdims)


@implements(np.mean)
def mean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *,
    where: Any = np._NoValue,
) -> Value:  # fmt: skip
    refuse_out(out)
    x = as_array_on(innermost((a, where)), a)
    target = _mean_dtype(x, dtype)
    x = as_dtype(x, target)
    axes = normal_axes(axis, x.ndim)
    mask = mask_for(x, where)
    return as_dtype(_mean(x, mask, axes, keepdims), target)


def _mean(x: Value, mask: Value | None, axes: tuple[int, ...], keepdims: Any) -> Value:
    total = sum_(select(mask, x, 0), axis=axes, dtype=x.dtype, keepdims=keepdims)
    return np.true_divide(total, _count(x, mask, axes, total.dtype, keepdims))


@implements(np.var)
def var(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0,
    keepdims: Any = False, *, where: Any = np._NoValue, mean: Any = np._NoValue,
    correction: Any = np._NoValue,
) -> Value:  # fmt: skip
    refuse_out(out)
    x = as_array_on(innermost((a, where, mean)), a)
    target = _mean_dtype(x, dtype)
    if target.kind not in "fc":
        raise TraceError(f"np.var in {target}", remedy="use a dtype of floating point")
    axes = normal_axes(axis, x.ndim)
    mask = mask_for(x, where)
    x = select(mask, as_dtype(x, FLOAT64) if x.dtype.kind in "ib" else x, 0)
    centre = _mean(as_dtype(x, target), mask, axes, True) if is_absent(mean) else mean
    gap: Any = np.subtract(x, centre)
    if gap.shape != x.shape:
        raise ShapeError(
            f"mean= of shape {np.shape(mean)} for an array of shape {x.shape}",
            remedy="compute it with keepdims=True",
        )
    square = sizes.squared(gap)
    square = square if dtype is None else as_dtype(square, REAL_OF.get(target, target))
    total = sum_(select(mask, square, 0), axis=axes, keepdims=keepdims)
    count = _count(x, mask, axes, total.dtype, keepdims)
    free: Any = np.subtract(count, ddof if is_absent(correction) else correction)
    free = np.maximum(free, 0.0)
    return ew.div(total, free if isinstance(free, Value) else float(free))


@implements(np.std)
def std(a: Any, *args: Any, **kwargs: Any) -> Value:
    return ew.root(var(a, *args, **kwargs))


# -- weighted means --------------------------------------------------------------------------------


def aligned_weights(x: Value, weights: Any, axis: Any) -> Value:
    """Weights with the axes of x: those along `axis`, or one for each element."""
    w = as_array_on(x.builder, weights)
    if w.shape == x.shape:
        return w
    if axis is None:
        raise ShapeError(
            f"weights of shape {w.shape} for an array of shape {x.shape}",
            remedy="say with axis= which axes the weights belong to",
        )
    axes = [normal_axis(i, x.ndim) for i in (axis if isinstance(axis, (tuple, list)) else (axis,))]
    if w.shape != tuple(x.shape[i] for i in axes):
        raise ShapeError(
            f"weights of shape {w.shape} for axes {tuple(axes)} of an array of shape {x.shape}",
            remedy="give one weight for each place along these axes",
        )
    w = st.transpose(w, perm=tuple(int(i) for i in np.argsort(axes)))
    return st.reshape(w, shape=tuple(n if i in axes else 1 for i, n in enumerate(x.shape)))


@implements(np.average)
def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *,
    keepdims: Any = False,
) -> Any:  # fmt: skip
    x = as_array_on(innermost((a, weights)), a)
    axes = normal_axes(axis, x.ndim)
    if weights is None:
        result = mean(x, axis=axes, keepdims=keepdims)
        count = math.prod(x.shape[i] for i in axes)
        total = ew.like(count, result)
        return (result, total) if returned else result
    w = aligned_weights(x, weights, axis)
    least = [FLOAT64] if x.dtype.kind in "ib" else []
    dtype = np.dtype(np.result_type(x.dtype, w.dtype, *least))
    x, w = as_dtype(x, dtype), as_dtype(w, dtype)
    total = sum_(w, axis=axes, keepdims=keepdims)
    result = sum_(np.multiply(x, w), axis=axes, keepdims=keepdims)
    total = as_shape(total, result.shape)
    result = ew.div(result, total)
    return (result, total) if returned else result


# -- covariances -----------------------------------------------------------------------------------


def _frequencies(builder: Any, weights: Any, name: str, count: int) -> Value | None:
    if weights is None:
        return None
    w = as_array_on(builder, weights)
    if w.shape != (count,):
        raise ShapeError(
            f"{name} of shape {w.shape} for {count} observations", remedy="give one a observation"
        )
    if name == "fweights" and w.dtype.kind not in "ib":
        raise TraceError(
            f"fweights of {w.dtype}", remedy="counts are integers; use aweights for others"
        )
    return w


@implements(np.cov)
def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None,
    fweights: Any = None, aweights: Any = None, *, dtype: Any = None,
) -> Value:  # fmt: skip
    if ddof is not None and ddof != int(ddof):
        raise ShapeError(f"np.cov with ddof={ddof}", remedy="give an integer")
    given = [x for x in (m, y, fweights, aweights) if x is not None]
    builder = innermost(given)
    data = [as_array_on(builder, x) for x in (m, y) if x is not None]
    if any(x.ndim > 2 for x in data):
        raise ShapeError("np.cov of an array of three axes", remedy="use at most two axes")
    target = supported(
        np.dtype(np.result_type(*(x.dtype for x in data), FLOAT64) if dtype is None else dtype)
    )
    rows = [atleast_2d(as_dtype(x, target)) for x in data]
    if not rowvar:
        rows = [x.T if original.ndim != 1 and (k == 0 or x.shape[0] != 1) else x
                for k, (x, original) in enumerate(zip(rows, data, strict=True))]  # fmt: skip
    if rows[0].shape[0] == 0:
        return builder.const(0, (0, 0), target)
    x = concatenate(rows, axis=0)
    counts = _frequencies(builder, fweights, "fweights", x.shape[1])
    relative = _frequencies(builder, aweights, "aweights", x.shape[1])
    free = (0 if bias else 1) if ddof is None else ddof
    return squeeze(_covariance(x, counts, relative, free))


def _covariance(x: Value, counts: Value | None, relative: Value | None, ddof: int) -> Any:
    """Of the rows of x; the degrees of freedom as NumPy has them for both kinds of weights."""
    if counts is None and relative is None:
        gap = np.subtract(x, mean(x, axis=1, keepdims=True))
        free: Any = float(max(x.shape[1] - ddof, 0))
        return np.true_divide(np.matmul(gap, np.conj(gap).T), x.dtype.type(free))
    w: Any = counts if relative is None else relative
    w = np.multiply(counts, relative) if counts is not None and relative is not None else w
    centre, sums = average(x, axis=1, weights=w, returned=True, keepdims=True)
    total = sums[0, 0]
    if ddof == 0:
        free = total
    elif relative is None:
        free = np.subtract(total, ddof)
    else:
        free = total - ddof * (np.sum(np.multiply(w, relative)) / total)
    gap = np.subtract(x, centre)
    return np.matmul(gap, np.conj(np.multiply(gap, w)).T) / np.maximum(free, 0.0)


@implements(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Value:
    c = cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return ew.div(c, c)
    scale = np.sqrt(np.real(np.diagonal(c)))
    c = c / scale[:, None] / scale[None, :]
    if c.dtype.kind == "c":
        return np.clip(np.real(c), -1.0, 1.0) + 1j * np.clip(np.imag(c), -1.0, 1.0)
    return np.clip(c, -1.0, 1.0)
