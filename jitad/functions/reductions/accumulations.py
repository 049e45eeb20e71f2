"""Running combinations and reductions of values along axes: by any associative function, NumPy's.

A scan combines neighbours in pairs, scans the half as many results, and fills in what lies between:
Blelloch, Prefix Sums and Their Applications, CMU-CS-90-190 (1990); Ladner & Fischer, Parallel
Prefix Computation, JACM 27 (1980), 831-838. It needs log2(n) levels, no inverse and no identity, so
that its derivatives are right where elements are 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array, refuse_out
from jitad.frontend.operands import as_dtype, implements, normal_axis, supported
from jitad.functions.arrays.shaping import concatenate, moveaxis
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import INT64, DType
from jitad.ir.value import Value
from jitad.ops import structural as st

Combine = Callable[[Any, Any], Any]

ASSOCIATIVE = (
    *(np.add, np.multiply, np.maximum, np.minimum, np.fmax, np.fmin, np.hypot),
    *(np.logaddexp, np.logaddexp2, np.logical_and, np.logical_or, np.logical_xor),
    *(np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.gcd, np.lcm),
)
"""The ufuncs whose operands may be grouped in any way; all others combine from the left."""

SHORT = 4
"""A scan of at most that many elements is spelt out."""

LONGEST_FOLD = 256
"""A ufunc that is not associative combines at most that many elements: each is a step."""


# -- any function ----------------------------------------------------------------------------------


def accumulate(function: Combine, x: Value, axis: int) -> Value:
    """function(... function(function(x_0, x_1), x_2) ..., x_k) for each k along the axis.

    A ufunc has the dtype that NumPy gives its `accumulate`; any other function must be associative.
    """
    if isinstance(function, np.ufunc):
        x = as_dtype(x, _dtype_of(function, x))
    front = moveaxis(x, axis, 0)
    whole = not isinstance(function, np.ufunc) or function in ASSOCIATIVE
    return moveaxis(_scan(function, front) if whole else _fold(function, front), 0, axis)


def reduce_with(ufunc: Any, x: Value, axes: tuple[int, ...]) -> Value:
    """The reduction by a binary ufunc along axes, which are sorted: a tree of pairs."""
    x = as_dtype(x, _dtype_of(ufunc, x))
    if ufunc not in ASSOCIATIVE and len(axes) > 1:
        raise TraceError(
            f"np.{ufunc.__name__}.reduce along {len(axes)} axes has no order of its own",
            remedy="reduce along one axis after the other",
        )
    rows = by_rows(x, axes)
    if rows.shape[0] == 0:
        if ufunc.identity is None:
            raise ShapeError(
                f"np.{ufunc.__name__} of an empty array has no value",
                remedy="test x.size before, or give initial=",
            )
        return x.builder.const(ufunc.identity, rows.shape[1:], x.dtype)
    return tree(ufunc, rows) if ufunc in ASSOCIATIVE else _fold(ufunc, rows)[-1]


def by_rows(x: Value, axes: tuple[int, ...]) -> Value:
    """x with these axes, which are sorted, first and as one."""
    others = [i for i in range(x.ndim) if i not in axes]
    moved = st.transpose(x, perm=(*axes, *others))
    shape = math.prod(x.shape[i] for i in axes), *moved.shape[len(axes) :]
    return st.reshape(moved, shape=shape)


def _dtype_of(ufunc: Any, x: Value) -> DType:
    """The dtype in which NumPy reduces and accumulates by a ufunc."""
    try:
        resolved = ufunc.resolve_dtypes((None, x.dtype, None), reduction=True)
    except TypeError as error:
        raise TraceError(
            f"np.{ufunc.__name__} does not combine the elements of an array of {x.dtype}: {error}",
            remedy="use a function of two operands, and cast them with x.astype(...)",
        ) from error
    return supported(resolved[0])


def _scan(function: Combine, x: Value) -> Value:
    """Along the first axis."""
    n = x.shape[0]
    if n <= SHORT:
        return _spelt_out(function, x)
    half = n // 2
    # Element k of `pairs` is everything up to place 2 k + 1.
    pairs = _scan(function, function(x[0 : 2 * half : 2], x[1 : 2 * half : 2]))
    between = function(pairs[: (n - 1) // 2], x[2::2])
    even = concatenate([x[:1], between])
    doubled = concatenate([even[:half, None], pairs[:, None]], axis=1)
    woven = st.reshape(doubled, shape=(2 * half, *x.shape[1:]))
    return concatenate([woven, even[half:]]) if n % 2 else woven


def _spelt_out(function: Combine, x: Value) -> Value:
    results = [x[k : k + 1] for k in range(min(x.shape[0], 1))]
    for k in range(1, x.shape[0]):
        results.append(function(results[-1], x[k : k + 1]))
    return concatenate(results) if results else x


def _fold(ufunc: Any, x: Value) -> Value:
    """Along the first axis, from the left."""
    if x.shape[0] > LONGEST_FOLD:
        raise TraceError(
            f"np.{ufunc.__name__} of {x.shape[0]} elements, one after the other: it is not "
            "associative",
            remedy="write it as a sum or a product, or as a loop with jitad.scan",
        )
    return _spelt_out(ufunc, x)


def tree(function: Combine, x: Value) -> Value:
    """All rows combined: by eight while there are many, then by pairs."""
    count = x.shape[0]
    while count > 1:
        ways = 8 if count >= 16 else 2
        part, left = divmod(count, ways)
        blocks = [x[k * part : (k + 1) * part] for k in range(ways)]
        while len(blocks) > 1:
            blocks = [function(a, b) for a, b in zip(blocks[::2], blocks[1::2], strict=True)]
        x = concatenate([blocks[0], x[count - left :]]) if left else blocks[0]
        count = part + left
    return st.reshape(x, shape=x.shape[1:])


# -- running sums and products ---------------------------------------------------------------------


def total_dtype(x: Value, dtype: Any) -> DType:
    """NumPy sums and multiplies booleans and small integers in its default integer."""
    if dtype is not None:
        return supported(np.dtype(dtype))
    return INT64 if x.dtype.kind in "ib" else x.dtype


def _running(a: Any, axis: Any, dtype: Any) -> tuple[Value, int]:
    x = as_array(a)
    x = as_dtype(x, total_dtype(x, dtype))
    if axis is None:
        return st.reshape(x, shape=(x.size,)), 0
    return (x, normal_axis(axis, x.ndim)) if x.ndim else (st.reshape(x, shape=(1,)), 0)


@implements(np.cumsum)
def cumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Value:
    refuse_out(out)
    x, place = _running(a, axis, dtype)
    return st.cumsum(x, axis=place, backward=False)


@implements(np.cumprod)
def cumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Value:
    refuse_out(out)
    x, place = _running(a, axis, dtype)
    return as_dtype(accumulate(np.multiply, x, place), x.dtype)


def _cumulative(running: Any, start: int) -> Any:
    def record(
        x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None,
        include_initial: bool = False,
    ) -> Value:  # fmt: skip
        values = as_array(x)
        if axis is None and values.ndim > 1:
            raise ShapeError(
                f"a cumulative result of an array of {values.ndim} axes without axis=",
                remedy="name the axis, or flatten the array with x.reshape(-1)",
            )
        result = running(values, axis, dtype, out)
        if not include_initial:
            return result
        place = 0 if axis is None else normal_axis(axis, result.ndim)
        shape = tuple(1 if i == place else n for i, n in enumerate(result.shape))
        first = result.builder.const(start, shape, result.dtype)
        return concatenate([first, result], axis=place)

    return record


implements(np.cumulative_sum)(_cumulative(cumsum, 0))
implements(np.cumulative_prod)(_cumulative(cumprod, 1))
