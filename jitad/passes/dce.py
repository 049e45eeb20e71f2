"""Tape -> Tape: remove instructions whose results nobody reads."""

from __future__ import annotations

from jitad.ir.builder import Builder
from jitad.ir.tape import INPUT, Tape


def dce(tape: Tape) -> Tape:
    """The tape without dead code; inputs and guards stay, read or not."""
    live = tape.live(tape.outputs)
    if all(flag or instr.op is INPUT for flag, instr in zip(live, tape.instrs, strict=True)):
        return tape
    builder = Builder()
    new = [0] * len(tape.instrs)
    for i, instr in enumerate(tape.instrs):
        if live[i] or instr.op is INPUT:
            new[i] = builder.copy(instr, tuple([new[j] for j in instr.args]))
    return builder.finish([new[i] for i in tape.outputs], [new[i] for i in tape.inputs])
