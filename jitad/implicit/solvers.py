"""(functions, first guess) -> solution: the solvers taken by default, and what any may return.

All work on vectors. Derivatives are taken at the solution itself, and so SciPy's solvers, whose
tolerances are of other quantities, are followed by Newton's steps until these are small.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np
import scipy.optimize
from scipy.sparse.linalg import LinearOperator, cg

from jitad.ir.errors import JitadError

Function = Callable[[np.ndarray], Any]
Step = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""From x and f(x) to the step that is to be taken off x, and what it leaves of f in first order."""

DENSE = 500
"""Unknowns up to which a minimum is found with the whole matrix of second derivatives."""

_TURNS = 10_000
"""How often a function is applied to find its fixed point."""

_STEPS = 20
"""Newton's steps after a solver has ended."""


_DOUBLE = float(np.finfo(np.float64).eps)
"""The rounding of functions that compute in float64."""


@lru_cache(maxsize=8)
def rounded(solver: Callable[..., Any], rounding: float) -> Callable[..., Any]:
    """A solver of ours for functions that round to that."""
    return solver if rounding == _DOUBLE else partial(solver, rounding=rounding)


class ConvergenceError(JitadError, ArithmeticError):
    """A solver did not find what it was asked for."""


def root(f: Function, x0: np.ndarray, jac: Function, *, rounding: float = _DOUBLE) -> np.ndarray:
    """A zero of f, by Powell's hybrid method."""
    return _settled(f, _by_matrix(jac), scipy.optimize.root(f, x0, jac=jac), rounding)


def fixed_point(g: Function, x0: np.ndarray, *, rounding: float = _DOUBLE) -> np.ndarray:
    """A fixed point of g that attracts: the limit of x, g(x), g(g(x)) ..."""
    x = x0
    for _ in range(_TURNS):
        last, x = x, g(x)
        if not np.all(np.isfinite(x)):
            break
        if np.all(np.abs(x - last) <= max(1e-13, 4 * rounding) * (1 + np.abs(x))):
            return x
    raise ConvergenceError(
        f"x, g(x), g(g(x)) ... has no limit, or is not near to it after {_TURNS} turns",
        remedy="use jitad.implicit.root of x - g(x), or pass a solver=",
    )


def argmin(
    f: Function, x0: np.ndarray, jac: Function, hess: Function, hessp: Callable[..., Any], *,
    rounding: float = _DOUBLE,
) -> np.ndarray:  # fmt: skip
    """A minimum of f, by Newton's method in a trust region."""
    slope = np.linalg.norm(jac(x0))
    if slope == 0:
        return x0
    options = {"gtol": 1e-8 * slope}
    if len(x0) <= DENSE:
        found = scipy.optimize.minimize(
            f, x0, jac=jac, hess=hess, method="trust-exact", options=options
        )
        return _lower(f, x0, _settled(jac, _by_matrix(hess), found, rounding))
    found = scipy.optimize.minimize(
        f, x0, jac=jac, hessp=hessp, method="trust-krylov", options=options
    )
    return _lower(f, x0, _settled(jac, _by_products(hessp), found, rounding))


def _lower(f: Function, x0: np.ndarray, x: np.ndarray) -> np.ndarray:
    """x, where f is not above what it was; an error where the slope is zero at a maximum."""
    before, after = float(f(x0)), float(f(x))
    if after - before > 1e-6 * (1 + abs(before)):
        raise ConvergenceError(
            f"the slope is zero where the function is {after}, and at the first guess it was "
            f"{before}: that is no minimum",
            remedy="see that the function is bounded below, or begin nearer to its minimum",
        )
    return x


def _by_matrix(jac: Function) -> Step:
    """Newton's step, of least norm where the matrix is singular."""

    def step(x: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        matrix = jac(x)
        if not np.all(np.isfinite(matrix)):
            return np.zeros_like(x), value
        found = np.linalg.lstsq(matrix, value, rcond=None)[0]
        return found, value - matrix @ found

    return step


def _by_products(hessp: Callable[..., Any]) -> Step:
    """Newton's step by conjugate gradients."""

    def step(x: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        hessian: Any = LinearOperator(
            shape=(x.size, x.size),
            dtype=x.dtype,
            matvec=lambda v: hessp(x, v),  # pyright: ignore[reportCallIssue]  # SciPy's own use
        )
        found = cg(hessian, value, rtol=1e-12)[0]
        return found, value - hessp(x, found)

    return step


def _settled(f: Function, step: Step, found: Any, rounding: float) -> np.ndarray:
    """The zero of f that a solver has come near to; its message where it has not.

    It is near where Newton's steps become small. A matrix that is singular there has no such step
    unless f is in its range; then the solver's own judgement counts.
    """
    x = found.x
    for _ in range(_STEPS):
        value = f(x)
        if not np.all(np.isfinite(value)):
            break
        moved, left = step(x, value)
        if not found.success and np.linalg.norm(left) > 1e-6 * np.linalg.norm(value):
            break
        x = x - moved
        if np.all(np.abs(moved) <= max(1e-10, 50 * rounding) * (1 + np.abs(x))):
            return x
    raise _failed(found)


def checked(found: Any) -> np.ndarray:
    """The solution in a result object of SciPy's; an error with its message where it failed."""
    if not found.success:
        raise _failed(found)
    return found.x


def _failed(found: Any) -> ConvergenceError:
    return ConvergenceError(
        f"the solver did not converge: {' '.join(str(found.message).split())}",
        remedy="begin nearer to the solution, or pass another solver=",
    )


def answer(found: Any, start: np.ndarray, name: str) -> np.ndarray:
    """What a solver returned, as a vector like the first guess."""
    x = checked(found) if isinstance(found, scipy.optimize.OptimizeResult) else found
    try:
        x = np.asarray(x, np.float64)
    except (TypeError, ValueError) as error:
        raise ConvergenceError(
            f"the solver of {name} returned a {type(x).__name__}",
            remedy="return the solution as a vector, or SciPy's result object",
        ) from error
    if x.size != start.size:
        raise ConvergenceError(
            f"the solver of {name} returned an array of shape {x.shape}, and {start.shape} is "
            "needed",
            remedy="return the solution as a vector, or SciPy's result object",
        )
    if not np.all(np.isfinite(x)):
        raise ConvergenceError(
            f"the solver of {name} returned infinite values or NaN",
            remedy="begin nearer to the solution, or pass another solver=",
        )
    return x.reshape(start.shape)
