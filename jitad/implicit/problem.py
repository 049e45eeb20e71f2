"""The op of what is defined by an equation: x with F(x, args) = 0, found by any solver.

By the implicit function theorem F_x dx = -F_args dargs: the tangent of x takes one linear solve,
and so does its adjoint, with the transposed matrix, whatever the solver did. The rules read the
result itself, so that derivatives of every order follow.

Source: Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, chapter 15; Blondel et al.,
Efficient and modular implicit differentiation, NeurIPS 2022.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from jitad.frontend.active import depth
from jitad.implicit.solvers import ConvergenceError, answer
from jitad.ir.builder import Builder, inline
from jitad.ir.errors import TraceError
from jitad.ir.op import FLOAT64, DType, Shape, Structural
from jitad.ir.tape import Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control.loop import each_alone
from jitad.ops.control.parts import input_types
from jitad.ops.linalg import matrices as mx
from jitad.runtime.compute import kernel_of
from jitad.runtime.kernel import Kernel
from jitad.transforms.batch import batch
from jitad.transforms.forward import forward
from jitad.transforms.reverse import reverse

Solve = Callable[["Problem", np.ndarray, Sequence[Any]], np.ndarray]
"""From a problem, the first guess and the arguments to the solution."""

LinearSolver = Callable[[LinearOperator, np.ndarray], Any]
"""From an operator A and b to x with A x = b, or to (x, info), info being 0 where it is right."""


@dataclass(frozen=True, eq=False)
class Problem:
    """F(x, args) = 0: a tape of x, shape (n,), and the arguments; how x is found.

    `objective` is the tape of the function that the user gave, of the same inputs: F itself, or
    that whose fixed point or minimum x is. `solve` is a function of ours, by the user's `solver`.
    Without `linear_solver` linear systems are solved with the dense matrix.
    """

    name: str
    residual: Tape
    objective: Tape
    solve: Solve
    solver: Callable[..., Any] | None
    linear_solver: LinearSolver | None

    def __reduce__(self) -> tuple[Any, ...]:
        return Problem, tuple(getattr(self, field.name) for field in fields(self))

    @property
    def size(self) -> int:
        """The number of unknowns."""
        return self.residual.instrs[self.residual.inputs[0]].shape[0]

    @cached_property
    def functions(self) -> Functions:
        """The functions of the problem as machine code."""
        return Functions(self)

    @cached_property
    def linearised(self) -> Problem:
        """F_x z = b as a problem with the arguments (x, args, b)."""
        return _linear(self, transposed=False)

    @cached_property
    def transposed(self) -> Problem:
        """F_x^T z = b as a problem with the arguments (x, args, b)."""
        return _linear(self, transposed=True)

    def __repr__(self) -> str:
        return f"<{self.name} of {self.size}>"


class Functions:
    """A problem's functions, compiled when they are first asked for."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem

    @cached_property
    def objective(self) -> Kernel:
        """What the user gave, from (x, args)."""
        return kernel_of(self._problem.objective)

    @cached_property
    def residual(self) -> Kernel:
        """F, from (x, args)."""
        return kernel_of(self._problem.residual)

    @cached_property
    def matrix(self) -> Kernel:
        """F_x, from (x, args)."""
        builder, inputs = with_inputs(self._problem.residual)
        matrix = matrix_of(self._problem.residual, inputs)
        return kernel_of(builder.finish([matrix.index]))

    @cached_property
    def product(self) -> Kernel:
        """F_x v, from (x, args, v)."""
        tape = forward(self._problem.residual, [0])
        return kernel_of(Tape(tape.instrs, tape.inputs, tape.outputs[1:]))


def with_inputs(tape: Tape) -> tuple[Builder, list[Value]]:
    """A new tape with the inputs of another."""
    builder = Builder()
    return builder, [builder.input(f"x{k}", *t) for k, t in enumerate(input_types(tape))]


def matrix_of(tape: Tape, inputs: Sequence[Value]) -> Value:
    """The derivatives of a vector by the first input, one: a tangent for each direction at once."""
    x, n = inputs[0], inputs[0].size
    tape = forward(tape, [0])
    tape = batch(tape, [len(tape.inputs) - 1], n, [1])
    directions = mx.eye(x, (n, n), FLOAT64)
    return st.transpose(inline(x.builder, tape, [*inputs, directions])[1], perm=(1, 0))


# -- linear systems --------------------------------------------------------------------------------


def _solved(problem: Problem, x: Value, args: Sequence[Value], b: Value, transposed: bool) -> Value:
    """F_x^-1 b, or F_x^-T b."""
    if problem.linear_solver is not None:
        linear = problem.transposed if transposed else problem.linearised
        return implicit(st.zeros(b, b.shape, FLOAT64), x, *args, b, problem=linear)
    matrix = matrix_of(problem.residual, [x, *args])
    matrix = st.transpose(matrix, perm=(1, 0)) if transposed else matrix
    return np.linalg.solve(matrix, b)  # type: ignore[call-overload]  # traced


def _linear(problem: Problem, transposed: bool) -> Problem:
    """The tape (z, x, args, b) -> F_x z - b."""
    builder = Builder()
    inner = input_types(problem.residual)
    z = builder.input("z", *inner[0])
    inputs = [builder.input(f"x{k}", *t) for k, t in enumerate(inner)]
    b = builder.input("b", *inner[0])
    swept = reverse(problem.residual, [0], [0]) if transposed else forward(problem.residual, [0])
    product = inline(builder, swept, [*inputs, z])[1]
    tape = builder.finish([ew.sub(product, b).index])
    name = f"linear system of {problem.name}"
    return Problem(name, tape, tape, _solve_linear, None, problem.linear_solver)


def _solve_linear(problem: Problem, start: np.ndarray, args: Sequence[Any]) -> np.ndarray:
    """The user's linear solver on F_x as an operator; F_x is that of `residual` itself."""
    product, solver = problem.functions.product, problem.linear_solver
    assert solver is not None
    operator: Any = LinearOperator(
        shape=(problem.size, problem.size),
        dtype=FLOAT64,
        matvec=lambda v: product.call([start, *args, np.ravel(v)]),  # pyright: ignore
    )
    found = solver(operator, np.array(args[-1]))
    if not isinstance(found, tuple):
        return answer(found, start, problem.name)
    if found[1] != 0:
        raise ConvergenceError(
            f"the linear solver did not converge: info = {found[1]}",
            remedy="allow more iterations, give a preconditioner, or leave linear_solver= out",
        )
    return answer(found[0], start, problem.name)


# -- the op ----------------------------------------------------------------------------------------


def _infer(start: Any, *args: Any, problem: Problem) -> tuple[Shape, DType]:
    return start.shape, start.dtype


def _np_implicit(start: np.ndarray, *args: Any, problem: Problem) -> np.ndarray:
    """The solver's answer; where functions are being traced, out of their sight.

    A solver may use functions of ours, which would be recorded by a trace in this thread.
    """
    copies = np.array(start), [np.array(x) for x in args]
    if not depth():
        return problem.solve(problem, *copies)
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(problem.solve, problem, *copies).result()


def _jvp(operands: Any, x: Any, tangents: Any, problem: Problem) -> Any:
    """dx = -F_x^-1 F_args dargs; on the first guess it does not depend."""
    _, *args = operands
    known = [k for k, dx in enumerate(tangents) if k and dx is not None]
    if not known:
        return None
    seeds = [tangents[k] for k in known]
    moved = inline(x.builder, forward(problem.residual, known), [x, *args, *seeds])[1]
    return ew.neg(_solved(problem, x, args, moved, transposed=False))


def _pullback(j: int, operands: Any, x: Any, x_bar: Any, problem: Problem) -> Any:
    """-F_args^T F_x^-T x_bar; each operand asks for the solve anew, and equal ones are merged."""
    if j == 0:
        return None
    _, *args = operands
    weights = ew.neg(_solved(problem, x, args, x_bar, transposed=True))
    swept = reverse(problem.residual, [j], [0])
    return inline(x_bar.builder, swept, [x, *args, weights])[1]


def _batch(operands: Any, batched: Any, size: int, problem: Problem) -> Any:
    """One problem after the other, in a loop."""
    return each_alone(implicit, {"problem": problem}, operands, batched, size)


implicit = Structural(
    "implicit",
    ("problem",),
    infer=_infer,
    evaluate=_np_implicit,
    jvp=_jvp,
    pullback=_pullback,
    batch=_batch,
    library=lambda call, problem: call.call_back(),
)
"""implicit(start (n,), *args; problem) -> x (n,)."""


def as_problem(
    name: str,
    objective: Tape,
    residual: Callable[[list[Value]], Value],
    solve: Solve,
    solver: Callable[..., Any],
    linear_solver: LinearSolver | None,
) -> Problem:
    """A problem whose F is what `residual` makes of the inputs (x, args) of `objective`."""
    if linear_solver is not None and not callable(linear_solver):
        raise TraceError(
            f"linear_solver={linear_solver!r} is not a function",
            remedy="pass a function of (A, b), such as scipy.sparse.linalg.gmres",
        )
    builder, inputs = with_inputs(objective)
    tape = builder.finish([residual(inputs).index])
    return Problem(name, tape, objective, solve, solver, linear_solver)
