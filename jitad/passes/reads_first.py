"""Tape -> Tape: elements of an array are read before they are changed, where they can be.

Then the array is changed in its own memory; read after, it would have to be copied.
"""

from __future__ import annotations

from jitad.ir.op import Control
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ops.structural import UPDATES, reshape
from jitad.passes.order import operands_first


def reads_first(tape: Tape) -> Tape:
    """The same instructions, with those that read an array before those that change elements."""
    if not any(instr.op in UPDATES for instr in tape.instrs):
        return tape
    order = _Order(tape).order
    return tape if order == list(range(len(order))) else tape.reordered(order)


class _Order:
    """`later`: of each update what could stand before it, which reads the array and stands behind
    it; each is asked for once, for updates of two arrays may wait for each other."""

    def __init__(self, tape: Tape) -> None:
        self.instrs = tape.instrs
        self.readers: dict[int, list[int]] = {}
        for i, instr in enumerate(tape.instrs):
            for j in instr.args:
                self.readers.setdefault(j, []).append(i)
        self.later = self._independent({i: self._later_readers(i) for i in self._updates()})
        self.order: list[int] = []
        self.placed = [False] * len(tape.instrs)
        for root in range(len(tape.instrs)):
            for i in () if self.placed[root] else operands_first(root, self._waiting):
                if not self.placed[i]:
                    self.placed[i] = True
                    self.order.append(i)

    def _updates(self) -> list[int]:
        """The updates of arrays in memory."""
        instrs = self.instrs
        return [
            i
            for i, instr in enumerate(instrs)
            if instr.op in UPDATES and instrs[instr.args[0]].op is not CONST
        ]

    def _waiting(self, i: int) -> list[int]:
        """What is to stand before an instruction, and does not yet."""
        before = [j for j in self.instrs[i].args if not self.placed[j]]
        later = self.later.get(i, [])
        while later and not before:
            r = later.pop()
            before = [] if self.placed[r] else [r]
        return before

    def _later_readers(self, i: int) -> list[int]:
        """What reads the array that an update changes, in any shape, and stands behind it."""
        found, work = list[int](), [self.instrs[i].args[0]]
        while work:
            for r in self.readers.get(work.pop(), ()):
                if self.instrs[r].op is reshape:
                    work.append(r)
                elif r > i and _only_reads(self.instrs[r]):
                    found.append(r)
        return found

    def _independent(self, later: dict[int, list[int]]) -> dict[int, list[int]]:
        """The same without those that need the update: of each instruction a number has a bit for
        each update that it needs."""
        bits = {i: 1 << k for k, i in enumerate(i for i, found in later.items() if found)}
        needs: list[int] = []
        for i, instr in enumerate(self.instrs):
            found = bits.get(i, 0)
            for j in instr.args:
                found |= needs[j]
            needs.append(found)
        return {
            i: sorted((r for r in later[i] if not needs[r] & bit), reverse=True)
            for i, bit in bits.items()
        }


def _only_reads(instr: Instr) -> bool:
    return instr.op not in UPDATES and not isinstance(instr.op, Control)
