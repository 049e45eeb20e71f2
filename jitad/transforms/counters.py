"""Tape -> Tape: what a loop counts by equal steps follows from the number of the turn.

A return sweep then computes it again, where it would have kept it for each turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from jitad.ir.builder import Builder
from jitad.ir.op import INT64
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops.control import Loop, loop
from jitad.ops.control.parts import input_types, rewired


def counters(tape: Tape) -> Tape:
    """The tape, in whose loops only the next number and the condition read what is counted."""
    if not any(instr.op is loop and _counts(instr.params[0]) for instr in tape.instrs):
        return tape
    return Tape(tuple(map(_counted, tape.instrs)), tape.inputs, tape.outputs)


class _Step(NamedTuple):
    """By what is counted: a number, or what a const of the loop is, at `place` of the body's
    inputs; and which way."""

    sign: int
    number: int
    place: int | None

    def times(self, turn: Value, inputs: Sequence[Value]) -> Value:
        """So many steps."""
        by: Any = self.sign * self.number if self.place is None else inputs[self.place]
        steps = ew.mul(turn, by)
        return ew.neg(steps) if self.place is not None and self.sign < 0 else steps


def _counts(form: Loop) -> dict[int, _Step]:
    """The carries that are counted, and by which steps."""
    body, first = form.body, 1 + form.consts
    consts = {i: place for place, i in enumerate(body.inputs[1:first], 1)}
    found: dict[int, _Step] = {}
    for k in range(0 if form.backward else form.carries):
        instr, start = body.instrs[body.outputs[k]], body.inputs[first + k]
        if instr.op not in (ew.add, ew.sub) or instr.dtype != INT64 or instr.shape:
            continue
        x, y = instr.args
        if x != start and instr.op is ew.add:
            x, y = y, x
        step = body.instrs[y]
        readers = sum(start in other.args for other in body.instrs)
        if x == start and (step.op is CONST or y in consts) and readers > 1:
            number = step.params[0] if step.op is CONST else 1
            found[k] = _Step(1 if instr.op is ew.add else -1, number, consts.get(y))
    return found


def _counted(instr: Instr) -> Instr:
    """A loop whose body reads the first of what it counts, and the number of the turn."""
    if instr.op is not loop or not (steps := _counts(instr.params[0])):
        return instr
    form: Loop = instr.params[0]
    last = form.consts
    condition = form.condition
    if condition is not None:
        new = [((), INT64) for _ in steps]
        order = [*range(last), *new, *range(last, len(condition.inputs))]
        condition = rewired(condition, order, [0])
    starts = [instr.args[last + k] for k in steps]
    args = (*instr.args[:last], *starts, *instr.args[last:])
    body = _body(form, steps)
    form = replace(form, body=body, consts=last + len(steps), condition=condition)
    return instr._replace(args=args, params=(form,))


def _body(form: Loop, steps: dict[int, _Step]) -> Tape:
    body, first = form.body, 1 + form.consts
    builder = Builder()
    kinds = input_types(body)
    kinds[first:first] = [((), INT64) for _ in steps]
    inputs = [builder.input(f"x{k}", *kind) for k, kind in enumerate(kinds)]
    turn, own = inputs[0], [*inputs[:first], *inputs[first + len(steps) :]]
    values: dict[int, Value] = dict(zip(body.inputs, own, strict=True))
    after: dict[int, Value] = {}
    for start, (k, step) in zip(inputs[first:], steps.items(), strict=False):
        values[body.inputs[first + k]] = ew.add(start, step.times(turn, own))
        after[k] = ew.add(own[first + k], step.times(builder.const(1, (), INT64), own))
    for i, instr in enumerate(body.instrs):
        builder.line = instr.line
        if i not in values:
            args = tuple([values[j].index for j in instr.args])
            values[i] = builder.value(builder.copy(instr, args))
    outputs = [after[k] if k in after else values[i] for k, i in enumerate(body.outputs)]
    return builder.finish([x.index for x in outputs])
