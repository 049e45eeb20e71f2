"""The op of a function that brings its own derivative: its tape, and tapes that are its rule.

A rule says the tangents, or the adjoints, of the first `count` operands. The other operands are
what the function and its rule close over: no rule speaks of those, and so to differentiate by one
is an error. Where nothing is differentiated the tape is put in the op's place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jitad.ir.builder import Builder, evaluate, inline
from jitad.ir.errors import DifferentiationError, SourceLine
from jitad.ir.op import Control, DType, Pulled, Shape, is_differentiable
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ir.value import Value
from jitad.ops import structural as st
from jitad.ops.control.parts import (
    Flow,
    Simplified,
    Transforms,
    input_types,
    output_types,
    places,
    record,
    rewritten,
    token,
    without_inputs,
)


class ReverseAloneError(DifferentiationError):
    """Forward mode met a rule that says adjoints alone."""


@dataclass(frozen=True, eq=False)
class Tangents:
    """The tape (operands of the rule, their tangents, the rest) -> (results, their tangents).

    Operands and results that are not of floating point have no tangents. The tangents of the
    results are linear in those of the operands, and the results do not depend on them.
    """

    tape: Tape


@dataclass(frozen=True, eq=False)
class Adjoints:
    """Two tapes: operands -> (results, residuals); (residuals, adjoints, the rest) -> adjoints.

    The adjoints are those of the results, and of the rule's operands, that are of floating point.
    """

    forward: Tape
    backward: Tape


@dataclass(frozen=True, eq=False)
class Absent:
    """There is no rule: why, and what to write."""

    reason: str
    remedy: str


@dataclass(frozen=True, eq=False)
class Custom:
    """A function with its rule; without one (None) its derivative is that of its tape."""

    name: str
    tape: Tape
    count: int
    rule: Tangents | Adjoints | Absent | None
    line: SourceLine | None = None

    @property
    def active(self) -> list[int]:
        """The operands that the rule gives derivatives by."""
        types = input_types(self.tape)[: self.count]
        return [k for k, (_, dtype) in enumerate(types) if is_differentiable(dtype)]

    @property
    def moving(self) -> list[int]:
        """The results that have derivatives."""
        types = output_types(self.tape)
        return [k for k, (_, dtype) in enumerate(types) if is_differentiable(dtype)]

    def __repr__(self) -> str:
        return self.name


def _with_tangents(form: Custom, items: Sequence[Any], moved: Iterable[Any]) -> list[Any]:
    """Items for the inputs of a rule of tangents, from those of the operands."""
    return [*items[: form.count], *moved, *items[form.count :]]


def _zeros(form: Custom, operands: Sequence[Value], builder: Builder) -> list[Value]:
    return [builder.const(0, operands[k].shape, operands[k].dtype) for k in form.active]


def _flow(form: Custom, flags: Sequence[bool], flow: Flow) -> list[bool]:
    """A result depends on what its tape or the rule says that it does."""
    found = flow(form.tape, flags)
    if isinstance(form.rule, Tangents):
        inside = _with_tangents(form, flags, (flags[k] for k in form.active))
        moved = flow(form.rule.tape, inside)
        found = [a or b for a, b in zip(found, moved[: len(found)], strict=True)]
        for k, flag in zip(form.moving, moved[len(found) :], strict=True):
            found[k] = found[k] or flag
    elif form.rule is not None and any(flags):
        for k in form.moving:
            found[k] = True
    return found


def _refuse_the_rest(form: Custom, flags: Sequence[bool]) -> None:
    """No rule has derivatives by what the function closes over."""
    if form.rule is not None and any(flags[form.count :]):
        raise DifferentiationError(
            f"{form.name} is differentiated by a value that it closes over, or takes as one of "
            "nondiff_argnums, and its rule has derivatives by its other arguments alone",
            remedy="pass the value as an argument and have the rule give its derivative, or use "
            "jitad.stop_gradient(value)",
            line=form.line,
        )


# -- forward mode ----------------------------------------------------------------------------------


def _forward(
    form: Custom, operands: Sequence[Value], tangents: Sequence[Value | None], forward: Any,
    flow: Flow,
) -> tuple[list[Value], list[Value | None]]:  # fmt: skip
    """The rule's tape in the directions of the tangents that there are.

    It is linear in them, and so its own tangent: those that are missing need no explicit zeros,
    with which an infinite coefficient would make a NaN.
    """
    flags = [dx is not None for dx in tangents]
    _refuse_the_rest(form, flags)
    seeds = [dx for dx in tangents if dx is not None]
    builder, varied, count = seeds[0].builder, _flow(form, flags, flow), len(form.tape.outputs)
    if form.rule is None:
        results = inline(builder, forward(form.tape, places(flags)), [*operands, *seeds])
        moved: list[Any] = results[count:]
    else:
        tape = _rule_of_tangents(form).tape
        known = [form.count + r for r, k in enumerate(form.active) if flags[k]]
        args = _with_tangents(form, operands, _zeros(form, operands, builder))
        results = inline(builder, forward(tape, known), [*args, *seeds])
        moved = [None] * count
        for k, dy in zip(form.moving, results[len(tape.outputs) + count :], strict=True):
            moved[k] = dy
    return results[:count], [dy if flag else None for dy, flag in zip(moved, varied, strict=True)]


def _rule_of_tangents(form: Custom) -> Tangents:
    rule = form.rule
    if isinstance(rule, Adjoints):
        raise ReverseAloneError(
            f"{form.name} has a rule for reverse mode alone (custom_vjp), and was differentiated "
            "in forward mode",
            remedy="use grad, vjp, jacrev or mode='reverse', of dense matrices; or write its rule "
            "with custom_jvp, which both modes follow from",
            line=form.line,
        )
    assert rule is not None
    if isinstance(rule, Absent):
        raise DifferentiationError(rule.reason, remedy=rule.remedy, line=form.line)
    return rule


# -- reverse mode ----------------------------------------------------------------------------------


def _pullback(
    form: Custom, operands: Sequence[Value], bars: Mapping[int, Value], varied: Sequence[bool],
    transforms: Transforms, sums: Mapping[int, Value],
) -> Pulled:  # fmt: skip
    _refuse_the_rest(form, varied)
    if form.rule is None:
        return _pull_tape(form, operands, bars, varied, transforms)
    if isinstance(form.rule, Adjoints):
        return _pull_adjoints(form, form.rule, operands, bars)
    return _pull_tangents(form, operands, bars, varied, transforms)


def _pull_tape(
    form: Custom, operands: Sequence[Value], bars: Mapping[int, Value], varied: Sequence[bool],
    transforms: Transforms,
) -> Pulled:  # fmt: skip
    """The tape's own sweep, of which the first half is done with the values."""
    seeds, active = sorted(bars), places(varied)
    tape, count = form.tape, len(form.tape.outputs)
    swept = transforms.reverse(tape, active, seeds)
    late = range(len(tape.inputs), len(swept.inputs))
    early, rest = transforms.split(swept, late, range(count, len(swept.outputs)))

    def shares(result: Callable[[int], Value]) -> list[Value | None]:
        args = [*_kept(form, early, operands, result), *(bars[k] for k in seeds)]
        return _spread(inline(args[-1].builder, rest, args), active, len(operands))

    return Pulled(replace(form, tape=early), shares)


def _kept(
    form: Custom, tape: Tape, operands: Sequence[Value], result: Callable[[int], Value]
) -> list[Value]:
    """The residuals that a tape returns after the results; operands and constants as they are."""
    builder, at = operands[0].builder, {i: k for k, i in enumerate(tape.inputs)}
    found: list[Value] = []
    for k in range(len(form.tape.outputs), len(tape.outputs)):
        i = tape.outputs[k]
        if i in at:
            found.append(operands[at[i]])
        elif tape.instrs[i].op is CONST:
            found.append(builder.const(*tape.instrs[i].params))
        else:
            found.append(result(k))
    return found


def _pull_adjoints(
    form: Custom, rule: Adjoints, operands: Sequence[Value], bars: Mapping[int, Value]
) -> Pulled:
    """Results and residuals by the one tape, the shares by the other."""
    types = output_types(rule.forward)

    def shares(result: Callable[[int], Value]) -> list[Value | None]:
        builder = next(iter(bars.values())).builder
        adjoints = [bars[k] if k in bars else builder.const(0, *types[k]) for k in form.moving]
        kept = _kept(form, rule.forward, operands, result)
        args = [*kept, *adjoints, *operands[form.count :]]
        return _spread(inline(builder, rule.backward, args), form.active, len(operands))

    return Pulled(replace(form, tape=rule.forward, rule=None), shares)


def _pull_tangents(
    form: Custom, operands: Sequence[Value], bars: Mapping[int, Value], varied: Sequence[bool],
    transforms: Transforms,
) -> Pulled:  # fmt: skip
    """The transpose of the map from tangents to tangents."""
    tape, count, active = _rule_of_tangents(form).tape, len(form.tape.outputs), form.active
    places_of = {k: form.count + r for r, k in enumerate(active)}
    wanted = [k for k in active if varied[k]]
    seeds = sorted(bars)
    outputs = [count + form.moving.index(k) for k in seeds]
    swept = transforms.reverse(tape, [places_of[k] for k in wanted], outputs)

    def shares(result: Callable[[int], Value]) -> list[Value | None]:
        builder = bars[seeds[0]].builder
        args = _with_tangents(form, operands, _zeros(form, operands, builder))
        found = inline(builder, swept, [*args, *(bars[k] for k in seeds)])
        return _spread(found[len(tape.outputs) :], wanted, len(operands))

    values = _at_rest(tape, set(places_of.values()), count)
    return Pulled(replace(form, tape=values, rule=None), shares)


def _at_rest(tape: Tape, moving: Collection[int], count: int) -> Tape:
    """The first results of a rule's tape as a tape of the other inputs; the tangents are 0.

    The results do not depend on tangents, but a control op that computes both takes them.
    """
    builder = Builder()
    values = [
        builder.const(0, *kind) if k in moving else builder.input(f"x{k}", *kind)
        for k, kind in enumerate(input_types(tape))
    ]
    return builder.finish([x.index for x in inline(builder, tape, values)[:count]])


def _spread(items: Sequence[Value], where: Sequence[int], count: int) -> list[Value | None]:
    """The items at their places among `count`, None at the others."""
    found: list[Value | None] = [None] * count
    for k, x in zip(where, items, strict=True):
        found[k] = x
    return found


# -- batches ---------------------------------------------------------------------------------------


def _batch(
    form: Custom, operands: Sequence[Value], batched: Sequence[bool], size: int, batch: Any,
    flow: Flow,
) -> tuple[list[Value], list[bool]]:  # fmt: skip
    wide = _flow(form, batched, flow)
    tape = batch(form.tape, places(batched), size, places(wide))
    rule = form.rule
    if isinstance(rule, Tangents):
        inside = _with_tangents(form, batched, (batched[k] for k in form.active))
        moved = [len(wide) + r for r, k in enumerate(form.moving) if wide[k]]
        rule = Tangents(batch(rule.tape, places(inside), size, [*places(wide), *moved]))
    elif isinstance(rule, Adjoints):
        rule = _batched_adjoints(form, rule, batched, wide, size, batch, flow)
    new = replace(form, tape=tape, rule=rule)
    return record(operands[0].builder, custom, operands, new), wide


def _batched_adjoints(
    form: Custom, rule: Adjoints, batched: Sequence[bool], wide: Sequence[bool], size: int,
    batch: Any, flow: Flow,
) -> Adjoints:  # fmt: skip
    """An operand that all copies share gets the sum of their shares."""
    found = flow(rule.forward, batched)
    kept = [*wide, *found[len(wide) :]]
    forward = batch(rule.forward, places(batched), size, places(kept))
    inside = [*kept[len(wide) :], *(wide[k] for k in form.moving), *batched[form.count :]]
    every = range(len(rule.backward.outputs))
    backward = batch(rule.backward, places(inside), size, every)
    builder = Builder()
    inputs = [builder.input(f"x{k}", *t) for k, t in enumerate(input_types(backward))]
    shares = [
        x if batched[k] else st.reduce_sum(x, axes=(0,))
        for k, x in zip(form.active, inline(builder, backward, inputs), strict=True)
    ]
    return Adjoints(forward, builder.finish([x.index for x in shares]))


# -- simplification --------------------------------------------------------------------------------


def _simplify(
    form: Custom, operands: list[Value], used: Collection[int], builder: Builder
) -> Simplified:
    """The tape in the op's place; a block where it holds loops, which are simplified there."""
    numbers = sorted(used)
    tape = _expanded(form.tape)
    live = tape.live([tape.outputs[k] for k in numbers])
    kept = [k for k, i in enumerate(tape.inputs) if live[i]]
    tape = without_inputs(tape, kept, numbers)
    operands = [operands[k] for k in kept]
    if any(isinstance(instr.op, Control) for instr in tape.instrs):
        return Simplified(Custom(form.name, tape, len(kept), None), operands, {}, numbers)
    results = inline(builder, tape, operands)
    return Simplified(form, [], dict(zip(numbers, results, strict=True)), [])


def _expanded(tape: Tape) -> Tape:
    """The tape with the functions in it that have rules put in the place of their calls."""
    return _inlined(tape, {i for i, instr in enumerate(tape.instrs) if instr.op is custom})


def linear_part(tape: Tape, late: Collection[int], flow: Flow) -> Tape:
    """The tape of a rule, with the functions that it applies to tangents in place of their calls.

    They must be linear, and so are their own derivatives: no rule of theirs is asked.
    """
    calls = [i for i, instr in enumerate(tape.instrs) if instr.op is custom]
    flags = [k in late for k in range(len(tape.inputs))]
    reached: set[int] = set()
    for i in calls:
        outputs = Tape(tape.instrs, tape.inputs, tape.instrs[i].args)
        if any(flow(outputs, flags)):
            reached.add(i)
    return _inlined(tape, reached)


def _inlined(tape: Tape, calls: Collection[int]) -> Tape:
    """The tape with those of its calls, and all in them, put in their place."""
    if not calls:
        return tape

    def rule(builder: Builder, i: int, instr: Instr) -> dict[int, Value] | None:
        if i not in calls:
            return None
        inner = _expanded(instr.params[0].tape)
        return dict(enumerate(inline(builder, inner, [*map(builder.value, instr.args)])))

    return rewritten(tape, rule)


def _results(form: Custom, *operands: Instr | Value) -> list[tuple[Shape, DType]]:
    return output_types(form.tape)


custom = Control(
    "custom",
    ("form",),
    infer=token,
    evaluate=lambda *operands, form: evaluate(form.tape, operands),
    results=_results,
    tapes=lambda form: [form.tape],
    with_tapes=lambda form, tapes: replace(form, tape=tapes[0]),
    flow=_flow,
    forward=_forward,
    pullback=_pullback,
    batch=_batch,
    simplify=_simplify,
)
