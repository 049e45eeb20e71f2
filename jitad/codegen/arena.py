"""Program -> offsets: temporaries in one arena; a place is used again when nobody reads it.

This is the textbook's overwriting problem: a buffer lives from the step that first writes it to
the last step that reads it, and two buffers overlap only where their lives do not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from jitad.ir.tape import CONST, INPUT, Instr
from jitad.passes.schedule import Program

_ALIGN = 64


@dataclass(eq=False)
class Plan:
    """The offset of each buffer that is not an output's, and the arena's size, in bytes."""

    offsets: dict[int, int]
    size: int

    def grow(self, count: int) -> int:
        """Room for `count` more scalars that live throughout; where it begins."""
        start = self.size
        self.size += 8 * count
        return start


def plan(program: Program) -> Plan:
    """Where each temporary lies: the largest first, so that small ones do not lie in their way."""
    lives = _lives(program)
    tape = program.tape
    outputs = {program.storage[i] for i in tape.outputs if i in program.storage}
    offsets: dict[int, int] = {}
    placed: list[tuple[int, int, int, int]] = []
    total = 0
    sizes = {i: _size(tape.instrs[i]) for i in lives}
    for home in sorted(lives, key=lambda i: (-sizes[i], lives[i])):
        if home in outputs:
            continue
        first, last = lives[home]
        size = sizes[home]
        busy = sorted((a, b) for a, b, f, g in placed if f <= last and first <= g)
        start = 0
        for a, b in busy:
            if start + size <= a:
                break
            start = max(start, b)
        offsets[home] = start
        placed.append((start, start + size, first, last))
        total = max(total, start + size)
    return Plan(offsets, total)


def _size(instr: Instr) -> int:
    """Bytes of a buffer, in whole cache lines."""
    return -(-math.prod(instr.shape) * instr.dtype.itemsize // _ALIGN) * _ALIGN


def _lives(program: Program) -> dict[int, tuple[int, int]]:
    """For each buffer the first step that writes it and the last that touches it.

    A virtual value reads its operands at every step that computes it, so a buffer lives as long
    as anything computed from it without being stored.
    """
    tape = program.tape
    last_use = [-1] * len(tape.instrs)
    for i in range(len(tape.instrs) - 1, -1, -1):
        instr = tape.instrs[i]
        if instr.op is INPUT or instr.op is CONST:
            continue
        reach = program.position.get(i, last_use[i])
        for j in instr.args:
            last_use[j] = max(last_use[j], reach)
    lives: dict[int, tuple[int, int]] = {}
    for i, home in program.storage.items():
        while home in program.within:
            home = program.within[home].whole
        first = program.begun.get(i, program.position[i])
        last = max(program.position[i], last_use[i])
        known = lives.get(home)
        lives[home] = (
            (first, last) if known is None else (min(first, known[0]), max(last, known[1]))
        )
    return lives
