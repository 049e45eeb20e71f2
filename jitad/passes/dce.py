"""Tape -> Tape: remove instructions whose results nobody reads."""

from __future__ import annotations

from jitad.ir.builder import Builder
from jitad.ir.op import Op, Structural
from jitad.ir.tape import INPUT, Tape


def dce(tape: Tape) -> Tape:
    """The tape without dead code; inputs and guards stay, read or not."""
    live = [_has_effect(instr.op) for instr in tape.instrs]
    for i in tape.outputs:
        live[i] = True
    for i in range(len(tape.instrs) - 1, -1, -1):
        if live[i]:
            for j in tape.instrs[i].args:
                live[j] = True
    if all(live):
        return tape
    builder = Builder()
    new = [0] * len(tape.instrs)
    for i, instr in enumerate(tape.instrs):
        if live[i]:
            new[i] = builder.copy(instr, tuple([new[j] for j in instr.args]))
    return builder.finish([new[i] for i in tape.outputs], [new[i] for i in tape.inputs])


def _has_effect(op: Op) -> bool:
    return op is INPUT or (isinstance(op, Structural) and op.effect)
