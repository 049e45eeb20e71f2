"""Integrals of functions by SciPy's names: values are SciPy's, derivatives against differences."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import dblquad, nquad, quad, quad_vec

import jitad

X = np.array([0.8, 1.3])


def stepped(t: Any, x: Any) -> Any:
    return math.exp(-x[0] * t) if t < 1 else math.exp(-x[0])


def summed(x: Any) -> Any:
    return sum(quad(lambda t: np.exp(-x[0] * t * t * i), 0.0, 1)[0] for i in range(3))  # noqa: B023


INTEGRALS: dict[str, Callable[[Any], Any]] = {
    "smooth": lambda x: quad(lambda t: np.exp(-x[0] * t * t), 0.0, x[1])[0],
    "with_arguments": lambda x: quad(lambda t, c: np.exp(-c * t * t), 0.0, 1, args=(x[0],))[0],
    "all_numbers": lambda x: quad(lambda t: np.exp(-x[0] * t * t), -np.inf, np.inf)[0],
    "from_an_end": lambda x: quad(lambda t: np.exp(-x[0] * t), x[1], np.inf)[0],
    "up_to_an_end": lambda x: quad(lambda t: np.exp(x[0] * t), -np.inf, x[1])[0],
    "backwards": lambda x: quad(lambda t: np.sin(x[0] * t), x[1], 0.0)[0],
    "from_infinity": lambda x: quad(lambda t: np.exp(-x[0] * t), np.inf, x[1])[0],
    "nothing": lambda x: quad(lambda t: np.exp(-x[0] * t), x[1], x[1])[0],
    "without_bound": lambda x: quad(lambda t: t**-0.5 * np.cos(x[0] * t), 0.0, x[1])[0],
    "logarithm": lambda x: quad(lambda t: np.log(t) * x[0], 0.0, 1.0)[0],
    "peak": lambda x: quad(lambda t: 1 / (1e-4 + (t - 0.3 * x[0]) ** 2), 0.0, 1.0)[0],
    "waves": lambda x: quad(lambda t: np.cos(30 * x[0] * t), 0.0, 3.0)[0],
    "kink": lambda x: quad(lambda t: abs(t - x[0]), 0.0, 2.0)[0],
    "branch": lambda x: quad(lambda t: stepped(t, x), 0.0, 2.0)[0],
    "several": lambda x: quad_vec(lambda t: np.array([np.exp(-x[0] * t), t * x[1]]), 0, 2)[0].sum(),
    "within": lambda x: dblquad(lambda y, t: x[0] * y * t * t, 0, x[1], lambda t: t, 2.0)[0],
    "nested": lambda x: nquad(lambda a, b: np.exp(-x[0] * a * b), [(0, 1), (0, x[1])])[0],
    "not_traced": lambda x: quad(lambda t: np.exp(-t * t), 0.0, 1)[0] * x[0],
    "in_a_loop": summed,
}


@pytest.mark.parametrize("name", INTEGRALS)
def test_values_are_scipys(name: str) -> None:
    f = INTEGRALS[name]
    value, gradient = jitad.value_and_grad(f)(X)
    assert_allclose(value, f(X), rtol=1e-8, atol=1e-12)
    for k, step in enumerate(1e-3 * np.eye(2)):
        slope = (8 * (f(X + step) - f(X - step)) - f(X + 2 * step) + f(X - 2 * step)) / 12e-3
        assert_allclose(gradient[k], slope, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["smooth", "from_an_end", "without_bound", "branch"])
def test_second_derivatives_points_and_compiled_code(name: str) -> None:
    f = INTEGRALS[name]
    slope = jitad.grad(f)
    differences = [(slope(X + e) - slope(X - e)) / 2e-4 for e in 1e-4 * np.eye(2)]
    assert_allclose(jitad.hessian(f)(X), differences, rtol=1e-5, atol=1e-6)
    assert_allclose(jitad.vmap(f)(np.stack([X, 2 * X])), [f(X), f(2 * X)], rtol=1e-8)
    assert_allclose(jitad.compile(f, X).njit(2 * X), f(2 * X), rtol=1e-8)


def test_the_estimate_of_the_error_is_small() -> None:
    integral, error = jitad.jit(lambda x: quad(lambda t: np.exp(-x * t), 0.0, 1.0))(2.0)
    assert_allclose(integral, (1 - np.exp(-2)) / 2, atol=max(float(error), 1e-14))


@pytest.mark.parametrize("option", [{"points": [0.5]}, {"weight": "cos", "wvar": 1.0}])
def test_options_of_one_run_are_refused(option: Any) -> None:
    with pytest.raises(jitad.TraceError, match=next(iter(option))):
        jitad.grad(lambda x: quad(lambda t: x * t, 0.0, 1.0, **option)[0])(2.0)
