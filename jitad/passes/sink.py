"""Tape -> Tape: updates at computed places move down to their first readers.

Whoever reads the array as it was before then comes first, and the update can work in its memory.
"""

from __future__ import annotations

from jitad.ir.builder import Builder
from jitad.ir.tape import Tape
from jitad.ops import structural as st
from jitad.passes.order import operands_first



def sink(tape: Tape) -> Tape:
    """The tape with its scatters as late as their readers allow."""
    if not any(instr.op in st.SCATTERS for instr in tape.instrs):
        return tape
    builder = Builder()
    new: dict[int, int] = {}

    def needed(i: int) -> list[int]:
        return [j for j in tape.instrs[i].args if j not in new]

    steady = [i for i, instr in enumerate(tape.instrs) if instr.op not in st.SCATTERS]
    for root in (*steady, *tape.outputs):
        for i in operands_first(root, needed) if root not in new else ():
            instr = tape.instrs[i]
            new[i] = builder.copy(instr, tuple([new[j] for j in instr.args]))
    return builder.finish([new[i] for i in tape.outputs], [new[i] for i in tape.inputs])
