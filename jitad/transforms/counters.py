"""Tape -> Tape: what a loop counts by equal steps follows from the number of the turn.

A return sweep then computes it again, where it would have kept it for each turn.
"""

from __future__ import annotations

from dataclasses import replace

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


def _counts(form: Loop) -> dict[int, int]:
    """The carries that are counted, and by which steps."""
    body, first = form.body, 1 + form.consts
    found: dict[int, int] = {}
    for k in range(0 if form.backward else form.carries):
        instr, start = body.instrs[body.outputs[k]], body.inputs[first + k]
        if instr.op not in (ew.add, ew.sub) or instr.dtype != INT64 or instr.shape:
            continue
        x, y = instr.args
        if x != start and instr.op is ew.add:
            x, y = y, x
        step = body.instrs[y]
        readers = sum(start in other.args for other in body.instrs)
        if x == start and step.op is CONST and readers > 1:
            found[k] = step.params[0] if instr.op is ew.add else -step.params[0]
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


def _body(form: Loop, steps: dict[int, int]) -> Tape:
    body, first = form.body, 1 + form.consts
    builder = Builder()
    kinds = input_types(body)
    kinds[first:first] = [((), INT64) for _ in steps]
    inputs = [builder.input(f"x{k}", *kind) for k, kind in enumerate(kinds)]
    turn, own = inputs[0], [*inputs[:first], *inputs[first + len(steps) :]]
    values: dict[int, Value] = dict(zip(body.inputs, own, strict=True))
    after: dict[int, Value] = {}
    for start, (k, step) in zip(inputs[first:], steps.items(), strict=False):
        values[body.inputs[first + k]] = ew.add(start, ew.mul(turn, step))
        after[k] = ew.add(own[first + k], step)
    for i, instr in enumerate(body.instrs):
        builder.line = instr.line
        if i not in values:
            args = tuple([values[j].index for j in instr.args])
            values[i] = builder.value(builder.copy(instr, args))
    outputs = [after[k] if k in after else values[i] for k, i in enumerate(body.outputs)]
    return builder.finish([x.index for x in outputs])
