"""SciPy's solvers with our derivatives: published problems, each way of asking, wrong use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize as so
from constrained_problems import PROGRAMS, banana
from least_squares_problems import FITS
from numpy.testing import assert_allclose

import jitad
import jitad.scipy.optimize as jo

START = [-1.2, 1.0]


def _slope(residuals: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """The gradient of the sum of squares, by complex steps: exact up to rounding."""
    columns = [residuals(x + 1e-30j * e).imag / 1e-30 for e in np.eye(len(x))]
    return 2 * np.stack(columns) @ residuals(x)


@pytest.mark.parametrize("name", FITS)
def test_published_fits(name: str) -> None:
    """Derivatives that are supplied are right at the start, and lead to the published minimum."""
    residuals, x0, minima = FITS[name]
    start = np.asarray(x0, float)
    method = "BFGS" if name == "brown_scaled" else "trust-exact"

    def checked(fun: Any, x0: Any, args: Any, jac: Any, hess: Any, **_: Any) -> Any:
        slope = _slope(residuals, x0)
        assert_allclose(jac(x0), slope, rtol=1e-9, atol=1e-9 * np.max(np.abs(slope)))
        steps = 1e-5 * np.diag(1 + np.abs(x0))
        rows = [
            (_slope(residuals, x0 + h) - _slope(residuals, x0 - h)) / (2 * np.sum(h)) for h in steps
        ]
        assert_allclose(hess(x0), rows, rtol=1e-5, atol=1e-5 * np.max(np.abs(rows)))
        hess = hess if method == "trust-exact" else None
        with np.errstate(over="ignore"):  # of trial steps, which SciPy then refuses
            return so.minimize(fun, x0, jac=jac, hess=hess, method=method, options={"gtol": 1e-9})

    found = jo.minimize(lambda x: np.sum(residuals(x) ** 2), start, method=checked).fun
    assert any(abs(found - best) <= 4e-6 * max(best, 1e-1 * (best == 0)) for best in minima)
    fit = jo.least_squares(residuals, start, method="lm", ftol=1e-14, xtol=1e-14, gtol=1e-14)
    assert any(abs(2 * fit.cost - best) <= max(4e-6 * best, 1e-12) for best in minima)


@pytest.mark.parametrize("number", range(1, 31))
def test_published_programs(number: int) -> None:
    program = PROGRAMS[number - 1]
    slsqp = {"ftol": 1e-14, "maxiter": 500}
    inner = {"gtol": 1e-10, "xtol": 1e-12, "maxiter": 500}
    constraints = [
        so.NonlinearConstraint(f, 0.0, upper)
        for f, upper in ((program.equal, 0.0), (program.above, np.inf))
        if f is not None
    ]
    found = jo.minimize(
        program.objective, program.x0, method=program.method, bounds=program.bounds,
        constraints=constraints,
        options={**(slsqp if program.method == "SLSQP" else inner), **program.options},
    )  # fmt: skip
    minima = np.atleast_1d(program.minima)
    error = np.min(np.abs(found.fun - minima) / np.maximum(1, np.abs(minima)))
    assert error < (1e-5 if number == 13 else 1e-6)  # 13: its gradients of constraints vanish


def _chained(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def _neighbours(x: Any) -> Any:
    return x[1:] + x[:-1] ** 2


N = 120
RING = so.NonlinearConstraint(_neighbours, -np.inf, 1.5)
DICT = {"type": "ineq", "fun": lambda x, most: most - x[1:] - x[:-1] ** 2, "args": (1.5,)}
EQUAL = {"type": "eq", "fun": lambda x: x[0] - 2 * x[1]}


def _near(x: Any) -> np.ndarray:
    return np.full(N, x)


SOLVED: dict[str, tuple[Callable[[], Any], Any]] = {
    # each way of asking, and the minimum
    "nothing said": (lambda: jo.minimize(banana, START).fun, 0),
    "one number in an array": (lambda: jo.minimize(lambda x: [banana(x)], START).fun, 0),
    "args": (lambda: jo.minimize(lambda x, a: a + banana(x), START, 2.0, "Newton-CG").fun, 2),
    "products": (lambda: jo.minimize(_chained, _near(0.9), method="trust-krylov").fun, 0),
    "sparse constraint": (
        lambda: jo.minimize(
            _chained, _near(0.7), method="trust-constr",
            constraints=so.NonlinearConstraint(lambda x: x[1:] - x[:-1], 0.0, 0.0),
        ).fun,
        0,
    ),
    "dict with SLSQP": (lambda: jo.minimize(banana, START, constraints=[DICT, EQUAL]).fun,
                        lambda: so.minimize(banana, START, constraints=[DICT, EQUAL]).fun),
    "dict with trust-constr": (
        lambda: jo.minimize(banana, START, method="trust-constr", constraints=[DICT, EQUAL],
                            tol=1e-12).fun,
        lambda: so.minimize(banana, START, constraints=[DICT, EQUAL]).fun,
    ),
    "linear constraint beside": (
        lambda: jo.minimize(_chained, _near(1.0), method="trust-constr", constraints=[
            RING, so.LinearConstraint(np.ones((1, N)), N / 2, np.inf)], options={"maxiter": 3})
        .jac[0].nnz,
        2 * (N - 1),
    ),
    "no slope is asked for": (lambda: jo.minimize(banana, START, method="Powell").fun, 0),
    "sparse residuals": (
        lambda: jo.least_squares(lambda x: x[1:] ** 2 - x[:-1], _near(0.9), jac_sparsity=True).cost,
        0,
    ),
    "lsmr": (
        lambda: jo.least_squares(lambda x: x[1:] ** 2 - x[:-1], _near(0.9), tr_solver="lsmr").cost,
        0,
    ),
    "residuals with arguments": (
        lambda: jo.least_squares(lambda x, a, b: [x[0] - a, x[1] - b, 0.0], START, args=(1.0,),
                                 kwargs={"b": 2.0}, loss="soft_l1").x,
        [1, 2],
    ),
    "newton": (lambda: jo.newton(lambda t, a: t**2 - a, 1, args=(2.0,)), 2**0.5),
    "newton of several": (
        lambda: jo.newton(lambda t: t**2 - np.array([2.0, 3.0]), np.ones(2)), [2**0.5, 3**0.5],
    ),
    "newton of complex numbers": (lambda: jo.newton(lambda z: z**2 + 1, 0.5 + 0.5j), 1j),
    "halley": (lambda: jo.root_scalar(lambda t: t**3 - 8, x0=1, method="halley").root, 2),
    "root_scalar": (lambda: jo.root_scalar(lambda t, a: t**3 - a, (8.0,), x0=1).root, 2),
    "root_scalar with its slope": (
        lambda: jo.root_scalar(lambda t: (t**3 - 2, 3 * t**2), x0=1, method="halley", fprime=True)
        .root,
        2 ** (1 / 3),
    ),
    "bracket": (lambda: jo.root_scalar(lambda t: t**3 - 2, bracket=(0, 2)).root, 2 ** (1 / 3)),
    "root": (lambda: jo.root(lambda x, a: [x[0] - a, x[1] ** 2 - x[0]], START, (4.0,), "lm").x,
             [4, 2]),
    "fsolve": (lambda: jo.fsolve(lambda x, a: [x[0] - a, x[1] ** 2 - x[0]], START, 4.0), [4, 2]),
}  # fmt: skip


@pytest.mark.parametrize("name", SOLVED)
def test_each_way_of_asking(name: str) -> None:
    run, want = SOLVED[name]
    assert_allclose(run(), want() if callable(want) else want, rtol=1e-6, atol=1e-6)


SHARED = [1.0]


def _sum(x: Any) -> Any:
    return np.sum((x - SHARED[0]) ** 2)


def _halves(x: Any) -> Any:
    """A root at the shared number, by a loop as long as the data say."""
    scale = 1.0
    while scale * np.sum(x * x) > 1.0:
        scale = scale / 2
    return scale * (x - SHARED[0])


def _line(t: Any, a: Any) -> Any:
    return SHARED[0] * a * t


@pytest.mark.parametrize(
    "solve, power",
    [
        (lambda: jo.minimize(_sum, np.zeros(2)).x, 1),
        (lambda: jo.minimize(_sum, np.zeros(2), method="trust-exact").x, 1),
        (lambda: jo.least_squares(_halves, [9.0, 8.0]).x, 1),
        (lambda: jo.root(_halves, [9.0, 8.0]).x, 1),
        (lambda: jo.fsolve(_halves, [9.0, 8.0]), 1),
        (lambda: jo.newton(_halves, 9.0), 1),
        (lambda: jo.root_scalar(_halves, x0=9.0).root, 1),
        (lambda: jo.root_scalar(_halves, x0=9.0, method="halley").root, 1),
        (lambda: jo.curve_fit(_line, np.arange(4.0), np.arange(4.0))[0], -1),
    ],
)
def test_functions_are_read_as_programs(solve: Callable[[], Any], power: int) -> None:
    """What they read from outside is what it is now, and their loops are one program."""
    for shared in (1.0, 4.0, 2.0):
        SHARED[0] = shared
        assert_allclose(solve(), shared**power, rtol=1e-6)


def test_what_is_given_wins_and_scipys_objects_come_back() -> None:
    calls: list[str] = []

    def slope(x: Any) -> Any:
        calls.append("jac")
        inner = x[1] - x[0] ** 2
        return np.stack([-400 * x[0] * inner - 2 * (1 - x[0]), 200 * inner])

    def matrix(x: Any) -> Any:
        calls.append("hess")
        return so.rosen_hess(x)

    found = jo.minimize(banana, START, jac=slope, hess=matrix, method="trust-exact")
    assert type(found) is so.OptimizeResult and {"jac", "hess"} == set(calls)
    both = jo.minimize(lambda x: (banana(x), slope(x)), START, jac=True, method="trust-exact")
    assert_allclose(both.x, found.x)
    rows = jo.least_squares(lambda x: x**2 - 2, [1.0], jac=lambda x: np.diag(2 * x))
    assert_allclose(rows.x, 2**0.5)
    sparse = jo.least_squares(_neighbours, _near(0.9), tr_solver="lsmr")
    assert sparse.jac.nnz == 2 * (N - 1)


@pytest.mark.parametrize("options", [{}, {"sigma": 0.1}, {"sigma": 0.1, "absolute_sigma": True},
                                     {"bounds": (0, 9)}])  # fmt: skip
def test_standard_errors_are_those_of_the_exact_slopes(options: Any) -> None:
    """With the covariance by NumPy, of the slopes written by hand."""
    t = np.linspace(0.0, 1.0, 12)
    y = 2 * np.exp(-1.3 * t) + 0.01 * np.sin(40 * t)
    options = {**options, **({"sigma": 0.1 * (1 + t)} if "sigma" in options else {})}
    p, covariance = jo.curve_fit(lambda t, a, b: a * np.exp(-b * t), t, y, **options, xtol=1e-14)
    weights = 1 / options.get("sigma", np.ones(12))
    rows = np.stack([np.exp(-p[1] * t), -p[0] * t * np.exp(-p[1] * t)], 1) * weights[:, None]
    left = (p[0] * np.exp(-p[1] * t) - y) * weights
    assert np.max(np.abs(rows.T @ left)) < 1e-6 * np.max(np.abs(rows))
    scale = 1 if options.get("absolute_sigma") else left @ left / 10
    assert_allclose(covariance, np.linalg.inv(rows.T @ rows) * scale, rtol=1e-6)


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (lambda: jo.minimize(lambda x: x**2, START), "scalar"),
        (lambda: jo.minimize(banana, [1j, 0.0]), "complex guess"),
        (lambda: jo.least_squares(lambda x: x, [1j, 0.0]), "complex guess"),
        (lambda: jo.fsolve(lambda x: x, [1j, 0.0]), "complex guess"),
    ],
)
def test_wrong_use_says_so(run: Any, said: str) -> None:
    with pytest.raises(jitad.JitadError, match=said):
        run()
