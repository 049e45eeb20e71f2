"""Tape -> Tape: remove instructions whose results nobody reads."""

from __future__ import annotations

from jitad.ir.tape import INPUT, Tape
from jitad.ops.control.parts import reduced


def dce(tape: Tape) -> Tape:
    """The tape without dead code; inputs and guards stay, read or not."""
    live = tape.live(tape.outputs)
    if all(flag or instr.op is INPUT for flag, instr in zip(live, tape.instrs, strict=True)):
        return tape
    return reduced(tape, range(len(tape.inputs)), range(len(tape.outputs)), live)
