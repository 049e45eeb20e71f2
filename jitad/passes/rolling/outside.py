"""The tape around the loops, while it is rebuilt: what of the old tape is where in the new one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jitad.ir.builder import Builder
from jitad.ir.value import Value
from jitad.ops import structural as st
from jitad.passes.rolling.columns import Turns
from jitad.passes.rolling.flat import Flat


class Outside:
    """Values of the old tape on the new one.

    `made` are those of operations outside of the runs, of constants and inputs, and of the last
    turns; `stacks` those of all turns, by their place in a turn, of each run.
    """

    def __init__(self, flat: Flat, runs: Sequence[Turns]) -> None:
        self.flat = flat
        self.runs = runs
        self.starts = np.array([x.run.start for x in runs])
        self.builder = Builder()
        self.made: dict[int, Value] = {}
        self.stacks: list[dict[int, Value]] = [{} for _ in runs]
        self.tables: list[np.ndarray] = []
        self.inputs: list[Value] = []
        for i in flat.tape.inputs:
            self.made[-1 - i] = self.builder.value(self.builder.copy(flat.tape.instrs[i], ()))

    def table(self, numbers: np.ndarray) -> Value:
        """Numbers, one a turn, as an input of the tape."""
        self.tables.append(numbers)
        x = self.builder.input(f"table{len(self.tables)}", numbers.shape, numbers.dtype)
        self.inputs.append(x)
        return x

    def _run_of(self, i: int) -> int:
        """The run that operation i belongs to, or -1."""
        k = int(np.searchsorted(self.starts, i, side="right")) - 1
        return k if k >= 0 and i < self.runs[k].run.stop else -1

    def value(self, i: int) -> Value:
        """The value of an operation, constant or input: of a turn, a row of its stack."""
        known = self.made.get(i)
        if known is None and i < 0:
            known = self.made[i] = self.builder.value(self.builder.copy(self.flat.instr(i), ()))
        elif known is None:
            run = self.runs[self._run_of(i)].run
            turn, place = divmod(i - run.start, run.period)
            stack = self.stacks[self._run_of(i)][place]
            rest = [(0, n, 1) for n in stack.shape[1:]]
            known = self.made[i] = st.index(stack, slots=(turn, *rest))
        return known

    def stacked(self, indices: Sequence[int]) -> Value:
        """Values of one type as the rows of one array."""
        pieces = [self._piece(*stretch) for stretch in self.stretches(indices)]
        return pieces[0] if len(pieces) == 1 else st.concatenate(*pieces, axis=0)

    def stretches(self, indices: Sequence[int]) -> list[tuple[list[int], int, int]]:
        """Indices cut into stretches: (indices, run, place) of consecutive turns, or run -1."""
        found: list[tuple[list[int], int, int]] = []
        for i in indices:
            k = -1 if i in self.made else self._run_of(i)
            place = (i - self.runs[k].run.start) % self.runs[k].run.period if k >= 0 else 0
            if found:
                last, run, where = found[-1]
                if (run, where) == (k, place) and (
                    k < 0 or i == last[-1] + self.runs[k].run.period
                ):
                    last.append(i)
                    continue
            found.append(([i], k, place))
        return found

    def _piece(self, indices: list[int], run: int, place: int) -> Value:
        if run < 0:
            values = [self.value(i) for i in indices]
            shape = values[0].shape
            if shape == ():
                return st.pack(*values, shape=(len(values),))
            return st.concatenate(*(st.reshape(x, shape=(1, *shape)) for x in values), axis=0)
        first = (indices[0] - self.runs[run].run.start) // self.runs[run].run.period
        stack = self.stacks[run][place]
        if len(indices) == stack.shape[0]:
            return stack
        rest = [(0, n, 1) for n in stack.shape[1:]]
        return st.index(stack, slots=((first, len(indices), 1), *rest))
