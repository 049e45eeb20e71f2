"""What a function with a derivative of its own records: `custom`, with the tapes of its rule.

The rule is traced where the function is called, at the values of that call. In the rule the
function may be called in turn, with a rule that is traced again; this ends because a tape is
differentiated at most once by each of the transforms under which the call stands.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from jitad.frontend.active import depth
from jitad.frontend.operands import lift
from jitad.frontend.pytree import Structure, flatten, unflatten
from jitad.frontend.trace import is_number
from jitad.functions.control.blocks import Block, block, captured_by, current, with_captured
from jitad.functions.control.returned import Type, defined, fitted, leaves_like, moving_parts
from jitad.ir.builder import Builder, inline
from jitad.ir.errors import DifferentiationError, SourceLine, TraceError, user_line
from jitad.ir.op import FLOAT64, is_differentiable
from jitad.ir.tape import Tape
from jitad.ir.value import Value
from jitad.ops.control.custom import Absent, Adjoints, Custom, Tangents, custom, linear_part
from jitad.ops.control.parts import output_types, record
from jitad.transforms.flow import depends_outputs
from jitad.transforms.forward import forward


@dataclass(frozen=True, eq=False)
class TangentRule:
    """`rule(primals, tangents)` gives (result, tangent of the result)."""

    rule: Callable[[tuple[Any, ...], tuple[Any, ...]], Any]
    source: Callable[..., Any]


@dataclass(frozen=True, eq=False)
class AdjointRule:
    """`forward(*primals)` gives (result, residuals); `backward(residuals, adjoint)` the shares."""

    forward: Callable[..., Any]
    backward: Callable[[Any, Any], Any]
    sources: tuple[Callable[..., Any], Callable[..., Any]]


class _Orders(threading.local):
    """How often what the innermost rule records may still be differentiated, at which depth."""

    rest: int = 0
    depth: int = 0


_orders = _Orders()


@contextmanager
def _tracing(order: int) -> Iterator[None]:
    """While a function is traced whose tape is differentiated `order` times at most."""
    before = _orders.rest, _orders.depth
    _orders.rest, _orders.depth = order, depth() + 1
    try:
        yield
    finally:
        _orders.rest, _orders.depth = before


def call(
    name: str,
    function: Callable[..., Any],
    rule: TangentRule | AdjointRule | None,
    arguments: Sequence[Any],
) -> Any:
    """function(*arguments), whose derivatives by the arguments are those of the rule."""
    builder, line = current(), user_line()
    leaves, structure = flatten(tuple(arguments))
    for x in leaves:
        if not is_number(x):
            raise TraceError(
                f"{name} has a derivative rule, and was called with a {type(x).__name__}",
                remedy="name the position of an argument that is no array in nondiff_argnums",
            )
    values = [lift(builder, x) for x in leaves]
    trees = unflatten(structure, values)
    order = _orders.rest + depth() - _orders.depth
    with _tracing(0):
        primal = block(function, trees, builder, "x")
    known = _Call(name, builder, values, structure, primal)
    tapes: list[Block] = [primal]
    if rule is not None and order > 0:
        with _tracing(order - 1):
            if isinstance(rule, TangentRule):
                tapes += _tangents(known, rule)
            else:
                tapes += _adjoints(known, rule)
    shared = captured_by(tapes)
    first, *rest = [with_captured(b, shared) for b in tapes]
    form = Custom(name, first, len(values), _rule(name, rule, rest), line)
    results = record(builder, custom, [*values, *shared.values()], form)
    return unflatten(primal.structure, results)


def _rule(name: str, rule: Any, tapes: list[Tape]) -> Tangents | Adjoints | Absent:
    if len(tapes) == 1:
        return Tangents(tapes[0])
    if len(tapes) == 2:
        return Adjoints(*tapes)
    if rule is not None:
        return Absent(
            f"the rule of {name} was to be differentiated more often than transforms stand "
            "around the call",
            "differentiate a function that calls vjp or linearize, in place of what they return",
        )
    return Absent(
        f"{name} has no derivative rule",
        f"give it one: @{name}.defjvp, or {name}.defvjp(forward, backward)",
    )


@dataclass(frozen=True, eq=False)
class _Call:
    """A call whose primal tape is known."""

    name: str
    builder: Builder
    values: list[Value]
    structure: Structure
    primal: Block

    @property
    def results(self) -> list[Type]:
        """The types of the results."""
        return output_types(self.primal.tape)


# -- a rule of tangents ----------------------------------------------------------------------------


def _tangents(known: _Call, rule: TangentRule) -> list[Block]:
    """The tape of the rule."""
    types = [(x.shape, x.dtype) for x in known.values]
    like, where = known.results, defined(rule.source)

    def run(primals: Any, moving: Any) -> Any:
        tangents = unflatten(known.structure, _filled(types, moving))
        pair = rule.rule(primals, tangents)
        what = f"the rule of {known.name}"
        _check_pair(pair, what, "(result, tangent of the result)", where)
        values = leaves_like(pair[0], known.primal.structure, f"the result of {what}", where)
        moved = leaves_like(pair[1], known.primal.structure, f"the tangent from {what}", where)
        return (
            [
                fitted(x, t, f"the result of {what}", where)
                for x, t in zip(values, like, strict=True)
            ],
            moving_parts(moved, like, f"the tangent from {what}", where),
        )

    late = without_values(known.builder, types, f"a tangent in the rule of {known.name}")
    trees = unflatten(known.structure, known.values), late
    traced = block(run, trees, known.builder, "x")
    places = range(len(types), len(types) + len(late))
    linear = replace(traced, tape=linear_part(traced.tape, places, depends_outputs))
    _check_linear(linear, places, len(like), known.name, where)
    return [linear]


class _NoValue:
    """In the place of the value of what has none while a rule is traced."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise TraceError(
            f"{self._what} is asked for its value, which it has only where the rule is run",
            remedy="use np.where, jitad.cond or jitad.while_loop in the place of Python's if",
        )


def without_values(builder: Builder, types: Sequence[Type], what: str) -> list[Value]:
    """Stand-ins for tangents or adjoints of what is of floating point."""
    found: list[Value] = []
    for shape, dtype in types:
        if is_differentiable(dtype):
            found.append(builder.const(0, shape, dtype))
            builder.concrete[found[-1].index] = _NoValue(what)
    return found


def _filled(types: Sequence[Type], moving: Sequence[Any]) -> list[Any]:
    """Tangents or adjoints for all leaves: zeros in float64 for those of integers and bools."""
    rest = iter(moving)
    return [
        next(rest) if is_differentiable(dtype) else np.zeros(shape, FLOAT64)
        for shape, dtype in types
    ]


def _check_linear(
    traced: Block, late: range, count: int, name: str, where: SourceLine | None
) -> None:
    """A tangent map is its own derivative, which does not depend on where it is taken."""
    tape = traced.tape
    flags = [k in late for k in range(len(tape.inputs))]
    if any(depends_outputs(tape, flags)[:count]):
        raise DifferentiationError(
            f"the result in the rule of {name} depends on the tangents",
            remedy="return (result, tangent), in this order",
            line=where,
        )
    moved = forward(tape, late)
    flags = [k in late for k in range(len(moved.inputs))]
    if any(depends_outputs(moved, flags)[len(tape.outputs) :]):
        raise DifferentiationError(
            f"the tangent from the rule of {name} is not linear in the tangents",
            remedy="return the derivative at the primals, times the tangents",
            line=where,
        )


# -- a rule of adjoints ----------------------------------------------------------------------------


@dataclass(eq=False)
class _Residuals:
    """What the forward half hands to the other: arrays by the tapes, the rest as it is."""

    structure: Structure | None = None
    items: list[Any] = field(default_factory=list)

    def keep(self, tree: Any) -> list[Any]:
        """The arrays and traced values in a tree."""
        leaves, self.structure = flatten(tree)
        self.items = [None if _is_array(x) else x for x in leaves]
        return [x for x in leaves if _is_array(x)]

    def restore(self, arrays: Sequence[Any]) -> Any:
        """The tree with other arrays."""
        assert self.structure is not None
        rest = iter(arrays)
        filled = [next(rest) if x is None else x for x in self.items]
        return unflatten(self.structure, filled)


def _check_pair(pair: Any, rule: str, parts: str, where: SourceLine | None) -> None:
    """An error where a rule returns anything but a pair."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise TraceError(
            f"{rule} returned a {type(pair).__name__}",
            remedy=f"return a pair {parts}",
            line=where,
        )


def _is_array(x: Any) -> bool:
    return isinstance(x, (Value, np.ndarray, np.generic))


def _adjoints(known: _Call, rule: AdjointRule) -> list[Block]:
    """The tapes of the two halves."""
    like, kept = known.results, _Residuals()
    where = defined(rule.sources[0])

    def ahead(*primals: Any) -> Any:
        pair = rule.forward(*primals)
        _check_pair(pair, f"the forward rule of {known.name}", "(result, residuals)", where)
        what = f"the result of the forward rule of {known.name}"
        values = leaves_like(pair[0], known.primal.structure, what, where)
        values = [fitted(x, t, what, where) for x, t in zip(values, like, strict=True)]
        return values, kept.keep(pair[1])

    trees = unflatten(known.structure, known.values)
    first = block(ahead, trees, known.builder, "x")
    return [first, _backward(known, rule, first, kept)]


def _backward(known: _Call, rule: AdjointRule, first: Block, kept: _Residuals) -> Block:
    like, where = known.results, defined(rule.sources[1])
    types = [(x.shape, x.dtype) for x in known.values]
    groups = [child.num_leaves for child in known.structure.children()]

    def back(residuals: Any, moving: Any) -> Any:
        y_bar = unflatten(known.primal.structure, _filled(like, moving))
        found = rule.backward(kept.restore(residuals), y_bar)
        if not isinstance(found, (tuple, list)) or len(found) != len(groups):
            raise TraceError(
                f"the backward rule of {known.name} returned "
                + (f"{len(found)} items" if isinstance(found, (tuple, list)) else "one item"),
                remedy=f"return a tuple of {len(groups)}: an adjoint for each argument, or None",
                line=where,
            )
        what = f"an adjoint from the backward rule of {known.name}"
        leaves = [
            x
            for tree, child in zip(found, known.structure.children(), strict=True)
            for x in leaves_like(tree, child, what, where)
        ]
        return moving_parts(leaves, types, what, where)

    # Of these only what Python takes decisions by will be computed here.
    values = inline(known.builder, first.tape, [*known.values, *first.captured])
    late = without_values(known.builder, like, f"an adjoint in the rule of {known.name}")
    trees = values[len(like) :], late
    return block(back, trees, known.builder, "r")
