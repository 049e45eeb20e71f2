"""First guess and the user's function -> the unknowns as a vector, and a tape of the function."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jitad.frontend.operands import as_dtype, lift
from jitad.frontend.pytree import flatten, unflatten
from jitad.frontend.trace import TRACEABLE
from jitad.frontend.traceable import traceable
from jitad.functions.control.blocks import are_plain, block, current
from jitad.functions.control.custom import without_values
from jitad.implicit.problem import as_problem, implicit
from jitad.ir.builder import inline
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import FLOAT64
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st


class _Absent(enum.Enum):
    """What theta is where it is not given."""

    THETA = enum.auto()


NONE = _Absent.THETA


class Unknown:
    """x as a vector, and the user's function as a tape of (x, theta, what it closes over)."""

    def __init__(self, name: str, f: Callable[..., Any], x0: Any, theta: Any) -> None:
        self.name = name
        self.builder = current()
        leaves, self.structure = flatten(x0)
        self.leaves = [_real(lift(self.builder, x), name) for x in leaves]
        self.size = sum(x.size for x in self.leaves)
        kinds = [x.dtype for x in self.leaves if x.dtype.kind == "f"]
        self.rounding = float(max((np.finfo(t).eps for t in kinds), default=np.finfo(float).eps))
        items, structure = flatten(theta)
        places = [k for k, x in enumerate(items) if isinstance(x, TRACEABLE)]
        self.args = [lift(self.builder, items[k]) for k in places]

        def flat(x: Value, *args: Value) -> Any:
            filled = list(items)
            for k, value in zip(places, args, strict=True):
                filled[k] = value
            given = () if theta is NONE else (unflatten(structure, filled),)
            return as_vector(flatten(traceable(f)(self.tree(x), *given))[0])

        stand_in = without_values(self.builder, [((self.size,), FLOAT64)], f"x of {name}")
        self.objective = block(flat, (*stand_in, *self.args), self.builder, "x")

    @property
    def is_plain(self) -> bool:
        """Whether nothing in it is traced."""
        return are_plain([*self.leaves, *self.args, *self.objective.captured])

    def tree(self, x: Any) -> Any:
        """A vector as a tree like the first guess."""
        parts: list[Any] = []
        start = 0
        for leaf in self.leaves:
            part = x[start : start + leaf.size].reshape(leaf.shape)
            parts.append(as_dtype(part, leaf.dtype if leaf.dtype.kind == "f" else FLOAT64))
            start += leaf.size
        return unflatten(self.structure, parts)

    def check(self, size: int) -> None:
        """An error where the function returns another number of numbers."""
        (result,) = self.objective.results
        if math.prod(result.shape) != size:
            raise ShapeError(
                f"the function of {self.name} returns {math.prod(result.shape)} numbers, and "
                f"{size} is needed",
                remedy="as many equations as unknowns are needed, and one number to minimise",
            )

    def value(self, inputs: list[Value]) -> Value:
        """What the user's function gives, recorded."""
        return inline(inputs[0].builder, self.objective.tape, inputs)[0]

    def solved(
        self, residual: Callable[[list[Value]], Value], solve: Any, solver: Any, linear_solver: Any
    ) -> Any:
        """The solution as a tree."""
        problem = as_problem(self.name, self.objective.tape, residual, solve, solver, linear_solver)
        start = ew.stop_gradient(lift(self.builder, as_vector(self.leaves)))
        return self.tree(implicit(start, *self.args, *self.objective.captured, problem=problem))


def _real(x: Value, name: str) -> Value:
    if x.dtype.kind == "c":
        raise TraceError(
            f"{name} of complex unknowns",
            remedy="let x be a pair of its real and imaginary parts, and f return such a pair",
        )
    return x


def as_vector(leaves: Sequence[Any]) -> Any:
    """All numbers of all leaves as one vector."""
    builder = current()
    if not leaves:
        raise ShapeError("a problem of no numbers", remedy="return as many numbers as x has")
    values = [as_dtype(_real(lift(builder, x), "a problem"), FLOAT64) for x in leaves]
    flat = [st.reshape(x, shape=(x.size,)) for x in values]
    return flat[0] if len(flat) == 1 else st.concatenate(*flat, axis=0)
