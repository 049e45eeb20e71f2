"""Several traces of one function -> one tape, with a switch where their guards part.

The traces of a function compute alike, up to the first guard that found another value, whatever
they all need. From there on each is a branch. A value that no trace has met fails a guard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jitad.ir.builder import Builder, inline
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import INT64, Control
from jitad.ir.tape import CONST, INPUT, Instr, Tape, has_effect
from jitad.ir.value import Value
from jitad.ops import control
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control.parts import output_types, record, type_of


def is_guarded(tape: Tape) -> bool:
    """Whether a tape holds for some values only."""
    return any(has_effect(instr) for instr in tape.instrs)


def alike(a: Tape, b: Tape) -> bool:
    """Whether two tapes do the same, instruction by instruction."""
    return (
        len(a) == len(b)
        and a.inputs == b.inputs
        and a.outputs == b.outputs
        and all(_same(x, y) for x, y in zip(a.instrs, b.instrs, strict=True))
    )


def _same(x: Instr, y: Instr) -> bool:
    if x.op is not y.op or x.args != y.args or x.shape != y.shape or x.dtype != y.dtype:
        return False
    return x.op is INPUT or (repr(x.params) == repr(y.params) and _same_tapes(x, y))


def _same_tapes(x: Instr, y: Instr) -> bool:
    """Whether what two instructions of one op hold is alike."""
    if not isinstance(x.op, Control):
        return True
    mine, others = x.op.tapes(x.params[0]), x.op.tapes(y.params[0])
    return len(mine) == len(others) and all(map(alike, mine, others))


def merged(tapes: Sequence[Tape]) -> Tape:
    """One tape for all of these, which have the same inputs, these first."""
    first, *others = tapes
    different = [tape for tape in others if not alike(tape, first)]
    if not different:
        return first
    every = [first, *different]
    groups: dict[Any, list[Tape]] = {}
    for tape, place in zip(every, _Fork(every).places, strict=True):
        groups.setdefault(tape.instrs[place].params, []).append(tape)
    wholes = [merged(group) for group in groups.values()]
    if any(output_types(tape) != output_types(first) for tape in wholes[1:]):
        raise ShapeError(
            "the paths through a function return arrays of different shapes or dtypes",
            remedy="within a loop or a batch, return the same shapes and dtypes on every path",
        )
    return _Fork(wholes).joined()


class _Fork:
    """The first guard at which traces part; `places` says where in each of them it stands.

    Values have numbers, which are equal where they are computed alike, in whichever trace. Traces
    need not agree place by place: one may lack what the other path reads later.
    """

    def __init__(self, tapes: Sequence[Tape]) -> None:
        self.tapes = tapes
        self.known: dict[Any, list[int]] = {}
        self.instrs: list[Instr] = []
        self.numbers = [self._numbered(tape) for tape in tapes]
        self.places = self._part()

    def _numbered(self, tape: Tape) -> list[int]:
        places = {i: k for k, i in enumerate(tape.inputs)}
        numbers: list[int] = []
        for i, instr in enumerate(tape.instrs):
            args = tuple([numbers[j] for j in instr.args])
            key: Any = (instr.op, args, instr.shape, instr.dtype, repr(instr.params))
            alike_so_far = self.known.setdefault(places[i] if instr.op is INPUT else key, [])
            found = next((n for n in alike_so_far if _same_tapes(self.instrs[n], instr)), None)
            if found is None:
                found = len(self.instrs)
                self.instrs.append(instr)
                alike_so_far.append(found)
            numbers.append(found)
        return numbers

    def _part(self) -> tuple[int, ...]:
        effects = [[i for i, x in enumerate(t.instrs) if has_effect(x)] for t in self.tapes]
        for column in zip(*effects, strict=False):
            triples = list(zip(column, self.tapes, self.numbers, strict=True))
            if len({numbers[i] for i, _, numbers in triples}) == 1:
                continue
            asked = {numbers[tape.instrs[i].args[0]] for i, tape, numbers in triples}
            if len(asked) == 1 and all(tape.instrs[i].op is st.guard for i, tape, _ in triples):
                return column
            break
        raise TraceError(
            "a function takes paths that do not part at a branch on its own values",
            remedy="use jitad.cond or np.where for the branches within a loop or a batch",
        )

    def joined(self) -> Tape:
        """What all traces compute before they part, and a switch between the rests."""
        first, place = self.tapes[0], self.places[0]
        before = zip(self.numbers, self.places, strict=True)
        shared = set[int].intersection(*(set(numbers[:k]) for numbers, k in before))
        builder = Builder()
        made: dict[int, int] = {}
        for i in (*first.inputs, *range(place)):
            n, instr = self.numbers[0][i], first.instrs[i]
            if n not in made and (n in shared or instr.op is INPUT):
                args = [made[self.numbers[0][j]] for j in instr.args]
                made[n] = builder.copy(instr, tuple(args))
        decision = first.instrs[place]
        builder.line = decision.line
        asked = builder.value(made[self.numbers[0][decision.args[0]]])
        expected = [t.instrs[k].params[0] for t, k in zip(self.tapes, self.places, strict=True)]
        index, known = _which(asked, expected)
        st.guard(known, expected=np.True_.tobytes())
        live = sorted(set[int].union(*(self._read_after(k, made) for k in range(len(self.tapes)))))
        branches = tuple(self._rest(k, made, live) for k in range(len(self.tapes)))
        operands = [index, *(builder.value(made[n]) for n in live)]
        results = record(builder, control.switch, operands, control.Switch(branches))
        inputs = [made[self.numbers[0][i]] for i in first.inputs]
        return builder.finish([x.index for x in results], inputs)

    def _is_made(self, k: int, i: int, made: Mapping[int, int]) -> bool:
        """Whether value i of a trace is there before the fork; numbers are written out anew."""
        return self.numbers[k][i] in made and self.tapes[k].instrs[i].op is not CONST

    def _read_after(self, k: int, made: Mapping[int, int]) -> set[int]:
        """What the rest of a trace reads of the part before."""
        tape, numbers = self.tapes[k], self.numbers[k]
        rest = (
            instr
            for i, instr in enumerate(tape.instrs)
            if i != self.places[k] and not self._is_made(k, i, made)
        )
        read = (j for instr in rest for j in instr.args)
        return {numbers[j] for j in (*read, *tape.outputs) if self._is_made(k, j, made)}

    def _rest(self, k: int, made: Mapping[int, int], live: Sequence[int]) -> Tape:
        """The rest of a trace, its inputs being what it may read of the part before."""
        tape, numbers = self.tapes[k], self.numbers[k]
        builder = Builder()
        given = {n: builder.input(f"x{n}", *type_of(self.instrs[n])).index for n in live}
        new: dict[int, int] = {}
        for i, instr in enumerate(tape.instrs):
            if self._is_made(k, i, made):
                if numbers[i] in given:
                    new[i] = given[numbers[i]]
            elif i != self.places[k]:
                new[i] = builder.copy(instr, tuple([new[j] for j in instr.args]))
        return builder.finish([new[i] for i in tape.outputs], [given[n] for n in live])


def _which(x: Value, expected: Sequence[bytes]) -> tuple[Value, Value]:
    """The number of the trace that the guarded value belongs to, and whether there is one."""
    builder = x.builder
    index: Value = builder.const(len(expected) - 1, (), INT64)
    known: Value | None = None
    for k in reversed(range(len(expected))):
        met = st.equals(x, expected[k])
        known = met if known is None else ew.logical_or(known, met)
        index = ew.where(met, builder.const(k, (), INT64), index)
    assert known is not None
    return index, known


def on_common_inputs(tape: Tape, count: int, own: Sequence[int], types: Sequence[Any]) -> Tape:
    """A tape of `count` arguments and captured values as one of all values that a path captures.

    `own` says which of these the tape's captured values are.
    """
    builder = Builder()
    arguments = [builder.copy(tape.instrs[i], ()) for i in tape.inputs[:count]]
    shared = [builder.input(f"c{k}", *kind) for k, kind in enumerate(types)]
    inputs = [builder.value(i) for i in arguments] + [shared[k] for k in own]
    results = inline(builder, tape, inputs)
    places = [*arguments, *(x.index for x in shared)]
    return builder.finish([x.index for x in results], places)
