"""NumPy's reductions and running sums of the elements that are not NaN, on values.

Elements that are NaN are selected away before anything is computed of them: their derivatives are
exactly 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array_on, refuse_out
from jitad.frontend.operands import as_dtype, as_shape, implements, innermost
from jitad.functions.reductions.accumulations import cumprod, cumsum
from jitad.functions.reductions.reductions import (
    all_,
    argmax,
    argmin,
    highest,
    is_absent,
    lowest,
    mask_for,
    max_,
    min_,
    prod,
    select,
    sum_,
)
from jitad.functions.reductions.statistics import mean, var
from jitad.ir.errors import ShapeError
from jitad.ir.op import DType
from jitad.ir.value import Value
from jitad.ops import elementwise as ew


def _known(a: Any, *others: Any) -> tuple[Value, Any]:
    """The array, and which of its elements are not NaN; None where it can have no NaN."""
    x = as_array_on(innermost((a, *others)), a)
    return x, np.logical_not(np.isnan(x)) if x.dtype.kind in "fc" else None


def _both(x: Value, known: Value | None, where: Any) -> Value | None:
    """The elements that `where=` lets count and that are not NaN."""
    mask = mask_for(x, where)
    if mask is None or known is None:
        return known if mask is None else mask
    return ew.logical_and(mask, known)


def _or_nan(result: Value, bad: Any) -> Value:
    nan = ew.like(math.nan, result)
    return ew.where(as_shape(bad, result.shape), nan, result)


# -- sums and products -----------------------------------------------------------------------------


def _total(function: Callable[..., Value], neutral: int) -> Callable[..., Value]:
    def record(
        a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
        initial: Any = np._NoValue, where: Any = np._NoValue,
    ) -> Value:  # fmt: skip
        x, known = _known(a, initial, where)
        x = select(known, x, neutral)
        return function(x, axis, dtype, out, keepdims, initial, where)

    return record


implements(np.nansum)(_total(sum_, 0))
implements(np.nanprod)(_total(prod, 1))


def _running(function: Callable[..., Value], neutral: int) -> Callable[..., Value]:
    def record(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Value:
        x, known = _known(a)
        return function(select(known, x, neutral), axis, dtype, out)

    return record


implements(np.nancumsum)(_running(cumsum, 0))
implements(np.nancumprod)(_running(cumprod, 1))


# -- extrema ---------------------------------------------------------------------------------------


def _extremum(
    function: Callable[..., Value], neutral: Callable[[DType], Any]
) -> Callable[..., Value]:
    def record(
        a: Any, axis: Any = None, out: Any = None, keepdims: Any = False,
        initial: Any = np._NoValue, where: Any = np._NoValue,
    ) -> Value:  # fmt: skip
        x, known = _known(a, initial, where)
        x = select(known, x, neutral(x.dtype))
        result = function(x, axis, out, keepdims, initial, where)
        if known is None or not is_absent(initial):
            return result
        return _or_nan(result, all_(ew.logical_not(known), axis=axis, keepdims=keepdims))

    return record


implements(np.nanmax)(_extremum(max_, lowest))
implements(np.nanmin)(_extremum(min_, highest))


def _place(
    function: Callable[..., Value], neutral: Callable[[DType], Any], name: str
) -> Callable[..., Value]:
    def record(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Value:
        x, known = _known(a)
        if known is not None and bool(np.any(all_(ew.logical_not(known), axis=axis))):
            raise ShapeError(
                f"np.{name} of elements that are all NaN", remedy="select them away before"
            )
        return function(select(known, x, neutral(x.dtype)), axis, out, keepdims=keepdims)

    return record


implements(np.nanargmax)(_place(argmax, lowest, "nanargmax"))
implements(np.nanargmin)(_place(argmin, highest, "nanargmin"))


# -- means and variances ---------------------------------------------------------------------------


@implements(np.nanmean)
def nanmean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *,
    where: Any = np._NoValue,
) -> Value:  # fmt: skip
    refuse_out(out)
    x, known = _known(a, where)
    return mean(x, axis, dtype, keepdims=keepdims, where=_both(x, known, where))


@implements(np.nanvar)
def nanvar(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0,
    keepdims: Any = False, *, where: Any = np._NoValue, mean: Any = np._NoValue,
    correction: Any = np._NoValue,
) -> Value:  # fmt: skip
    refuse_out(out)
    x, known = _known(a, where, mean)
    free = ddof if is_absent(correction) else correction
    result = var(x, axis, dtype, None, free, keepdims, where=_both(x, known, where), mean=mean)
    if known is None:
        return result
    # Of too few elements there is no variance: NaN, where np.var has infinity.
    count = sum_(known, axis=axis, keepdims=keepdims, where=where)
    result = as_dtype(result, x.dtype) if dtype is None else result
    return _or_nan(result, np.less_equal(count, free))
