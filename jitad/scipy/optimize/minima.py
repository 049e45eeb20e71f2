"""Minima and fits by SciPy's names: what a function records, what is supplied outside."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import scipy.optimize
from scipy.optimize import OptimizeResult

from jitad.api import grad
from jitad.frontend.active import holds_traced
from jitad.implicit import Unknown
from jitad.implicit.problem import Problem, as_problem
from jitad.implicit.solvers import answer
from jitad.ir.builder import inline
from jitad.ir.errors import TraceError
from jitad.ir.op import FLOAT64
from jitad.ir.value import Value
from jitad.matrices import jacobian
from jitad.ops import elementwise as ew
from jitad.scipy.optimize import supplied
from jitad.scipy.optimize.calls import (
    PLAIN,
    Named,
    as_array,
    function_of,
    given_args,
    refuse,
    result,
    solve_by,
    vector,
)
from jitad.transforms.reverse import reverse


def _slope(unknown: Unknown, is_sum_of_squares: bool) -> Callable[[list[Value]], Value]:
    """The gradient of a function of one number, or of half the sum of squares of several."""
    tape = unknown.objective.tape
    swept = reverse(tape, [0], [0])

    def slope(inputs: list[Value]) -> Value:
        seed = inputs[0].builder.const(1, (1,), FLOAT64)
        if is_sum_of_squares:
            (seed,) = inline(seed.builder, tape, inputs)
        return inline(seed.builder, swept, [*inputs, seed])[1]

    return slope


def _limits(bounds: Any, size: int) -> tuple[Any, Any] | None:
    """Lower and upper bounds of all unknowns, or None where there are none."""
    if bounds is None:
        return None
    if isinstance(bounds, scipy.optimize.Bounds):
        lower, upper = bounds.lb, bounds.ub
    else:
        rows = [(-np.inf if a is None else a, np.inf if b is None else b) for a, b in bounds]
        lower, upper = zip(*rows, strict=True)
    return _for_each((lower, upper), size)


class _Minimum:
    """A minimum within bounds: there x is where a step down the slope, cut off at them, leads.

    It is that of a function of one number, or of half the sum of squares of several.
    """

    def __init__(
        self, name: str, f: Any, x0: Any, args: Any, limits: Any = None, squares: bool = False
    ) -> None:
        self.name, self.limits = name, limits
        theta = (() if limits is None else limits, args)
        self.unknown = Unknown(name, lambda x, theta: f(x, *theta[1]), x0, theta)
        self.slope = _slope(self.unknown, squares)
        if not squares:
            self.unknown.check(1)

    def found_by(self, run: Callable[..., Any], smooth: Any = None) -> Any:
        """The minimum that `run(f, slope, hessian, start, limits)` finds, of compiled functions; of
        a sum of squares they are of the residuals: these, their matrix, None."""
        tape = self.unknown.objective.tape
        first = as_problem(self.name, tape, smooth or self.slope, solve_by, run, None)
        limits = self.limits

        def residual(inputs: list[Value]) -> Value:
            if limits is None:
                return self.slope(inputs)
            x, lower, upper = inputs[:3]
            step = ew.sub(x, self.slope(inputs))
            return ew.sub(x, ew.minimum(ew.maximum(step, lower), upper))

        def solve(problem: Problem, start: np.ndarray, args: Sequence[Any]) -> np.ndarray:
            kernels = first.functions
            value, slope, matrix = kernels.objective, kernels.residual, kernels.matrix
            ends = None if limits is None else tuple(np.array(x) for x in args[:2])
            functions = [
                partial(lambda kernel, x: kernel.call([np.asarray(x, float), *args]), kernel)
                for kernel in (value, slope, matrix)
            ]
            found = run(*functions, start, ends)
            if not found.success and ends is None and _is_there(problem, found.x, args):
                return found.x
            return answer(found, start, problem.name)

        return self.unknown.solved(residual, solve, run, None)


def _is_there(problem: Problem, x: np.ndarray, args: Sequence[Any]) -> bool:
    """Whether Newton's step from x is small: solvers that are asked for more than rounding lets
    them have say that they failed."""
    functions = problem.functions
    slope, matrix = (f.call([x, *args]) for f in (functions.residual, functions.matrix))
    if not np.all(np.isfinite(matrix)):
        return False
    step = np.linalg.lstsq(matrix, slope, rcond=None)[0]
    left = np.linalg.norm(slope - matrix @ step)
    is_solved = left <= 1e-6 * np.linalg.norm(slope)
    return bool(is_solved and np.all(np.abs(step) <= 1e-6 * (1 + np.abs(x))))


def _record_minimize(given: Named) -> Any:
    refuse(given, "minimize", callback=None, constraints=())
    fun, args, x0 = given["fun"], given_args(given), vector(given["x0"])
    if given["jac"] is True:
        fun = _first(fun)
    minimum = _Minimum("minimize", fun, x0, args, _limits(given["bounds"], x0.size))
    if minimum.unknown.is_plain:
        return PLAIN
    method = given["method"]
    options = {"method": method, "tol": given["tol"], "options": given["options"]}

    def run(f: Any, slope: Any, matrix: Any, start: np.ndarray, ends: Any) -> Any:
        more: Named = {} if ends is None else {"bounds": scipy.optimize.Bounds(*ends)}
        if supplied.named(method) not in supplied.WITHOUT_SLOPE:
            more["jac"] = slope
        if supplied.named(method) in supplied.WITH_HESSIAN:
            more["hess"] = matrix
        return scipy.optimize.minimize(lambda x: float(f(x)[0]), start, **options, **more)

    x = minimum.found_by(run)
    return result(x, fun=fun(x, *args), jac=grad(lambda x: fun(x, *args))(x))


def _first(pair: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: pair(*args)[0]


def _record_minimize_scalar(given: Named) -> Any:
    fun, args, bounds = given["fun"], given_args(given), given["bounds"]
    if holds_traced([given["bracket"], bounds]):
        raise TraceError(
            "scipy.optimize.minimize_scalar in a traced bracket",
            remedy="use scipy.optimize.minimize(f, x0, bounds=[(a, b)]), which takes traced ones",
        )
    limits = None if bounds is None else _limits([bounds], 1)
    minimum = _Minimum("minimize_scalar", lambda x, *a: fun(x[0], *a), np.zeros(1), args, limits)
    if minimum.unknown.is_plain:
        return PLAIN
    options = {k: given[k] for k in ("bracket", "bounds", "method", "tol", "options")}

    def run(f: Any, slope: Any, matrix: Any, start: np.ndarray, ends: Any) -> Any:
        found: Any = scipy.optimize.minimize_scalar(lambda t: float(f([t])[0]), **options)
        return OptimizeResult({**found, "x": np.reshape(found.x, 1), "message": str(found)})

    x = minimum.found_by(run)[0]
    return result(x, fun=fun(x, *args))


def _ends(bounds: Any, size: int) -> tuple[Any, Any] | None:
    """The limits that the bounds of `least_squares` are, None where there are none."""
    ends = (bounds.lb, bounds.ub) if isinstance(bounds, scipy.optimize.Bounds) else bounds
    if not holds_traced(ends) and not any(np.any(np.isfinite(x)) for x in ends):
        return None
    return _for_each(ends, size)


def _for_each(ends: Any, size: int) -> tuple[Any, Any]:
    """A lower and an upper bound for each unknown."""
    lower, upper = (np.broadcast_to(vector(x), (size,)) for x in ends)
    return lower, upper


def _record_least_squares(given: Named) -> Any:
    refuse(given, "least_squares", loss="linear", callback=None)
    fun, args, x0 = given["fun"], given_args(given), vector(given["x0"])
    kwargs = given["kwargs"] or {}
    limits = _ends(given["bounds"], x0.size)

    def residuals(x: Any, *args: Any) -> Any:
        return np.atleast_1d(as_array(fun(x, *args, **kwargs)))

    minimum = _Minimum("least_squares", residuals, x0, args, limits, squares=True)
    if minimum.unknown.is_plain:
        return PLAIN
    names = ("method", "ftol", "xtol", "gtol", "x_scale", "max_nfev", "tr_solver")
    options = {k: given[k] for k in names if given[k] is not None}

    def run(f: Any, r: Any, matrix: Any, start: np.ndarray, ends: Any) -> Any:
        more: Named = {} if ends is None else {"bounds": ends}
        return scipy.optimize.least_squares(f, start, matrix, **options, **more)

    x = minimum.found_by(run, minimum.unknown.value)
    values = residuals(x, *args)
    jac = jacobian(lambda x: residuals(x, *args))(x)
    return result(x, fun=values, cost=0.5 * np.sum(values**2), jac=jac, grad=values @ jac)


def _record_curve_fit(given: Named) -> Any:
    refuse(given, "curve_fit", full_output=False)
    f, xdata, ydata, sigma = (given[k] for k in ("f", "xdata", "ydata", "sigma"))
    p0, more = given["p0"], given["kwargs"] or {}
    if p0 is None:
        p0 = np.ones(len(inspect.signature(f).parameters) - 1)
    if sigma is not None and np.ndim(sigma) != 1:
        raise TraceError(
            "scipy.optimize.curve_fit with a matrix sigma= of traced values",
            remedy="multiply data and model with the inverse of its Cholesky factor",
        )
    weights = 1.0 if sigma is None else 1.0 / as_array(sigma)

    def residuals(p: Any) -> Any:
        return np.ravel((f(xdata, *p) - ydata) * weights)

    bounds = given["bounds"]
    found = least_squares(residuals, p0, bounds=bounds, **more)
    if not isinstance(found.x, Value):
        return PLAIN
    rows = found.jac
    covariance = np.linalg.inv(rows.T @ rows)
    if not given["absolute_sigma"]:
        covariance = covariance * (2 * found.cost / (rows.shape[0] - rows.shape[1]))
    return found.x, covariance


minimize = function_of("minimize", _record_minimize, supplied.minimize)
minimize_scalar = function_of("minimize_scalar", _record_minimize_scalar)
least_squares = function_of("least_squares", _record_least_squares, supplied.least_squares)
curve_fit = function_of("curve_fit", _record_curve_fit, supplied.curve_fit)
