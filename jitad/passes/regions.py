"""Tape -> Tape: control ops with what they do simplified, and each sub-tape optimised.

What nobody reads is dropped, carries that stay as they are become consts, those of few elements
numbers, and what a loop computes in every turn alike is computed once before it.
"""

from __future__ import annotations

from collections.abc import Callable

from jitad.ir.builder import Builder
from jitad.ir.op import Control, Shape
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops.control import loop, part, record
from jitad.ops.control.parts import Simplified, rewritten
from jitad.passes.carries import joined, split_carries


def regions(tape: Tape, optimise: Callable[[Tape], Tape]) -> Tape:
    """The tape with its control ops in their simplest form."""
    if not any(isinstance(instr.op, Control) for instr in tape.instrs):
        return tape
    used = results_read(tape)
    inlined = False

    def rule(builder: Builder, i: int, instr: Instr) -> dict[int, Value] | None:
        nonlocal inlined
        if not isinstance(instr.op, Control):
            return None
        operands = [*map(builder.value, instr.args)]
        before = len(builder.instrs)
        simple = instr.op.simplify(instr.params[0], operands, used[i], builder)
        made = builder.instrs[before:]
        inlined = inlined or any(isinstance(x.op, Control) for x in made)
        return _recorded(instr.op, simple, builder, optimise)

    found = rewritten(tape, rule)
    # What has taken an op's place may hold others, which are not yet in their simplest form.
    return regions(found, optimise) if inlined else found


def results_read(tape: Tape) -> dict[int, set[int]]:
    """Which results of each control op are read."""
    used: dict[int, set[int]] = {
        i: set() for i, instr in enumerate(tape.instrs) if isinstance(instr.op, Control)
    }
    for instr in tape.instrs:
        if instr.op is part:
            used[instr.args[0]].add(instr.params[0])
    return used


def _recorded(
    op: Control, simple: Simplified, builder: Builder, optimise: Callable[[Tape], Tape]
) -> dict[int, Value]:
    """Record the simplest form of a control op; the results that are read."""
    if not simple.operands and not simple.numbers:
        return simple.known
    tapes = [optimise(tape) for tape in op.tapes(simple.form)]
    form, operands, shapes = op.with_tapes(simple.form, tapes), simple.operands, list[Shape]()
    if op is loop:
        form, operands, shapes = split_carries(form, operands)
    results = joined(record(builder, op, operands, form), shapes)
    return {**simple.known, **dict(zip(simple.numbers, results, strict=True))}
