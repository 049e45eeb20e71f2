"""Tape -> Tape: runs of turns that do alike become loops; the results keep every bit.

A turn's constants that differ become rows of a table; elements of an array that is read turn by
turn become rows of it; what is read of all turns afterwards becomes a stack.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops import control
from jitad.ops import structural as st
from jitad.ops.control.parts import rewired
from jitad.passes.rolling.body import make_body
from jitad.passes.rolling.columns import Turns, quietest, turns
from jitad.passes.rolling.flat import Flat, flatten
from jitad.passes.rolling.outside import Outside
from jitad.passes.rolling.runs import LEAST_TURNS, Run, find_runs

LONG = 2000
"""Tapes of less weight are left as they are; within a loop those of a fourth of it."""

_ARRAY = 8
"""An instruction on arrays takes as long to compile as that many on numbers, or longer."""


class Rolled(NamedTuple):
    """A tape, and the tables that its last inputs are."""

    tape: Tape
    tables: list[np.ndarray]


def roll(tape: Tape, least: int = LONG) -> Rolled:
    """The tape with its loops rolled up, if it weighs so much: an operation on numbers weighs 1."""
    if sum(_ARRAY if instr.shape else 1 for instr in tape.instrs) < least:
        return Rolled(tape, [])
    flat = flatten(tape)
    found = [turns(flat, quietest(flat, run)) for run in find_runs(flat.code)]
    runs = [x for x in found if x is not None]
    return _Roller(flat, runs).roll() if runs else Rolled(tape, [])


class _Roller:
    """Rebuilds a tape."""

    def __init__(self, flat: Flat, runs: Sequence[Turns]) -> None:
        self.flat = flat
        self.runs = runs
        self.outside = Outside(flat, runs)
        self.builder = self.outside.builder

    def roll(self) -> Rolled:
        k = 0
        for number, run in enumerate(self.runs):
            self._copy(range(k, run.run.start))
            self._loop(number, run)
            k = run.run.stop
        self._copy(range(k, len(self.flat.code)))
        tape, outside = self.flat.tape, self.outside
        outputs = [outside.value(self.flat.refer(j)).index for j in tape.outputs]
        inputs = [outside.made[-1 - i].index for i in tape.inputs]
        inputs += [x.index for x in outside.inputs]
        return Rolled(self.builder.finish(outputs, inputs), outside.tables)

    def _copy(self, places: range) -> None:
        for k in places:
            instr = self.flat.instr(k)
            self.builder.line = instr.line
            operands = [self.flat.refer(j) for j in instr.args]
            joined: Value | None = None
            if instr.op in st.JOINS and len(operands) >= LEAST_TURNS:
                joined = self._join(instr, operands)
            if joined is None:
                args = tuple([self.outside.value(j).index for j in operands])
                joined = self.builder.value(self.builder.copy(instr, args))
            self.outside.made[k] = joined

    def _join(self, instr: Instr, operands: Sequence[int]) -> Value | None:
        """A join of rows of stacks, from the stacks; None where there are none."""
        types = {self.flat.instr(j).shape for j in operands}
        if len(types) != 1 or len(self.outside.stretches(operands)) * 4 > len(operands):
            return None
        rows = self.outside.stacked(operands)
        if instr.op is st.pack:
            return st.reshape(rows, shape=instr.shape)
        axis, rank = instr.params[0], len(instr.shape)
        turned = st.transpose(rows, perm=(*range(1, axis + 1), 0, *range(axis + 1, rank + 1)))
        return st.reshape(turned, shape=instr.shape)

    def _loop(self, number: int, run: Turns) -> None:
        used = self._used_later(run.run)
        body = make_body(self.outside, run, used)
        self.builder.line = self.flat.instr(run.run.start).line
        inner = roll(body.tape, LONG // 4)
        first, second = 1 + len(body.consts), len(body.tape.inputs)
        order = [
            0,
            *range(1, first),
            *range(second, second + len(inner.tables)),
            *range(first, second),
        ]
        consts = [*body.consts, *(self.outside.table(x) for x in inner.tables)]
        tape = rewired(inner.tape, order, range(len(inner.tape.outputs)))
        form = control.Loop(tape, len(consts), len(body.carries), run.run.turns)
        operands = [*consts, *body.carries, *body.xs]
        results = control.record(self.builder, control.loop, operands, form)
        last = run.run.start + run.run.period * (run.run.turns - 1)
        for place, k in body.finals.items():
            self.outside.made[last + place] = results[k]
        for place, k in body.rows.items():
            self.outside.stacks[number][place] = results[k]

    def _used_later(self, run: Run) -> tuple[set[int], set[int]]:
        """Places of a turn that are read after the run: of the last turn, and of others."""
        flat = self.flat
        args = flat.args[int(flat.first[run.stop]) :]
        read = args[(args >= run.start) & (args < run.stop)]
        outputs = [self.flat.refer(j) for j in self.flat.tape.outputs]
        outputs = [k for k in outputs if run.start <= k < run.stop]
        places = np.unique(np.concatenate([read, np.array(outputs, np.int64)])) - run.start
        turn, place = np.divmod(places, run.period)
        last = turn == run.turns - 1
        return set(place[last].tolist()), set(place[~last].tolist())
