"""Tape -> Tape: loops within loops know the most turns that they take, where places bound them.

The sweep of a loop keeps what it reads of each turn. Of a loop within a loop it can keep that only
in stacks of known length; else all turns are run again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from jitad.ir.op import Control
from jitad.ir.tape import Instr, Tape
from jitad.ops.control import Loop, loop
from jitad.passes.ranges import Known, inside, ranges

MOST = 1 << 24
"""Turns of a nest of loops for which a number each is kept."""


def bounded(tape: Tape) -> Tape:
    """The tape with bounds on the turns of loops, at all depths."""
    if not any(instr.op is loop for instr in tape.instrs):
        return tape
    return _bounded(tape, [None] * len(tape.inputs), None)


def _bounded(tape: Tape, inputs: Sequence[Known], around: int | None) -> Tape:
    """The same within loops that take so many turns; None outside of all."""
    if not any(isinstance(instr.op, Control) for instr in tape.instrs):
        return tape
    found = ranges(tape, inputs)
    instrs = [
        _inside(tape, instr, found, around) if isinstance(instr.op, Control) else instr
        for instr in tape.instrs
    ]
    return Tape(tuple(instrs), tape.inputs, tape.outputs)


def _inside(tape: Tape, instr: Instr, found: Sequence[Known], around: int | None) -> Instr:
    op, form = instr.op, instr.params[0]
    assert isinstance(op, Control)
    if isinstance(form, Loop):
        form, around = _of_loop(form, [found[j] for j in instr.args], around)
    pairs = zip(op.tapes(form), inside(tape, instr, found), strict=True)
    tapes = [_bounded(inner, known, around) for inner, known in pairs]
    new: Any = op.with_tapes(form, tapes)
    return instr._replace(params=(new, *instr.params[1:]))


def _of_loop(form: Loop, operands: Sequence[Known], around: int | None) -> tuple[Loop, int]:
    """The loop with its bound, and how many turns a body of it is run for, as far as is known."""
    turns = operands[-1] if form.counted else None
    most = form.count if turns is None else turns.high
    total = (around or 1) * max(1, most or 1)
    if turns is not None and around is not None and total <= MOST:
        form = replace(form, most=max(0, turns.high))
    return form, total
