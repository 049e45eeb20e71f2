"""Tape -> Tape: updates at computed places move down to their first readers.

Whoever reads the array as it was before then comes first, and the update can work in its memory.
"""

from __future__ import annotations

from jitad.ir.builder import Builder
from jitad.ir.tape import Tape
from jitad.ops import structural as st

_SINKING = (st.scatter_add, st.scatter_set)


def sink(tape: Tape) -> Tape:
    """The tape with its scatters as late as their readers allow."""
    if not any(instr.op in _SINKING for instr in tape.instrs):
        return tape
    builder = Builder()
    new: dict[int, int] = {}

    def emit(i: int) -> None:
        stack = [i]
        while stack:
            instr = tape.instrs[stack[-1]]
            waiting = [j for j in instr.args if j not in new]
            if waiting:
                stack.append(waiting[0])
                continue
            k = stack.pop()
            if k not in new:
                new[k] = builder.copy(instr, tuple([new[j] for j in instr.args]))

    for i, instr in enumerate(tape.instrs):
        if instr.op not in _SINKING:
            emit(i)
    for i in tape.outputs:
        emit(i)
    return builder.finish([new[i] for i in tape.outputs], [new[i] for i in tape.inputs])
