"""A run -> the body of its loop: what is the same in all turns, what is carried, what are rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from jitad.ir.builder import Builder
from jitad.ir.op import INT64
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.passes.rolling.columns import Carried, Inner, Outer, Row, Source, Turns
from jitad.passes.rolling.flat import INDEXED, integers
from jitad.passes.rolling.outside import Outside


@dataclass(eq=False)
class Body:
    """A loop's body and its operands on the tape around it.

    `finals` and `rows` say which result of the loop is what a place of the last turn, or of all
    turns, computes.
    """

    tape: Tape
    consts: list[Value]
    carries: list[Value]
    xs: list[Value]
    finals: dict[int, int]
    rows: dict[int, int]


def make_body(outside: Outside, run: Turns, used: tuple[set[int], set[int]]) -> Body:
    """The body of a run of which the places in `used` are read later."""
    return _Maker(outside, run).make(*used)


@dataclass(eq=False)
class _Group:
    """Operands of one kind: on the tape around the loop, and within the body."""

    outside: list[Value] = field(default_factory=list[Value])
    inside: list[Value] = field(default_factory=list[Value])
    known: dict[Any, Value] = field(default_factory=dict[Any, Value])


class _Maker:
    def __init__(self, outside: Outside, run: Turns) -> None:
        self.outside = outside
        self.run = run.run
        self.sources = run.sources
        self.flat = outside.flat
        self.builder = Builder()
        self.turn = self.builder.input("i", (), INT64)
        self.consts, self.carries, self.xs = _Group(), _Group(), _Group()
        self.after: list[tuple[int, int]] = []
        self.values: list[Value] = []

    def make(self, last: set[int], every: set[int]) -> Body:
        for place, sources in enumerate(self.sources):
            instr = self.flat.instr(self.run.start + place)
            self.builder.line = instr.line
            self.values.append(self._instruction(place, instr, sources))
        results = [self._next(k) for k in range(len(self.carries.inside))]
        finals = {place: self._final(place, results) for place in sorted(last)}
        carried = len(results)
        rows: dict[int, int] = {}
        for place in sorted(every):
            rows[place] = carried + len(rows)
            results.append(self.values[place])
        inside = [self.turn, *self.consts.inside, *self.carries.inside, *self.xs.inside]
        tape = self.builder.finish([x.index for x in results], [x.index for x in inside])
        return Body(tape, self.consts.outside, self.carries.outside, self.xs.outside, finals, rows)

    # -- operands ----------------------------------------------------------------------------------

    def _operand(self, source: Source) -> Value:
        if isinstance(source, Inner):
            return self.values[source.place]
        if isinstance(source, Carried):
            return self._carried(source)
        if isinstance(source, Outer):
            instr = self.flat.instr(source.place)
            if instr.op is CONST:
                return self.builder.const(instr.params[0], instr.shape, instr.dtype)
            return self._add(self.consts, source, self.outside.value(source.place))
        assert isinstance(source, Row)
        if source in self.xs.known:
            return self.xs.known[source]
        instrs = [self.flat.instr(k) for k in source.indices]
        if all(instr.op is CONST for instr in instrs):
            return self._numbers(source, instrs)
        return self._add(self.xs, source, self.outside.stacked(source.indices))

    def _numbers(self, source: Row, instrs: list[Instr]) -> Value:
        """Constants: a number where they are one, else rows of a table."""
        first = instrs[0]
        numbers = [instr.params[0] for instr in instrs]
        if all(repr(x) == repr(numbers[0]) for x in numbers):
            return self.builder.const(numbers[0], first.shape, first.dtype)
        table = np.array(numbers, first.dtype)
        x = self._add(self.xs, (source, "table"), self.outside.table(table))
        return x if first.shape == () else st.broadcast(x, shape=first.shape)

    def _add(self, group: _Group, key: Any, outside: Value) -> Value:
        known = group.known.get(key)
        if known is None:
            shape = outside.shape[1:] if group is self.xs else outside.shape
            name = f"x{len(self.builder.inputs)}"
            known = group.known[key] = self.builder.input(name, shape, outside.dtype)
            group.outside.append(outside)
            group.inside.append(known)
        return known

    def _carried(self, source: Carried) -> Value:
        """A carry for each turn of the lag: what was carried by one is carried by the next."""
        if source not in self.carries.known:
            before = -1
            for k, start in enumerate(reversed(source.starts)):
                key = source if k == source.lag - 1 else (source, k)
                self._add(self.carries, key, self.outside.value(start))
                self.after.append((source.place, before))
                before = len(self.after) - 1
        return self.carries.known[source]

    def _next(self, k: int) -> Value:
        """What carry k is in the next turn."""
        place, before = self.after[k]
        return self.values[place] if before < 0 else self.carries.inside[before]

    def _final(self, place: int, results: list[Value]) -> int:
        """The result that is what the last turn computes; a carry, made for it if need be."""
        for k, (at, before) in enumerate(self.after):
            if at == place and before < 0:
                return k
        x = self.values[place]
        outside = self.outside.builder.const(0, x.shape, x.dtype)
        self._add(self.carries, ("final", place), outside)
        self.after.append((place, -1))
        results.append(x)
        return len(results) - 1

    # -- instructions ------------------------------------------------------------------------------

    def _instruction(self, place: int, instr: Instr, sources: list[Source]) -> Value:
        if instr.op in INDEXED:
            turns = range(self.run.start + place, self.run.stop, self.run.period)
            places = [integers(self.flat.instr(k)) for k in turns]
            if any(x != places[0] for x in places):
                return self._indexed(place, instr, sources, np.array(places, np.int64))
        args = tuple([self._operand(source).index for source in sources])
        return self.builder.value(self.builder.copy(instr, args))

    def _indexed(
        self, place: int, instr: Instr, sources: list[Source], places: np.ndarray
    ) -> Value:
        """A basic index whose integers change: rows of an array, or elements at computed places."""
        op, slots = instr.op, instr.params[0]
        axes = [k for k, slot in enumerate(slots) if isinstance(slot, int)]
        moving = [k for k in range(len(axes)) if (places[:, k] != places[0, k]).any()]
        if op is st.index and isinstance(sources[0], Outer) and len(moving) == 1:
            rows = self._rows_of(instr, sources[0], axes[moving[0]], places[:, moving[0]])
            if rows is not None:
                return self._add(self.xs, (place, "rows"), rows)
        x = self._operand(sources[0])
        rank = len(slots)
        lead = [axes[k] for k in moving]
        order = (*lead, *(k for k in range(rank) if k not in lead))
        turned = x if order == tuple(range(rank)) else st.transpose(x, perm=order)
        sizes = [x.shape[k] for k in lead]
        flat = st.reshape(turned, shape=(int(np.prod(sizes)), *turned.shape[len(lead) :]))
        at = np.ravel_multi_index([places[:, k] for k in moving], sizes)
        i = self._place_of(place, at)
        rest = tuple(slots[k] for k in order[len(lead) :])
        if op is st.index:
            return st.index(st.gather(flat, i), slots=rest)
        row = st.gather(flat, i)
        u = self._operand(sources[1])
        new = op(row, u, slots=rest)
        moved = st.reshape(st.scatter_set(flat, i, new, apart=False), shape=turned.shape)
        back = tuple(int(k) for k in np.argsort(order))
        return moved if order == tuple(range(rank)) else st.transpose(moved, perm=back)

    def _rows_of(self, instr: Instr, source: Outer, axis: int, at: np.ndarray) -> Value | None:
        """The elements that the turns read one after another, where they are evenly apart."""
        step = int(at[1] - at[0])
        if step == 0 or (np.diff(at) != step).any():
            return None
        x = self.outside.value(source.place)
        slots = list(instr.params[0])
        slots[axis] = (int(at[0]), len(at), step)
        rows = st.index(x, slots=tuple(slots))
        before = sum(not isinstance(slot, int) for slot in slots[:axis])
        rank = len(rows.shape)
        order = (before, *(k for k in range(rank) if k != before))
        return rows if before == 0 else st.transpose(rows, perm=order)

    def _place_of(self, place: int, at: np.ndarray) -> Value:
        """The place that a turn reads or writes: from its number where that will do."""
        step = int(at[1] - at[0])
        if (np.diff(at) == step).all():
            i = self.turn if step == 1 else ew.mul(self.turn, step)
            return i if at[0] == 0 else ew.add(i, int(at[0]))
        return self._add(self.xs, (place, "places"), self.outside.table(at))
