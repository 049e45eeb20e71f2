"""Function -> two Plans: the value with residuals, and the linear map that reads them.

`vjp` and `linearize`: what the second needs of the first is kept, never computed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jitad.frontend.operands import as_dtype, innermost, lift
from jitad.frontend.pytree import Structure, flatten, shown, unflatten
from jitad.frontend.trace import Traced, leaf_type
from jitad.ir.builder import inline, same_inputs
from jitad.ir.errors import DifferentiationError, ShapeError
from jitad.ir.op import FLOAT64, is_differentiable
from jitad.ir.tape import Tape
from jitad.ir.value import Value
from jitad.passes.cse import cse
from jitad.programs.call import (
    Function,
    check_float,
    check_pair,
    check_real,
    differentiable,
    finish_with,
    plain,
    seedable,
    trace_call,
    zeros_of,
)
from jitad.runtime.launch import Build, Transformed
from jitad.runtime.plan import Plan
from jitad.transforms.forward import forward
from jitad.transforms.reverse import reverse
from jitad.transforms.split import split


def pullback(fun: Function, has_aux: bool) -> Build:
    """(value, residuals, aux); the companion gives the arguments' adjoints."""

    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        active = differentiable(leaves)
        traced = trace_call(fun, leaves, structure)
        if has_aux:
            check_pair(traced)
        total = traced.structure.num_leaves
        kept = traced.structure.children()[0].num_leaves if has_aux else total
        if kept == 0:
            raise DifferentiationError(
                "the function returns no number to pull back from",
                remedy="let it return arrays or numbers",
            )
        tape = reverse(seedable(traced.tape, kept), active, range(kept))
        first = len(traced.tape.inputs)
        tape = _fill_in(tape, traced, active, total)
        late, results = range(first, first + kept), range(total, total + len(leaves))
        args = structure.children()[0]
        return _two_stages(traced, tape, late, results, has_aux, args, structure)

    return build


def linear(fun: Function) -> Build:
    """(value, residuals, ()); the companion gives the result's tangent."""

    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        traced = trace_call(fun, leaves, structure)
        for leaf in traced.leaves:
            check_float(leaf.dtype, "an argument of linearize")
        total, first = traced.structure.num_leaves, len(traced.tape.inputs)
        tape = _values_apart(traced.tape, forward(traced.tape, range(len(leaves))))
        late, results = range(first, first + len(leaves)), range(total, 2 * total)
        return _two_stages(traced, tape, late, results, False, traced.structure, structure)

    return build


def _values_apart(tape: Tape, moved: Tape) -> Tape:
    """The tangents' tape with the values from the plain one: a loop of both waits for tangents."""
    builder, inputs = same_inputs(moved, len(moved.inputs))
    values = inline(builder, tape, inputs[: len(tape.inputs)])
    tangents = inline(builder, moved, inputs)[len(values) :]
    return cse(finish_with(builder, [*values, *tangents]))


@dataclass(frozen=True, eq=False, repr=False)
class Pullback:
    """What `vjp` returns: from the result's adjoint to a tuple of the arguments' adjoints."""

    _program: Any
    _residuals: tuple[Any, ...]
    _value: Any

    def __call__(self, y_bar: Any) -> tuple[Any, ...]:
        """The adjoints of the arguments, for the adjoint `y_bar` of the result."""
        return self._program(self._residuals, _matched(y_bar, self._value, "the adjoint"))


@dataclass(frozen=True, eq=False, repr=False)
class Linear:
    """What `linearize` returns: from tangents of the arguments to the result's tangent."""

    _program: Any
    _residuals: tuple[Any, ...]
    _primals: tuple[Any, ...]

    def __call__(self, *tangents: Any) -> Any:
        """J v for the tangents `v` of the arguments."""
        return self._program(self._residuals, _matched(tangents, self._primals, "the tangent"))


def _matched(given: Any, like: Any, what: str) -> Any:
    """`given` as a tree like another: same structure, shapes, and dtypes (ints become floats)."""
    leaves, structure = flatten(given)
    models, wanted = flatten(like)
    if structure != wanted:
        raise ShapeError(
            f"{what} is {shown(structure)}, and {shown(wanted)} is needed",
            remedy="pass a tree of the same structure",
        )
    result: list[Any] = []
    for x, model in zip(leaves, models, strict=True):
        if np.shape(x) != np.shape(model):
            raise ShapeError(
                f"{what} has shape {np.shape(x)}, and {np.shape(model)} is needed",
                remedy="pass an array of that shape",
            )
        dtype = leaf_type(model).dtype
        check_real(leaf_type(x).dtype, dtype, what)
        if not is_differentiable(dtype):
            result.append(x)
        elif isinstance(x, Value):
            result.append(as_dtype(x, dtype))
        else:
            result.append(np.asarray(x, dtype)[()])
    return unflatten(structure, result)


def _two_stages(
    traced: Traced, tape: Tape, late: Sequence[int], results: Sequence[int], has_aux: bool,
    structure: Structure, asked: Structure,
) -> Plan:  # fmt: skip
    """(value, residuals, aux) as a program, and its companion: the results from the residuals."""
    first, second = split(tape, late, results)
    active = [k for k, leaf in enumerate(traced.leaves) if is_differentiable(leaf.dtype)]
    total = traced.structure.num_leaves
    parts = traced.structure.children() if has_aux else [traced.structure, flatten(())[1]]
    kept = parts[0].num_leaves
    value, aux = (unflatten(part, [0] * part.num_leaves) for part in parts)
    residuals = (0,) * (len(first.outputs) - total)
    outputs = first.outputs[:kept] + first.outputs[total:] + first.outputs[kept:total]
    return Plan(
        Tape(first.instrs, first.inputs, outputs),
        traced.leaves,
        traced.captured,
        flatten((value, residuals, aux))[1],
        Transformed(_Replay(second, structure), plain),
        asked=asked,
        zeros=zeros_of(traced, active, kept, every=True),
        effects=traced.effects,
    )


@dataclass(frozen=True, eq=False)
class _Replay:
    """A tape as a function of (residuals, tree of the other inputs), whose result is a tree too."""

    tape: Tape
    structure: Structure

    def __call__(self, residuals: Any, tree: Any) -> Any:
        operands = [*residuals, *flatten(tree)[0]]
        builder = innermost(operands)
        results = inline(builder, self.tape, [lift(builder, x) for x in operands])
        return unflatten(self.structure, results)


def _fill_in(tape: Tape, traced: Traced, active: Sequence[int], total: int) -> Tape:
    """Zero adjoints for the arguments that are not of floating point."""
    if len(active) == len(traced.leaves):
        return tape
    builder, inputs = same_inputs(tape, len(tape.inputs))
    results = inline(builder, tape, inputs)
    adjoints = iter(results[total:])
    filled = [
        next(adjoints) if k in active else builder.const(0.0, leaf.shape, FLOAT64)
        for k, leaf in enumerate(traced.leaves)
    ]
    return finish_with(builder, [*results[:total], *filled])
