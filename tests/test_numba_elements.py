"""Functions that Numba makes of elements, `@vectorize` and `@guvectorize`; types of results."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import oracle
import pytest
from numba import guvectorize, njit, vectorize

import jitad
import jitad.numpy as jnp

SMALL = 2.0**-14
"""A step of differences within which no branch flips."""

X = np.array([0.32, -0.55, 1.2, 0.83])


TABLE = np.array([1.0, 2.0, 4.0, 8.0])


# -- element by element ----------------------------------------------------------------------------


@vectorize
def branches(x: Any, y: Any) -> Any:
    if x > 0.5:
        return math.log(x) * y
    if x > -0.2:
        return 0
    return math.sqrt(-x) + y * y


@vectorize(["float32(float32, float32)", "float64(float64, float64)"])
def stepped(x: Any, y: Any) -> Any:
    total = 0.0
    while total < abs(x):
        total += 0.1 + y * y
    return total * x


@vectorize
def pair(x: Any) -> Any:
    return TABLE[int(abs(2 * x))] * x


@guvectorize(["void(float64[:], float64[:], float64[:])"], "(n),(n)->()")
def positive_part(a: Any, b: Any, result: Any) -> None:
    result[0] = 0.0
    for i in range(a.shape[0]):
        if a[i] > 0:
            result[0] += a[i] * b[i] ** 2


@guvectorize("(n),()->(n)")
def running(a: Any, decay: Any, out: Any) -> None:
    total = 0.0
    for i in range(a.shape[0]):
        total = decay * total + a[i]
        out[i] = math.tanh(total)


@njit
def in_compiled(x: Any) -> Any:
    y = branches(x, x[::-1])
    y[0] = branches(x[1], 2.0)
    return np.sum(y * y)


def rows(x: Any) -> Any:
    out = jnp.empty((2, 4))
    running(x.reshape(1, 4) * np.ones((2, 1)), 0.5, out)
    return np.sum(out**2)


GRID = np.linspace(-0.97, 1.01, 11).reshape(-1, 1)

ELEMENTS: list[Callable[[Any], Any]] = [
    lambda x: np.sum(branches(x, 1.5) ** 2),
    lambda x: np.sum(branches(x * GRID, x)),
    lambda x: np.sum(branches(x[0], x[3])) + branches(x[1], 3.0),
    lambda x: np.sum(stepped(x, x[::-1])),
    lambda x: np.sum(pair(x)),
    lambda x: np.sum(positive_part(np.outer(x, x), x)),
    lambda x: positive_part(x, x),
    in_compiled,
]


@pytest.mark.filterwarnings("ignore:.*elements on other branches")
@pytest.mark.parametrize("function", ELEMENTS)
def test_a_function_of_elements(function: Callable[[Any], Any]) -> None:
    run = jitad.value_and_grad(function)
    for x in (X, X[::-1].copy(), X * np.array([1, -1, -0.3, 1])):
        value, gradient = run(x)
        assert value == pytest.approx(function(x), rel=1e-13)
        wanted = [oracle.difference(function, [x], [d], SMALL)[0] for d in np.eye(4)]
        np.testing.assert_allclose(gradient, wanted, rtol=1e-7, atol=1e-7)
        _, tangent = jitad.jvp(jitad.grad(function), (x,), (np.ones(4),))
        (second,) = oracle.difference(lambda y: run(y)[1], [x], [np.ones(4)], SMALL)
        np.testing.assert_allclose(tangent, second, rtol=1e-6, atol=1e-7)


def test_a_function_of_rows_with_an_array_for_the_result() -> None:
    def by_hand(x: Any) -> Any:
        total, squares = 0.0, 0.0
        for i in range(4):
            total = 0.5 * total + x[i]
            squares = squares + 2 * np.tanh(total) ** 2
        return squares

    oracle.assert_same(jitad.grad(rows)(X), [jitad.grad(by_hand)(X)], 1e-13)


def test_many_elements_are_one_loop() -> None:
    """The tape's length depends on the number of paths, not on that of the elements."""
    small, large = (
        len(jitad.trace(lambda x: np.sum(branches(x, 2.0)), np.linspace(-1, 1, n)).tape)
        for n in (10, 100_000)
    )
    assert small == large


@njit
def counted(x: Any, limit: Any) -> Any:
    if x < limit:
        return 0
    if x > 10.0:
        return 1
    return x * x


@njit
def halves(x: Any) -> Any:
    count = 0
    while x > 1.0:
        x *= 0.5
        count += 1
    return count


def test_results_have_the_type_of_all_branches() -> None:
    """Numba's: `return 0` beside `return x * x` is a float, and a count is an integer."""
    for x in (0.5, 2.0, 11.0):
        value, slope = jitad.value_and_grad(counted)(x, 1.0)
        assert value.dtype == np.float64 and value == counted(x, 1.0)
        assert slope == (2 * x if 1 < x < 10 else 0.0)
    assert jitad.jit(halves)(5.0) == halves(5.0) == 3
    assert jitad.jit(halves)(5.0).dtype == np.int64
    assert jitad.grad(lambda x: branches(x, 2.0))(0.1) == 0.0
    np.testing.assert_array_equal(
        jitad.grad(lambda x: np.sum(branches(x, 2.0)))(X * 0), np.zeros(4)
    )


def test_declared_types_are_kept() -> None:
    x = X.astype(np.float32)
    got = jitad.jit(lambda x: stepped(x, x))(x)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, stepped(x, x), rtol=1e-6)
    assert jitad.jit(lambda x: stepped(x, 1.0))(np.arange(3)).dtype == np.float64


def test_elements_whose_loops_turn_differently() -> None:
    x = np.linspace(0.0, 20.0, 200)
    np.testing.assert_allclose(jitad.jit(lambda x: stepped(x, 0.0))(x), stepped(x, 0.0))
