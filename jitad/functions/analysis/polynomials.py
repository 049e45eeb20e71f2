"""NumPy's polynomials on values; coefficients stand from the highest power down."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array, as_array_on, as_arrays
from jitad.frontend.guards import guard_array
from jitad.frontend.operands import as_dtype, implements, innermost
from jitad.functions.analysis.windows import convolve
from jitad.functions.arrays.shaping import atleast_1d, concatenate
from jitad.functions.elementwise.ufuncs import truth
from jitad.ir.errors import ShapeError
from jitad.ir.op import INT64
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st


@implements(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """Horner's scheme."""
    coefficients, at = as_arrays(p, x)
    if coefficients.ndim == 0:
        raise ShapeError("np.polyval of a scalar", remedy="coefficients are an array of one axis")
    total: Any = st.zeros(at, at.shape, at.dtype)
    for c in coefficients:
        total = total * at + c
    return total


def _both(p: Any, q: Any, name: str) -> list[Any]:
    """The coefficients of two polynomials, one for each power that stands in either."""
    lists = [_coefficients(x, name) for x in as_arrays(p, q)]
    length = max(x.shape[0] for x in lists)
    return [
        concatenate([np.zeros(length - x.shape[0], x.dtype), x]) if x.shape[0] < length else x
        for x in lists
    ]


def _coefficients(p: Value, name: str) -> Value:
    p = atleast_1d(p)
    if p.ndim != 1:
        raise ShapeError(
            f"np.{name} of coefficients of shape {p.shape}",
            remedy="coefficients are an array of one axis, from the highest power down",
        )
    return p


@implements(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Any:
    p, q = _both(a1, a2, "polyadd")
    return p + q


@implements(np.polysub)
def polysub(a1: Any, a2: Any) -> Any:
    p, q = _both(a1, a2, "polysub")
    return p - q


@implements(np.polymul)
def polymul(a1: Any, a2: Any) -> Value:
    return convolve(*(_trimmed(_coefficients(x, "polymul")) for x in as_arrays(a1, a2)))


def _trimmed(p: Value) -> Value:
    """The coefficients from the first that is not 0; how many are, is guarded."""
    if p.shape[0]:
        powers = st.iota_on(p, p.shape, 0)
        zeros = ew.where(truth(p), powers, p.builder.const(p.shape[0], p.shape, INT64))
        p = p[int(guard_array(st.reduce_min(zeros, axes=(0,)))) :]
    return p if p.shape[0] else st.zeros(p, (1,), p.dtype)


def _falling(p: Value, length: int) -> Any:
    """The numbers length, ..., 2, 1."""
    return ew.sub(length, st.iota_on(p, (length,), 0))


@implements(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    if m < 0:
        raise ShapeError(f"np.polyder of order {m}", remedy="for integrals use np.polyint")
    derivative: Any = _coefficients(as_array(p), "polyder")
    for _ in range(int(m)):
        length = max(derivative.shape[0] - 1, 0)
        derivative = derivative[:-1] * _falling(derivative, length)
    return derivative


@implements(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    order = int(m)
    if order < 0:
        raise ShapeError(f"np.polyint of order {m}", remedy="for derivatives use np.polyder")
    builder = innermost((p, k))
    constants = atleast_1d(as_array_on(builder, np.zeros(order) if k is None else k))
    if constants.shape[0] == 1 and order > 1:
        constants = constants[0] * np.ones(order)
    if constants.shape[0] < order:
        raise ShapeError(
            f"np.polyint of order {order} with {constants.shape[0]} constants of integration",
            remedy="give one constant, or one for each integration",
        )
    integral: Any = _coefficients(as_array_on(builder, p), "polyint")
    for i in range(order):
        terms = integral / _falling(integral, integral.shape[0])
        integral = concatenate([terms, constants[i : i + 1]])
    return integral


@implements(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The powers by doubling: those from w to 2 w - 1 are x**w times the first w."""
    points = as_array(x)
    if points.ndim != 1:
        raise ShapeError(f"np.vander of an array of shape {points.shape}", remedy="use x.ravel()")
    dtype = np.promote_types(points.dtype, INT64)
    rows = points.shape[0]
    width = rows if N is None else int(N)
    power: Any = as_dtype(points, dtype).reshape(rows, 1)
    table: Any = points.builder.const(1, (rows, min(width, 1)), dtype)
    while table.shape[1] < width:
        more = min(table.shape[1], width - table.shape[1])
        table = concatenate([table, table[:, :more] * power], axis=1)
        power = power * power if table.shape[1] < width else power
    return table if increasing else table[:, ::-1]
