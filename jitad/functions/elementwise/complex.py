"""NumPy's functions of complex numbers on values: the ops know only arithmetic and the parts.

The elementary functions are written in real ones of the parts, so that derivatives to any order
follow. Sources: Abramowitz & Stegun, sections 4.2 to 4.6; for the square root and the inverse
functions Kahan, Branch cuts for complex elementary functions (1987).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.frontend.operands import as_dtype, as_value, implements
from jitad.functions.elementwise.ufuncs import COMPLEX, align
from jitad.ir.op import COMPLEX_OF, DType
from jitad.ir.value import Value
from jitad.ops import elementwise as ew

Parts = tuple[Value, Value]


def parts(z: Value) -> Parts:
    """The real and the imaginary part."""
    return ew.real(z), ew.imag(z)


def as_complex(x: Value) -> Value:
    """x as a complex number."""
    return x if x.dtype.kind == "c" else as_dtype(x, complex_dtype(x.dtype))


def complex_dtype(dtype: DType) -> DType:
    """The complex dtype to which NumPy's functions promote."""
    return dtype if dtype.kind == "c" else COMPLEX_OF.get(dtype, np.dtype(np.complex128))


def _of_complex(ufunc: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        COMPLEX[ufunc] = function
        return function

    return register


for _ufunc, _op in {
    np.add: ew.add,
    np.subtract: ew.sub,
    np.multiply: ew.mul,
    np.true_divide: ew.div,
    np.negative: ew.neg,
    np.equal: ew.eq,
    np.not_equal: ew.ne,
    np.conjugate: ew.conj,
    np.positive: lambda z: z,
    np.square: lambda z: ew.mul(z, z),
    np.reciprocal: lambda z: ew.div(1.0, z),
}.items():
    COMPLEX[_ufunc] = _op


# -- size and direction ----------------------------------------------------------------------------


@_of_complex(np.absolute)
def _absolute(z: Value) -> Value:
    return ew.hypot(*parts(z))


def _argument(z: Value) -> Value:
    re, im = parts(z)
    return ew.arctan2(im, re)


@_of_complex(np.sign)
def _sign(z: Value) -> Value:
    size = _absolute(z)
    safe = ew.where(ew.eq(size, 0.0), 1.0, size)
    re, im = parts(z)
    return ew.pair(ew.div(re, safe), ew.div(im, safe))


@implements(np.angle)
def angle(z: Any, deg: bool = False) -> Value:
    x = as_value(z)
    if x.dtype.kind == "c":
        result = _argument(x)
    else:
        (x,) = align(np.sin, (x,))
        zero = x.builder.const(0.0, x.shape, x.dtype)
        result = ew.arctan2(zero, x)
    return ew.mul(result, 180 / math.pi) if deg else result


@implements(np.real)
def real(val: Any) -> Value:
    x = as_value(val)
    return ew.real(x) if x.dtype.kind == "c" else x


@implements(np.imag)
def imag(val: Any) -> Value:
    x = as_value(val)
    return ew.imag(x) if x.dtype.kind == "c" else x.builder.const(0, x.shape, x.dtype)


# -- tests: true of a number where they are true of its parts --------------------------------------


@_of_complex(np.isnan)
def _isnan(z: Value) -> Value:
    return ew.logical_or(*(ew.isnan(x) for x in parts(z)))


@_of_complex(np.isinf)
def _isinf(z: Value) -> Value:
    return ew.logical_or(*(ew.isinf(x) for x in parts(z)))


@_of_complex(np.isfinite)
def _isfinite(z: Value) -> Value:
    return ew.logical_and(*(ew.isfinite(x) for x in parts(z)))


# -- exponentials, powers --------------------------------------------------------------------------


def _polar(size: Value, argument: Value) -> Value:
    return ew.pair(ew.mul(size, ew.cos(argument)), ew.mul(size, ew.sin(argument)))


@_of_complex(np.exp)
def _exp(z: Value) -> Value:
    re, im = parts(z)
    return _polar(ew.exp(re), im)


@_of_complex(np.exp2)
def _exp2(z: Value) -> Value:
    return _exp(ew.mul(z, math.log(2)))


@_of_complex(np.expm1)
def _expm1(z: Value) -> Value:
    """(exp(x) cos(y) - 1) + i exp(x) sin(y), the real part without cancellation."""
    x, y = parts(z)
    half = ew.sin(ew.mul(y, 0.5))
    re = ew.sub(ew.mul(ew.expm1(x), ew.cos(y)), ew.mul(2.0, ew.mul(half, half)))
    return ew.pair(re, ew.mul(ew.exp(x), ew.sin(y)))


@_of_complex(np.log)
def _log(z: Value) -> Value:
    return ew.pair(ew.log(_absolute(z)), _argument(z))


@_of_complex(np.log2)
def _log2(z: Value) -> Value:
    return ew.mul(_log(z), 1 / math.log(2))


@_of_complex(np.log10)
def _log10(z: Value) -> Value:
    return ew.mul(_log(z), 1 / math.log(10))


@_of_complex(np.log1p)
def _log1p(z: Value) -> Value:
    """log|1 + z| as half of log1p(2 x + x^2 + y^2), exact near 0."""
    x, y = parts(z)
    square = ew.add(ew.mul(x, ew.add(x, 2.0)), ew.mul(y, y))
    return ew.pair(ew.mul(0.5, ew.log1p(square)), ew.arctan2(y, ew.add(x, 1.0)))


@_of_complex(np.sqrt)
def _sqrt(z: Value) -> Value:
    """The principal root: of re >= 0 it is (t, y / 2t) with t = sqrt((|z| + x) / 2)."""
    x, y = parts(z)
    size = ew.hypot(x, y)
    t = ew.sqrt(ew.mul(0.5, ew.add(size, ew.absolute(x))))
    zero = ew.eq(size, 0.0)
    other = ew.where(zero, 0.0, ew.div(ew.absolute(y), ew.mul(2.0, ew.where(zero, 1.0, t))))
    right = ew.ge(x, 0.0)
    return ew.pair(
        ew.where(right, t, other), ew.copysign(ew.where(right, other, t), ew.stop_gradient(y))
    )


def power(x: Value, y: Value) -> Value:
    """x ** y = exp(y log x); 0 to a power is 0, and 1 to the power 0."""
    zero = ew.eq(x, 0.0)
    safe = ew.where(zero, 1.0, x)
    result = _exp(ew.mul(y, _log(safe)))
    at_zero = ew.cast(ew.eq(y, 0.0), dtype=x.dtype)
    return ew.where(zero, at_zero, result)


COMPLEX[np.power] = power


# -- circular and hyperbolic functions -------------------------------------------------------------


@_of_complex(np.sin)
def _sin(z: Value) -> Value:
    x, y = parts(z)
    return ew.pair(ew.mul(ew.sin(x), ew.cosh(y)), ew.mul(ew.cos(x), ew.sinh(y)))


@_of_complex(np.cos)
def _cos(z: Value) -> Value:
    x, y = parts(z)
    return ew.pair(ew.mul(ew.cos(x), ew.cosh(y)), ew.neg(ew.mul(ew.sin(x), ew.sinh(y))))


@_of_complex(np.sinh)
def _sinh(z: Value) -> Value:
    x, y = parts(z)
    return ew.pair(ew.mul(ew.sinh(x), ew.cos(y)), ew.mul(ew.cosh(x), ew.sin(y)))


@_of_complex(np.cosh)
def _cosh(z: Value) -> Value:
    x, y = parts(z)
    return ew.pair(ew.mul(ew.cosh(x), ew.cos(y)), ew.mul(ew.sinh(x), ew.sin(y)))


_FLAT = 20.0
"""Where |x| is larger, tanh(x) is 1 in float64."""


@_of_complex(np.tanh)
def _tanh(z: Value) -> Value:
    """(sinh(x) cosh(x) + i sin(y) cos(y)) / (sinh(x)^2 + cos(y)^2), and its limit for large |x|."""
    x, y = parts(z)
    flat = ew.gt(ew.absolute(x), _FLAT)
    safe = ew.where(flat, 1.0, x)
    sinh, cos = ew.sinh(safe), ew.cos(y)
    turn = ew.mul(ew.sin(y), cos)
    below = ew.add(ew.mul(sinh, sinh), ew.mul(cos, cos))
    tail = ew.mul(4.0, ew.exp(ew.mul(-2.0, ew.absolute(x))))
    re = ew.where(flat, ew.tanh(x), ew.div(ew.mul(sinh, ew.cosh(safe)), below))
    return ew.pair(re, ew.where(flat, ew.mul(turn, tail), ew.div(turn, below)))


def _times_i(z: Value) -> Value:
    x, y = parts(z)
    return ew.pair(ew.neg(y), x)


def _divided_by_i(z: Value) -> Value:
    x, y = parts(z)
    return ew.pair(y, ew.neg(x))


@_of_complex(np.tan)
def _tan(z: Value) -> Value:
    return _divided_by_i(_tanh(_times_i(z)))


@_of_complex(np.arctanh)
def _arctanh(z: Value) -> Value:
    """(log(1 + z) - log(1 - z)) / 2."""
    return ew.mul(0.5, ew.sub(_log1p(z), _log1p(ew.neg(z))))


@_of_complex(np.arctan)
def _arctan(z: Value) -> Value:
    return _divided_by_i(_arctanh(_times_i(z)))


@_of_complex(np.arcsinh)
def _arcsinh(z: Value) -> Value:
    return _divided_by_i(_arcsin(_times_i(z)))


@_of_complex(np.arcsin)
def _arcsin(z: Value) -> Value:
    """Kahan: atan2(x, Re(b a)) + i asinh(Im(conj(b) a)), b = sqrt(1 - z), a = sqrt(1 + z)."""
    below, above = _sqrt(ew.sub(1.0, z)), _sqrt(ew.add(z, 1.0))
    re = ew.arctan2(ew.real(z), ew.real(ew.mul(below, above)))
    return ew.pair(re, ew.arcsinh(ew.imag(ew.mul(ew.conj(below), above))))


@_of_complex(np.arccos)
def _arccos(z: Value) -> Value:
    below, above = _sqrt(ew.sub(1.0, z)), _sqrt(ew.add(z, 1.0))
    re = ew.mul(2.0, ew.arctan2(ew.real(below), ew.real(above)))
    return ew.pair(re, ew.arcsinh(ew.imag(ew.mul(ew.conj(above), below))))


@_of_complex(np.arccosh)
def _arccosh(z: Value) -> Value:
    below, above = _sqrt(ew.sub(z, 1.0)), _sqrt(ew.add(z, 1.0))
    re = ew.arcsinh(ew.real(ew.mul(ew.conj(below), above)))
    return ew.pair(re, ew.mul(2.0, ew.arctan2(ew.imag(below), ew.real(above))))
