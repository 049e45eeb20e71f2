"""Tape -> Tape: runs of turns that do alike become loops; the results keep every bit.

A turn's constants that differ become rows of a table; elements of an array that is read turn by
turn become rows of it; what is read of all turns afterwards becomes a stack.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jitad.ir.builder import Builder
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops import control
from jitad.ops import structural as st
from jitad.ops.control.parts import rewired
from jitad.passes.rolling.body import make_body
from jitad.passes.rolling.columns import Turns, quietest, turns
from jitad.passes.rolling.flat import Flat, flatten
from jitad.passes.rolling.runs import LEAST_TURNS, Run, find_runs

LONG = 2000
"""Tapes of fewer instructions are left as they are; within a loop those of a fourth of it."""


class Rolled(NamedTuple):
    """A tape, and the tables that its last inputs are."""

    tape: Tape
    tables: list[np.ndarray]


def roll(tape: Tape, least: int = LONG) -> Rolled:
    """The tape with its loops rolled up, if it has that many instructions."""
    if len(tape) < least:
        return Rolled(tape, [])
    flat = flatten(tape)
    found = [turns(flat, quietest(flat, run)) for run in find_runs(flat.code)]
    runs = [x for x in found if x is not None]
    return Roller(flat, runs).roll() if runs else Rolled(tape, [])


class Roller:
    """Rebuilds a tape; `made` are the values of operations, `stacks` those of the runs' turns."""

    def __init__(self, flat: Flat, runs: Sequence[Turns]) -> None:
        self.flat = flat
        self.tape = flat.tape
        self.runs = runs
        self.starts = np.array([x.run.start for x in runs])
        self.builder = Builder()
        self.made: dict[int, Value] = {}
        self.stacks: list[dict[int, Value]] = [{} for _ in runs]
        self.tables: list[np.ndarray] = []
        self.inputs: list[Value] = []

    def roll(self) -> Rolled:
        for i in self.tape.inputs:
            self.made[-1 - i] = self.builder.value(self.builder.copy(self.tape.instrs[i], ()))
        k = 0
        for number, run in enumerate(self.runs):
            self._copy(range(k, run.run.start))
            self._loop(number, run)
            k = run.run.stop
        self._copy(range(k, len(self.flat.code)))
        outputs = [self.value(self.flat.refer(j)).index for j in self.tape.outputs]
        inputs = [self.made[-1 - i].index for i in self.tape.inputs]
        inputs += [x.index for x in self.inputs]
        return Rolled(self.builder.finish(outputs, inputs), self.tables)

    def table(self, numbers: np.ndarray) -> Value:
        """Numbers, one a turn, as an input of the tape."""
        self.tables.append(numbers)
        x = self.builder.input(f"table{len(self.tables)}", numbers.shape, numbers.dtype)
        self.inputs.append(x)
        return x

    # -- values ------------------------------------------------------------------------------------

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
        pieces = [self._piece(*stretch) for stretch in self._stretches(indices)]
        return pieces[0] if len(pieces) == 1 else st.concatenate(*pieces, axis=0)

    def _stretches(self, indices: Sequence[int]) -> list[tuple[list[int], int, int]]:
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

    # -- instructions ------------------------------------------------------------------------------

    def _copy(self, places: range) -> None:
        for k in places:
            instr = self.flat.instr(k)
            self.builder.line = instr.line
            operands = [self.flat.refer(j) for j in instr.args]
            joined: Value | None = None
            if instr.op in st.JOINS and len(operands) >= LEAST_TURNS:
                joined = self._join(instr, operands)
            if joined is None:
                args = tuple([self.value(j).index for j in operands])
                joined = self.builder.value(self.builder.copy(instr, args))
            self.made[k] = joined

    def _join(self, instr: Instr, operands: Sequence[int]) -> Value | None:
        """A join of rows of stacks, from the stacks; None where there are none."""
        types = {self.flat.instr(j).shape for j in operands}
        if len(types) != 1 or len(self._stretches(operands)) * 4 > len(operands):
            return None
        rows = self.stacked(operands)
        if instr.op is st.pack:
            return st.reshape(rows, shape=instr.shape)
        axis, rank = instr.params[0], len(instr.shape)
        turned = st.transpose(rows, perm=(*range(1, axis + 1), 0, *range(axis + 1, rank + 1)))
        return st.reshape(turned, shape=instr.shape)

    # -- loops -------------------------------------------------------------------------------------

    def _loop(self, number: int, run: Turns) -> None:
        used = self._used_later(run.run)
        body = make_body(self, run, used)
        self.builder.line = self.flat.instr(run.run.start).line
        inner = roll(body.tape, LONG // 4)
        first, second = 1 + len(body.consts), len(body.tape.inputs)
        order = [
            0,
            *range(1, first),
            *range(second, second + len(inner.tables)),
            *range(first, second),
        ]
        consts = [*body.consts, *(self.table(x) for x in inner.tables)]
        tape = rewired(inner.tape, order, range(len(inner.tape.outputs)))
        form = control.Loop(tape, len(consts), len(body.carries), run.run.turns)
        operands = [*consts, *body.carries, *body.xs]
        results = control.record(self.builder, control.loop, operands, form)
        last = run.run.start + run.run.period * (run.run.turns - 1)
        for place, k in body.finals.items():
            self.made[last + place] = results[k]
        for place, k in body.rows.items():
            self.stacks[number][place] = results[k]

    def _used_later(self, run: Run) -> tuple[set[int], set[int]]:
        """Places of a turn that are read after the run: of the last turn, and of others."""
        flat = self.flat
        args = flat.args[int(flat.first[run.stop]) :]
        read = args[(args >= run.start) & (args < run.stop)]
        outputs = [self.flat.refer(j) for j in self.tape.outputs]
        outputs = [k for k in outputs if run.start <= k < run.stop]
        places = np.unique(np.concatenate([read, np.array(outputs, np.int64)])) - run.start
        turn, place = np.divmod(places, run.period)
        last = turn == run.turns - 1
        return set(place[last].tolist()), set(place[~last].tolist())
