"""`math`, `float`, `int` and `complex` in traced functions: Python's values, and their derivatives.

The table has every function of `math`; a new one of a later Python has no row, and a test says so.
"""

from __future__ import annotations

import cmath
import functools
import math
import sys
from collections.abc import Callable
from math import exp as exponential
from math import pi, sin
from typing import Any, NamedTuple

import numpy as np
import oracle
import pytest

import jitad


class Row(NamedTuple):
    """A function of floats in terms of `math`, and where it is evaluated; `steps`: no slope."""

    function: Callable[..., Any]
    points: tuple[tuple[Any, ...], ...]
    steps: bool = False


AWAY = ((0.3,), (-0.4,))
POSITIVE = ((0.3,), (2.7,))
ANY = ((1.7,), (-2.3,))

TABLE: dict[str, Row] = {
    "acos": Row(lambda x: math.acos(x), AWAY),
    "acosh": Row(lambda x: math.acosh(x), ((1.5,), (3.0,))),
    "asin": Row(lambda x: math.asin(x), AWAY),
    "asinh": Row(lambda x: math.asinh(x), ANY),
    "atan": Row(lambda x: math.atan(x), ANY),
    "atan2": Row(lambda y, x: math.atan2(y, x), ((0.4, -1.1), (-2.0, 0.3))),
    "atanh": Row(lambda x: math.atanh(x), AWAY),
    "cbrt": Row(lambda x: math.cbrt(x), ANY),
    "ceil": Row(lambda x: math.ceil(x), ANY, True),
    "comb": Row(lambda x: math.comb(int(x), 2) * x, ((5.5,),)),
    "copysign": Row(lambda x, y: math.copysign(x, y), ((1.5, -2.0), (-1.5, -2.0))),
    "cos": Row(lambda x: math.cos(x), ANY),
    "cosh": Row(lambda x: math.cosh(x), ANY),
    "degrees": Row(lambda x: math.degrees(x), ANY),
    "dist": Row(lambda x, y: math.dist([x, y, 1.0], (y, 2.0, x)), ((0.4, -1.1),)),
    "erf": Row(lambda x: math.erf(x), AWAY),
    "erfc": Row(lambda x: math.erfc(x), AWAY),
    "exp": Row(lambda x: math.exp(x), ANY),
    "exp2": Row(lambda x: math.exp2(x), ANY),
    "expm1": Row(lambda x: math.expm1(x), AWAY),
    "fabs": Row(lambda x: math.fabs(x), ANY),
    "factorial": Row(lambda x: math.factorial(math.floor(x)) * x, ((4.5,),)),
    "floor": Row(lambda x: math.floor(x), ANY, True),
    "fma": Row(lambda x, y: math.fma(x, y, x), ((0.4, -1.1),)),
    "fmod": Row(lambda x, y: math.fmod(x, y), ((7.3, 2.0), (-7.3, 2.0), (7.3, -2.2))),
    "frexp": Row(lambda x: math.frexp(x), ((5.3,), (-0.1,))),
    "fsum": Row(lambda x, y: math.fsum([x, y, x * y, 1.0]), ((0.4, -1.1),)),
    "gamma": Row(lambda x: math.gamma(x), ((0.6,), (3.2,), (-1.4,))),
    "gcd": Row(lambda x: math.gcd(math.floor(x), 12) * x, ((18.5,), (5.5,))),
    "hypot": Row(lambda x, y: math.hypot(x, y, 2.0), ((0.4, -1.1),)),
    "isclose": Row(lambda x, y: x if math.isclose(x, y, rel_tol=0.1) else y, ((1, 1.05), (1, 2.0))),
    "isfinite": Row(lambda x: 2 * x if math.isfinite(x) else 0.0, ((1.0,),)),
    "isinf": Row(lambda x: 1.0 if math.isinf(x) else 2 * x, ((1.0,),)),
    "isnan": Row(lambda x: 1.0 if math.isnan(x) else 2 * x, ((1.0,),)),
    "isqrt": Row(lambda x: math.isqrt(int(x)) * x, ((17.5,),)),
    "lcm": Row(lambda x: math.lcm(math.floor(x), 12) * x, ((18.5,), (5.5,))),
    "ldexp": Row(lambda x: math.ldexp(x, 3) + math.ldexp(x, math.floor(x)), ANY),
    "lgamma": Row(lambda x: math.lgamma(x), ((0.6,), (3.2,), (-1.4,))),
    "log": Row(lambda x, y: math.log(x) + math.log(x, y) + math.log(y, 2), ((0.3, 2.5),)),
    "log10": Row(lambda x: math.log10(x), POSITIVE),
    "log1p": Row(lambda x: math.log1p(x), AWAY),
    "log2": Row(lambda x: math.log2(x), POSITIVE),
    "modf": Row(lambda x: math.modf(x), ANY),
    "nextafter": Row(lambda x: math.nextafter(x, 10.0), ANY),
    "perm": Row(lambda x: math.perm(int(x), 2) * x, ((5.5,),)),
    "pow": Row(lambda x, y: math.pow(x, y), ((0.4, -1.1), (2.0, 3.0))),
    "prod": Row(lambda x, y: math.prod([x, y, 3], start=x), ((0.4, -1.1),)),
    "radians": Row(lambda x: math.radians(x), ANY),
    "remainder": Row(
        lambda x, y: math.remainder(x, y), ((7.3, 2.0), (-7.3, 2.0), (8.9, 2.2), (-0.9, -2.0))
    ),
    "sin": Row(lambda x: math.sin(x), ANY),
    "sinh": Row(lambda x: math.sinh(x), ANY),
    "sqrt": Row(lambda x: math.sqrt(x), POSITIVE),
    "sumprod": Row(lambda x, y: math.sumprod([x, y], (y, 3.0)), ((0.4, -1.1),)),
    "tan": Row(lambda x: math.tan(x), ANY),
    "tanh": Row(lambda x: math.tanh(x), ANY),
    "trunc": Row(lambda x: math.trunc(x), ANY, True),
    "ulp": Row(lambda x: math.ulp(x), ANY, True),
}
"""Each function of `math`; where it takes integers, they come from floats."""

HERE = [name for name in TABLE if hasattr(math, name)]


def test_the_table_has_all_of_math() -> None:
    known = {name for name, x in vars(math).items() if callable(x) and not name.startswith("_")}
    assert set(TABLE) >= known if sys.version_info < (3, 14) else known & set(TABLE)


@pytest.mark.parametrize("name", HERE)
def test_a_function_of_math(name: str) -> None:
    function, points, steps = TABLE[name]
    run = jitad.jit(function)
    for point in points:
        wanted = function(*point)
        got = run(*point)
        for x, y in zip(oracle.leaves(got), oracle.leaves(wanted), strict=True):
            assert x.dtype == y.dtype and x.shape == ()
            np.testing.assert_allclose(x, y, rtol=1e-14)
        if steps:
            continue
        xs = [np.float64(x) for x in point]
        dxs = [np.float64(1.0 - 0.3 * k) for k in range(len(xs))]
        _, tangent = jitad.jvp(function, xs, dxs)
        for x, y in zip(oracle.leaves(tangent), oracle.difference(function, xs, dxs), strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, -3.0, 2.5, 3.5, 1e308, math.inf, math.nan])
def test_exceptional_numbers(value: float) -> None:
    def everything(x: Any, y: Any) -> Any:
        rest = math.remainder(x, y) if math.isfinite(x) and y != 0.0 else x
        return rest, math.ulp(x), math.modf(x), math.frexp(x), math.copysign(1.0, x)

    for other in (1.0, -2.0, math.inf):
        got, want = jitad.jit(everything)(value, other), everything(value, other)
        for x, y in zip(oracle.leaves(got), oracle.leaves(want), strict=True):
            np.testing.assert_array_equal(x, y)
            assert np.isnan(y) or np.signbit(x) == np.signbit(y)


def test_lengths_at_their_origin() -> None:
    """The square of a length is smooth: of several coordinates, and of the lengths of others."""
    lengths: tuple[Callable[[Any], Any], ...] = (
        lambda x: math.hypot(x, 2 * x, 0.0),
        lambda x: math.hypot(x, x, x, -x, x),
        lambda x: math.dist([x, 2 * x, x], [0.0, x, x]),
        lambda x: np.hypot(np.hypot(np.abs(x), 2 * x), 0.0),
    )
    d: list[Any] = [jitad.grad, lambda f: lambda x: jitad.jvp(f, (x,), (1.0,))[1]]
    for length, curvature in zip(lengths, (10.0, 10.0, 4.0, 10.0), strict=True):
        second: Any = [a(b(lambda x, f=length: f(x) ** 2))(0.0) for a in d for b in d]
        np.testing.assert_allclose(second, curvature, rtol=1e-14)
    for size in (1e-200, 1e200):
        value, slope = jitad.value_and_grad(lambda x: math.hypot(x, 2 * x, 2 * x))(size)
        np.testing.assert_allclose([value / size, slope], 3.0, rtol=1e-14)


POINTS = [0.3 + 0.4j, complex(-2.0, -0.0), -2 + 0j, 1.5 - 0.2j, 2j]


@pytest.mark.parametrize("name", [name for name in vars(cmath) if name[0] != "_"])
def test_a_function_of_cmath(name: str) -> None:
    function: Any = getattr(cmath, name)
    if name == "isclose":
        assert [bool(jitad.jit(function)(z, 1j + 1e-12)) for z in (1j, 1.0)] == [True, False]
    elif name == "rect":
        slope = jitad.grad(lambda r, t: function(r, t).imag, (0, 1))(2.0, 0.5)
        np.testing.assert_allclose(slope, (math.sin(0.5), 2 * math.cos(0.5)), rtol=1e-14)
    elif callable(function):
        for z in POINTS:
            np.testing.assert_allclose(jitad.jit(function)(z), function(z), rtol=1e-13, atol=1e-15)


def test_roots_of_a_polynomial_by_cmath() -> None:
    def distance(x: Any) -> Any:
        root = cmath.sqrt(x[0] * x[0] - 4 * x[1])
        return abs((root - x[0]) / 2) ** 2 + cmath.log(root, 2).real

    for x in (np.array([2.0, 5.0]), np.array([-3.0, 2.0])):
        wanted = [oracle.difference(distance, [x], [d])[0] for d in np.eye(2)]
        np.testing.assert_allclose(jitad.grad(distance)(x), wanted, rtol=1e-7)


def test_outside_of_the_domain_numbers_are_as_in_compiled_code() -> None:
    assert np.isnan(jitad.jit(lambda x: math.sqrt(x))(-1.0))
    assert jitad.jit(lambda x: math.exp(x))(1e4) == np.inf


# -- how functions reach them ----------------------------------------------------------------------


def by_module(x: Any) -> Any:
    return math.sin(x) * math.exp(x) * math.pi


def by_name(x: Any) -> Any:
    return sin(x) * exponential(x) * pi


def by_import(x: Any) -> Any:
    import math as mathematics
    from math import exp

    return mathematics.sin(x) * exp(x) * mathematics.pi


def by_helper(x: Any) -> Any:
    return by_module(x)


def by_default(x: Any, function: Any = by_module) -> Any:
    return function(x)


def by_inner_function(x: Any) -> Any:
    def inner(y: Any) -> Any:
        return math.sin(y) * math.exp(y) * math.pi

    return sum(inner(z) for z in (x,))


def by_inner_class(x: Any) -> Any:
    class Inner:
        circle = pi

        def value(self) -> Any:
            return math.sin(x) * math.exp(x) * self.circle

    return Inner().value()


def make_closure() -> Any:
    from math import sin as sine

    def recursive(x: Any, n: int) -> Any:
        return sine(x) * exponential(x) * pi if n == 0 else recursive(x, n - 1)

    return lambda x: recursive(x, 3)


WAYS = [
    *(by_module, by_name, by_import, by_helper, by_default, by_inner_function, by_inner_class),
    *(
        make_closure(),
        functools.partial(by_default),
        functools.wraps(by_name)(lambda x: by_name(x)),
    ),
]


@pytest.mark.parametrize("function", WAYS)
def test_every_way_to_a_function(function: Any) -> None:
    value, slope = jitad.value_and_grad(function)(0.7)
    assert value == pytest.approx(by_module(0.7), rel=1e-15)
    assert slope == pytest.approx(math.exp(0.7) * (sin(0.7) + math.cos(0.7)) * pi, rel=1e-14)


def test_a_function_passed_as_an_argument() -> None:
    def f(x: Any, function: Any) -> Any:
        return function(x) if function is by_module else 0.0 * x

    assert jitad.grad(f)(0.0, by_module) == pytest.approx(pi)
    assert jitad.grad(f)(0.0, math.sin) == 0.0
    assert jitad.grad(lambda x, function: function(x))(0.0, math.sin) == 1.0


COUNT = 0


def counted(x: Any) -> Any:
    global COUNT
    COUNT += 1
    return math.sin(x) * read_count()


def read_count() -> int:
    return math.floor(COUNT)


def test_global_names_that_are_assigned() -> None:
    before = COUNT
    assert jitad.grad(counted)(0.0) == before + 1
    assert before + 1 == COUNT


# -- numbers of Python -----------------------------------------------------------------------------


def test_float_keeps_derivatives() -> None:
    def f(x: Any) -> Any:
        return sum(map(float, x)) * float(x[0]) + float("2.5") * np.sum(x.astype(float))

    x = np.array([1.0, 2.0], np.float32)
    gradient = jitad.grad(f)(x)
    np.testing.assert_array_equal(gradient, np.array([6.5, 3.5], np.float32))
    assert jitad.jit(lambda x: float(x[0]) * x)(x).dtype == np.float32
    assert jitad.grad(lambda x: abs(complex(x, 2 * x)))(2.0) == pytest.approx(math.sqrt(5))


def test_classes_of_numbers() -> None:
    def f(x: Any, n: Any) -> Any:
        kinds = isinstance(x, float), isinstance(x, (int, float)), isinstance(n, int)
        return [int(k) for k in (*kinds, isinstance(n, float), isinstance(2.0, float))]

    assert jitad.jit(f)(1.5, 2) == f(1.5, 2) == [1, 1, 1, 0, 1]
    assert jitad.jit(f)(np.float64(1.5), np.int64(2)) == f(np.float64(1.5), np.int64(2))


def test_classes_that_are_compared() -> None:
    def f(x: Any, scale: Any = 2.0) -> Any:
        if type(scale) is float and type(scale) in (float, int) and type(scale) == float:  # noqa: E721
            return x * scale
        return x

    def g(x: Any, scale: Any = 2.0) -> Any:
        match scale:
            case float():
                return x * float(scale)
        return x

    assert jitad.grad(f)(1.0) == jitad.grad(g)(1.0) == 2.0


def test_rounding_to_whole_numbers() -> None:
    traces = 0

    def f(x: Any) -> Any:
        nonlocal traces
        traces += 1
        return math.floor(x) * x + math.ceil(x) + round(x) + math.trunc(x) + round(x, 1)

    g = jitad.value_and_grad(f)
    for x in (2.26, -1.74, 3.5, 7.91):
        value, slope = g(x)
        assert value == pytest.approx(f(x)) and slope == math.floor(x)
    assert traces == 1 + 4
    assert jitad.jit(lambda x: sum(range(math.floor(x))) + len("ab" * round(x)))(3.2) == 9
    assert jitad.jit(lambda x: len([0.0] * math.floor(x)))(3.2) == 3


def test_several_elements_are_refused() -> None:
    with pytest.raises(jitad.TraceError, match="several elements"):
        jitad.jit(lambda x: math.sin(x))(np.ones(2))


def test_complex_numbers_are_refused() -> None:
    with pytest.raises(jitad.TraceError, match="complex number"):
        jitad.jit(lambda x: math.sin(x))(1j)
    assert cmath.phase(1j) == pytest.approx(math.pi / 2)


class Model:
    """Its functions are methods."""

    def __init__(self) -> None:
        self.scale = 2.0

    def __call__(self, x: Any) -> Any:
        return self.scale * math.sin(x)

    def through(self, x: Any) -> Any:
        return self(x)


def test_methods() -> None:
    model = Model()
    assert jitad.grad(model)(0.0) == jitad.grad(model.__call__)(0.0) == 2.0
    assert jitad.grad(functools.partial(Model.__call__, model))(0.0) == 2.0
    assert jitad.jit(model.through)(0.5) == model(0.5)
    assert jitad.grad(model.through)(0.5) == pytest.approx(2.0 * math.cos(0.5), rel=1e-15)


def _of_names(x: Any) -> Any:
    return math.sin(x) + float(x) * math.exp(-x)


def test_names_within_structured_control() -> None:
    points = np.linspace(0.1, 1, 20)
    expected = [_of_names(x) for x in points]
    total = jitad.scan(lambda c, x: (c + _of_names(x), _of_names(x)), 0.0, points)
    for found in (jitad.vmap(_of_names)(points), jitad.jit(jitad.vmap(_of_names))(points),
                  jitad.map(_of_names, points), total[1]):  # fmt: skip
        np.testing.assert_allclose(found, expected, rtol=1e-14)
    once = _of_names(0.3)
    assert jitad.fori_loop(0, 1, lambda _, c: _of_names(c), 0.3) == pytest.approx(once)
    turns = jitad.while_loop(lambda c: math.cos(c) > 0.9, _of_names, 0.3)
    assert turns == pytest.approx(once)
    assert jitad.cond(np.array(True), _of_names, math.cos, 0.3) == pytest.approx(once)
    assert jitad.switch(np.array(1), [math.cos, _of_names], 0.3) == pytest.approx(once)
    slope = jitad.grad(jitad.checkpoint(_of_names))(0.3)
    assert slope == pytest.approx(jitad.grad(_of_names)(0.3))
