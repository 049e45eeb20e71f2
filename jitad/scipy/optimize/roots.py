"""Roots and fixed points by SciPy's names: what a function records, what is supplied outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import scipy.optimize
from scipy.optimize import OptimizeResult

from jitad.frontend.active import holds_traced
from jitad.implicit import Unknown
from jitad.implicit.problem import Problem
from jitad.implicit.solvers import ConvergenceError, answer
from jitad.ir.errors import TraceError
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.scipy.optimize import supplied
from jitad.scipy.optimize.calls import (
    PLAIN,
    Named,
    function_of,
    given_args,
    options_of,
    refuse,
    result,
    solve_by,
    vector,
)


def _solve_bracketed(problem: Problem, start: np.ndarray, args: Sequence[Any]) -> np.ndarray:
    residual, solver = problem.functions.residual, problem.solver
    assert solver is not None
    ends = [float(x) for x in args[:2]]
    return np.reshape(solver(lambda t: float(residual.call([np.array([t]), *args])[0]), *ends), 1)


def _bracketed(name: str) -> Callable[[Named], Any]:
    def record(given: Named) -> Any:
        refuse(given, name, full_output=False, disp=True)
        f, a, b = given.pop("f"), given.pop("a"), given.pop("b")
        args = given_args(given)
        theta = (a * 1.0, b * 1.0, args)
        unknown = Unknown(name, lambda t, theta: f(t, *theta[2]), 0.0, theta)
        if unknown.is_plain:
            return PLAIN
        unknown.check(1)
        solver = partial(getattr(scipy.optimize, name), **options_of(given, "args"))
        return unknown.solved(unknown.value, _solve_bracketed, solver, None)

    return record


brentq, brenth, bisect, ridder, toms748 = (
    function_of(name, _bracketed(name))
    for name in ("brentq", "brenth", "bisect", "ridder", "toms748")
)


def _root_of(name: str, f: Any, x0: Any, given: Named, solver: Any) -> Any:
    """The zero of f(x, *args), of as many numbers as x has; PLAIN where nothing is traced."""
    unknown = Unknown(name, lambda x, args: f(x, *args), x0, given_args(given))
    if unknown.is_plain:
        return PLAIN
    unknown.check(unknown.size)
    return unknown.solved(unknown.value, solve_by, solver, None)


def _record_root(given: Named) -> Any:
    refuse(given, "root", callback=None)
    fun, args = given["fun"], given_args(given)
    x0, method = vector(given["x0"]), given["method"]
    takes_matrix = method in ("hybr", "lm")
    options = {"method": method, "tol": given["tol"], "options": given["options"]}

    def solver(f: Any, start: np.ndarray, jac: Any) -> Any:
        return scipy.optimize.root(f, start, jac=jac if takes_matrix else None, **options)

    x = _root_of("root", fun, x0, given, solver)
    return x if x is PLAIN else result(x, fun=fun(x, *args))


def _record_fsolve(given: Named) -> Any:
    refuse(given, "fsolve", full_output=False)
    options = options_of(given, "func", "x0", "args", "fprime", "col_deriv", "band")

    def solver(f: Any, start: np.ndarray, jac: Any) -> Any:
        x, _, status, message = scipy.optimize.fsolve(
            f, start, fprime=jac, full_output=True, **options
        )
        return OptimizeResult(x=x, success=status == 1, message=message)

    return _root_of("fsolve", given["func"], vector(given["x0"]), given, solver)


def _record_newton(given: Named) -> Any:
    refuse(given, "newton", full_output=False, disp=True)
    x0, has_slope = given["x0"], given["fprime"] is not None
    x0 = vector(x0) if np.ndim(x0) else x0 * 1.0
    options = options_of(given, "func", "x0", "args", "fprime", "fprime2")

    def solver(f: Any, start: np.ndarray, jac: Any) -> Any:
        slope = (lambda x: np.diagonal(jac(np.reshape(x, -1)))) if has_slope else None
        if np.ndim(x0):
            return scipy.optimize.newton(f, start, slope, **options)
        of_one = lambda g: lambda x: float(g(np.reshape(x, 1))[0])  # noqa: E731
        return scipy.optimize.newton(of_one(f), float(start[0]), slope and of_one(slope), **options)

    return _root_of("newton", given["func"], x0, given, solver)


def _record_root_scalar(given: Named) -> Any:
    refuse(given, "root_scalar", fprime2=None)
    names = ("method", "bracket", "x0", "x1", "xtol", "rtol", "maxiter", "options")
    options = {name: given[name] for name in names}
    if holds_traced(list(options.values())):
        raise TraceError(
            "scipy.optimize.root_scalar from a traced guess or bracket",
            remedy="use scipy.optimize.brentq(f, a, b), or give numbers",
        )
    f, has_slope = given["f"], bool(given["fprime"])
    if given["fprime"] is True:
        f = lambda *args: given["f"](*args)[0]  # noqa: E731
    begin = options["x0"] if options["x0"] is not None else 0.0

    def solver(f: Any, start: np.ndarray, jac: Any) -> Any:
        found = scipy.optimize.root_scalar(
            lambda x: float(f(np.array([x]))[0]),
            fprime=(lambda x: float(jac(np.array([x]))[0, 0])) if has_slope else None,
            **options,
        )
        if not found.converged:
            raise ConvergenceError(
                f"root_scalar: {found.flag}", remedy="give a bracket, or begin nearer to the root"
            )
        return found.root

    x = _root_of("root_scalar", f, float(begin), given, solver)
    return x if x is PLAIN else OptimizeResult(root=x, converged=True, flag="converged")


def _record_fixed_point(given: Named) -> Any:
    func, x0 = given["func"], given["x0"]
    options = options_of(given, "func", "x0", "args")
    x0 = vector(x0) if np.ndim(x0) else x0 * 1.0
    unknown = Unknown("fixed_point", lambda x, args: func(x, *args), x0, given_args(given))
    if unknown.is_plain:
        return PLAIN
    unknown.check(unknown.size)

    def residual(inputs: list[Value]) -> Value:
        return ew.sub(inputs[0], unknown.value(inputs))

    def solve(problem: Problem, start: np.ndarray, args: Sequence[Any]) -> np.ndarray:
        f = problem.functions.objective
        found = scipy.optimize.fixed_point(lambda x: f.call([x, *args]), start, **options)
        return answer(found, start, problem.name)

    return unknown.solved(residual, solve, scipy.optimize.fixed_point, None)


root = function_of("root", _record_root, supplied.root)
fsolve = function_of("fsolve", _record_fsolve, supplied.fsolve)
newton = function_of("newton", _record_newton, supplied.newton)
root_scalar = function_of("root_scalar", _record_root_scalar, supplied.root_scalar)
fixed_point = function_of("fixed_point", _record_fixed_point)
