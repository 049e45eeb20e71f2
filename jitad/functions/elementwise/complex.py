"""NumPy's functions of complex numbers on values.

An elementary function is the row of the real one, whose partial is f'(z) as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.frontend.operands import as_dtype, as_value, implements
from jitad.functions.elementwise.sizes import modulus
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

for _row in (
    *(ew.sqrt, ew.exp, ew.exp2, ew.expm1, ew.log, ew.log2, ew.log10, ew.log1p, ew.power),
    *(ew.sin, ew.cos, ew.tan, ew.sinh, ew.cosh, ew.tanh),
    *(ew.arcsin, ew.arccos, ew.arctan, ew.arcsinh, ew.arccosh, ew.arctanh),
):
    COMPLEX[_row.evaluate] = _row


# -- size and direction ----------------------------------------------------------------------------


@_of_complex(np.absolute)
def _absolute(z: Value) -> Value:
    return modulus(z)


@_of_complex(np.sign)
def _sign(z: Value) -> Value:
    """z / |z|, and 0 at 0; both parts are divided by the larger one first."""
    re, im = parts(z)
    size = ew.stop_gradient(ew.maximum(ew.absolute(re), ew.absolute(im)))
    safe = ew.where(ew.eq(size, 0.0), 1.0, size)
    re, im = _relative(re, im, safe), _relative(im, re, safe)
    length = ew.hypot(re, im)
    length = ew.where(ew.eq(length, 0.0), 1.0, length)
    return ew.pair(ew.div(re, length), ew.div(im, length))


def _relative(x: Value, other: Value, size: Value) -> Value:
    """x / size, where the other part is finite also of an infinite x."""
    endless = ew.logical_and(ew.isinf(x), ew.isfinite(other))
    return ew.where(endless, ew.sign(x), ew.div(x, size))


@implements(np.angle)
def angle(z: Any, deg: bool = False) -> Value:
    x = as_value(z)
    if x.dtype.kind == "c":
        result = ew.imag(ew.log(x))
    else:
        (x,) = align(np.sin, (x,))
        zero = ew.like(0.0, x)
        result = ew.arctan2(zero, x)
    return ew.mul(result, 180 / math.pi) if deg else result


@implements(np.real)
def real(val: Any) -> Value:
    x = as_value(val)
    return ew.real(x) if x.dtype.kind == "c" else x


@implements(np.imag)
def imag(val: Any) -> Value:
    x = as_value(val)
    return ew.imag(x) if x.dtype.kind == "c" else ew.like(0, x)


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
