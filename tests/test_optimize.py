"""SciPy's solvers by their own names in functions that are differentiated: values are SciPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize as so
from numpy.testing import assert_allclose

import jitad
import jitad.scipy.optimize as mirrored

X = np.array([0.8, 1.3])
TIMES = np.linspace(0.0, 1.0, 8)


def _system(x: Any) -> Callable[[Any], Any]:
    return lambda y: [y[0] + 0.5 * y[1] ** 2 - x[0], y[1] + 0.2 * y[0] ** 3 - x[1]]


def _valley(x: Any) -> Callable[[Any], Any]:
    return lambda y: (y[0] - x[0]) ** 2 + (y[1] - x[1] * y[0]) ** 2 + y[1] ** 4


def _samples(x: Any) -> Any:
    return x[0] * np.exp(-x[1] * TIMES) + 0.01 * np.sin(20 * TIMES)


def _sum(x: Any) -> Any:
    return x[0] + 2 * x[1]


def in_a_loop(x: Any) -> Any:
    s = 0.0
    for i in range(3):
        s += so.brentq(lambda t: t**3 + x[0] * t - x[1] * (i + 1), 0, 5)  # noqa: B023
    return s


def fitted(x: Any) -> Any:
    p, covariance = so.curve_fit(lambda t, a, b: a * np.exp(-b * t), TIMES, _samples(x))
    return p[0] * p[1] + np.sqrt(covariance[0, 0])


def weighted(x: Any) -> Any:
    p, covariance = so.curve_fit(
        lambda t, a, b: a * np.exp(-b * t),
        *(TIMES, _samples(x), [1.0, 1.0]),
        sigma=1 + TIMES,
        absolute_sigma=True,
    )
    return p[1] + covariance[1, 1]


def squares(x: Any) -> Any:
    found = so.least_squares(
        lambda p: p[0] * np.exp(-p[1] * TIMES) - _samples(x), [1.0, 1.0], gtol=1e-14, xtol=1e-14
    )
    return found.x.sum() + found.cost + found.fun[1]


def system(x: Any) -> Any:
    found = so.root(_system(x), [0.0, 0.0], tol=1e-13)
    assert found.success
    return found.x[0] * found.x[1] + found.fun[0]


def squares_within(x: Any) -> Any:
    found = so.least_squares(
        lambda p: p[0] * np.exp(-p[1] * TIMES) - _samples(x), [0.5, 0.5], bounds=(0.0, [0.7, 9.0])
    )
    return found.x[1]


def minimum(x: Any) -> Any:
    found = so.minimize(_valley(x), np.zeros(2), tol=1e-13, method="BFGS")
    return _sum(found.x) + found.fun


def within(x: Any) -> Any:
    """One bound is met, the other is not."""
    bounds = [(0.0, 0.5), (None, None)]
    found = so.minimize(_valley(x), np.zeros(2), bounds=bounds, method="L-BFGS-B", tol=1e-15)
    return _sum(found.x) + found.fun


def within_traced(x: Any) -> Any:
    found = so.minimize(_valley(x), np.zeros(2), bounds=[(0.0, 0.4 * x[0]), (None, None)])
    return _sum(found.x)


PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "brentq": lambda x: so.brentq(lambda t: t**3 + x[0] * t - x[1], 0.0, 5.0, xtol=1e-14) ** 2,
    "brentq_args": lambda x: so.brentq(
        lambda t, a, b: t**3 + a * t - b, 0.0, x[0] + 4, args=(x[0], x[1]), xtol=1e-14
    ),
    "brenth": lambda x: so.brenth(lambda t: t**3 + x[0] * t - x[1], 0.0, 5.0, xtol=1e-14),
    "ridder": lambda x: so.ridder(lambda t: t**3 + x[0] * t - x[1], 0.0, 5.0, xtol=1e-14),
    "toms748": lambda x: so.toms748(lambda t: t**3 + x[0] * t - x[1], 0.0, 5.0, xtol=1e-14),
    "bisect": lambda x: so.bisect(lambda t: t**3 + x[0] * t - x[1], 0.0, 5.0, xtol=1e-14),
    "newton": lambda x: so.newton(lambda t: t**3 + x[0] * t - x[1], 1.0, tol=1e-14),
    "newton_with_slope": lambda x: so.newton(
        lambda t: t**3 + x[0] * t - x[1], x[0], fprime=lambda t: 3 * t * t + x[0], tol=1e-14
    ),
    "newton_of_several": lambda x: so.newton(lambda t: t**3 + x[0] * t - x, np.ones(2)).sum(),
    "root_scalar": lambda x: (
        so.root_scalar(lambda t: t**3 + x[0] * t - x[1], bracket=(0, 5), xtol=1e-14).root
    ),
    "fsolve": lambda x: so.fsolve(_system(x), [0.0, 0.0], xtol=1e-13) @ np.array([1.0, 2.0]),
    "root": system,
    "fixed_point": lambda x: so.fixed_point(lambda t: np.cos(t * x[0]) * x[1], 0.5, xtol=1e-13),
    "minimize": minimum,
    "within": within,
    "within_traced": within_traced,
    "minimize_scalar": lambda x: so.minimize_scalar(lambda t: (t - x[0]) ** 2 + x[1] * t**4).x,
    "minimize_scalar_bounded": lambda x: (
        so.minimize_scalar(
            lambda t: (t - x[0]) ** 2 + x[1] * t**4, bounds=(0, 3), method="bounded"
        ).x
    ),
    "least_squares": squares,
    "least_squares_within": squares_within,
    "curve_fit": fitted,
    "curve_fit_weighted": weighted,
    "nothing_traced": lambda x: so.brentq(lambda t: t**2 - 2, 0, 2) * x[0],
    "in_a_loop": in_a_loop,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_values_are_scipys_and_derivatives_those_of_the_equation(name: str) -> None:
    f = PROGRAMS[name]
    assert_allclose(jitad.jit(f)(X), f(X), rtol=1e-5)
    h, gradient = 1e-3, jitad.grad(f)(X)
    for k, step in enumerate(h * np.eye(2)):
        slope = (8 * (f(X + step) - f(X - step)) - f(X + 2 * step) + f(X - 2 * step)) / (12 * h)
        assert_allclose(gradient[k], slope, rtol=2e-3, atol=2e-5)


@pytest.mark.parametrize("name", ["brentq", "root", "minimize", "within", "least_squares"])
def test_second_derivatives_and_points(name: str) -> None:
    f = PROGRAMS[name]
    slope, other = jitad.grad(f), 1.1 * X
    differences = [(slope(X + e) - slope(X - e)) / 2e-4 for e in 1e-4 * np.eye(2)]
    assert_allclose(jitad.hessian(f)(X), differences, rtol=2e-3, atol=2e-4)
    points = np.stack([X, other])
    assert_allclose(jitad.vmap(f)(points), [jitad.jit(f)(x) for x in points], rtol=1e-12)
    assert_allclose(jitad.vmap(slope)(points), [slope(x) for x in points], rtol=1e-10)


def _rosenbrock(y: Any, a: float = 1.0) -> Any:
    return (y[0] - a) ** 2 + 100 * (y[1] - y[0] ** 2) ** 2


def _residuals(y: Any) -> Any:
    return [y[0] - 1, 10 * (y[1] - y[0] ** 2)]


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "trust-exact", "Newton-CG", "Nelder-Mead"])
def test_derivatives_are_supplied(method: str) -> None:
    found = mirrored.minimize(_rosenbrock, [-1.2, 1.0], args=(1.0,), method=method)
    plain = so.minimize(_rosenbrock, [-1.2, 1.0], method="Nelder-Mead")
    assert_allclose(found.x, [1.0, 1.0], atol=1e-4)
    assert type(found) is type(plain)
    assert method == "Nelder-Mead" or found.nfev < plain.nfev


def test_derivatives_are_supplied_to_roots_and_residuals() -> None:
    start = [-1.2, 1.0]
    assert_allclose(mirrored.least_squares(_residuals, start).x, [1.0, 1.0])
    assert_allclose(mirrored.root(_residuals, start).x, [1.0, 1.0])
    assert_allclose(mirrored.fsolve(_residuals, start), [1.0, 1.0])
    assert mirrored.root(_residuals, start).njev is not None
    assert_allclose(mirrored.brentq(lambda t: t**2 - 2, 0, 2), np.sqrt(2))


@pytest.mark.parametrize(
    ("f", "kind", "said"),
    [
        (lambda x: so.brentq(lambda t: t**2 + x[0], 0.0, 1.0), ValueError, "different signs"),
        (
            lambda x: so.minimize(
                lambda y: (y[0] - x[0]) ** 2, [0.0], constraints=({"type": "eq"},)
            ).x[0],
            jitad.TraceError,
            "constraints=",
        ),
        (
            lambda x: so.brentq(lambda t: t - x[0], 0.0, 1.0, full_output=True)[0],
            jitad.TraceError,
            "full_output=",
        ),
        (lambda x: so.newton(lambda t: t**2 + x[0], 0.3, maxiter=9), RuntimeError, "converge"),
        (
            lambda x: so.root(lambda y: [y[0] ** 2 + x[0]], [1.0]).x[0],
            jitad.implicit.ConvergenceError,
            "converge",
        ),
    ],
)
def test_what_fails_says_so(f: Any, kind: Any, said: str) -> None:
    with pytest.raises(kind, match=said):
        jitad.grad(f)(X)
