"""How functions with rules are called: trees, names, methods, integers, branches, Numba; as JAX."""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numba
import numpy as np
import pytest

import jitad

X = np.array([0.3, -0.7, 1.1])


class Pair(NamedTuple):
    first: Any
    rest: dict[str, Any]


def test_trees_of_arguments_and_results() -> None:
    @jitad.custom_vjp
    def f(pair: Pair, weights: list[Any]) -> dict[str, Any]:
        return {"sum": pair.first + weights[0] * pair.rest["a"], "same": pair.rest["a"]}

    def forward(pair: Pair, weights: list[Any]) -> Any:
        return f(pair, weights), (pair, weights)

    def backward(kept: Any, v_bar: Any) -> Any:
        pair, weights = kept
        rest = {"a": weights[0] * v_bar["sum"] + v_bar["same"]}
        return Pair(v_bar["sum"], rest), [np.sum(pair.rest["a"] * v_bar["sum"])]

    f.defvjp(forward, backward)

    def total(pair: Pair, weights: list[Any], f: Any) -> Any:
        found = f(pair, weights)
        return np.sum(found["sum"] ** 2) + np.sum(np.sin(found["same"]))

    point = Pair(X, {"a": X + 1}), [2.0]
    found = jitad.grad(lambda *args: total(*args, f), (0, 1))(*point)
    expected = jitad.grad(lambda *args: total(*args, f.__wrapped__), (0, 1))(*point)
    np.testing.assert_allclose(found[0].rest["a"], expected[0].rest["a"])
    np.testing.assert_allclose(found[0].first, expected[0].first)
    np.testing.assert_allclose(found[1], expected[1])


def test_names_defaults_and_nondiff_arguments() -> None:
    @functools.partial(jitad.custom_vjp, nondiff_argnums=(0, 2))
    def apply(f: Any, x: Any, mode: str = "plain") -> Any:
        """Apply f."""
        return f(x)

    def forward(f: Any, x: Any, mode: str) -> Any:
        return f(x), x

    def backward(f: Any, mode: str, x: Any, v_bar: Any) -> Any:
        return ((2.0 if mode == "double" else 1.0) * jitad.grad(f)(x) * v_bar,)

    apply.defvjp(forward, backward)
    assert (apply.__name__, apply.__doc__) == ("apply", "Apply f.")
    assert apply(np.sin, 0.5, mode="double") == np.sin(0.5)
    assert jitad.grad(lambda x: apply(np.sin, x))(0.0) == 1.0
    assert jitad.grad(lambda x: apply(np.sin, mode="double", x=x))(0.0) == 2.0


def test_methods() -> None:
    class Layer:
        def __init__(self, weight: float) -> None:
            self.weight = weight

        @functools.partial(jitad.custom_jvp, nondiff_argnums=(0,))
        def act(self, x: Any) -> Any:
            return np.tanh(self.weight * x)

        @act.defjvp
        def _act_jvp(self, primals: Any, tangents: Any) -> Any:
            (x,), (dx,) = primals, tangents
            y = self.act(x)
            return y, self.weight * (1 - y**2) * dx

    layer = Layer(1.5)
    assert layer.act(0.0) == 0.0
    jitad.check_grads(layer.act, (0.3,), order=2)


def test_integers_and_None() -> None:
    @jitad.custom_vjp
    def power(x: Any, n: Any) -> Any:
        return x**n, n + 1

    power.defvjp(
        lambda x, n: (power(x, n), (x, n)),
        lambda kept, v_bar: (kept[1] * kept[0] ** (kept[1] - 1) * v_bar[0], None),
    )
    assert jitad.grad(lambda x: power(x, 3)[0])(2.0) == 12.0

    @jitad.custom_jvp
    def both(x: Any, n: Any) -> Any:
        return x * n, n

    both.defjvp(lambda primals, tangents: (both(*primals), (primals[1] * tangents[0], None)))
    assert jitad.grad(lambda x: both(x, 3)[0])(2.0) == 3.0
    assert jitad.jvp(lambda x: both(x, 3)[0] * x, (2.0,), (1.0,))[1] == 12.0


def test_branches_in_rules_make_paths() -> None:
    @jitad.custom_jvp
    def f(x: Any) -> Any:
        return abs(x)

    @f.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        (x,), (dx,) = primals, tangents
        return (x, dx) if x > 0 else (-x, -10 * dx)

    slope = jitad.grad(f)
    assert [slope(x) for x in (2.0, -3.0, 4.0, -1.0)] == [1, -10, 1, -10]

    g = jitad.custom_vjp(lambda x: x * x)
    g.defvjp(
        lambda x: (x * x, np.abs(x)),
        lambda kept, v_bar: (v_bar * (kept if kept > 2 else 100.0 * kept),),
    )
    assert [jitad.grad(g)(x) for x in (3.0, 1.0, -4.0, -1.5)] == [3, 100, 4, 150]


def test_arrays_that_a_rule_closes_over_are_held_by_reference() -> None:
    table = np.array([1.0, 2.0, 3.0])
    f = jitad.custom_jvp(lambda x: x * 1.0)
    f.defjvp(lambda primals, tangents: (f(*primals), table * tangents[0]))
    slope = jitad.grad(lambda x: np.sum(f(x)))
    np.testing.assert_array_equal(slope(X), table)
    table[0] = 7.0
    np.testing.assert_array_equal(slope(X), table)


def test_a_rule_is_traced_again_where_what_it_closes_over_is_bound_anew() -> None:
    factor = 2.0

    @jitad.custom_jvp
    def f(x: Any) -> Any:
        return x * 1.0

    @f.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        return f(*primals), factor * tangents[0]

    slopes = jitad.grad(f), jitad.grad(lambda x: f(x) + 1)
    assert [slope(1.0) for slope in slopes] == [2.0, 2.0]
    factor = 3.0
    assert [slope(1.0) for slope in slopes] == [3.0, 3.0]
    f.defjvp(lambda primals, tangents: (f(*primals), 7.0 * tangents[0]))
    assert slopes[1](1.0) == 7.0


def test_numba_functions_and_the_math_module() -> None:
    @numba.njit
    def plain(x: Any) -> Any:
        return math.sin(x) * x

    f = jitad.custom_jvp(plain)
    f.defjvp(lambda p, t: (f(*p), t[0] * (math.cos(p[0]) * p[0] + math.sin(p[0]))))
    jitad.check_grads(f, (0.5,), order=2)


def test_outside_of_a_trace_and_in_plain_compiled_code() -> None:
    calls = []

    @jitad.custom_jvp
    def f(x: Any) -> Any:
        calls.append(type(x))
        return x + 1

    assert f(1.0) == 2.0 and calls == [float]
    assert jitad.jit(f)(1.0) == 2.0
    assert jitad.jit(lambda x: x + f(2.0))(1.0) == 4.0


def test_fusion_is_not_lost() -> None:
    f = jitad.custom_jvp(lambda x: np.log(1 + np.exp(x)))
    f.defjvp(lambda primals, tangents: (f(*primals), tangents[0]))
    text = jitad.explain(lambda x: np.sum(f(x) * 2), X)
    plain = jitad.explain(lambda x: np.sum(f.__wrapped__(x) * 2), X)
    assert text.count("fmul") == plain.count("fmul")
    assert "custom(" in text and "custom(" not in text.split("== control")[1]


def test_a_function_with_a_loop_in_it() -> None:
    @jitad.custom_jvp
    def decay(x: Any) -> Any:
        return jitad.fori_loop(0, 5, lambda i, y: 0.5 * y, x)

    @decay.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        return decay(*primals), decay(*tangents)

    jitad.check_grads(lambda x: np.sin(decay(x * x)), (1.5,), order=2)
    assert jitad.jit(lambda x: decay(decay(x)) + x)(32.0) == 32.0 + 2.0**-5


def test_as_jax() -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    found = []
    for module, numpy in ((jitad, np), (jax, jax.numpy)):

        @functools.partial(module.custom_vjp, nondiff_argnums=(0,))
        def clipped(bound: float, x: Any) -> Any:
            return x

        clipped.defvjp(
            lambda bound, x: (x, None),
            lambda bound, _, x_bar, numpy=numpy: (numpy.clip(x_bar, -bound, bound),),
        )

        def quotient(x: Any, y: Any, numpy: Any = numpy) -> Any:
            return {"quotient": numpy.where(y == 0, 0.0, x / numpy.where(y == 0, 1.0, y)), "y": y}

        safe = module.custom_jvp(functools.partial(lambda f, x, y: f(x, y), quotient))

        @safe.defjvp
        def _(primals: Any, tangents: Any, safe: Any = safe) -> Any:
            (x, y), (dx, dy) = primals, tangents
            value = safe(x, y)
            return value, {"quotient": dx - value["quotient"] * dy, "y": 2 * dy}

        def f(x: Any, safe: Any = safe, clipped: Any = clipped, numpy: Any = numpy) -> Any:
            out = safe(clipped(0.5, x[0] * x), x[::-1])
            return numpy.sum(out["quotient"] * x) + numpy.sum(out["y"] ** 2)

        found.append((module.grad(f)(X), module.jacrev(module.grad(f))(X)))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-12)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-12)
