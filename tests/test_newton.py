"""Newton's methods in compiled code: against SciPy, by differences, at points without an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize as so
from least_squares_problems import FITS
from numpy.testing import assert_allclose

import jitad
from jitad.implicit import ConvergenceError, gauss_newton, levenberg_marquardt, newton_solve
from jitad.implicit.elimination import eliminated

TIMES = np.linspace(0.0, 1.0, 6)
THETA = np.array([1.3, 0.7])


def circle(x: Any, a: Any) -> Any:
    return np.stack([x[0] ** 2 + x[1] ** 2 - a[0], x[0] - a[1] * x[1] ** 3])


def decay(x: Any, a: Any) -> Any:
    """Its residuals are not small, so that second derivatives of f count in those of the fit."""
    return x[0] * np.exp(-x[1] * TIMES) - a[0] * np.exp(-a[1] * TIMES) - 0.3 * np.sin(9 * TIMES)


def fitted(a: Any) -> Any:
    """SciPy's root of the gradient, which is written by hand: sums of squares are flat there."""

    def gradient(x: Any) -> Any:
        fall = np.exp(-x[1] * TIMES)
        return np.stack([fall, -x[0] * TIMES * fall]) @ decay(x, a)

    return so.root(gradient, so.least_squares(decay, np.ones(2), args=(a,)).x, tol=1e-14).x


def linear(x: Any, a: Any) -> Any:
    return np.stack([x[0] + a[0] * x[1] - 1, x[0] + a[1] * x[1] - 2])


SOLVES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "newton": (
        lambda a: newton_solve(circle, np.ones(2), a).x,
        lambda a: so.root(circle, np.ones(2), a, tol=1e-13).x,
    ),
    "of a tree": (
        lambda a: newton_solve(
            lambda x, a: circle([x["u"], x["v"]], a), {"u": 1.0, "v": 1.0}, a
        ).x["v"],
        lambda a: so.root(circle, np.ones(2), a, tol=1e-13).x[1],
    ),
    "what is closed over": (
        lambda a: newton_solve(lambda x: circle(x, a), np.ones(2)).x,
        lambda a: so.root(circle, np.ones(2), a, tol=1e-13).x,
    ),
    "many unknowns": (
        lambda a: newton_solve(lambda x, a: x + 0.1 * np.roll(x, 1) ** 2 - a[0], np.ones(8), a).x,
        lambda a: so.root(
            lambda x: x + 0.1 * np.roll(x, 1) ** 2 - a[0], np.ones(8), tol=1e-13
        ).x,
    ),
    "gauss_newton": (
        lambda a: gauss_newton(decay, np.ones(2), a, tol=1e-12).x,
        fitted,
    ),
    "levenberg_marquardt": (
        lambda a: levenberg_marquardt(decay, np.ones(2), a, tol=1e-12).x,
        fitted,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SOLVES)
def test_values_are_scipys_and_derivatives_those_of_the_equation(name: str) -> None:
    solve, reference = SOLVES[name]
    want = reference(THETA)
    assert_allclose(solve(THETA), want, rtol=1e-7)
    points = np.stack([THETA, 1.1 * THETA])
    assert_allclose(jitad.vmap(solve)(points), [reference(a) for a in points], rtol=1e-7)
    h = 1e-4 * np.eye(2)
    slopes = np.stack([(reference(THETA + e) - reference(THETA - e)) / 2e-4 for e in h], -1)
    assert_allclose(jitad.jacfwd(solve)(THETA), slopes, rtol=1e-4, atol=1e-5)
    total = lambda a: np.sum(solve(a) ** 2)  # noqa: E731
    gradient = jitad.grad(total)
    slope = 2 * np.reshape(want, -1) @ np.reshape(slopes, (-1, 2))
    assert_allclose(gradient(THETA), slope, rtol=1e-4, atol=1e-4)
    second = [(gradient(THETA + e) - gradient(THETA - e)) / 2e-4 for e in h]
    assert_allclose(jitad.hessian(total)(THETA), second, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["rosenbrock", "helical", "bard", "wood", "kowalik_osborne"])
def test_published_minima(name: str) -> None:
    residuals, x0, (minimum,) = FITS[name]
    found = levenberg_marquardt(residuals, np.asarray(x0, float))
    assert abs(np.sum(residuals(found.x) ** 2) - minimum) <= 4e-6 * minimum + 1e-12


def test_points_fail_for_themselves() -> None:
    """The second system is singular; its derivatives are NaN too, and those of no other."""
    points = np.array([[1.0, 2.0], [3.0, 3.0], [1.0, -1.0], [np.nan, 1.0]])
    each = jitad.vmap(lambda a: newton_solve(linear, np.zeros(2), a))
    found = each(points)
    assert found.status.tolist() == [0, 2, 0, 3]
    assert np.isnan(found.x).all(1).tolist() == [False, True, False, True]
    assert_allclose(found.x[[0, 2]], [np.linalg.solve([[1, a], [1, b]], [1, 2])
                                      for a, b in points[[0, 2]]])  # fmt: skip
    slopes = jitad.vmap(jitad.jacrev(lambda a: newton_solve(linear, np.zeros(2), a).x))(points)
    assert np.isnan(slopes).all((1, 2)).tolist() == [False, True, False, True]


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (lambda: newton_solve(linear, np.zeros(2), np.ones(2)), r"singular, at x = \[0. 0.\]"),
        (lambda: newton_solve(lambda x: x**2 + 1.0, 1.0), "no step|not converged|singular"),
        (lambda: newton_solve(lambda x: np.log(x), -1.0), "infinite or NaN"),
        (lambda: newton_solve(lambda x: np.exp(x) - 2, 9.0, max_steps=2), "max_steps"),
        (lambda: newton_solve(lambda x: x[:1], np.ones(2)), "2 is needed"),
        (lambda: gauss_newton(lambda x: x[:1], np.ones(2)), "1 residuals of 2 unknowns"),
    ],
)
def test_what_fails_says_so(run: Any, said: str) -> None:
    with pytest.raises(jitad.JitadError, match=said) as caught, np.errstate(all="ignore"):
        run()
    assert isinstance(caught.value, (ConvergenceError, jitad.ShapeError))


@pytest.mark.parametrize("n", [1, 2, 3, 6, 7, 11])
def test_elimination_is_lapacks(n: int) -> None:
    rng = np.random.default_rng(n)
    matrices, b = rng.normal(size=(5, n, n)), rng.normal(size=(5, n))
    matrices[1, 0, 0] = 0.0
    matrices[2] *= 10.0 ** rng.integers(-9, 9, n)[:, None]
    matrices[3, -1] = 2 * matrices[3, 0] if n > 1 else 0.0
    matrices[1, 0, 0] += n == 1
    x, regular = jitad.jit(jitad.vmap(eliminated))(matrices, b)
    assert regular.tolist() == [True, True, True, False, True]
    for k in (0, 1, 2, 4):
        assert_allclose(x[k], np.linalg.solve(matrices[k], b[k]), rtol=1e-8)
    assert np.isnan(x[3]).all()
