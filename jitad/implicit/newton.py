"""Newton's methods as part of the program that calls them: many small problems are lanes of a loop.

Nothing calls back: each turn of one loop has the function, its matrix, a linear system by
elimination, and takes or halves a step. Points of a `vmap` end for themselves, each with a status.
Derivatives are those of the equation at the solution, of every order.

Source: Dennis & Schnabel, Numerical Methods for Unconstrained Optimization and Nonlinear Equations,
SIAM 1996, chapters 6 and 10; Marquardt, J. SIAM 11 (1963), 431; Griewank & Walther, Evaluating
Derivatives, 2nd ed., SIAM 2008, chapter 15.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from jitad.frontend.active import depth
from jitad.frontend.operands import lift
from jitad.frontend.traceable import check_functions
from jitad.functions.control import loops
from jitad.functions.control.custom import TangentRule, call
from jitad.implicit.elimination import eliminated
from jitad.implicit.problem import matrix_of, with_inputs
from jitad.implicit.solvers import ConvergenceError
from jitad.implicit.unknown import NONE, Unknown, as_vector
from jitad.ir.builder import inline
from jitad.ir.errors import ShapeError
from jitad.ir.tape import Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.programs.recorded import compiled
from jitad.transforms.forward import forward
from jitad.transforms.reverse import reverse

CONVERGED, TOO_MANY, SINGULAR, NOT_FINITE, STALLED = range(5)
_RUNNING = -1
_SAID = {
    TOO_MANY: "it has not converged after max_steps turns",
    SINGULAR: "the matrix of the linear system is singular",
    NOT_FINITE: "the function is infinite or NaN at the first guess",
    STALLED: "no step, however short, makes the residual smaller",
}
_DECREASE = 1e-4
"""Armijo's share of the decrease that the slope promises, from which a step leads down."""

_SHORTEST = 2.0**-30
"""Part of Newton's step below which halving ends."""

_ROUNDING = 1e-14
"""Relative increase of the sum of squares that is rounding."""

_MOST_DAMPED = 1e16
"""Damping beyond which no step leads down."""


class Solution(NamedTuple):
    """What `newton_solve` and its kin find, for each point.

    `x` has the structure of the first guess, and is NaN where `status` is not 0: 1 after too many
    turns, 2 at a singular matrix, 3 where the function is not finite at the guess, 4 where no step
    leads down. `steps` counts turns, steps that were halved included; `last` is where they ended,
    which has no derivative.
    """

    x: Any
    status: Any
    steps: Any
    last: Any


def newton_solve(
    f: Callable[..., Any], x0: Any, theta: Any = NONE, *, tol: float = 1e-9, max_steps: int = 60
) -> Solution:
    """x with f(x, theta) = 0 by Newton's method, in compiled code.

    Args:
        f: from (x, theta) to as many numbers as x has.
        x0: where it begins, a number, an array or a pytree of them.
        theta: what x depends on, any pytree; without it f is called with x alone. What f closes
            over counts as well.
        tol: the last step has max |step| <= tol * (1 + max |x|); the error after it is about the
            square of that.
        max_steps: turns at most. Steps are halved until the sum of squares becomes smaller.

    Returns:
        A `Solution`, whose x has the structure, shapes and floating dtypes of x0. Under `vmap` each
        point has its own status, and NaN in x where it failed. Of millions of points `jitad.map`
        over blocks of some hundred, each with its `vmap`, is fastest: a block ends with its own
        last point, and stays in the cache.

    Raises:
        ConvergenceError: called by itself, not within a function that is traced: x was not found.
        ShapeError: f returns another number of numbers than x has.

    >>> import numpy as np, jitad
    >>> solve = lambda a: jitad.implicit.newton_solve(lambda x, a: x**2 - a, 1.0, a).x
    >>> jitad.vmap(jitad.grad(solve))(np.array([4.0, 16.0])).round(12)
    array([0.25 , 0.125])
    """
    return _run("newton_solve", f, x0, theta, tol, max_steps)


def gauss_newton(
    f: Callable[..., Any], x0: Any, theta: Any = NONE, *, tol: float = 1e-9, max_steps: int = 60
) -> Solution:
    """The x that minimises the sum of squares of f(x, theta), by Gauss and Newton's method.

    Arguments and result as of `newton_solve`; f returns at least as many numbers as x has. It is
    for small residuals; its derivatives are those of the minimum, second ones of f included.

    >>> import numpy as np, jitad
    >>> t = np.linspace(0.0, 1.0, 5)
    >>> rows = lambda x, y: x[0] * np.exp(-x[1] * t) - y
    >>> jitad.implicit.gauss_newton(rows, np.ones(2), 2 * np.exp(-0.5 * t)).x.round(9)
    array([2. , 0.5])
    """
    return _run("gauss_newton", f, x0, theta, tol, max_steps)


def levenberg_marquardt(
    f: Callable[..., Any], x0: Any, theta: Any = NONE, *, tol: float = 1e-9, max_steps: int = 200
) -> Solution:
    """As `gauss_newton`, with Marquardt's damping: from farther away, and for larger residuals.

    >>> import numpy as np, jitad
    >>> rows = lambda x, a: np.stack([10 * (x[1] - x[0] ** 2), a - x[0]])
    >>> jitad.implicit.levenberg_marquardt(rows, np.array([-1.2, 1.0]), 1.0).x.round(9)
    array([1., 1.])
    """
    return _run("levenberg_marquardt", f, x0, theta, tol, max_steps)


def _run(kind: str, f: Any, x0: Any, theta: Any, tol: float, max_steps: int) -> Solution:
    check_functions(f)
    if depth():
        return _record((f,), (kind, tol, max_steps), x0, theta)
    found = compiled(_record, (f,), kind, tol, max_steps)(x0, theta)
    if found.status != CONVERGED:
        raise ConvergenceError(
            f"{kind}: {_SAID[int(found.status)]}, at x = {found.last}, after {found.steps} turns",
            remedy="begin nearer to the solution; within jit or vmap the status says it instead",
        )
    return found


@dataclass(frozen=True, eq=False)
class _Equation:
    """What is solved: `f` is the user's function, `zero` what is 0 at the solution, as tapes of
    (x, arguments)."""

    kind: str
    f: Tape
    zero: Tape
    tol: float
    max_steps: int
    source: Callable[..., Any]


def _record(functions: Sequence[Any], options: Any, x0: Any, theta: Any) -> Solution:
    kind, tol, max_steps = options
    unknown = Unknown(kind, functions[0], x0, theta)
    tape = unknown.objective.tape
    if kind == "newton_solve":
        unknown.check(unknown.size)
    elif (rows := math.prod(unknown.objective.results[0].shape)) < unknown.size:
        raise ShapeError(
            f"{kind} of {rows} residuals of {unknown.size} unknowns",
            remedy="return at least as many residuals as x has numbers",
        )
    zero = tape if kind == "newton_solve" else _gradient(tape)
    equation = _Equation(kind, tape, zero, tol, max_steps, functions[0])
    start = ew.stop_gradient(lift(unknown.builder, as_vector(unknown.leaves)))
    given = [start, *unknown.args, *unknown.objective.captured]
    x, status, steps, last = _solution(equation, *given)
    return Solution(unknown.tree(x), status, steps, unknown.tree(last))


def _gradient(tape: Tape) -> Tape:
    """Half the sum of squares of a tape's result, differentiated by its first input."""
    builder, inputs = with_inputs(tape)
    rows = inline(builder, tape, inputs)[0]
    slope = inline(builder, reverse(tape, [0], [0]), [*inputs, rows])[1]
    return builder.finish([slope.index])


# -- the implicit function theorem -----------------------------------------------------------------


def _solution(equation: _Equation, *operands: Any) -> Any:
    rule = TangentRule(partial(_moved, equation), equation.source)
    return call(equation.kind, partial(_iterate, equation), rule, operands)


def _moved(equation: _Equation, primals: Any, tangents: Any) -> Any:
    """The solution, and by how much it moves: the equation's matrix, against its own change."""
    found = _solution(equation, *primals)
    x, args = found[0], primals[1:]
    known = [k for k, a in enumerate(args, 1) if a.dtype.kind == "f"]
    if not known:
        return found, (None, None, None, None)
    tape = forward(equation.zero, known)
    change = inline(x.builder, tape, [x, *args, *(tangents[k] for k in known)])[1]
    step, _ = eliminated(matrix_of(equation.zero, [x, *args]), change)
    # A factor, which adjoints meet as well: where nothing was found there is no derivative.
    return found, (step * np.where(found[1] == CONVERGED, -1.0, np.nan), None, None, None)


# -- the loops -------------------------------------------------------------------------------------


def _iterate(equation: _Equation, start: Value, *args: Value) -> Any:
    begin, turn = _TURNS[equation.kind]
    state = (start, start, *begin(start), 0, _RUNNING)

    def goes_on(state: Any) -> Any:
        return (state[-1] == _RUNNING) & (state[-2] < equation.max_steps)

    ends = loops.while_loop(goes_on, partial(turn, equation, args), state)
    x, last, *_, steps, status = ends
    status = np.where(status == _RUNNING, TOO_MANY, status)
    return np.where(status == CONVERGED, x, np.nan), status, steps, last


def _at(equation: _Equation, args: Sequence[Value], x: Any) -> tuple[Any, Any, Any]:
    """The function at x, its matrix, the sum of its squares."""
    inputs = [x, *(lift(x.builder, a) for a in args)]
    value: Any = inline(x.builder, equation.f, inputs)[0]
    return value, matrix_of(equation.f, inputs), np.sum(value * value)


def _is_small(equation: _Equation, step: Any, x: Any) -> Any:
    """Whether a step is the last one."""
    return np.max(np.abs(step)) <= equation.tol * (1 + np.max(np.abs(x)))


def _halved(equation: _Equation, args: Sequence[Value], state: Any) -> Any:
    """Newton's step from x where the last one has led down, else half of the last one."""
    x, anchor, step, fall, norm, part, count, _ = state
    value, matrix, size = _at(equation, args, x)
    led_down = size <= norm * (1 + _ROUNDING) - _DECREASE * part * fall
    if equation.kind == "newton_solve":
        new, is_regular = eliminated(matrix, value)
        new_fall = size
    else:
        slope = value @ matrix
        new, is_regular = eliminated(matrix.T @ matrix, slope)
        new_fall = slope @ new
    anchor, step = np.where(led_down, x, anchor), np.where(led_down, new, step)
    norm, fall = np.where(led_down, size, norm), np.where(led_down, new_fall, fall)
    part = np.where(led_down, 1.0, part / 2)
    status = np.where(led_down & _is_small(equation, step, anchor), CONVERGED, _RUNNING)
    status = np.where(part < _SHORTEST, STALLED, status)
    status = np.where(led_down & ~is_regular, SINGULAR, status)
    status = np.where((count == 0) & ~np.isfinite(size), NOT_FINITE, status)
    return anchor - part * step, anchor, step, fall, norm, part, count + 1, status


def _damped(equation: _Equation, args: Sequence[Value], state: Any) -> Any:
    """A step of the damped normal equations, from x or, where it has not led down, from before."""
    x, anchor, matrix, slope, norm, damping, count, _ = state
    value, rows, size = _at(equation, args, x)
    led_down = size <= norm * (1 + _ROUNDING)
    anchor, norm = np.where(led_down, x, anchor), np.where(led_down, size, norm)
    matrix = np.where(led_down, rows.T @ rows, matrix)
    slope = np.where(led_down, value @ rows, slope)
    factor = np.where(led_down, 0.1, 10.0)
    damping = np.where(count == 0, damping, damping * factor)
    diagonal = np.diagonal(matrix)
    scale = np.where(diagonal > 0, diagonal, 1.0)
    step, is_regular = eliminated(matrix + np.diag(damping * scale), slope)
    is_free = led_down & (damping <= 1e-2)
    status = np.where(is_free & _is_small(equation, step, anchor), CONVERGED, _RUNNING)
    status = np.where(damping > _MOST_DAMPED, STALLED, status)
    status = np.where(~is_regular, SINGULAR, status)
    status = np.where((count == 0) & ~np.isfinite(size), NOT_FINITE, status)
    return anchor - step, anchor, matrix, slope, norm, damping, count + 1, status


def _no_step(start: Any) -> Any:
    """What `_halved` begins with: a step, the decrease it promises, the sum of squares, a part."""
    return start * 0.0, 0.0, np.inf, 1.0


def _no_matrix(start: Any) -> Any:
    """What `_damped` begins with: a matrix, a slope, the sum of squares, the damping."""
    return np.zeros((start.size, start.size)), start * 0.0, np.inf, 1e-3


_TURNS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "newton_solve": (_no_step, _halved),
    "gauss_newton": (_no_step, _halved),
    "levenberg_marquardt": (_no_matrix, _damped),
}
"""By method what its state begins with, beside x and x before, and a turn of its loop."""
