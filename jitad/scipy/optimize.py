"""`scipy.optimize`: its own solvers, with derivatives supplied, and differentiated as a whole.

Outside of traced functions the functions here are SciPy's, given the derivatives that they ask for.
Within one, what they find is differentiated by the implicit function theorem: SciPy's solver finds
it, on compiled functions, and its derivatives are those of the equation that it solves. What was
found belongs to any data, so a solver that fails raises `jitad.implicit.ConvergenceError`.

Source: Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, chapter 15.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import scipy.optimize
from scipy.optimize import OptimizeResult

from jitad.api import grad, hessian, jacobian, value_and_grad
from jitad.frontend.active import holds_traced, innermost_trace
from jitad.frontend.traceable import check_functions
from jitad.functions.control.blocks import current
from jitad.implicit import Unknown
from jitad.implicit.problem import Problem, as_problem
from jitad.implicit.solvers import ConvergenceError, answer
from jitad.ir.builder import inline
from jitad.ir.errors import TraceError
from jitad.ir.op import FLOAT64
from jitad.ir.tape import CONST
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.scipy.mirror import mirror
from jitad.transforms.reverse import reverse

Named = dict[str, Any]
"""The arguments of a call by their names, with SciPy's defaults."""

_PLAIN = object()
"""What is recorded where nothing is traced: SciPy's own function answers then."""


def _function(record: Callable[[Named], Any], supplied: Any = None) -> Callable[..., Any]:
    """The function of SciPy's that `record` is named after, for traced values as well; outside of
    traces `supplied` of its arguments, if that is given."""
    original = getattr(scipy.optimize, record.__name__)
    signature = inspect.signature(original)

    def function(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        if innermost_trace() is None:
            return original(*args, **kwargs) if supplied is None else supplied(bound.arguments)
        check_functions(next(iter(bound.arguments.values())))
        found = record(dict(bound.arguments))
        return original(*args, **kwargs) if found is _PLAIN else found

    function.__name__ = function.__qualname__ = record.__name__
    function.__doc__ = f"As scipy.optimize.{record.__name__}, of traced values as well."
    function.__dict__["__signature__"] = signature
    return function


_INSTEAD = {
    "constraints": "give bounds=, or solve the equations of the multipliers by jitad.implicit.root",
    "loss": "write the loss into a function for scipy.optimize.minimize",
}


def _refuse(given: Named, name: str, **usual: Any) -> None:
    """An error where an option is another than the usual one."""
    for option, wanted in usual.items():
        if given.get(option, wanted) is not wanted and given[option] != wanted:
            raise TraceError(
                f"scipy.optimize.{name}(..., {option}=) of traced values",
                remedy=_INSTEAD.get(option, "leave it out: it belongs to one run of the solver"),
            )


def _args(given: Named) -> tuple[Any, ...]:
    args = given.get("args") or ()
    return args if isinstance(args, tuple) else (args,)


def _vector(x: Any) -> Any:
    """A first guess as one axis of floats."""
    x = np.stack(list(x)) if isinstance(x, (list, tuple)) and holds_traced(x) else x
    return np.reshape(x if isinstance(x, Value) else np.asarray(x, np.float64), (-1,)) * 1.0


class _Problem:
    """A problem with further operands: `theta` is (what the solver reads, arguments)."""

    def __init__(self, name: str, f: Callable[..., Any], x0: Any, theta: Any) -> None:
        self.unknown = Unknown(name, f, x0, theta)

    @property
    def is_plain(self) -> bool:
        """Whether nothing in it is traced: numbers, and arrays that functions close over."""
        builder = current()
        arrays = {x.index for a, x in builder.captured.values() if not isinstance(a, Value)}
        operands = (*self.unknown.leaves, *self.unknown.args, *self.unknown.objective.captured)
        return all(x.index in arrays or builder.instrs[x.index].op is CONST for x in operands)

    def solved(self, residual: Any, solve: Any, solver: Any) -> Any:
        """The solution, in the structure of the first guess."""
        return self.unknown.solved(residual, solve, solver, None)


def _value(problem: _Problem) -> Callable[[list[Value]], Value]:
    return problem.unknown.value


def _slope(problem: _Problem, is_sum_of_squares: bool = False) -> Callable[[list[Value]], Value]:
    """The gradient of a function of one number, or of half the sum of squares of several."""
    tape = problem.unknown.objective.tape
    swept = reverse(tape, [0], [0])

    def slope(inputs: list[Value]) -> Value:
        seed = inputs[0].builder.const(1, (1,), FLOAT64)
        if is_sum_of_squares:
            (seed,) = inline(seed.builder, tape, inputs)
        return inline(seed.builder, swept, [*inputs, seed])[1]

    return slope


# -- roots -----------------------------------------------------------------------------------------


def _solve_bracketed(problem: Problem, start: np.ndarray, args: Sequence[Any]) -> np.ndarray:
    residual, solver = problem.functions.residual, problem.solver
    assert solver is not None
    ends = [float(x) for x in args[:2]]
    return np.reshape(solver(lambda t: float(residual.call([np.array([t]), *args])[0]), *ends), 1)


def _bracketed(name: str) -> Callable[[Named], Any]:
    def record(given: Named) -> Any:
        _refuse(given, name, full_output=False, disp=True)
        f, a, b = given.pop("f"), given.pop("a"), given.pop("b")
        args = _args(given)
        theta = (a * 1.0, b * 1.0, args)
        problem = _Problem(name, lambda t, theta: f(t, *theta[2]), 0.0, theta)
        if problem.is_plain:
            return _PLAIN
        problem.unknown.check(1)
        solver = partial(getattr(scipy.optimize, name), **_options(given, "args"))
        return problem.solved(_value(problem), _solve_bracketed, solver)

    record.__name__ = name
    return record


def _options(given: Named, *others: str) -> Named:
    gone = ("full_output", "disp", *others)
    return {name: x for name, x in given.items() if name not in gone and x is not None}


brentq, brenth, bisect, ridder, toms748 = (
    _function(_bracketed(name)) for name in ("brentq", "brenth", "bisect", "ridder", "toms748")
)


def _solve_by(problem: Problem, start: np.ndarray, args: Sequence[Any]) -> np.ndarray:
    """`solver(f, start, slope)` of the residual and its matrix."""
    functions, solver = problem.functions, problem.solver
    assert solver is not None
    found = solver(
        lambda x: functions.residual.call([np.asarray(x, float), *args]),
        start,
        lambda x: functions.matrix.call([np.asarray(x, float), *args]),
    )
    return answer(found, start, problem.name)


def _root_of(name: str, f: Any, x0: Any, given: Named, solver: Any) -> Any:
    """The zero of f(x, *args), of as many numbers as x has; _PLAIN where nothing is traced."""
    problem = _Problem(name, lambda x, args: f(x, *args), x0, _args(given))
    if problem.is_plain:
        return _PLAIN
    problem.unknown.check(problem.unknown.size)
    return problem.solved(_value(problem), _solve_by, solver)


def _record_root(given: Named) -> Any:
    _refuse(given, "root", callback=None)
    fun, args = given["fun"], _args(given)
    x0, method = _vector(given["x0"]), given["method"]
    takes_matrix = method in ("hybr", "lm")
    options = {"method": method, "tol": given["tol"], "options": given["options"]}

    def solver(f: Any, start: np.ndarray, jac: Any) -> Any:
        return scipy.optimize.root(f, start, jac=jac if takes_matrix else None, **options)

    x = _root_of("root", fun, x0, given, solver)
    return x if x is _PLAIN else _result(x, fun=fun(x, *args))


def _result(x: Any, **more: Any) -> OptimizeResult:
    done = {"success": True, "status": 1, "message": "The solution converged."}
    return OptimizeResult(x=x, **done, **more)


def _record_fsolve(given: Named) -> Any:
    _refuse(given, "fsolve", full_output=False)
    options = _options(given, "func", "x0", "args", "fprime", "col_deriv", "band")

    def solver(f: Any, start: np.ndarray, jac: Any) -> Any:
        x, _, status, message = scipy.optimize.fsolve(
            f, start, fprime=jac, full_output=True, **options
        )
        return OptimizeResult(x=x, success=status == 1, message=message)

    return _root_of("fsolve", given["func"], _vector(given["x0"]), given, solver)


def _record_newton(given: Named) -> Any:
    _refuse(given, "newton", full_output=False, disp=True)
    x0, has_slope = given["x0"], given["fprime"] is not None
    x0 = _vector(x0) if np.ndim(x0) else x0 * 1.0
    options = _options(given, "func", "x0", "args", "fprime", "fprime2")

    def solver(f: Any, start: np.ndarray, jac: Any) -> Any:
        slope = (lambda x: np.diagonal(jac(np.reshape(x, -1)))) if has_slope else None
        if np.ndim(x0):
            return scipy.optimize.newton(f, start, slope, **options)
        of_one = lambda g: lambda x: float(g(np.reshape(x, 1))[0])  # noqa: E731
        return scipy.optimize.newton(of_one(f), float(start[0]), slope and of_one(slope), **options)

    return _root_of("newton", given["func"], x0, given, solver)


def _record_root_scalar(given: Named) -> Any:
    _refuse(given, "root_scalar", fprime2=None)
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
    return x if x is _PLAIN else OptimizeResult(root=x, converged=True, flag="converged")


def _record_fixed_point(given: Named) -> Any:
    func, x0 = given["func"], given["x0"]
    options = _options(given, "func", "x0", "args")
    x0 = _vector(x0) if np.ndim(x0) else x0 * 1.0
    problem = _Problem("fixed_point", lambda x, args: func(x, *args), x0, _args(given))
    if problem.is_plain:
        return _PLAIN
    problem.unknown.check(problem.unknown.size)

    def residual(inputs: list[Value]) -> Value:
        return ew.sub(inputs[0], problem.unknown.value(inputs))

    def solve(problem: Problem, start: np.ndarray, args: Sequence[Any]) -> np.ndarray:
        f = problem.functions.objective
        found = scipy.optimize.fixed_point(lambda x: f.call([x, *args]), start, **options)
        return answer(found, start, problem.name)

    return problem.solved(residual, solve, scipy.optimize.fixed_point)


def _named(name: str, record: Callable[[Named], Any], supplied: Any = None) -> Callable[..., Any]:
    record.__name__ = name
    return _function(record, supplied)


def _supply_root(given: Named) -> Any:
    jac = given["jac"]
    if not callable(jac) and jac is not True and given["method"] in ("hybr", "lm"):
        fun = given["fun"]
        given["jac"] = jacobian(lambda x, *args: _as_array(fun(x, *args)))
        given["x0"] = np.asarray(given["x0"], np.float64)
    return scipy.optimize.root(**given)


def _supply_fsolve(given: Named) -> Any:
    if given["fprime"] is None:
        func = given["func"]
        given["fprime"] = jacobian(lambda x, *args: _as_array(func(x, *args)))
        given["x0"], given["col_deriv"] = np.asarray(given["x0"], np.float64), 0
    return scipy.optimize.fsolve(**given)


def _as_array(x: Any) -> Any:
    return np.stack(list(x)) if isinstance(x, (list, tuple)) else x


root = _named("root", _record_root, _supply_root)
fsolve = _named("fsolve", _record_fsolve, _supply_fsolve)
newton = _named("newton", _record_newton)
root_scalar = _named("root_scalar", _record_root_scalar)
fixed_point = _named("fixed_point", _record_fixed_point)


# -- minima ----------------------------------------------------------------------------------------

_WITH_HESSIAN = ("Newton-CG", "dogleg", "trust-ncg", "trust-krylov", "trust-exact", "trust-constr")
_WITHOUT_SLOPE = ("Nelder-Mead", "Powell", "COBYLA", "COBYQA")


def _is_in(method: Any, names: Sequence[str]) -> bool:
    return isinstance(method, str) and method.lower() in [name.lower() for name in names]


def _limits(bounds: Any, size: int) -> tuple[Any, Any] | None:
    """Lower and upper bounds of all unknowns, or None where there are none."""
    if bounds is None:
        return None
    if isinstance(bounds, scipy.optimize.Bounds):
        lower, upper = bounds.lb, bounds.ub
    else:
        rows = [(-np.inf if a is None else a, np.inf if b is None else b) for a, b in bounds]
        lower, upper = zip(*rows, strict=True)
    return tuple(np.broadcast_to(_vector(x), (size,)) for x in (lower, upper))  # type: ignore[return-value]


class _Minimum:
    """A minimum within bounds: there x is where a step down the slope, cut off at them, leads.

    It is that of a function of one number, or of half the sum of squares of several.
    """

    def __init__(
        self, name: str, f: Any, x0: Any, args: Any, limits: Any = None, squares: bool = False
    ) -> None:
        self.name, self.limits = name, limits
        theta = (() if limits is None else limits, args)
        self.problem = _Problem(name, lambda x, theta: f(x, *theta[1]), x0, theta)
        self.slope = _slope(self.problem, squares)
        if not squares:
            self.problem.unknown.check(1)

    def found_by(self, run: Callable[..., Any], smooth: Any = None) -> Any:
        """The minimum that `run(f, slope, hessian, start, limits)` finds, of compiled functions; of
        a sum of squares they are of the residuals: these, their matrix, None."""
        tape = self.problem.unknown.objective.tape
        first = as_problem(self.name, tape, smooth or self.slope, _solve_by, run, None)
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

        return self.problem.solved(residual, solve, run)


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
    _refuse(given, "minimize", callback=None, constraints=())
    fun, args, x0 = given["fun"], _args(given), _vector(given["x0"])
    if given["jac"] is True:
        fun = _first(fun)
    minimum = _Minimum("minimize", fun, x0, args, _limits(given["bounds"], x0.size))
    if minimum.problem.is_plain:
        return _PLAIN
    method = given["method"]
    options = {"method": method, "tol": given["tol"], "options": given["options"]}

    def run(f: Any, slope: Any, matrix: Any, start: np.ndarray, ends: Any) -> Any:
        more: Named = {} if ends is None else {"bounds": scipy.optimize.Bounds(*ends)}
        if not _is_in(method, _WITHOUT_SLOPE):
            more["jac"] = slope
        if _is_in(method, _WITH_HESSIAN):
            more["hess"] = matrix
        return scipy.optimize.minimize(lambda x: float(f(x)[0]), start, **options, **more)

    x = minimum.found_by(run)
    return _result(x, fun=fun(x, *args), jac=grad(lambda x: fun(x, *args))(x))


def _first(pair: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: pair(*args)[0]


def _record_minimize_scalar(given: Named) -> Any:
    fun, args, bounds = given["fun"], _args(given), given["bounds"]
    if holds_traced([given["bracket"], bounds]):
        raise TraceError(
            "scipy.optimize.minimize_scalar in a traced bracket",
            remedy="use scipy.optimize.minimize(f, x0, bounds=[(a, b)]), which takes traced ones",
        )
    limits = None if bounds is None else _limits([bounds], 1)
    minimum = _Minimum("minimize_scalar", lambda x, *a: fun(x[0], *a), np.zeros(1), args, limits)
    if minimum.problem.is_plain:
        return _PLAIN
    options = {k: given[k] for k in ("bracket", "bounds", "method", "tol", "options")}

    def run(f: Any, slope: Any, matrix: Any, start: np.ndarray, ends: Any) -> Any:
        found = scipy.optimize.minimize_scalar(lambda t: float(f([t])[0]), **options)
        return OptimizeResult({**found, "x": np.reshape(found.x, 1), "message": str(found)})

    x = minimum.found_by(run)[0]
    return _result(x, fun=fun(x, *args))


def _ends(bounds: Any, size: int) -> tuple[Any, Any] | None:
    """The limits that the bounds of `least_squares` are, None where there are none."""
    ends = (bounds.lb, bounds.ub) if isinstance(bounds, scipy.optimize.Bounds) else bounds
    if not holds_traced(ends) and not any(np.any(np.isfinite(x)) for x in ends):
        return None
    lower, upper = (np.broadcast_to(_vector(x), (size,)) for x in ends)
    return lower, upper


def _record_least_squares(given: Named) -> Any:
    _refuse(given, "least_squares", loss="linear", callback=None)
    fun, args, x0 = given["fun"], _args(given), _vector(given["x0"])
    kwargs = given["kwargs"] or {}
    limits = _ends(given["bounds"], x0.size)

    def residuals(x: Any, *args: Any) -> Any:
        return np.atleast_1d(_as_array(fun(x, *args, **kwargs)))

    minimum = _Minimum("least_squares", residuals, x0, args, limits, squares=True)
    if minimum.problem.is_plain:
        return _PLAIN
    names = ("method", "ftol", "xtol", "gtol", "x_scale", "max_nfev", "tr_solver")
    options = {k: given[k] for k in names if given[k] is not None}

    def run(f: Any, r: Any, matrix: Any, start: np.ndarray, ends: Any) -> Any:
        more: Named = {} if ends is None else {"bounds": ends}
        return scipy.optimize.least_squares(f, start, matrix, **options, **more)

    x = minimum.found_by(run, minimum.problem.unknown.value)
    values = residuals(x, *args)
    jac = jacobian(lambda x: residuals(x, *args))(x)
    return _result(x, fun=values, cost=0.5 * np.sum(values**2), jac=jac, grad=values @ jac)


def _record_curve_fit(given: Named) -> Any:
    _refuse(given, "curve_fit", full_output=False)
    f, xdata, ydata, sigma = (given[k] for k in ("f", "xdata", "ydata", "sigma"))
    p0, more = given["p0"], given["kwargs"] or {}
    if p0 is None:
        p0 = np.ones(len(inspect.signature(f).parameters) - 1)
    if sigma is not None and np.ndim(sigma) != 1:
        raise TraceError(
            "scipy.optimize.curve_fit with a matrix sigma= of traced values",
            remedy="multiply data and model with the inverse of its Cholesky factor",
        )
    weights = 1.0 if sigma is None else 1.0 / _as_array(sigma)

    def residuals(p: Any) -> Any:
        return np.ravel((f(xdata, *p) - ydata) * weights)

    bounds = given["bounds"]
    found = least_squares(residuals, p0, bounds=bounds, **more)
    if not isinstance(found.x, Value):
        return _PLAIN
    rows = found.jac
    covariance = np.linalg.inv(rows.T @ rows)
    if not given["absolute_sigma"]:
        covariance = covariance * (2 * found.cost / (rows.shape[0] - rows.shape[1]))
    return found.x, covariance


def _supply_minimize(given: Named) -> Any:
    method, fun = given["method"], given["fun"]
    if given["jac"] is None and not _is_in(method, _WITHOUT_SLOPE):
        both = value_and_grad(fun)
        given["fun"], given["jac"] = both, True
        given["x0"] = np.asarray(given["x0"], np.float64)
        if _is_in(method, _WITH_HESSIAN) and given["hess"] is None and given["hessp"] is None:
            given["hess"] = hessian(fun)
    return scipy.optimize.minimize(**given)


def _supply_least_squares(given: Named) -> Any:
    if given["jac"] == "2-point":
        fun = given["fun"]
        given["jac"] = jacobian(lambda x, *a, **k: np.atleast_1d(_as_array(fun(x, *a, **k))))
        given["x0"] = np.asarray(given["x0"], np.float64)
    return scipy.optimize.least_squares(**given)


minimize = _named("minimize", _record_minimize, _supply_minimize)
minimize_scalar = _named("minimize_scalar", _record_minimize_scalar)
least_squares = _named("least_squares", _record_least_squares, _supply_least_squares)
curve_fit = _named("curve_fit", _record_curve_fit)

__getattr__, __dir__ = mirror("scipy.optimize")
