"""NumPy's reductions and running sums on values: axis (int, tuple, negative) and keepdims."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.frontend.operands import (
    as_dtype,
    as_value,
    implements,
    normal_axes,
    normal_axis,
)
from jitad.frontend.ufuncs import truth
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import DType
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st


def _is_absent(x: Any) -> bool:
    return x is None or x is np._NoValue


def _plain(out: Any = None, where: Any = np._NoValue, initial: Any = np._NoValue) -> None:
    """Refuse the arguments that have no meaning on traced values."""
    if out is not None:
        raise TraceError("out= of a traced value", remedy="use the result that is returned")
    if not (_is_absent(where) and _is_absent(initial)):
        raise TraceError(
            "where= and initial= of a reduction are not supported on traced values",
            remedy="reduce np.where(mask, x, neutral) in their place",
        )


def _kept(x: Value, result: Value, axes: tuple[int, ...], keepdims: Any) -> Value:
    keep = bool(keepdims) and keepdims is not np._NoValue
    return st.reshape(result, shape=st.keep_axes(x.shape, axes)) if keep else result


def _sum_dtype(x: Value, dtype: Any) -> DType:
    """NumPy sums booleans and small integers in its default integer."""
    if dtype is not None:
        return np.dtype(dtype)
    return x.dtype if x.dtype.kind == "f" else np.dtype(np.int64)


@implements(np.sum)
def sum_(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = np._NoValue,
    where: Any = np._NoValue,
) -> Value:
    _plain(out, where, initial)
    x = as_value(a)
    x = as_dtype(x, _sum_dtype(x, dtype))
    axes = normal_axes(axis, x.ndim)
    return _kept(x, st.reduce_sum(x, axes=axes) if axes else x, axes, keepdims)


@implements(np.mean)
def mean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    *,
    where: Any = np._NoValue,
) -> Value:
    _plain(out, where)
    x = _real(as_value(a), dtype)
    axes = normal_axes(axis, x.ndim)
    count = math.prod(x.shape[i] for i in axes)
    return ew.div(sum_(x, axis=axes, keepdims=keepdims), float(count))


def _real(x: Value, dtype: Any = None) -> Value:
    if dtype is not None:
        return as_dtype(x, np.dtype(dtype))
    return x if x.dtype.kind == "f" else as_dtype(x, np.dtype(np.float64))


@implements(np.var)
def var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: Any = False,
    *,
    where: Any = np._NoValue,
    mean: Any = np._NoValue,
    correction: Any = np._NoValue,
) -> Value:
    _plain(out, where)
    x = _real(as_value(a), dtype)
    axes = normal_axes(axis, x.ndim)
    count = math.prod(x.shape[i] for i in axes)
    ddof = ddof if correction is np._NoValue else correction
    if mean is np._NoValue:
        mean = ew.div(sum_(x, axis=axes, keepdims=True), float(count))
    gap = np.subtract(x, mean)
    total = sum_(np.multiply(gap, gap), axis=axes, keepdims=keepdims)
    return ew.div(total, float(max(count - ddof, 0)))


@implements(np.std)
def std(a: Any, *args: Any, **kwargs: Any) -> Value:
    return ew.sqrt(var(a, *args, **kwargs))


@implements(np.prod)
def prod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = np._NoValue,
    where: Any = np._NoValue,
) -> Value:
    """A tree of products: its derivative is right where elements are zero, to any order."""
    _plain(out, where, initial)
    x = as_value(a)
    x = as_dtype(x, _sum_dtype(x, dtype))
    axes = normal_axes(axis, x.ndim)
    kept = [i for i in range(x.ndim) if i not in axes]
    count = math.prod(x.shape[i] for i in axes)
    rest = tuple(x.shape[i] for i in kept)
    tree = st.transpose(x, perm=(*axes, *kept)) if axes else x
    tree = st.reshape(tree, shape=(count, *rest))
    if count == 0:
        return _kept(x, x.builder.const(1, rest, x.dtype), axes, keepdims)
    while count > 1:
        ways = 8 if count >= 16 else 2
        part, left = divmod(count, ways)
        blocks = [_rows(tree, k * part, part) for k in range(ways)]
        while len(blocks) > 1:
            blocks = [ew.mul(a, b) for a, b in zip(blocks[::2], blocks[1::2], strict=True)]
        product = blocks[0]
        if left:
            product = st.concatenate(product, _rows(tree, count - left, left), axis=0)
        tree, count = product, part + left
    return _kept(x, st.reshape(tree, shape=rest), axes, keepdims)


def _rows(x: Value, start: int, length: int) -> Value:
    slots = ((start, length, 1), *((0, n, 1) for n in x.shape[1:]))
    return st.index(x, slots=slots)


def _reduction(op: Any, name: str, *, logic: bool) -> Any:
    def reduce(
        a: Any,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = np._NoValue,
        where: Any = np._NoValue,
    ) -> Value:
        _plain(out, where, initial)
        x = truth(as_value(a)) if logic else as_value(a)
        axes = normal_axes(axis, x.ndim)
        if not logic and any(x.shape[i] == 0 for i in axes):
            raise ShapeError(
                f"np.{name} of an empty array has no value",
                remedy="test x.size before",
            )
        return _kept(x, op(x, axes=axes) if axes else x, axes, keepdims)

    return reduce


implements(np.max, np.amax)(_reduction(st.reduce_max, "max", logic=False))
implements(np.min, np.amin)(_reduction(st.reduce_min, "min", logic=False))


def _logic_reduction(op: Any, name: str) -> Any:
    reduce = _reduction(op, name, logic=True)

    def record(
        a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = None
    ) -> Value:
        return reduce(a, axis, out, keepdims, where=where)

    return record


implements(np.any)(_logic_reduction(st.reduce_any, "any"))
implements(np.all)(_logic_reduction(st.reduce_all, "all"))


def _place(op: Any, name: str) -> Any:
    def record(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Value:
        _plain(out)
        x = as_value(a)
        axes = normal_axes(axis, x.ndim)
        if any(x.shape[i] == 0 for i in axes):
            raise ShapeError(
                f"np.{name} of an empty array has no value",
                remedy="test x.size before",
            )
        flat = st.reshape(x, shape=(x.size,)) if axis is None else x
        place = 0 if axis is None else normal_axis(axis, x.ndim)
        flat = flat if flat.dtype.kind != "b" else ew.cast(flat, dtype=np.dtype(np.int64))
        return _kept(x, op(flat, axis=place), axes, keepdims)

    return record


implements(np.argmax)(_place(st.argmax, "argmax"))
implements(np.argmin)(_place(st.argmin, "argmin"))


@implements(np.cumsum)
def cumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Value:
    _plain(out)
    x = as_value(a)
    x = as_dtype(x, _sum_dtype(x, dtype))
    if axis is None:
        x, axis = st.reshape(x, shape=(x.size,)), 0
    return st.cumsum(x, axis=normal_axis(axis, x.ndim), backward=False)


@implements(np.count_nonzero)
def count_nonzero(a: Any, axis: Any = None, *, keepdims: Any = False) -> Value:
    return sum_(truth(as_value(a)), axis=axis, keepdims=keepdims)
