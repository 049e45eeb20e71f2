"""What is defined by an equation: roots, fixed points and minima, differentiated by the theorem.

Any solver finds x, SciPy's included, on compiled functions; the derivatives of x by theta take one
linear solve at x, and nothing of what the solver did. Solvers work on vectors of float64: x0 and
what f returns may be trees of arrays, whose elements the solver sees one after the other.

Source: Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, chapter 15; Blondel et al.,
Efficient and modular implicit differentiation, NeurIPS 2022.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jitad.frontend.active import depth
from jitad.frontend.operands import as_dtype, lift
from jitad.frontend.pytree import flatten, unflatten
from jitad.frontend.trace import TRACEABLE
from jitad.frontend.traceable import check_functions, traceable
from jitad.functions.control.blocks import are_plain, block, current
from jitad.functions.control.custom import without_values
from jitad.implicit import solvers
from jitad.implicit.newton import Solution, gauss_newton, levenberg_marquardt, newton_solve
from jitad.implicit.problem import LinearSolver, Problem, as_problem, implicit
from jitad.implicit.solvers import ConvergenceError, answer
from jitad.implicit.unknown import NONE, Unknown
from jitad.ir.builder import inline
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import FLOAT64
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.programs.recorded import compiled
from jitad.transforms.reverse import reverse

__all__ = [
    "ConvergenceError",
    "Solution",
    "argmin",
    "fixed_point",
    "gauss_newton",
    "levenberg_marquardt",
    "newton_solve",
    "root",
]


def root(
    f: Callable[..., Any],
    x0: Any,
    theta: Any = NONE,
    *,
    solver: Callable[..., Any] | None = None,
    linear_solver: LinearSolver | None = None,
) -> Any:
    """x with f(x, theta) = 0, as a function of theta.

    Args:
        f: from (x, theta) to as many numbers as x has.
        x0: where the solver begins, a number, an array or a pytree of them; x has its structure.
        theta: what x depends on, any pytree. What f closes over counts as well; without theta f is
            called with x alone.
        solver: `solver(f, x0, jac=jac)` gives x, or a result object of SciPy's; f and jac are
            compiled functions of a vector. `scipy.optimize.root` is one, which is the default.
        linear_solver: `linear_solver(A, b)` gives x with A x = b, or SciPy's (x, info), where A
            is a LinearOperator; such as `functools.partial(scipy.sparse.linalg.gmres, rtol=1e-12)`.
            By default the derivatives are those of the dense Jacobian, solved by LAPACK.

    Raises:
        ConvergenceError: the solver found no root; with the solver's own message.
        TraceError: f takes decisions by x in Python.

    >>> import jitad
    >>> jitad.grad(lambda a: jitad.implicit.root(lambda x, a: x**2 - a, 1.0, a))(4.0).round(12)
    np.float64(0.25)
    """
    return _run(_root, f, x0, theta, solver, linear_solver)


def fixed_point(
    g: Callable[..., Any],
    x0: Any,
    theta: Any = NONE,
    *,
    solver: Callable[..., Any] | None = None,
    linear_solver: LinearSolver | None = None,
) -> Any:
    """x with x = g(x, theta), as a function of theta.

    Args:
        g: from (x, theta) to a tree like x.
        x0, theta, linear_solver: as of `root`.
        solver: `solver(g, x0)` gives x; `scipy.optimize.fixed_point` is one. By default g is
            applied again and again.

    >>> import numpy as np, jitad
    >>> x = jitad.implicit.fixed_point(lambda x, a: np.cos(a * x), 1.0, 1.0)
    >>> float(round(x, 9))
    0.739085133
    """
    return _run(_fixed_point, g, x0, theta, solver, linear_solver)


def argmin(
    f: Callable[..., Any],
    x0: Any,
    theta: Any = NONE,
    *,
    solver: Callable[..., Any] | None = None,
    linear_solver: LinearSolver | None = None,
) -> Any:
    """The x that minimises f(x, theta), as a function of theta: where the gradient is zero.

    Args:
        f: from (x, theta) to a number.
        x0, theta, linear_solver: as of `root`; the matrix is that of second derivatives by x.
        solver: `solver(f, x0, jac=gradient, hess=hessian, hessp=product)` gives x, or a result
            object of SciPy's; `hessp(x, v)` is the Hessian times v. Such as `lambda f, x0, jac,
            **_: scipy.optimize.minimize(f, x0, jac=jac)`. By default Newton's method in a trust
            region.

    >>> import numpy as np, jitad
    >>> def fit(theta):
    ...     return jitad.implicit.argmin(lambda x, t: np.exp(x) - t * x, 0.0, theta)
    >>> jitad.grad(fit)(2.0).round(12)  # the minimum is at log(theta)
    np.float64(0.5)
    """
    return _run(_argmin, f, x0, theta, solver, linear_solver)


def _run(record: Callable[..., Any], f: Any, x0: Any, theta: Any, *options: Any) -> Any:
    check_functions(f, *(x for x in options if x is not None))
    if depth():
        return record(f, x0, theta, *options)
    return compiled(_solved, (f, *(x for x in options if x is not None)), record, *options)(
        x0, theta
    )


def _solved(functions: Sequence[Any], options: tuple[Any, ...], x0: Any, theta: Any) -> Any:
    record, *others = options
    return record(functions[0], x0, theta, *others)


# -- what is recorded ------------------------------------------------------------------------------


def _root(
    f: Callable[..., Any], x0: Any, theta: Any, solver: Any, linear_solver: LinearSolver | None
) -> Any:
    unknown = Unknown("root", f, x0, theta)
    unknown.check(unknown.size)
    solver = solvers.rounded(solvers.root, unknown.rounding) if solver is None else solver
    return unknown.solved(unknown.value, _solve_root, solver, linear_solver)


def _solve_root(problem: Problem, start: np.ndarray, args: Sequence[Any]) -> np.ndarray:
    functions, solver = problem.functions, _solver(problem)
    found = solver(
        lambda x: functions.residual.call([x, *args]),
        start,
        jac=lambda x: functions.matrix.call([x, *args]),
    )
    return answer(found, start, problem.name)


def _fixed_point(
    g: Callable[..., Any], x0: Any, theta: Any, solver: Any, linear_solver: LinearSolver | None
) -> Any:
    unknown = Unknown("fixed_point", g, x0, theta)
    unknown.check(unknown.size)
    solver = solvers.rounded(solvers.fixed_point, unknown.rounding) if solver is None else solver

    def residual(inputs: list[Value]) -> Value:
        return ew.sub(inputs[0], unknown.value(inputs))

    return unknown.solved(residual, _solve_fixed_point, solver, linear_solver)


def _solve_fixed_point(problem: Problem, start: np.ndarray, args: Sequence[Any]) -> np.ndarray:
    function = problem.functions.objective
    found = _solver(problem)(lambda x: function.call([x, *args]), start)
    return answer(found, start, problem.name)


def _argmin(
    f: Callable[..., Any], x0: Any, theta: Any, solver: Any, linear_solver: LinearSolver | None
) -> Any:
    unknown = Unknown("argmin", f, x0, theta)
    unknown.check(1)
    slope = reverse(unknown.objective.tape, [0], [0])

    def gradient(inputs: list[Value]) -> Value:
        seed = inputs[0].builder.const(1, (1,), FLOAT64)
        return inline(seed.builder, slope, [*inputs, seed])[1]

    solver = solvers.rounded(solvers.argmin, unknown.rounding) if solver is None else solver
    return unknown.solved(gradient, _solve_argmin, solver, linear_solver)


def _solve_argmin(problem: Problem, start: np.ndarray, args: Sequence[Any]) -> np.ndarray:
    functions, solver = problem.functions, _solver(problem)
    found = solver(
        lambda x: functions.objective.call([x, *args])[0],
        start,
        jac=lambda x: functions.residual.call([x, *args]),
        hess=lambda x: functions.matrix.call([x, *args]),
        hessp=lambda x, v: functions.product.call([x, *args, v]),
    )
    return answer(found, start, problem.name)


def _solver(problem: Problem) -> Callable[..., Any]:
    assert problem.solver is not None
    return problem.solver
