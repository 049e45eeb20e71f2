"""NumPy's functions that choose, round and fill, on values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from jitad.frontend.operands import (
    as_dtype,
    as_shape,
    as_value,
    broadcast_shape,
    common_dtype,
    implements,
    innermost,
    lift,
    stand_in,
)
from jitad.frontend.shaping import broadcast_to
from jitad.frontend.ufuncs import align, truth
from jitad.ir.errors import TraceError
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st

# -- choices ---------------------------------------------------------------------------------------


@implements(np.where)
def where(condition: Any, x: Any = None, y: Any = None, /) -> Value:
    if x is None or y is None:
        raise TraceError(
            "np.where(condition) alone has a result whose shape depends on values",
            remedy="use np.where(condition, x, y)",
        )
    operands = (condition, x, y)
    builder = innermost(operands)
    c, x, y = (lift(builder, operand) for operand in operands)
    dtype = common_dtype(x, y)
    shape = broadcast_shape(c.shape, x.shape, y.shape)
    return ew.where(
        as_shape(truth(c), shape),
        as_shape(as_dtype(x, dtype), shape),
        as_shape(as_dtype(y, dtype), shape),
    )


@implements(np.clip)
def clip(
    a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None,
    max: Any = None,
) -> Any:  # fmt: skip
    if out is not None:
        raise TraceError("out= of a traced value", remedy="use the result that is returned")
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    x = a
    if low is not None:
        x = np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


@implements(np.nan_to_num)
def nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Value:
    x = as_value(x)
    if x.dtype.kind != "f":
        return x
    limits = np.finfo(x.dtype)
    posinf = float(limits.max) if posinf is None else posinf
    neginf = float(limits.min) if neginf is None else neginf
    finite = where(ew.isnan(x), nan, x)
    finite = where(ew.eq(x, math.inf), posinf, finite)
    return where(ew.eq(x, -math.inf), neginf, finite)


@implements(np.sinc)
def sinc(x: Any) -> Value:
    """sin(pi x) / (pi x); near 0 its Taylor series, so that derivatives are right there."""
    (x,) = align(np.sin, (x,))
    y = ew.mul(x, math.pi)
    near = ew.lt(ew.absolute(x), 1e-2)
    z = ew.where(near, ew.mul(y, y), st.zeros(y, y.shape, y.dtype))
    safe = ew.where(near, 1.0, y)
    series = _horner(z, [(-1) ** k / math.factorial(2 * k + 1) for k in range(7)])
    return ew.where(near, series, ew.div(ew.sin(safe), safe))


def _horner(z: Value, coefficients: Sequence[float]) -> Value:
    total = z.builder.const(coefficients[-1], z.shape, z.dtype)
    for c in reversed(coefficients[:-1]):
        total = ew.add(ew.mul(total, z), c)
    return total


@implements(np.round, np.around)
def round_(a: Any, decimals: int = 0, out: Any = None) -> Value:
    if out is not None:
        raise TraceError("out= of a traced value", remedy="use the result that is returned")
    x: Any = as_value(a)
    if x.dtype.kind == "i" and decimals >= 0:
        return x
    if x.dtype.kind == "i":
        raise TraceError("np.round of integers to tens is not supported", remedy="cast to float")
    factor = 10.0 ** abs(decimals)
    if decimals < 0:
        return np.rint(x / factor) * factor
    return np.rint(x) if decimals == 0 else np.rint(x * factor) / factor


# -- constants of the same shape -------------------------------------------------------------------


def _like(a: Any, number: Any, dtype: Any, shape: Any) -> np.ndarray:
    dtype = a.dtype if dtype is None else dtype
    return np.full(a.shape if shape is None else shape, number, dtype)


@implements(np.zeros_like, np.empty_like)
def zeros_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, **_: Any
) -> np.ndarray:
    return _like(a, 0, dtype, shape)


@implements(np.ones_like)
def ones_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, **_: Any
) -> np.ndarray:
    return _like(a, 1, dtype, shape)


@implements(np.full_like)
def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True,
    shape: Any = None, **_: Any,
) -> Any:  # fmt: skip
    if not isinstance(fill_value, Value):
        return _like(a, fill_value, dtype, shape)
    value = as_dtype(fill_value, np.dtype(a.dtype if dtype is None else dtype))
    return broadcast_to(value, a.shape if shape is None else shape)


@implements(np.shape)
def shape_of(a: Any) -> tuple[int, ...]:
    return as_value(a).shape


@implements(np.ndim)
def ndim(a: Any) -> int:
    return as_value(a).ndim


@implements(np.size)
def size(a: Any, axis: int | None = None) -> int:
    x = as_value(a)
    return x.size if axis is None else x.shape[axis]


@implements(np.result_type)
def result_type(*operands: Any) -> np.dtype[Any]:
    return np.result_type(*(stand_in(x) if isinstance(x, Value) else x for x in operands))


@implements(np.copy)
def copy(a: Any, order: str = "K", subok: bool = False) -> Value:
    return as_value(a)
