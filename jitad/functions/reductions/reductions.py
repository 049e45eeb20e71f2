"""NumPy's reductions on values: axis (int, tuple, negative), keepdims, dtype, where and initial."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array, as_array_on, refuse_out
from jitad.frontend.operands import (
    as_dtype,
    as_shape,
    broadcast_shape,
    implements,
    innermost,
    normal_axes,
    normal_axis,
)
from jitad.functions.elementwise.ufuncs import truth
from jitad.functions.reductions.accumulations import by_rows, total_dtype, tree
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import BOOL, INT64, DType, Elementwise, Shape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st


def is_absent(x: Any) -> bool:
    """Whether an argument was left out."""
    return x is None or x is np._NoValue


def kept(shape: Shape, result: Value, axes: tuple[int, ...], keepdims: Any) -> Value:
    """The result of a reduction of an array of that shape, with its axes kept if so asked."""
    keep = bool(keepdims) and keepdims is not np._NoValue
    return st.reshape(result, shape=st.keep_axes(shape, axes)) if keep else result


def mask_for(x: Value, where: Any) -> Value | None:
    """`where=` as booleans of x's shape; None where all elements count."""
    if is_absent(where) or where is True:
        return None
    mask = as_array_on(x.builder, where)
    if mask.dtype != BOOL:
        raise TraceError(
            f"where= of a reduction is an array of {mask.dtype}", remedy="give booleans"
        )
    if broadcast_shape(mask.shape, x.shape) != x.shape:
        raise ShapeError(
            f"where= of shape {mask.shape} for an array of shape {x.shape}",
            remedy="give a mask that broadcasts to the array",
        )
    return as_shape(mask, x.shape)


def select(mask: Value | None, x: Value, other: Any) -> Value:
    """x where the mask says so, else a number: derivatives of the others are 0, never NaN."""
    if mask is None:
        return x
    return ew.where(mask, x, ew.like(other, x))


def reduced(x: Value, op: Any, axes: tuple[int, ...]) -> Value:
    """x reduced along axes; as it is where there are none."""
    return op(x, axes=axes) if axes else x


def _join_initial(
    result: Value, initial: Any, join: Elementwise, shape: Shape, axes: tuple[int, ...]
) -> Value:
    """The result combined with `initial=`, which alone is the result of no elements."""
    if is_absent(initial):
        return result
    start = as_dtype(as_array_on(result.builder, initial), result.dtype)
    if start.size != 1:
        raise ShapeError(
            f"initial= of shape {start.shape}", remedy="give one number, and combine arrays after"
        )
    start = as_shape(st.reshape(start, shape=()), result.shape)
    return start if any(shape[i] == 0 for i in axes) else join(result, start)


# -- sums and products -----------------------------------------------------------------------------


def _product(x: Value, axes: tuple[int, ...]) -> Value:
    """A tree of products: its derivative is right where elements are zero, to any order."""
    rows = by_rows(x, axes)
    if rows.shape[0] == 0:
        return x.builder.const(1, rows.shape[1:], x.dtype)
    return tree(ew.mul, rows)


def _total(op: Any, join: Elementwise, neutral: int) -> Any:
    def record(
        a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
        initial: Any = np._NoValue, where: Any = np._NoValue,
    ) -> Value:  # fmt: skip
        refuse_out(out)
        x = as_array_on(innermost((a, initial, where)), a)
        x = as_dtype(x, total_dtype(x, dtype))
        axes = normal_axes(axis, x.ndim)
        total = reduced(select(mask_for(x, where), x, neutral), op, axes)
        total = _join_initial(total, initial, join, x.shape, axes)
        return kept(x.shape, total, axes, keepdims)

    return record


sum_ = implements(np.sum)(_total(st.reduce_sum, ew.add, 0))
prod = implements(np.prod)(_total(_product, ew.mul, 1))


@implements(np.count_nonzero)
def count_nonzero(a: Any, axis: Any = None, *, keepdims: Any = False) -> Value:
    return sum_(truth(as_array(a)), axis=axis, keepdims=keepdims)


# -- extrema ---------------------------------------------------------------------------------------


def lowest(dtype: DType) -> Any:
    """The least number of a dtype."""
    if dtype.kind == "b":
        return False
    return np.iinfo(dtype).min if dtype.kind == "i" else -math.inf


def highest(dtype: DType) -> Any:
    """The greatest number of a dtype."""
    if dtype.kind == "b":
        return True
    return np.iinfo(dtype).max if dtype.kind == "i" else math.inf


def refuse_empty(name: str, shape: Shape, axes: tuple[int, ...]) -> None:
    """Refuse an extremum of no elements."""
    if any(shape[i] == 0 for i in axes):
        raise ShapeError(
            f"np.{name} of an empty array has no value",
            remedy="test x.size before, or give initial=",
        )


def _extremum(
    op: Any, name: str, join: Elementwise, neutral: Callable[[DType], Any]
) -> Callable[..., Value]:
    def record(
        a: Any, axis: Any = None, out: Any = None, keepdims: Any = False,
        initial: Any = np._NoValue, where: Any = np._NoValue,
    ) -> Value:  # fmt: skip
        refuse_out(out)
        x = as_array_on(innermost((a, initial, where)), a)
        axes = normal_axes(axis, x.ndim)
        mask = mask_for(x, where)
        if is_absent(initial):
            refuse_empty(name, x.shape, axes)
            if mask is not None:
                raise ShapeError(
                    f"np.{name}(..., where=) of a traced value without initial=",
                    remedy="give initial=, which is the result where no element counts",
                )
        result = reduced(select(mask, x, neutral(x.dtype)), op, axes)
        result = _join_initial(result, initial, join, x.shape, axes)
        return kept(x.shape, result, axes, keepdims)

    return record


max_ = implements(np.max, np.amax)(_extremum(st.reduce_max, "max", ew.maximum, lowest))
min_ = implements(np.min, np.amin)(_extremum(st.reduce_min, "min", ew.minimum, highest))


@implements(np.ptp)
def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Value:
    high, low = max_(a, axis, out, keepdims), min_(a, axis, out, keepdims)
    if high.dtype == BOOL:
        raise TraceError("np.ptp of booleans", remedy="cast them to integers first")
    return ew.sub(high, low)


def _place(op: Any, name: str) -> Callable[..., Value]:
    def record(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Value:
        refuse_out(out)
        x = as_array(a)
        axes = normal_axes(axis, x.ndim)
        refuse_empty(name, x.shape, axes)
        shape = x.shape
        if axis is None or x.ndim == 0:
            x, axis = st.reshape(x, shape=(x.size,)), 0
        numbers = as_dtype(x, INT64) if x.dtype == BOOL else x
        return kept(shape, op(numbers, axis=normal_axis(axis, x.ndim)), axes, keepdims)

    return record


argmax = implements(np.argmax)(_place(st.argmax, "argmax"))
argmin = implements(np.argmin)(_place(st.argmin, "argmin"))


# -- logic -----------------------------------------------------------------------------------------


def _logic(op: Any, neutral: bool) -> Callable[..., Value]:
    def record(
        a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *,
        where: Any = np._NoValue,
    ) -> Value:  # fmt: skip
        refuse_out(out)
        x = truth(as_array_on(innermost((a, where)), a))
        axes = normal_axes(axis, x.ndim)
        result = reduced(select(mask_for(x, where), x, neutral), op, axes)
        return kept(x.shape, result, axes, keepdims)

    return record


any_ = implements(np.any)(_logic(st.reduce_any, False))
all_ = implements(np.all)(_logic(st.reduce_all, True))
