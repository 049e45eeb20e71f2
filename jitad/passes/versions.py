"""Which values of a tape are the arrays that they change, as these are at the time."""

from __future__ import annotations

from collections.abc import Sequence

from jitad.ir.tape import Instr, Tape
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control import part


class Versions:
    """Which values are arrays as they are at the time: what is read of others, that were changed
    since, is not in the array in the end."""

    def __init__(self, tape: Tape, shown: dict[int, int | None]) -> None:
        self.shown = shown
        self.of: dict[int, object] = {i: i for i in tape.inputs}
        self.last: dict[int, object] = {x: i for i, x in shown.items() if x is not None}

    def made(self, i: int, instr: Instr) -> None:
        """Note an instruction."""
        array = self.shown.get(i)
        if array is None:
            return
        if instr.op in (st.reshape, ew.stop_gradient):
            self.of[i] = self.of[instr.args[0]]
        else:
            self.of[i] = (instr.args[0], instr.params[0]) if instr.op is part else i
            self.last[array] = self.of[i]

    def stale(self, values: Sequence[int]) -> set[int]:
        """The arrays of which values are versions that are no more."""
        found: set[int] = set()
        for i in values:
            array = self.shown.get(i)
            if array is not None and self.of[i] != self.last[array]:
                found.add(array)
        return found
