"""What functions of `math`, `cmath`, `statistics`, and `float`, `complex` record of traced numbers.

A C function that wants a float knows no traced value: a traced function calls these in place of
Python's own (`frontend.traceable`). Of plain numbers they are Python's. Results are Python's
floats: weak in NumPy's promotion. For a number outside of a function's domain the result is
NumPy's, NaN or infinite, as it is in compiled code, but where a traced function may catch the error
that Python raises. `math.floor`, `ceil` and `trunc` ask a number itself, and have no need of this.
"""

from __future__ import annotations

import cmath
import functools
import importlib
import math
import operator
import statistics
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import numpy as np

from jitad.frontend.active import holds_traced
from jitad.frontend.exceptions import check_domain, may_catch
from jitad.frontend.operands import as_dtype, as_value, implements, innermost, lift
from jitad.frontend.traceable import PLAIN
from jitad.functions.elementwise.sizes import length
from jitad.ir.errors import TraceError
from jitad.ir.op import COMPLEX128, FLOAT32, FLOAT64, INT64
from jitad.ir.value import FUNCTIONS, UFUNCS, Value
from jitad.ops import elementwise as ew


def mathematical(
    name: str, module: ModuleType = math
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter what `math.<name>` records, or one of another module, where this Python has it."""

    def register(record: Callable[..., Any]) -> Callable[..., Any]:
        plain = getattr(module, name, None)
        record.__name__ = record.__qualname__ = name  # as errors name it
        if plain is None:
            return record

        @functools.wraps(plain)
        def function(*args: Any, **kwargs: Any) -> Any:
            whole = (Value, str, bytes)
            args = tuple(
                list(x) if isinstance(x, Iterable) and not isinstance(x, whole) else x for x in args
            )
            if not holds_traced([*args, *kwargs.values()]):
                return plain(*args, **kwargs)
            return record(*args, **kwargs)

        PLAIN.add(plain, function)
        return record

    return register


# -- numbers of Python -----------------------------------------------------------------------------

_EXACT_DIGITS = 10
"""Digits up to which both halves of a number times a power of ten are exact."""


@implements(round)
def rounded(x: Value, digits: int) -> Any:
    """round(x, digits): of a Python float the decimal digits of its very value are rounded.

    NumPy rounds x * 10**digits, which itself is rounded: 2.675 * 100 is 267.5, and the number is
    less. Here the product is the sum of two that are exact, by which its error is known.
    """
    if not (x.weak and x.dtype.kind == "f" and 0 < digits <= _EXACT_DIGITS):
        result = FUNCTIONS[np.round](x, digits)
        return Value(result.builder, result.index, result.shape, result.dtype, x.weak)
    scale, x = 10.0**digits, ew.stop_gradient(x)
    high = ew.cast(ew.cast(x, dtype=FLOAT32), dtype=FLOAT64)
    upper, lower = ew.mul(high, scale), ew.mul(ew.sub(x, high), scale)
    whole = ew.rint(ew.mul(x, scale))
    past = ew.sub(upper, whole)  # half a step is taken off first, so that the sign is exact
    above, below = (ew.add(ew.add(past, half), lower) for half in (-0.5, 0.5))
    up, down = (ew.cast(side, dtype=FLOAT64) for side in (ew.gt(above, 0.0), ew.lt(below, 0.0)))
    exact = ew.div(ew.sub(ew.add(whole, up), down), scale)
    result = ew.where(ew.lt(ew.absolute(whole), 2.0**52), exact, x)
    return Value(result.builder, result.index, (), result.dtype, weak=True)


def as_number(x: Any) -> Any:
    """x as the Python float that Python would make of it."""
    if not isinstance(x, Value):
        return float(x)
    if x.dtype.kind == "c":
        raise TraceError(
            "a complex number was to be turned into a float", remedy="use x.real, or np.sin"
        )
    return weak(as_dtype(_one(x), FLOAT64))


def as_integer(x: Any, base: Any = 10) -> Any:
    """x as a Python int that is traced: one beyond 64 bits is NumPy's, an error of Python's that
    may be caught is raised."""
    if not isinstance(x, Value):
        return int(x, base)
    if x.dtype.kind == "c" or x.size != 1:
        return int(x)  # which is an error
    number = _one(x)
    if number.dtype.kind == "f":
        if may_catch(ValueError, OverflowError) and not np.isfinite(number):
            int(math.nan if np.isnan(number) else math.inf)  # which raises, in Python's words
        return math.trunc(weak(number))
    return weak(as_dtype(number, INT64))


def weak(x: Any) -> Any:
    """A number of no axes as a Python number."""
    return Value(x.builder, x.index, (), x.dtype, weak=True) if isinstance(x, Value) else x


def _one(x: Any) -> Value:
    value = as_value(x)
    if value.size != 1:
        raise TraceError(
            f"{value!r} of several elements was to be turned into one Python number",
            remedy="use NumPy's function of the same name, which takes arrays",
        )
    return value.reshape(()) if value.shape else value


def _of_python(kind: type, convert: Callable[..., Any]) -> None:
    """Enter what calling a class of Python's numbers records."""

    @functools.wraps(kind, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        is_traced = any(isinstance(x, Value) for x in (*args, *kwargs.values()))
        return (convert if is_traced else kind)(*args, **kwargs)

    PLAIN.add(kind, call)


def _as_complex(real: Any = 0, imag: Any = 0) -> Any:
    x: Any = as_dtype(_one(real), COMPLEX128) if isinstance(real, Value) else complex(real)
    if isinstance(imag, Value):
        x = x + UFUNCS[np.multiply](as_dtype(_one(imag), COMPLEX128), 1j)
    elif imag:
        x = x + complex(imag) * 1j
    return weak(x)


_of_python(float, as_number)
_of_python(complex, _as_complex)


# -- functions that NumPy or SciPy has -------------------------------------------------------------


def _of_floats(name: str, function: Callable[..., Any]) -> None:
    def record(*xs: Any) -> Any:
        operands = [as_number(x) for x in xs]
        result = function(*operands)
        check_domain(name, result, operands)
        return weak(result)

    mathematical(name)(record)


for _name, _function in {
    **{f"{prefix}{name}{suffix}": getattr(np, f"{arc}{name}{suffix}")
       for prefix, arc in (("", ""), ("a", "arc"))
       for name in ("sin", "cos", "tan") for suffix in ("", "h")},
    **{name: getattr(np, name) for name in ("cbrt", "exp", "exp2", "expm1", "fabs", "fmod")},
    **{name: getattr(np, name) for name in ("log10", "log1p", "log2", "sqrt", "copysign")},
    **{"atan2": np.arctan2, "pow": np.power, "degrees": np.degrees, "radians": np.radians},
    **{"isfinite": np.isfinite, "isinf": np.isinf, "isnan": np.isnan},
}.items():  # fmt: skip
    _of_floats(_name, _function)


def _special(name: str, there: str) -> None:
    def record(x: Any) -> Any:
        return getattr(importlib.import_module("scipy.special"), there)(x)

    _of_floats(name, record)


for _name, _there in {
    "erf": "erf",
    "erfc": "erfc",
    "gamma": "gamma",
    "lgamma": "gammaln",
}.items():
    _special(_name, _there)


@mathematical("log")
def log(x: Any, base: Any = None) -> Any:
    x = as_number(x)
    value = np.log(x)
    check_domain("log", value, [x])
    return weak(value if base is None else value / np.log(as_number(base)))


@mathematical("hypot")
def hypot(*coordinates: Any) -> Any:
    numbers = [as_number(x) for x in coordinates]
    if len(numbers) < 3:
        return weak(np.hypot(*numbers) if len(numbers) == 2 else np.abs(*numbers))
    builder = innermost(numbers)
    return weak(length([lift(builder, x) for x in numbers]))


@mathematical("dist")
def dist(p: Any, q: Any) -> Any:
    if len(p) != len(q):
        raise TraceError(
            f"math.dist of points of {len(p)} and {len(q)} coordinates",
            remedy="give both points as many",
        )
    return hypot(*map(operator.sub, p, q))


@mathematical("remainder")
def remainder(x: Any, y: Any) -> Any:
    """IEEE 754, section 5.3.1: what is left of the multiple of y that is nearest to x, a tie being
    for the even multiple. The remainder of division downwards and its half are exact."""
    x, y = as_number(x), as_number(y)
    size, step = np.abs(x), np.abs(y)
    below = np.fmod(size, step)
    above = step - below
    odd = np.fmod(0.5 * (size - below), step) != 0.0
    nearest_below = (below < above) | ((below == above) & ~odd)
    rest = np.where(nearest_below, below, -above)
    # An infinite step leaves x as it is.
    rest = np.where(np.isinf(step) & np.isfinite(size), size, rest)
    return weak(np.where(np.signbit(x), -rest, rest))


# -- complex numbers -------------------------------------------------------------------------------


def _of_complex(name: str, function: Callable[..., Any]) -> None:
    mathematical(name, cmath)(lambda z: weak(function(_as_complex(z))))


for _name, _function in {
    **{f"{prefix}{name}{suffix}": getattr(np, f"{arc}{name}{suffix}")
       for prefix, arc in (("", ""), ("a", "arc"))
       for name in ("sin", "cos", "tan") for suffix in ("", "h")},
    **{name: getattr(np, name) for name in ("exp", "log10", "sqrt", "isfinite", "isinf", "isnan")},
    "phase": np.angle,
}.items():  # fmt: skip
    _of_complex(_name, _function)


@mathematical("log", cmath)
def complex_log(z: Any, base: Any = None) -> Any:
    value = np.log(_as_complex(z))
    return weak(value if base is None else value / np.log(_as_complex(base)))


@mathematical("polar", cmath)
def polar(z: Any) -> tuple[Any, Any]:
    z = _as_complex(z)
    return weak(np.abs(z)), weak(np.angle(z))


@mathematical("rect", cmath)
def rect(r: Any, phi: Any) -> Any:
    r, phi = as_number(r), as_number(phi)
    return _as_complex(r * np.cos(phi), r * np.sin(phi))


# -- digits ----------------------------------------------------------------------------------------


@mathematical("frexp")
def frexp(x: Any) -> tuple[Any, Any]:
    mantissa, exponent = np.frexp(as_number(x))
    return weak(mantissa), weak(as_dtype(as_value(exponent), INT64))


@mathematical("nextafter")
def nextafter(x: Any, y: Any, *, steps: int | None = None) -> Any:
    x, y = as_number(x), as_number(y)
    for _ in range(1 if steps is None else steps):
        x = np.nextafter(x, y)
    return weak(x)


@mathematical("ulp")
def ulp(x: Any) -> Any:
    size = np.abs(as_number(x))
    gap = np.nextafter(size, math.inf) - size
    last = np.isinf(gap) & np.isfinite(size)
    gap = np.where(last, size - np.nextafter(size, 0.0), gap)
    return weak(np.where(np.isinf(size), size, gap))


@mathematical("isclose")
def isclose(a: Any, b: Any, *, rel_tol: Any = 1e-09, abs_tol: Any = 0.0) -> Any:
    return _are_close(as_number(a), as_number(b), rel_tol, abs_tol)


@mathematical("isclose", cmath)
def complex_isclose(a: Any, b: Any, *, rel_tol: Any = 1e-09, abs_tol: Any = 0.0) -> Any:
    return _are_close(_as_complex(a), _as_complex(b), rel_tol, abs_tol)


def _are_close(a: Any, b: Any, relative: Any, absolute: Any) -> Any:
    gap = np.abs(a - b)
    near = gap <= np.maximum(relative * np.maximum(np.abs(a), np.abs(b)), absolute)
    return (a == b) | (near & np.isfinite(gap))


# -- several numbers -------------------------------------------------------------------------------


@mathematical("fsum")
def fsum(seq: Any) -> Any:
    """Rounded at each addition, which Python's is not."""
    items = np.stack([as_value(seq)]) if isinstance(seq, Value) else np.stack(seq)
    return weak(np.sum(items.astype(FLOAT64)))


@mathematical("sumprod")
def sumprod(p: Any, q: Any) -> Any:
    if len(p) != len(q):
        raise TraceError(
            f"math.sumprod of {len(p)} and {len(q)} numbers", remedy="give both as many"
        )
    return sum(map(operator.mul, p, q))


_SIMPLE: dict[str, Callable[..., Any]] = {
    "fma": lambda x, y, z: weak(as_number(x) * as_number(y) + as_number(z)),
    "ldexp": lambda x, i: weak(np.ldexp(as_number(x), i)),
    "modf": lambda x: tuple(map(weak, np.modf(as_number(x)))),
    "prod": lambda iterable, *, start=1: functools.reduce(operator.mul, iterable, start),
    "gcd": lambda *integers: weak(functools.reduce(np.gcd, integers, 0)),
    "lcm": lambda *integers: weak(functools.reduce(np.lcm, integers, 1)),
}
"""The product in fma is rounded, which Python's is not."""

for _name, _record in _SIMPLE.items():
    mathematical(_name)(_record)


# -- statistics ------------------------------------------------------------------------------------


def _variance(data: Any, center: Any, ddof: int) -> Any:
    x = as_value(data).astype(FLOAT64)
    center = np.mean(x) if center is None else center
    return np.sum((x - center) ** 2) / (x.size - ddof)


_STATISTICS: dict[str, Callable[..., Any]] = {
    "mean": lambda data: np.mean(as_value(data)),
    "fmean": lambda data, weights=None: np.average(as_value(data), weights=weights),
    "geometric_mean": lambda data: np.exp(np.mean(np.log(as_value(data)))),
    "harmonic_mean": lambda data, weights=None: (
        1.0 / np.average(np.reciprocal(as_value(data)), weights=weights)
    ),
    "median": lambda data: np.median(as_value(data)),
    "variance": lambda data, xbar=None: _variance(data, xbar, 1),
    "stdev": lambda data, xbar=None: np.sqrt(_variance(data, xbar, 1)),
    "pvariance": lambda data, mu=None: _variance(data, mu, 0),
    "pstdev": lambda data, mu=None: np.sqrt(_variance(data, mu, 0)),
}


def _statistical(name: str, function: Callable[..., Any]) -> None:
    function.__name__ = function.__qualname__ = name
    mathematical(name, statistics)(lambda *args, **named: weak(function(*args, **named)))


for _name, _function in _STATISTICS.items():
    _statistical(_name, _function)
