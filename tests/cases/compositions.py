"""What random compositions of transforms have found, small."""

from __future__ import annotations

from typing import Any

import numpy as np

import jitad
from cases import case


def _many(n: int) -> list[np.ndarray]:
    return [np.full(k % 4 * (1 + k % 2,), k / n) for k in range(1, n + 1)]


def _total(xs: Any) -> Any:
    return sum((np.sum(x) for x in xs), 0.0)


@case
def one_array_of_many() -> Any:
    xs = _many(60)
    f = jitad.jit(lambda xs: np.sin(_total(xs)) * np.ones((1, 1)))
    return f(xs), np.sin(_total(xs)) * np.ones((1, 1))


@case
def one_number_of_many() -> Any:
    xs = _many(60)
    kernel = jitad.compile(_total, xs)
    return (jitad.jit(_total)(xs), type(kernel(xs)).__name__), (_total(xs), "float64")


@case
def one_of_many_that_is_given() -> Any:
    xs, out = _many(60), np.zeros((2, 2))
    kernel = jitad.compile(lambda xs: _total(xs) * np.ones((2, 2)), xs)
    kernel(xs, out=out)
    return out, np.full((2, 2), _total(xs))


@case
def a_constant_of_one_element_in_a_branch() -> Any:
    def f(x: Any) -> Any:
        one = jitad.cond(x[0] > 0, lambda a, b: a + b, lambda a, b: a * b, x, np.ones_like(x))
        return np.sum(one)

    at = (np.array([2.0]), np.array([-2.0]))
    return [jitad.grad(f)(x) for x in at] + [[jitad.jit(f)(x)] for x in at], [[1], [1], [3], [-2]]


@case
def a_rule_whose_value_comes_from_a_branch_with_its_tangent() -> Any:
    @jitad.custom_jvp
    def g(x: Any) -> Any:
        return jitad.cond(x > 0.2, lambda: x + np.sin(x), lambda: np.cos(x))

    g.defjvp(lambda xs, dxs: jitad.jvp(g.__wrapped__, xs, dxs))

    def f(x: Any) -> Any:
        y, pullback = jitad.vjp(g, x)
        return pullback(np.sin(y))[0]

    def plain(x: float) -> float:  # d/dx of sin(g(x)) g'(x)
        y, slope, curve = x + np.sin(x), 1 + np.cos(x), -np.sin(x)
        return np.cos(y) * slope**2 + np.sin(y) * curve

    return jitad.grad(f)(0.5), plain(0.5)
