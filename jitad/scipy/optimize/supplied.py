"""A call of SciPy's solvers, outside of traces -> the same call with the derivatives supplied.

What the user gives wins; what SciPy would take by finite differences, because nothing is given, is
compiled. All that is made of a function is kept with that function, so that another call compiles
nothing. Results are SciPy's own.

Source: Nocedal & Wright, Numerical Optimization, 2nd ed., Springer 2006, chapter 8.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.optimize
from scipy.optimize import BFGS, LinearConstraint, NonlinearConstraint

from jitad.api import jvp, value_and_grad
from jitad.ir.errors import ShapeError
from jitad.matrices import hessian, hvp, jacobian
from jitad.programs.recorded import compiled, run_first
from jitad.scipy.optimize.calls import Named, as_array, given_args

DENSE = 100
"""Unknowns up to which a Hessian is a dense matrix, where the method takes something else too."""

WITHOUT_SLOPE = ("nelder-mead", "powell", "cobyla", "cobyqa")
_WITH_MATRIX = ("dogleg", "trust-exact")
_WITH_PRODUCTS = ("newton-cg", "trust-ncg", "trust-krylov", "trust-constr")
WITH_HESSIAN = (*_WITH_MATRIX, *_WITH_PRODUCTS)


def named(method: Any) -> Any:
    """A method's name as SciPy compares it; a function of the user's, or None, as it is."""
    return method.lower() if isinstance(method, str) else method


def _start(x0: Any, name: str) -> np.ndarray:
    """A first guess in float64, whose derivatives are real."""
    x0 = np.asarray(x0)
    if x0.dtype.kind == "c":
        raise ShapeError(
            f"scipy.optimize.{name} from a complex guess",
            remedy="let x be the real and the imaginary parts, side by side",
        )
    return np.asarray(x0, np.float64)


def _is_absent(jac: Any) -> bool:
    return jac is None or jac is False


# -- functions of the user's, as they are recorded -------------------------------------------------


def _number(functions: Sequence[Any], _: Any, x: Any, *args: Any) -> Any:
    """The function's value, of shape () where SciPy takes an array of one."""
    y = as_array(run_first(functions, x, *args))
    return np.reshape(y, ()) if np.ndim(y) and np.size(y) == 1 else y


def _first(functions: Sequence[Any], _: Any, x: Any, *args: Any) -> Any:
    """The first of what the function returns."""
    return run_first(functions, x, *args)[0]


def _rows(functions: Sequence[Any], _: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
    """The function's values as one axis."""
    return np.atleast_1d(as_array(run_first(functions, x, *args, **kwargs)))


def _weighed(functions: Sequence[Any], _: Any, x: Any, v: Any, *args: Any) -> Any:
    """The sum of the function's values by the weights v: multipliers of constraints."""
    return v @ _rows(functions, _, x, *args)


def _model(functions: Sequence[Any], _: Any, p: Any, xdata: Any) -> Any:
    return np.ravel(as_array(run_first(functions, xdata, *p)))


def _slopes(functions: Sequence[Any], options: Sequence[int], x: Any, *args: Any) -> Any:
    """Value and derivatives, up to an order, of a function of one number, or of an array element
    by element: a tangent of ones."""
    (order,) = options
    f = lambda x: run_first(functions, x, *args)  # noqa: E731
    steps = [f]
    for _ in range(order):
        steps.append(lambda x, f=steps[-1]: jvp(f, (x,), (np.ones_like(x),))[1])
    return tuple(step(x) for step in steps)


def _last_slope(functions: Sequence[Any], options: Sequence[int], x: Any, *args: Any) -> Any:
    return _slopes(functions, options, x, *args)[-1]


# -- minima ----------------------------------------------------------------------------------------


def minimize(given: Named) -> Any:
    """`minimize` with gradient (one kernel with the value), Hessian and constraints' derivatives.

    The Hessian is dense for `dogleg` and `trust-exact`, and up to `DENSE` unknowns; of more the
    other methods take products with it.
    """
    method, fun = named(given["method"]), given["fun"]
    if method in WITHOUT_SLOPE:
        return scipy.optimize.minimize(**given)
    given["x0"] = x0 = _start(given["x0"], "minimize")
    has_both = given["jac"] is True
    value = compiled(_number, (compiled(_first, (fun,)) if has_both else fun,))
    if _is_absent(given["jac"]):
        given["fun"], given["jac"] = value_and_grad(value), True
    if given["hess"] is None and given["hessp"] is None:
        if method in _WITH_MATRIX or (_takes_hessian(method) and x0.size <= DENSE):
            given["hess"] = hessian(value)
        elif _takes_hessian(method):
            given["hessp"] = hvp(value)
    if method in ("slsqp", "trust-constr"):
        _supply_constraints(given, method, is_sparse=method != "slsqp" and x0.size > DENSE)
    return scipy.optimize.minimize(**given)


def _takes_hessian(method: Any) -> bool:
    return method in _WITH_PRODUCTS or callable(method)


def _supply_constraints(given: Named, method: str, is_sparse: bool) -> None:
    constraints = given["constraints"]
    if isinstance(constraints, (dict, NonlinearConstraint, LinearConstraint)):
        constraints = [constraints]
    is_whole = method == "trust-constr"
    supplied = [_constraint(x, is_sparse, is_whole) for x in constraints]
    given["constraints"] = supplied
    if is_sparse and any(isinstance(x, NonlinearConstraint) for x in supplied):
        given["options"] = {"sparse_jacobian": True, **(given["options"] or {})}


def _constraint(given: Any, is_sparse: bool, is_whole: bool) -> Any:
    """A constraint with its derivatives; one of a dict becomes, where it is to have second ones
    too, SciPy's object."""
    if isinstance(given, dict):
        if not is_whole:
            return given if callable(given.get("jac")) else {**given, "jac": _matrix_of(given)}
        args, fun = given_args(given), given["fun"]
        own = given.get("jac")
        jac: Any = (lambda x: own(x, *args)) if callable(own) else "2-point"
        upper = 0.0 if named(given["type"]) == "eq" else np.inf
        given = NonlinearConstraint((lambda x: fun(x, *args)) if args else fun, 0.0, upper, jac)
    if not isinstance(given, NonlinearConstraint):
        return given
    matrix: Any = given.jac
    hess: Any = given.hess
    if matrix == "2-point":
        matrix = jacobian(compiled(_rows, (given.fun,)), sparse=is_sparse)
    if is_whole and isinstance(hess, BFGS) and vars(hess) == vars(BFGS()):
        hess = hessian(compiled(_weighed, (given.fun,)), sparse=is_sparse)
    return NonlinearConstraint(given.fun, given.lb, given.ub, matrix, hess, given.keep_feasible)


def _matrix_of(constraint: dict[str, Any]) -> Callable[..., Any]:
    return jacobian(compiled(_rows, (constraint["fun"],)))


def least_squares(given: Named) -> Any:
    """`least_squares` with the Jacobian; a sparse one where `jac_sparsity` is given, whatever it
    says, or `tr_solver="lsmr"`."""
    if given["jac"] == "2-point":
        is_sparse = given["jac_sparsity"] is not None or given["tr_solver"] == "lsmr"
        given["jac"] = jacobian(compiled(_rows, (given["fun"],)), sparse=is_sparse)
        given["x0"], given["jac_sparsity"] = _start(given["x0"], "least_squares"), None
    return scipy.optimize.least_squares(**given)


def curve_fit(given: Named) -> Any:
    """`curve_fit` with the model's derivatives by its parameters."""
    if given["jac"] is None or given["jac"] == "2-point":
        matrix = jacobian(compiled(_model, (given["f"],)))
        given["jac"] = lambda xdata, *p: matrix(np.asarray(p, np.float64), xdata)
    more = given.pop("kwargs", None) or {}
    return scipy.optimize.curve_fit(**given, **more)


# -- roots -----------------------------------------------------------------------------------------


def root(given: Named) -> Any:
    """`root` with the Jacobian, for the methods that take one."""
    if _is_absent(given["jac"]) and named(given["method"]) in ("hybr", "lm"):
        given["jac"] = jacobian(compiled(_rows, (given["fun"],)))
        given["x0"] = _start(given["x0"], "root")
    return scipy.optimize.root(**given)


def fsolve(given: Named) -> Any:
    """`fsolve` with the Jacobian."""
    if given["fprime"] is None:
        given["fprime"] = jacobian(compiled(_rows, (given["func"],)))
        given["x0"], given["col_deriv"] = _start(given["x0"], "fsolve"), 0
    return scipy.optimize.fsolve(**given)


def newton(given: Named) -> Any:
    """`newton` with the derivative, unless a second guess `x1` asks for secants."""
    if given["fprime"] is None and given["x1"] is None:
        given["x0"] = np.asarray(given["x0"])[()] * 1.0
        given["fprime"] = compiled(_last_slope, (given["func"],), 1)
    return scipy.optimize.newton(**given)


def root_scalar(given: Named) -> Any:
    """`root_scalar` with the derivatives of Newton's and Halley's methods."""
    method, f = named(given["method"]), given["f"]
    is_free = not method and given["bracket"] is None and given["x1"] is None
    if given["x0"] is None or not (is_free or method in ("newton", "halley")):
        return scipy.optimize.root_scalar(**given)
    given["x0"] = float(given["x0"])
    if not given["fprime"]:
        order = 2 if method == "halley" and not callable(given["fprime2"]) else 1
        given["f"], given["fprime"] = compiled(_slopes, (compiled(_number, (f,)),), order), True
        given["fprime2"] = True if order == 2 else given["fprime2"]
    elif method == "halley" and not given["fprime2"]:
        f = compiled(_first, (f,)) if given["fprime"] is True else f
        given["fprime2"] = compiled(_last_slope, (compiled(_number, (f,)),), 2)
    return scipy.optimize.root_scalar(**given)
