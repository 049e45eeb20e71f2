"""Tape -> Tape: elements of an array are read before they are changed, where they can be.

Then the array is changed in its own memory; read after, it would have to be copied.
"""

from __future__ import annotations

from jitad.ir.op import Control
from jitad.ir.tape import Instr, Tape
from jitad.ops.structural import UPDATES, reshape
from jitad.passes.order import operands_first


def reads_first(tape: Tape) -> Tape:
    """The same instructions, with those that read an array before those that change elements."""
    if not any(instr.op in UPDATES for instr in tape.instrs):
        return tape
    order = _Order(tape).order
    return tape if order == list(range(len(order))) else tape.reordered(order)


class _Order:
    def __init__(self, tape: Tape) -> None:
        self.instrs = tape.instrs
        self.readers: dict[int, list[int]] = {}
        for i, instr in enumerate(tape.instrs):
            for j in instr.args:
                self.readers.setdefault(j, []).append(i)
        self.order: list[int] = []
        self.placed = [False] * len(tape.instrs)
        self.asked: set[int] = set()
        for root in range(len(tape.instrs)):
            for i in () if self.placed[root] else operands_first(root, self._waiting):
                if not self.placed[i]:
                    self.placed[i] = True
                    self.order.append(i)

    def _waiting(self, i: int) -> list[int]:
        """What is to stand before an instruction, and does not yet."""
        before = [*self.instrs[i].args]
        if self.instrs[i].op in UPDATES and i not in self.asked:
            self.asked.add(i)  # once: updates of two arrays may wait for each other
            before += [r for r in self._later_readers(i) if not self._needs(r, i)]
        return [j for j in before if not self.placed[j]]

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

    def _needs(self, r: int, i: int) -> bool:
        """Whether an instruction needs an earlier one."""
        seen, work = set[int](), [r]
        while work:
            for j in self.instrs[work.pop()].args:
                if j == i:
                    return True
                if j > i and j not in seen:
                    seen.add(j)
                    work.append(j)
        return False


def _only_reads(instr: Instr) -> bool:
    return instr.op not in UPDATES and not isinstance(instr.op, Control)
