"""Tape -> Tape: updates at computed places move down to their first readers.

Whoever reads the array as it was before then comes first, and the update can work in its memory.
"""

from __future__ import annotations

from jitad.ir.tape import Tape
from jitad.ops.structural import SCATTERS
from jitad.passes.order import operands_first


def sink(tape: Tape) -> Tape:
    """The tape with its scatters as late as their readers allow."""
    if not any(instr.op in SCATTERS for instr in tape.instrs):
        return tape
    order: dict[int, None] = {}

    def needed(i: int) -> list[int]:
        return [j for j in tape.instrs[i].args if j not in order]

    steady = [i for i, instr in enumerate(tape.instrs) if instr.op not in SCATTERS]
    for root in (*steady, *tape.outputs):
        for i in operands_first(root, needed) if root not in order else ():
            order[i] = None
    return tape.reordered([*order])
