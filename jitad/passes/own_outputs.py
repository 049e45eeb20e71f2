"""Tape -> Tape: every output is an instruction of its own."""

from __future__ import annotations

from jitad.ir.builder import extend
from jitad.ir.tape import INPUT, Tape
from jitad.ops.elementwise import stop_gradient


def own_outputs(tape: Tape) -> Tape:
    """The tape with a copy for each output that is an input or stands twice."""
    builder = extend(tape)
    seen: set[int] = set()
    outputs: list[int] = []
    for i in tape.outputs:
        if i in seen or tape.instrs[i].op is INPUT:
            i = stop_gradient(builder.value(i)).index
        seen.add(i)
        outputs.append(i)
    return builder.finish(outputs)
