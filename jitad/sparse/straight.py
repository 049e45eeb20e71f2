"""Tape -> Tape: blocks are opened, short loops written turn by turn, independent turns at once.

What is left of loops is differentiated by itself (see local.py), of every element of its operands.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from jitad.ir.builder import Builder, inline
from jitad.ir.op import INT64
from jitad.ir.tape import Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control import Block, Loop, block, loop, part
from jitad.ops.control.loop import grouped
from jitad.ops.control.parts import OwnPathsError
from jitad.ops.control.switch import Switch, switch
from jitad.passes.if_convert import at_once
from jitad.passes.select import base

FEW = 2000
"""Instructions that a loop may become."""


def straight(tape: Tape) -> Tape:
    """The tape without those blocks and loops, also those within them."""
    if not any(instr.op in (block, loop) for instr in tape.instrs):
        return tape
    builder = Builder()
    new: list[int] = []
    results: dict[int, list[Value]] = {}
    for i, instr in enumerate(tape.instrs):
        builder.line = instr.line
        if instr.op is part and instr.args[0] in results:
            new.append(results[instr.args[0]][instr.params[0]].index)
            continue
        args = [new[j] for j in instr.args]
        opened = None
        if instr.op in (block, loop):
            opened = _opened(instr.params[0], [builder.value(j) for j in args], builder)
        if opened is None:
            new.append(builder.copy(instr, tuple(args)))
        else:
            results[i] = opened
            new.append(-1)
    return builder.finish([new[i] for i in tape.outputs], [new[i] for i in tape.inputs])


def _opened(form: Block | Loop, operands: list[Value], builder: Builder) -> list[Value] | None:
    """The results of a block or a loop that is written out."""
    if isinstance(form, Block):
        return inline(builder, straight(form.tape), operands)
    count = form.count
    if count is None or form.condition is not None:
        return None
    form = replace(form, body=straight(form.body))
    try:
        first = 1 + form.consts
        body = _summed(form.body, range(first, first + form.carries))
        results = at_once(replace(form, body=body), operands, builder, math.inf)
    except OwnPathsError:
        results = None
    if results is not None or count * len(form.body) > FEW:
        return results
    return _turns(form, operands, builder)


def _summed(tape: Tape, carried: Iterable[int]) -> Tape:
    """The tape with increments of what is `carried` for its sums: they are added in any order."""
    home = {tape.inputs[k]: k for k in carried}
    builder = Builder()
    for i, instr in enumerate(tape.instrs):
        builder.line = instr.line
        if instr.op is switch:
            taken = [k for k, j in enumerate(instr.args[1:]) if j in home]
            branches = tuple([_summed(b, taken) for b in instr.params[0].branches])
            instr = instr._replace(params=(Switch(branches),))
            is_home = bool(taken)
        else:
            is_met = not home.keys().isdisjoint(instr.args)
            if instr.op is ew.add and instr.dtype.kind == "f" and is_met:
                instr = instr._replace(op=ew.increment)
            is_home = base(instr, home) is not None or (instr.op is part and is_met)
        if is_home:
            home[i] = i
        builder.copy(instr, instr.args)
    return builder.finish(tape.outputs, tape.inputs)


def _turns(form: Loop, operands: Sequence[Value], builder: Builder) -> list[Value]:
    """The results of a loop, turn by turn."""
    assert form.count is not None
    consts, carries, xs, _ = grouped(form, operands)
    rows: list[list[Value]] = []
    order = range(form.count)
    for turn in reversed(order) if form.backward else order:
        row = [st.index(x, slots=(turn, *((0, n, 1) for n in x.shape[1:]))) for x in xs]
        number = builder.const(turn, (), INT64)
        carries = inline(builder, form.body, [number, *consts, *carries, *row])
        rows.append(carries[form.carries :])
        carries = carries[: form.carries]
    if form.backward:
        rows.reverse()
    return [*carries, *(_stacked(column) for column in zip(*rows, strict=True))]


def _stacked(rows: Sequence[Value]) -> Value:
    wide = [st.reshape(x, shape=(1, *x.shape)) for x in rows]
    return st.concatenate(*wide, axis=0)
