"""NumPy's functions that choose among arrays and round, on values."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array, as_array_on, refuse_out
from jitad.frontend.operands import (
    as_dtype,
    as_shape,
    broadcast_shape,
    common_dtype,
    implements,
    innermost,
    lift,
)
from jitad.functions.elementwise.ufuncs import align, truth
from jitad.ir.builder import Builder
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import BOOL
from jitad.ir.value import FUNCTIONS, Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st

# -- choices ---------------------------------------------------------------------------------------


@implements(np.where)
def where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    if x is None and y is None:
        return FUNCTIONS[np.nonzero](condition)
    if x is None or y is None:
        raise TraceError(
            "np.where with one array to choose from",
            remedy="give both, np.where(condition, x, y), or none, which is np.nonzero",
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


@implements(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    conditions, choices = list(condlist), list(choicelist)
    if len(conditions) != len(choices) or not conditions:
        raise ShapeError(
            f"np.select of {len(choices)} arrays by {len(conditions)} conditions",
            remedy="give one condition for each array, and at least one",
        )
    builder = innermost((*conditions, *choices, default))
    masks = [lift(builder, c) for c in conditions]
    if any(mask.dtype != BOOL for mask in masks):
        raise TraceError("np.select by conditions that are not booleans", remedy="use x != 0")
    *values, result = (lift(builder, x) for x in (*choices, default))
    dtype = common_dtype(*values, result)
    shape = broadcast_shape(*(x.shape for x in (*masks, *values, result)))
    result = as_shape(as_dtype(result, dtype), shape)
    for mask, x in reversed([*zip(masks, values, strict=True)]):
        result = ew.where(as_shape(mask, shape), as_shape(as_dtype(x, dtype), shape), result)
    return result


@implements(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Value:
    """Each function sees all of x, also where its piece is not: its derivative there is 0."""
    pieces = list(funclist)
    builder = innermost((x, condlist, [f for f in pieces if not callable(f)]))
    x = as_array_on(builder, x)
    masks = _conditions(builder, condlist, x.ndim)
    if any(mask.shape != x.shape for mask in masks):
        raise ShapeError(
            f"np.piecewise of an array of shape {x.shape} with conditions of shapes "
            f"{', '.join(str(mask.shape) for mask in masks)}",
            remedy="give conditions of the shape of the array",
        )
    if len(pieces) not in (len(masks), len(masks) + 1):
        raise ShapeError(
            f"np.piecewise of {len(pieces)} functions by {len(masks)} conditions",
            remedy="give one function for each condition, and at most one for all other places",
        )

    def piece(f: Any) -> Value:
        given = f(x, *args, **kw) if isinstance(f, Callable) else f
        return as_shape(as_dtype(as_array_on(builder, given), x.dtype), x.shape)

    otherwise = len(pieces) > len(masks)
    result = piece(pieces[-1]) if otherwise else st.zeros(x, x.shape, x.dtype)
    for mask, f in zip(masks, pieces, strict=False):
        result = ew.where(mask, piece(f), result)
    return result


def _conditions(builder: Builder, condlist: Any, ndim: int) -> list[Value]:
    """A list of conditions, or one: of an array of one axis or more, one is a list of booleans."""
    several = _is_array(condlist) and (ndim == 0 or _is_array(condlist[0]))
    conditions = list(condlist) if several else [condlist]
    return [truth(lift(builder, c)) for c in conditions]


def _is_array(x: Any) -> bool:
    return isinstance(x, (list, tuple)) or np.ndim(x) > 0


# -- limits and rounding ---------------------------------------------------------------------------


@implements(np.clip)
def clip(
    a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None,
    max: Any = None,
) -> Any:  # fmt: skip
    refuse_out(out)
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    x = a
    if low is not None:
        x = np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


@implements(np.nan_to_num)
def nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Value:
    x = as_array(x)
    if x.dtype.kind == "c":
        parts = (nan_to_num(part, copy, nan, posinf, neginf) for part in (x.real, x.imag))
        return ew.pair(*parts)
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
    near = np.abs(x) < 0.15
    z = ew.where(near, ew.mul(y, y), st.zeros(y, y.shape, y.dtype))
    safe = ew.where(near, 1.0, y)
    series = ew.horner(z, [(-1) ** k / math.factorial(2 * k + 1) for k in range(9)])
    return ew.where(near, series, ew.div(np.sin(safe), safe))


@implements(np.round, np.around)
def round_(a: Any, decimals: Any = 0, out: Any = None) -> Value:
    refuse_out(out)
    x: Any = as_array(a)
    places = operator.index(decimals)
    if x.dtype.kind == "c":
        return ew.pair(round_(x.real, places), round_(x.imag, places))
    if x.dtype.kind == "i" and places >= 0:
        return x
    factor = 10.0 ** abs(places)
    if places < 0:
        return as_dtype(np.rint(x / factor) * factor, x.dtype)
    return np.rint(x) if places == 0 else np.rint(x * factor) / factor
