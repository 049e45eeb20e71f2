"""custom_jvp, custom_vjp, elemental: both modes, all orders, in loops and batches; errors."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special
from branching import sign

import jitad
from jitad import DifferentiationError, ShapeError, TraceError
from jitad.scipy import special

X = np.array([0.3, -0.7, 1.1])


# -- functions with rules, each beside the same function without one -------------------------------


@jitad.custom_jvp
def log1pexp(x: Any) -> Any:
    """log(1 + e^x)."""
    return np.log(1 + np.exp(x))


@log1pexp.defjvp
def _log1pexp_jvp(primals: Any, tangents: Any) -> Any:
    (x,), (dx,) = primals, tangents
    return log1pexp(x), (1 - 1 / (1 + np.exp(x))) * dx


@jitad.custom_jvp
def product(x: Any, y: Any) -> Any:
    return np.sin(x) * y


product.defjvps(
    lambda dx, value, x, y: np.cos(x) * y * dx,
    lambda dy, value, x, y: np.sin(x) * dy,
)


@jitad.custom_vjp
def scaled(x: Any, y: Any) -> Any:
    return np.sin(x) * y


def _scaled_forward(x: Any, y: Any) -> Any:
    return np.sin(x) * y, {"cos": np.cos(x), "sin": np.sin(x), "y": y, "tag": "kept", "two": 2}


def _scaled_backward(kept: Any, v_bar: Any) -> Any:
    assert kept["tag"] == "kept" and kept["two"] == 2
    return kept["cos"] * kept["y"] * v_bar, kept["sin"] * v_bar


scaled.defvjp(_scaled_forward, _scaled_backward)


def plain_scaled(x: Any, y: Any) -> Any:
    return np.sin(x) * y


class Distance:
    """A block of a computational graph: value and partials of many numbers."""

    def f(self, x: Any, y: Any) -> Any:
        return np.sqrt(np.sum((x - y) ** 2))

    def df(self, x: Any, y: Any) -> Any:
        unit = (x - y) / np.sqrt(np.sum((x - y) ** 2))
        return unit, -unit


class Rotation:
    """A block of one argument, whose df returns one array."""

    def f(self, angle: Any) -> Any:
        return np.stack([np.cos(angle), np.sin(angle)])

    def df(self, angle: Any) -> Any:
        return np.stack([-np.sin(angle), np.cos(angle)])


distance, rotation = jitad.elemental(Distance()), jitad.elemental(Rotation())


def in_scan(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: jitad.scan(lambda c, r: (0.5 * f(c) + r, f(r * c)), x, X)


def in_while(f: Callable[..., Any]) -> Callable[..., Any]:
    def program(x: Any) -> Any:
        start = (x, 0)
        return jitad.while_loop(lambda c: c[1] < 4, lambda c: (0.5 * f(c[0]), c[1] + 1), start)[0]

    return program


def in_cond(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: jitad.cond(np.sum(x) > 0, lambda x: f(x) * x, np.cos, x)


def in_checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    return jitad.checkpoint(lambda x: np.sin(f(x)))


SURROUNDINGS = [in_scan, in_while, in_cond, in_checkpoint, lambda f: lambda x: x * f(x * x)]


# -- derivatives -----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_rule_of_tangents_has_both_modes_and_all_orders(order: int) -> None:
    jitad.check_grads(log1pexp, (X,), order=order)
    jitad.check_grads(product, (X, X + 1), order=order)
    jitad.check_grads(distance, (X, X[::-1].copy()), order=order)
    jitad.check_grads(rotation, (0.4,), order=order)


def test_a_rule_is_taken_and_not_the_derivative_of_the_function() -> None:
    assert jitad.grad(log1pexp)(1000.0) == 1.0
    assert np.isnan(jitad.grad(log1pexp.__wrapped__)(1000.0))
    assert jitad.grad(jitad.grad(log1pexp))(0.0) == 0.25


def test_a_rule_of_adjoints_has_all_orders_of_reverse_mode() -> None:
    x, y = 0.7, 1.3
    found, expected = (
        [
            *jitad.grad(f, (0, 1))(x, y),
            *jitad.grad(lambda x, f=f: jitad.grad(f, 1)(x, y))(np.float64(x)).reshape(1),
            jitad.grad(jitad.grad(jitad.grad(f)))(x, y),
            jitad.hvp(f, (x, y), (1.0, 1.0)),
        ]
        for f in (scaled, plain_scaled)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    np.testing.assert_allclose(
        jitad.jacrev(lambda x: scaled(x, x))(X), jitad.jacrev(lambda x: plain_scaled(x, x))(X)
    )


@pytest.mark.parametrize("around", SURROUNDINGS)
def test_in_loops_branches_and_blocks(around: Any) -> None:
    f = around(log1pexp)
    jitad.check_grads(f, (0.6,), order=2)
    x, expected = 0.6, around(log1pexp.__wrapped__)
    for a, b in zip(
        jitad.vjp(around(lambda x: scaled(x, 1.5)), x)[1](jitad.jit(f)(x)),
        jitad.vjp(around(lambda x: plain_scaled(x, 1.5)), x)[1](jitad.jit(expected)(x)),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_in_batches() -> None:
    rows = np.linspace(-1, 1, 12).reshape(4, 3)
    for f, g in (
        (log1pexp, log1pexp.__wrapped__),
        (lambda x: scaled(x, X), lambda x: np.sin(x) * X),
    ):
        found = jitad.vmap(jitad.grad(lambda x, f=f: np.sum(f(x) ** 2)))(rows)
        np.testing.assert_allclose(
            found, jitad.vmap(jitad.grad(lambda x, g=g: np.sum(g(x) ** 2)))(rows)
        )

        def total(shared: Any, f: Any = f) -> Any:
            return np.sum(jitad.vmap(lambda row: f(row * shared))(rows) ** 2)

        def plain(shared: Any, g: Any = g) -> Any:
            return np.sum(g(rows * shared) ** 2)

        np.testing.assert_allclose(jitad.grad(total)(X), jitad.grad(plain)(X))
        np.testing.assert_allclose(jitad.jacrev(jitad.grad(total))(X), jitad.hessian(plain)(X))


def test_an_argument_that_all_points_share_gets_the_sum() -> None:
    rows = np.linspace(-1, 1, 12).reshape(4, 3)

    def total(y: Any, f: Any) -> Any:
        return np.sum(jitad.vmap(lambda row: f(row, y))(rows))

    np.testing.assert_allclose(
        jitad.grad(lambda y: total(y, scaled))(X), jitad.grad(lambda y: total(y, plain_scaled))(X)
    )
    np.testing.assert_allclose(
        jitad.grad(lambda y: total(y, product))(X), jitad.grad(lambda y: total(y, plain_scaled))(X)
    )


def test_a_straight_through_estimator() -> None:
    rounded = jitad.custom_jvp(np.rint)
    rounded.defjvp(lambda primals, tangents: (np.rint(*primals), tangents[0]))
    np.testing.assert_array_equal(jitad.grad(lambda x: np.sum(rounded(x) * X))(X), X)
    np.testing.assert_array_equal(jitad.jvp(rounded, (X,), (X,))[1], X)


def test_an_infinite_coefficient_does_not_meet_an_argument_at_rest() -> None:
    power = jitad.custom_jvp(lambda x, n: x**n)
    power.defjvp(
        lambda primals, tangents: (
            primals[0] ** primals[1],
            primals[1] * primals[0] ** (primals[1] - 1) * tangents[0]
            + np.log(primals[0]) * primals[0] ** primals[1] * tangents[1] / primals[0],
        )
    )
    assert jitad.grad(power)(0.0, 2.0) == 0.0
    assert jitad.jvp(lambda x: power(x, 2.0), (0.0,), (1.0,))[1] == 0.0


def test_bessel_by_its_recurrence() -> None:
    """A rule that calls the function at other orders, which ends where no more is asked for."""

    @functools.partial(jitad.custom_jvp, nondiff_argnums=(0,))
    def bessel(n: int, x: Any) -> Any:
        return special.jv(float(n), x)

    @bessel.defjvp
    def _(n: int, primals: Any, tangents: Any) -> Any:
        (x,), (dx,) = primals, tangents
        return bessel(n, x), (bessel(n - 1, x) - bessel(n + 1, x)) / 2 * dx

    x = 1.7
    for order in (1, 2, 3):
        derivative = functools.partial(bessel, 2)
        for _ in range(order):
            derivative = jitad.grad(derivative)
        np.testing.assert_allclose(derivative(x), scipy.special.jvp(2, x, order), rtol=1e-12)


# -- errors ----------------------------------------------------------------------------------------


def _with_jvp(rule: Any) -> Any:
    f = jitad.custom_jvp(lambda x: x * x)
    f.defjvp(rule)
    return f


def _with_vjp(backward: Any, forward: Any = lambda x: (x * x, x)) -> Any:
    f = jitad.custom_vjp(lambda x: x * x)
    f.defvjp(forward, backward)
    return f


ERRORS: list[tuple[Any, type[Exception], str]] = [
    (jitad.custom_jvp(lambda x: x), DifferentiationError, "has no derivative rule"),
    (_with_jvp(lambda p, t: p[0]), TraceError, "return a pair"),
    (_with_jvp(lambda p, t: (p[0], (t[0], t[0]))), TraceError, "is a tuple"),
    (_with_jvp(lambda p, t: ([p[0]], t[0])), ShapeError, "and float64[3] is needed"),
    (_with_jvp(lambda p, t: (p[0], np.sum(t[0]))), ShapeError, "and float64[3] is needed"),
    (_with_jvp(lambda p, t: (p[0], 1j * t[0])), ShapeError, "complex128[3]"),
    (_with_jvp(lambda p, t: (p[0], t[0] ** 2)), DifferentiationError, "not linear"),
    (_with_jvp(lambda p, t: (t[0], p[0])), DifferentiationError, "in this order"),
    (
        _with_jvp(lambda p, t: (p[0], t[0] if t[0][0] > 0 else 0 * t[0])),
        *(DifferentiationError, "not linear"),
    ),
    (_with_vjp(lambda x, y_bar: 2 * x * y_bar), TraceError, "return a tuple of 1"),
    (_with_vjp(lambda x, y_bar: (np.sum(y_bar),)), ShapeError, "and float64[3] is needed"),
    (_with_vjp(lambda x, y_bar: (y_bar,), lambda x: x), TraceError, "return a pair"),
    (_with_vjp(lambda x, y_bar: (y_bar if sign(y_bar[0]) == "up" else x,)), TraceError, "np.where"),
]


@pytest.mark.parametrize(("f", "kind", "text"), ERRORS)
def test_errors_teach(f: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as caught:
        jitad.grad(lambda x: np.sum(f(x)))(X)
    assert text in str(caught.value)
    assert "Remedy" in str(caught.value)


def test_an_error_names_the_line_of_the_rule() -> None:
    with pytest.raises(
        ShapeError, match=r"test_custom_rules.py.*_with_jvp\(lambda p, t: \(p\[0\], np.sum"
    ):
        jitad.grad(lambda x: np.sum(ERRORS[4][0](x)))(X)


def test_forward_mode_of_a_rule_of_adjoints() -> None:
    with pytest.raises(DifferentiationError, match="reverse mode alone"):
        jitad.jvp(scaled, (1.0, 1.0), (1.0, 1.0))


def test_a_derivative_by_what_a_function_closes_over() -> None:
    def program(w: Any) -> Any:
        f = jitad.custom_jvp(lambda x: w * x)
        f.defjvp(lambda primals, tangents: (f(*primals), w * tangents[0]))
        return f(2.0 * w)

    with pytest.raises(DifferentiationError, match="closes over"):
        jitad.grad(program)(3.0)
    assert jitad.jit(program)(3.0) == 18.0

    def stopped(w: Any) -> Any:
        c = jitad.stop_gradient(w)
        f = jitad.custom_jvp(lambda x: c * x)
        f.defjvp(lambda primals, tangents: (f(*primals), c * tangents[0]))
        return f(2.0 * w)

    assert jitad.grad(stopped)(3.0) == 6.0


def test_arguments_that_are_no_arrays() -> None:
    @jitad.custom_jvp
    def f(x: Any, mode: str) -> Any:
        return x

    with pytest.raises(TraceError, match="nondiff_argnums"):
        jitad.grad(lambda x: f(x, "text"))(1.0)

    @jitad.custom_jvp
    def g(x: Any, *, scale: float) -> Any:
        return x * scale

    with pytest.raises(TraceError, match="by name alone"):
        jitad.grad(lambda x: g(x, scale=2.0))(1.0)


def test_adjoints_for_integers() -> None:
    f = jitad.custom_vjp(lambda x, n: x * n)
    f.defvjp(lambda x, n: (x * n, (x, n)), lambda kept, v_bar: (kept[1] * v_bar, kept[0] * v_bar))
    with pytest.raises(DifferentiationError, match="return None in its place"):
        jitad.grad(lambda x: f(x, 3))(2.0)


def test_blocks_that_are_none() -> None:
    class NoPartials:
        def f(self, x: Any) -> Any:
            return x

    class Wrong(Rotation):
        def df(self, angle: Any) -> Any:
            return angle

    with pytest.raises(TraceError, match="no method df"):
        jitad.elemental(NoPartials())
    with pytest.raises(TraceError, match=r"Wrong.df returned a partial of shape \(\)"):
        jitad.jacfwd(jitad.elemental(Wrong()))(1.0)
