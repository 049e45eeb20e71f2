"""NumPy's ufuncs on values: which op each one records, or of which ops it is composed.

Operands are cast as NumPy's own type resolution says and broadcast; the ops then see equal shapes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from jitad.frontend.operands import (
    PYTHON_NUMBERS,
    as_dtype,
    as_shape,
    broadcast_shape,
    innermost,
    kind_of,
    lift,
)
from jitad.functions.elementwise import sizes
from jitad.functions.elementwise.integers import integer_power
from jitad.ir.errors import TraceError
from jitad.ir.op import BOOL, FLOAT32, INT64, SHORT_NAMES, STORED, DType
from jitad.ir.value import UFUNCS, Value
from jitad.ops import elementwise as ew
from jitad.ops.linalg.spectral_functions import governed


@dataclass(frozen=True)
class Composite:
    """A NumPy function written in ops, and where the tests may sample its operands."""

    function: Any
    record: Callable[..., Any]
    domain: tuple[tuple[float, float], ...]


COMPOSITES: list[Composite] = []


_WIDER = {t: INT64 if t.kind in "iu" else FLOAT32 for t in STORED if t != np.dtype(np.uint64)}


@lru_cache(maxsize=4096)
def _loop(ufunc: Any, kinds: tuple[Any, ...]) -> tuple[DType, ...]:
    """The dtypes to which NumPy would cast the operands; an error where tapes lack one."""
    try:
        resolved: Any = ufunc.resolve_dtypes((*kinds, *(None,) * ufunc.nout))
    except TypeError as error:
        names = ", ".join(getattr(kind, "__name__", str(kind)) for kind in kinds)
        raise TraceError(
            f"np.{ufunc.__name__} of {names}: {error}",
            remedy="cast the operands first, x.astype(float) or x.astype(int)",
        ) from error
    if resolved[-1] == BOOL:
        # Comparisons of small numbers are the same in wider ones.
        resolved = tuple([_WIDER.get(dtype, dtype) for dtype in resolved])
    if any(dtype not in SHORT_NAMES for dtype in resolved):
        raise TraceError(
            f"np.{ufunc.__name__} would compute in {[str(d) for d in resolved]}, which is not "
            "supported",
            remedy="cast the operands first, x.astype(float) or x.astype(int)",
        )
    return resolved[: ufunc.nin]


def _resolve(ufunc: Any, operands: list[Any]) -> tuple[DType, ...]:
    kinds = tuple([kind_of(x) for x in operands])
    if all(isinstance(k, type) for k in kinds):
        kinds = tuple([np.dtype(k) for k in kinds])
    return _loop(ufunc, kinds)


def align(ufunc: Any, operands: tuple[Any, ...]) -> list[Value]:
    """The operands on one tape, of the dtypes of NumPy's loop, broadcast to one shape."""
    first = operands[0]
    if type(first) is Value and first.builder.inner is None:
        # Of one dtype they are what they are, weak or not.
        for x in operands:
            if (
                type(x) is not Value
                or x.builder is not first.builder
                or (x.dtype is not first.dtype and x.dtype != first.dtype)
                or x.shape != first.shape
            ):
                break
        else:
            if _loop(ufunc, (first.dtype,) * len(operands))[0] == first.dtype:
                return list(operands)
    if len(operands) == 2:
        # An array and a Python number, of which nothing else need be known.
        for x, number in (operands, operands[::-1]):
            if type(x) is Value and type(number) in (int, float):
                if x.builder.inner is not None:
                    break
                kinds = (x.dtype, type(number)) if x is first else (type(number), x.dtype)
                if _loop(ufunc, kinds) == (x.dtype, x.dtype):
                    const = ew.like(number, x)
                    return [x, const] if x is first else [const, x]
    builder = innermost(operands)
    plain = [
        x if isinstance(x, (*PYTHON_NUMBERS, np.generic)) else lift(builder, x) for x in operands
    ]
    dtypes = _resolve(ufunc, plain)
    shape = broadcast_shape(*(x.shape for x in plain if isinstance(x, Value)))
    return [
        as_shape(as_dtype(x, dtype), shape)
        if isinstance(x, Value)
        else builder.const(x, shape, dtype)
        for x, dtype in zip(plain, dtypes, strict=True)
    ]


COMPLEX: dict[Any, Callable[..., Any]] = {}
"""What a ufunc records of complex operands; frontend/complex.py fills it."""


def _record(ufunc: Any, op: Callable[..., Any]) -> None:
    def record(*operands: Any) -> Value:
        values = align(ufunc, operands)
        form = complex_record(ufunc) if values[0].dtype.kind == "c" else op
        result = form(*values)
        if not isinstance(result, Value):  # several, of which each is made anew
            return result
        # Also where it is the operand itself, NumPy's result is no number of Python's.
        return result.builder.value(result.index) if result.weak else result

    UFUNCS[ufunc] = record


def complex_record(ufunc: Any) -> Callable[..., Any]:
    """What the ufunc records of complex operands; an error where there is nothing."""
    record = COMPLEX.get(ufunc)
    if record is None:
        raise TraceError(
            f"np.{ufunc.__name__} of complex numbers is not supported on traced values",
            remedy="write it with np.real and np.imag",
        )
    return record


for _op in (
    *(ew.add, ew.sub, ew.div, ew.neg, ew.cbrt, ew.exp, ew.exp2, ew.expm1),
    *(ew.log, ew.log2, ew.log10, ew.log1p, ew.sin, ew.cos, ew.tan, ew.arcsin, ew.arccos),
    *(ew.arctan, ew.sinh, ew.cosh, ew.tanh, ew.arcsinh, ew.arccosh, ew.arctanh, ew.arctan2),
    *(ew.copysign, ew.maximum, ew.minimum, ew.fmax, ew.fmin, ew.sign),
    *(ew.lt, ew.le, ew.gt, ew.ge, ew.eq, ew.ne, ew.isnan, ew.isinf, ew.isfinite, ew.signbit),
    *(ew.logical_and, ew.logical_or, ew.logical_xor, ew.logical_not),
):
    _record(_op.evaluate, _op)
_record(np.multiply, sizes.times)
_record(np.sqrt, sizes.square_root)
_record(np.absolute, sizes.absolute)
_record(np.hypot, sizes.hypot)


def composite(ufunc: Any, *domain: tuple[float, float]) -> Callable[[Any], Any]:
    """Register a ufunc that is composed of ops on aligned operands, with its test domain."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        _record(ufunc, function)
        COMPOSITES.append(Composite(ufunc, function, domain))
        return function

    return register


# -- rounding: integers stay as they are -----------------------------------------------------------

for _op in (ew.floor, ew.ceil, ew.trunc, ew.rint):
    _record(_op.evaluate, lambda x, _op=_op: x if x.dtype.kind in "ib" else _op(x))


# -- arithmetic ------------------------------------------------------------------------------------


@composite(np.reciprocal, ew.POSITIVE)
def _reciprocal(x: Value) -> Value:
    if x.dtype.kind == "f":
        return ew.div(1.0, x)
    return ew.where(ew.le(ew.absolute(x), 1), x, ew.like(0, x))


def _zero_signed_as(zero: Value, y: Value) -> Value:
    """A zero with the sign of y, and its own derivative."""
    signed = ew.copysign(ew.like(0.0, y), ew.stop_gradient(y))
    return ew.sub(signed, ew.sub(ew.stop_gradient(zero), zero))


@composite(np.fmod, ew.REAL, ew.POSITIVE)
def _fmod(x: Value, y: Value) -> Value:
    """The remainder of division towards zero: it has the dividend's sign."""
    if x.dtype.kind == "f":
        return ew.fmod(x, y)
    rest = ew.int_mod(x, y)
    signs = ew.ne(ew.lt(x, 0), ew.lt(y, 0))
    return ew.where(ew.logical_and(ew.ne(rest, 0), signs), ew.sub(rest, y), rest)


@composite(np.remainder, ew.REAL, ew.POSITIVE)
def _remainder(x: Value, y: Value) -> Value:
    """Python's modulo: the remainder has the divisor's sign."""
    if x.dtype.kind != "f":
        return ew.int_mod(x, y)
    rest = ew.fmod(x, y)
    signs = ew.ne(ew.lt(rest, 0.0), ew.lt(y, 0.0))
    rest = ew.where(ew.logical_and(ew.ne(rest, 0.0), signs), ew.add(rest, y), rest)
    return ew.where(ew.eq(rest, 0.0), _zero_signed_as(rest, y), rest)


@composite(np.floor_divide, ew.REAL, ew.POSITIVE)
def _floor_divide(x: Value, y: Value) -> Value:
    """floor(x / y), computed through the remainder so that it agrees with the modulo."""
    if x.dtype.kind != "f":
        return ew.int_floor_divide(x, y)
    x, y = ew.stop_gradient(x), ew.stop_gradient(y)
    rest = ew.fmod(x, y)
    down = ew.logical_and(ew.ne(rest, 0.0), ew.ne(ew.lt(rest, 0.0), ew.lt(y, 0.0)))
    quotient = ew.sub(ew.div(ew.sub(x, rest), y), ew.cast(down, dtype=x.dtype))
    whole = ew.floor(quotient)
    whole = ew.add(whole, ew.cast(ew.gt(ew.sub(quotient, whole), 0.5), dtype=x.dtype))
    signed_zero = ew.copysign(ew.like(0.0, x), ew.div(x, y))
    whole = ew.where(ew.eq(quotient, 0.0), signed_zero, whole)
    return ew.where(ew.eq(y, 0.0), ew.div(x, y), whole)


def power(base: Any, exponent: Any) -> Value:
    """x ** y; small whole exponents become products."""
    if isinstance(base, Value) and isinstance(exponent, (int, float)):
        if exponent == 2 and type(exponent) is int and base.dtype.kind == "b" and not base.weak:
            return as_dtype(base, np.dtype(np.int8))  # NumPy's square of a bool
        whole = int(exponent) if math.isfinite(exponent) and exponent == int(exponent) else None
        real = base.dtype.kind in "fc" or isinstance(exponent, float)
        if whole is not None and (abs(whole) <= 8 if real else whole >= 0):
            (x, _) = align(np.power, (base, exponent))
            return _whole_power(x, whole)
        if exponent == 0.5 and base.dtype.kind in "fc":
            return UFUNCS[np.sqrt](align(np.power, (base, exponent))[0])
    x, y = align(np.power, (base, exponent))
    if x.dtype.kind == "c":
        return complex_record(np.power)(x, y)
    if x.dtype.kind == "i":
        return integer_power(x, y)
    is_half = type(exponent) is float and exponent in (1.5, 2.5, 3.5)
    law = sizes.half_power(x, int(exponent)) if is_half else None
    return ew.power(x, y) if law is None else governed(ew.power(x, y), law)


UFUNCS[np.power] = power
COMPOSITES.append(Composite(np.power, power, (ew.POSITIVE, ew.REAL)))


def _whole_power(x: Value, n: int) -> Value:
    if n < 0:
        return ew.div(1.0, _whole_power(x, -n))
    result: Value | None = None
    square = x
    while n:
        if n & 1:
            result = square if result is None else sizes.times(result, square)
        n >>= 1
        square = sizes.square(square) if n else square
    return ew.like(1, x) if result is None else result


def _float_power(x: Any, y: Any) -> Value:
    builder = innermost((x, y))
    x = as_dtype(lift(builder, x), np.dtype(np.float64))
    return power(x, y if isinstance(y, PYTHON_NUMBERS) else as_dtype(lift(builder, y), x.dtype))


UFUNCS[np.float_power] = _float_power
COMPOSITES.append(Composite(np.float_power, _float_power, (ew.POSITIVE, ew.REAL)))


@composite(np.divmod, ew.REAL, ew.POSITIVE)
def _divmod(x: Value, y: Value) -> tuple[Value, Value]:
    return _floor_divide(x, y), _remainder(x, y)


@composite(np.modf, ew.REAL)
def _modf(x: Value) -> tuple[Value, Value]:
    """The parts after and before the point, both with the sign of x."""
    whole = ew.trunc(x)
    part = ew.where(ew.isinf(x), 0.0, ew.sub(x, whole))
    return ew.where(ew.eq(part, 0.0), _zero_signed_as(part, x), part), whole


# -- exponentials and angles -----------------------------------------------------------------------


def _log_sum(x: Value, y: Value, tail: Callable[[Value], Value]) -> Value:
    """high + tail(low - high): no overflow, and x where both are the same infinity.

    Which is which is chosen and not joined by max and abs, so that it is smooth at ties.
    """
    falls = ew.ge(x, y)
    high, low = ew.where(falls, x, y), ew.where(falls, y, x)
    same = ew.logical_and(ew.eq(x, y), ew.isinf(x))
    gap = ew.where(same, 0.0, ew.sub(low, high))
    return ew.where(same, x, ew.add(high, tail(gap)))


@composite(np.logaddexp, ew.REAL, ew.REAL)
def _logaddexp(x: Value, y: Value) -> Value:
    return _log_sum(x, y, lambda gap: ew.log1p(ew.exp(gap)))


@composite(np.logaddexp2, ew.REAL, ew.REAL)
def _logaddexp2(x: Value, y: Value) -> Value:
    scale = 1 / math.log(2)
    return _log_sum(x, y, lambda gap: ew.mul(ew.log1p(ew.exp2(gap)), scale))


for _ufunc, _function in {
    np.square: sizes.square,
    np.positive: lambda x: x,
    np.conjugate: lambda x: x,
    np.fabs: sizes.absolute,
    np.deg2rad: lambda x: ew.mul(x, math.pi / 180),
    np.rad2deg: lambda x: ew.mul(x, 180 / math.pi),
}.items():
    composite(_ufunc, ew.REAL)(_function)
UFUNCS[np.radians] = UFUNCS[np.deg2rad]
UFUNCS[np.degrees] = UFUNCS[np.rad2deg]


@composite(np.heaviside, ew.REAL, ew.REAL)
def _heaviside(x: Value, y: Value) -> Value:
    step = ew.where(ew.gt(x, 0.0), ew.like(1.0, x), ew.like(0.0, x))
    step = ew.where(ew.isnan(x), ew.stop_gradient(x), step)
    return ew.where(ew.eq(x, 0.0), y, step)


# -- logic: any dtype is compared with zero --------------------------------------------------------


def truth(x: Value) -> Value:
    """x != 0."""
    return x if x.dtype.kind == "b" else ew.ne(x, 0)


def _logic(ufunc: Any, op: Callable[..., Value]) -> None:
    def record(*operands: Any) -> Value:
        builder = innermost(operands)
        values = [truth(lift(builder, x)) for x in operands]
        shape = broadcast_shape(*(x.shape for x in values))
        return op(*(as_shape(x, shape) for x in values))

    UFUNCS[ufunc] = record


_logic(np.logical_and, ew.logical_and)
_logic(np.logical_or, ew.logical_or)
_logic(np.logical_xor, ew.logical_xor)
_logic(np.logical_not, ew.logical_not)
