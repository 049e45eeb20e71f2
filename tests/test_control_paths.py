"""Python's own decisions within structured loops: every turn takes the path that is its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracle
import pytest
from unrolled import Plain, either

import jitad

X = np.array([0.5, -1.25, 2.0, 0.75, -0.25])


def branch_in_scan(lax: Any, x: Any) -> Any:
    def step(c: Any, v: Any) -> Any:
        if v > 0:
            return np.sin(c) * v, c
        return c + v, c * v

    return lax.scan(step, x[0], x)


def nested_branches(lax: Any, x: Any) -> Any:
    def step(c: Any, v: Any) -> Any:
        if c > 0:
            if v > 0:
                return c * v, np.exp(-c)
            c = c * 2
        elif v < -1:
            return c * c - v, v
        for _ in range(1 + int(abs(v))):
            c = np.cos(c) + v
        return c, c * c

    return lax.scan(step, x[0], x)


def branch_on_the_turn(lax: Any, x: Any) -> Any:
    def body(i: Any, c: Any) -> Any:
        return c * x[i] if i % 2 else c + np.sin(x[i])

    return lax.fori_loop(0, 5, body, x[1])


def collatz_like(lax: Any, x: Any) -> Any:
    def step(s: Any) -> Any:
        k, y = s
        return (k // 2, y * x[0] + 1) if k % 2 == 0 else (3 * k + 1, y - x[1])

    return lax.while_loop(lambda s: s[0] != 1, step, (7, x[2]))[1]


def two_conditions(lax: Any, x: Any) -> Any:
    return lax.while_loop(
        lambda s: s[0] < 20 and s[1] < 8,
        lambda s: (s[0] * 1.5 + x[0], s[1] + 1),
        (1 + x[0] ** 2, 0),
    )[0]


def mapped(lax: Any, x: Any) -> Any:
    return lax.map(lambda v: v * v if v > 0 else np.exp(v), x)


def within_a_cond(lax: Any, x: Any) -> Any:
    def one(y: Any) -> Any:
        return branch_in_scan(lax, y) if y[0] > 0.3 else (y[1] * y[2], y)

    return lax.cond(x[2] > 0, one, lambda y: (y[0], y * y), x * x)


def backwards(lax: Any, x: Any) -> Any:
    return lax.scan(lambda c, v: (max(c, v) * 0.5 + v, c), x[0], x, reverse=True)


FUNCTIONS = (
    branch_in_scan,
    nested_branches,
    branch_on_the_turn,
    collatz_like,
    two_conditions,
    mapped,
    within_a_cond,
    backwards,
)
POINTS = (X, X[::-1].copy(), -X, np.abs(X), X * 1.5, -np.abs(X))


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_values_and_derivatives(f: Any) -> None:
    """One compiled function of each kind, at points whose turns take other paths, twice round."""
    run = jitad.jit(lambda x: f(jitad, x))
    forward, back = (t(lambda x: f(jitad, x)) for t in (jitad.jacfwd, jitad.jacrev))
    second = jitad.hessian(lambda x: sum(np.sum(np.sin(y)) for y in oracle.flatten(f(jitad, x))[0]))
    plain = jitad.jacfwd(lambda x: f(Plain, x))
    plain_second = jitad.hessian(
        lambda x: sum(np.sum(np.sin(y)) for y in oracle.flatten(f(Plain, x))[0])
    )
    for x in POINTS * 2:
        oracle.assert_same(run(x), oracle.leaves(f(Plain, x)), 1e-12)
        want = oracle.leaves(plain(x))
        oracle.assert_same(forward(x), want, 1e-12)
        oracle.assert_same(back(x), want, 1e-12)
        oracle.assert_same(second(x), oracle.leaves(plain_second(x)), 1e-11)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_differences(f: Any) -> None:
    tangent = jitad.jit(lambda x, dx: jitad.jvp(lambda x: f(jitad, x), (x,), (dx,))[1])
    dx = np.linspace(1, -1, 5)
    for x in POINTS:
        want = oracle.difference(lambda x: f(either, x), [x], [dx], 2.0**-14)
        for got, slope in zip(oracle.leaves(tangent(x, dx)), want, strict=True):
            np.testing.assert_allclose(got, slope, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("policy", ("binomial", "sqrt", 2))
def test_with_few_states(policy: Any) -> None:
    def f(x: Any) -> Any:
        def step(c: Any, v: Any) -> Any:
            return (np.sin(c) * v, c) if v > 0 else (c + v, c * v)

        return jitad.scan(step, x[0], x, checkpoint=policy)

    gradient = jitad.jacrev(f)
    want = jitad.jacrev(lambda x: branch_in_scan(Plain, x))
    for x in POINTS * 2:
        oracle.assert_same(gradient(x), oracle.leaves(want(x)), 1e-12)
