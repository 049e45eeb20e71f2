"""What `jitad.trace` returns: a tape with the arguments that it was traced at, and its views."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from jitad.frontend.pytree import Structure, flatten, shown
from jitad.ir.errors import DifferentiationError, ShapeError
from jitad.ir.op import DType, Shape
from jitad.ir.tape import Tape
from jitad.passes.straighten import straighten
from jitad.report.dot import to_dot, to_linearised_dot
from jitad.report.elementary import Elementary, elementary
from jitad.report.evaluation import MODES, EvaluationTrace
from jitad.report.extended import ExtendedJacobian, extended_jacobian
from jitad.report.html import to_html
from jitad.report.sweeps import evaluation_trace
from jitad.runtime.plan import Plan


@final
@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """A function's tape at given arguments. Prints as the tape; knows its values.

    `plan` is the traced program, `structure` that of (args, kwargs), `arguments` its leaves.
    """

    function: Callable[..., Any]
    plan: Plan
    structure: Structure
    arguments: tuple[Any, ...]

    @property
    def tape(self) -> Tape:
        """The instructions."""
        return self.plan.tape

    @property
    def labels(self) -> tuple[str, ...]:
        """What the arguments are called."""
        return _argument_names(self.function, self.structure)

    def __len__(self) -> int:
        return len(self.tape)

    def __str__(self) -> str:
        return str(self.tape)

    def __repr__(self) -> str:
        return f"<Trace {self.tape!r}>"

    def _repr_html_(self) -> str:
        return self.to_html()

    def to_html(self) -> str:
        """The tape as an HTML table, which notebooks show."""
        return to_html(self.tape)

    def to_dot(self, partials: bool = False) -> str:
        """The computational graph in DOT, for Graphviz.

        With `partials` it is the linearised graph over the v_i of the evaluation trace: each edge
        is labelled with the elemental partial, in symbols and as a number.
        """
        if partials:
            return to_linearised_dot(evaluation_trace(self._elementary()))
        return to_dot(self.tape)

    def evaluation_trace(
        self, mode: str = "both", tangents: Sequence[Any] | None = None, adjoint: Any = None
    ) -> EvaluationTrace:
        """The textbooks' table: every v_i with its value, its tangent and its adjoint.

        Args:
            mode: "forward" shows tangents, "reverse" adjoints, "both" the two side by side.
            tangents: a direction for each argument, as in `jvp`; the first unit direction, dx = 1
                for the first number and 0 for the others, if left out.
            adjoint: of the result, as for the pullback of `vjp`; if left out, 1 for its first
                number and 0 for the others.

        Returns:
            An `EvaluationTrace`: `print` it, or take its `rows` and `partials`. A program over
            long arrays is not spelt out: its v_i are arrays. Loops and branches are shown as what
            they do at these arguments: every turn, and the branch that is taken.

        Source: Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, tables 1.2 to 1.4.

        >>> import numpy as np, jitad
        >>> trace = jitad.trace(lambda x1, x2: np.log(x1) + x1 * x2 - np.sin(x2), 2.0, 5.0)
        >>> print(trace.evaluation_trace())
             primal        value  tangent                     adjoint
        -------------------------------------------------------------
        v-1  x1                2  dx1                      1      5.5
        v0   x2                5  dx2                      0  1.71634
        -------------------------------------------------------------
        v1   log(v-1)   0.693147  dv-1 / v-1             0.5        1
        v2   v-1 * v0         10  v0 * dv-1 + v-1 * dv0    5        1
        v3   v1 + v2     10.6931  dv1 + dv2              5.5        1
        v4   sin(v0)   -0.958924  cos(v0) * dv0            0       -1
        v5   v3 - v4     11.6521  dv3 - dv4              5.5        1
        -------------------------------------------------------------
        y    v5          11.6521  dv5                    5.5        1
        """
        if mode not in MODES:
            raise ShapeError(f"evaluation_trace has no mode {mode!r}", remedy=f"one of {MODES}")
        program = self._elementary()
        _check_floats([leaf.dtype for leaf in self.plan.leaves])
        direction = weights = None
        if tangents is not None:
            args = self.structure.children()[0]
            shapes = [np.shape(x) for x in self.arguments]
            given = _like(tuple(tangents), args, shapes[: args.num_leaves], "tangents")
            rest = [np.zeros(shape) for shape in shapes[args.num_leaves :]]
            direction = program.split([*given, *rest])
        if adjoint is not None:
            shapes = [self.tape.instrs[i].shape for i in self.tape.outputs]
            weights = program.split(_like(adjoint, self.plan.structure, shapes, "adjoint"))
        return evaluation_trace(program, mode, direction, weights)

    def extended_jacobian(self) -> ExtendedJacobian:
        """The chain rule as one triangular system: C - I, the Jacobian of all the v_i.

        Returns:
            An `ExtendedJacobian`: `print` it, or take its sparse `matrix` and `labels`, `blocks()`,
            the `jacobian()` as its Schur complement, `factors()` and their `product()`.

        Raises:
            TraceError: the program is over long arrays, or complex.

        Source: Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, section 2.2.

        >>> import jitad
        >>> extended = jitad.trace(lambda x1, x2: x1 * x2 + x1, 2.0, 5.0).extended_jacobian()
        >>> print(extended)
             v-1  v0  v1  v2   y
        v-1   -1   .   .   .   .
         v0    .  -1   .   .   .
         v1    5   2  -1   .   .
         v2    1   .   1  -1   .
          y    .   .   .   1  -1
        >>> print(extended.jacobian())
        [[6. 2.]]
        """
        return extended_jacobian(evaluation_trace(self._elementary(), "forward"))

    def _elementary(self) -> Elementary:
        leaves = [
            np.asarray(x, leaf.dtype)
            for x, leaf in zip(self.arguments, self.plan.leaves, strict=True)
        ]
        tape = straighten(self.tape, [*leaves, *self.plan.captured])
        return elementary(tape, leaves, self.plan.captured, self.labels)


def _check_floats(dtypes: Sequence[DType]) -> None:
    """An error where there are arguments, but none that has a tangent."""
    if dtypes and not any(dtype.kind == "f" for dtype in dtypes):
        raise DifferentiationError(
            f"the evaluation trace of arguments of dtype {', '.join(map(str, dtypes))}, none of "
            "which has a tangent",
            remedy="trace the function with floats, as 3.0 for 3 or x.astype(np.float64)",
        )


def _like(given: Any, structure: Structure, shapes: Sequence[Shape], what: str) -> list[Any]:
    """The leaves of a tree; an error where structure or shapes are not those wanted."""
    leaves, got = flatten(given)
    if got != structure:
        raise ShapeError(
            f"the {what} are {shown(got)}, and {shown(structure)} is needed",
            remedy="pass a tree of the same structure",
        )
    for x, shape in zip(leaves, shapes, strict=True):
        if np.shape(x) != shape:
            raise ShapeError(
                f"the {what} have shape {np.shape(x)}, and {shape} is needed",
                remedy="pass an array of that shape: np.broadcast_to makes one",
            )
    return leaves


def _argument_names(fun: Callable[..., Any], structure: Structure) -> tuple[str, ...]:
    """What the leaves of (args, kwargs) are called in the function: `x`, `params['W']`."""
    args, kwargs = structure.children()
    names: list[str] = []
    for parameter, child in zip(_parameters(fun, args.num_children), args.children(), strict=True):
        names += [accessor.codify(parameter) for accessor in child.accessors()]
    for parameter, child in zip(kwargs.entries(), kwargs.children(), strict=True):
        names += [accessor.codify(parameter) for accessor in child.accessors()]
    return tuple(names)


def _parameters(fun: Callable[..., Any], count: int) -> list[str]:
    """The names of the first positional parameters; x1, x2 where the function does not tell."""
    try:
        parameters = list(inspect.signature(fun).parameters.values())
    except (TypeError, ValueError):
        return [f"x{k + 1}" for k in range(count)]
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "x")
    names += [f"{rest}[{k}]" for k in range(count - len(names))]
    return names[:count]
