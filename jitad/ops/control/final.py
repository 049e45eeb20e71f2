"""A turn and its sweep: elements that no loop changes any more are read where they are in the end.

What a sweep reads of a turn would be kept in a stack; what stands in the loop's array as long as
the sweep runs need not be.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from jitad.ir.builder import Builder
from jitad.ir.op import Control, Elementwise
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ir.value import Value
from jitad.ops.control.parts import type_of
from jitad.ops.control.restore import below
from jitad.ops.gathers import gather_final, iota
from jitad.ops.views import broadcast, reshape


def read_in_the_end(
    tape: Tape, late: int, starts: Sequence[int], free: Collection[int]
) -> tuple[Tape, list[int]]:
    """The tape with one more input for each array that is read in the end, and which these are.

    The inputs from `late` on are the sweep's. The arrays begin as the inputs at the positions
    `starts`; inputs at the positions `free` are known to the sweep.
    """
    reading = _Reading(tape, late, starts, free)
    return reading.run() if reading.wanted else (tape, [])


class _Reading:
    def __init__(self, tape: Tape, late: int, starts: Sequence[int], free: Collection[int]) -> None:
        self.tape = tape
        self.late = tape.reached(tape.inputs[late:])
        known = [False] * len(tape.instrs)
        self.array: dict[int, int] = {tape.inputs[k]: n for n, k in enumerate(starts)}
        for k in free:
            known[tape.inputs[k]] = True
        self.wanted: set[int] = set()
        for i, instr in enumerate(tape.instrs):
            known[i] = known[i] or _is_known(instr, known)
            if not self.late[i]:
                base = below(tape, i)
                if base in self.array:
                    self.array[i] = self.array[base]
        for i, instr in enumerate(tape.instrs):
            self.wanted |= {
                j for j in instr.args if self.late[i] and self._is_final(instr, j, known)
            }

    def _is_final(self, reader: Instr, j: int, known: Sequence[bool]) -> bool:
        """Whether what the sweep reads is an element, or holds elements, that are final."""
        instr = self.tape.instrs[j]
        if self.late[j]:
            return False
        if instr.op is gather_final and known[instr.args[1]]:
            return instr.args[0] in self.array
        if j not in self.array or not isinstance(reader.op, Control):
            return False
        return all(_reads_finals(reader, k) for k, x in enumerate(reader.args) if x == j)

    def run(self) -> tuple[Tape, list[int]]:
        """The new tape."""
        tape, builder = self.tape, Builder()
        used = sorted({self.array[self._whole(j)] for j in self.wanted})
        new: list[int] = []
        ends: dict[int, Value] = {}
        for n in used:
            like = next(i for i, m in self.array.items() if m == n and i in tape.inputs)
            ends[n] = builder.input(f"e{n}", *type_of(tape.instrs[like]))
        found: dict[int, int] = {}
        for i, instr in enumerate(tape.instrs):
            builder.line = instr.line
            args = [
                self._now(builder, ends, new, found, j)
                if self.late[i] and j in self.wanted
                else new[j]
                for j in instr.args
            ]
            new.append(builder.copy(instr, tuple(args)))
        inputs = [*(new[i] for i in tape.inputs), *(ends[n].index for n in used)]
        return builder.finish([new[i] for i in tape.outputs], inputs), used

    def _whole(self, j: int) -> int:
        instr = self.tape.instrs[j]
        return instr.args[0] if instr.op is gather_final and j not in self.array else j

    def _now(
        self,
        builder: Builder,
        ends: dict[int, Value],
        new: list[int],
        found: dict[int, int],
        j: int,
    ) -> int:
        """What the sweep reads, of the array in the end."""
        if j not in found:
            instr, whole = self.tape.instrs[j], self._whole(j)
            x, shape = ends[self.array[whole]], self.tape.instrs[whole].shape
            x = x if x.shape == shape else reshape(x, shape=shape)
            if whole != j:
                x = gather_final(x, builder.value(new[instr.args[1]]))
            found[j] = x.index
        return found[j]


def _is_known(instr: Instr, known: Sequence[bool]) -> bool:
    """Whether a sweep computes it again at little cost."""
    if instr.shape and instr.dtype.kind not in "bi":
        return False
    is_simple = isinstance(instr.op, Elementwise) or instr.op in (CONST, iota, reshape, broadcast)
    return is_simple and all(known[j] for j in instr.args)


def _reads_finals(instr: Instr, place: int) -> bool:
    """Whether a control op reads elements that are final, of an operand, and nothing else of it."""
    form: Any = instr.params[0]
    op = instr.op
    assert isinstance(op, Control)
    carries = getattr(form, "carries", None)
    if carries is not None and place >= form.consts:
        return False
    if carries is None and not hasattr(form, "branches"):
        return False
    tapes = op.tapes(form)
    if carries is None:
        return place > 0 and all(all_final(t, t.inputs[place - 1]) for t in tapes)
    body, *asked = tapes
    return all_final(body, body.inputs[1 + place]) and all(
        all_final(t, t.inputs[place]) for t in asked
    )


def all_final(tape: Tape, i: int) -> bool:
    """Whether all that reads a value, in whatever shape, reads elements that are final."""
    same = {i}
    if i in tape.outputs:
        return False
    for k, instr in enumerate(tape.instrs):
        for place, j in enumerate(instr.args):
            if j not in same or (instr.op is gather_final and place == 0):
                continue
            if instr.op is reshape:
                same.add(k)
                if k in tape.outputs:
                    return False
            elif not isinstance(instr.op, Control) or not _reads_finals(instr, place):
                return False
    return True
