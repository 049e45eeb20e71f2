"""What is known of integers and conditions within the loops of a nest that end at scalars.

Where i < n, a place s + i with n = t - s lies before t: it need not be looked up, nor what is
selected there chosen. Numbers are sums of turns and scalars; bounds of these decide.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jitad.codegen.index import Atom, Index, Loaded, Loop
from jitad.codegen.writer import Writer
from jitad.ir.op import Op
from jitad.ir.tape import CONST
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.affine import Sum, Symbol
from jitad.ops.intervals import Range

if TYPE_CHECKING:
    from jitad.codegen.reader import At, Key, Reader

_FAR = 16
"""Operations between a scalar and what it is a sum of."""


class Within:
    """Decides for the elements that a reader meets; `ends` are of counters the scalars at which
    their loops end."""

    def __init__(self, reader: Reader, ends: Mapping[int, int]) -> None:
        self.reader = reader
        self.tape = reader.tape
        self.ends = ends
        self._scalars: dict[int, Sum] = {}
        self._sums: dict[Key, Sum | None] = {}
        self._truths: dict[Key, bool | None] = {}
        self._atoms: dict[Atom, int] = {}

    def chosen(self, i: int, at: At) -> Key | None:
        """The element that an element of a selection is, where that is known."""
        instr = self.tape.instrs[i]
        if not self.ends or instr.op is not ew.where:
            return None
        truth = self.truth(instr.args[0], at)
        return None if truth is None else (instr.args[1 if truth else 2], at)

    def is_inside(self, j: int, at: At, rows: int) -> bool:
        """Whether an integer is known to be a place among so many."""
        place = self.sum(j, at) if self.ends else None
        return place is not None and place.most() < rows and place.most(-1) <= 0

    def truth(self, c: int, at: At) -> bool | None:
        """Whether a condition holds."""
        if (c, at) not in self._truths:
            self._truths[c, at] = None
            self._truths[c, at] = self._truth(c, at)
        return self._truths[c, at]

    def _truth(self, c: int, at: At) -> bool | None:
        instr = self.tape.instrs[c]
        if instr.op is CONST:
            return bool(instr.params[0])
        if instr.op.is_view:
            return self.truth(*self.reader.source(instr, at))
        if instr.op is ew.logical_not:
            x = self.truth(instr.args[0], at)
            return None if x is None else not x
        if instr.op in (ew.logical_and, ew.logical_or):
            whole = instr.op is ew.logical_and
            sides = [self.truth(j, at) for j in instr.args]
            return (not whole) if (not whole) in sides else whole if sides == [whole] * 2 else None
        if instr.op not in _APART:
            return None
        x, y = (self.sum(j, at) for j in instr.args)
        if x is None or y is None:
            return None
        sign, least = _APART[instr.op]
        apart = Sum(least).plus(x.plus(y, -1), sign)
        if apart.most() <= 0:
            return True
        return False if apart.most(-1) < 0 else None

    # -- sums --------------------------------------------------------------------------------------

    def sum(self, j: int, at: At) -> Sum | None:
        """An element of integers as a sum of turns and scalars."""
        if (j, at) not in self._sums:
            self._sums[j, at] = None
            self._sums[j, at] = self._sum(j, at)
        return self._sums[j, at]

    def _sum(self, j: int, at: At) -> Sum | None:
        instr = self.tape.instrs[j]
        if instr.dtype.kind != "i":
            return None
        if math.prod(instr.shape) == 1:
            return self.scalar(j)
        if instr.op is CONST:
            return Sum(int(instr.params[0]))
        if instr.op is st.iota:
            return self._of_index(at[instr.params[1]])
        if instr.op.is_view:
            return self.sum(*self.reader.source(instr, at))
        chosen = self.chosen(j, at)
        if chosen is not None:
            return self.sum(*chosen)
        return _result(instr.op, [self.sum(k, at) for k in instr.args if instr.op in _SUMS])

    def scalar(self, j: int, steps: int = _FAR) -> Sum:
        """A scalar as a sum of others."""
        found = self._scalars.get(j)
        if found is None:
            instr = self.tape.instrs[j]
            if instr.op is CONST:
                found = Sum(int(instr.params[0]))
            elif steps and instr.op in _SUMS:
                below = [self.scalar(k, steps - 1) for k in instr.args]
                found = _result(instr.op, below)
            found = found or Sum(0, ((Symbol(-1, j, self.reader.body.known[j]), 1),))
            self._scalars[j] = found
        return found

    def _of_index(self, index: Index) -> Sum:
        total = Sum(index.const)
        for atom, n in index.terms:
            total = total.plus(self._of_atom(atom), n)
        return total

    def _of_atom(self, atom: Atom) -> Sum:
        if isinstance(atom, Loaded) and math.prod(self.tape.instrs[atom.value].shape) == 1:
            return self.scalar(atom.value)
        number = self._atoms.setdefault(atom, len(self._atoms))
        known, last = Range(0, atom.size - 1), None
        if isinstance(atom, Loop) and atom.depth in self.ends:
            last = self.scalar(self._at_least(self.ends[atom.depth])).plus(Sum(-1))
        depth = atom.depth if isinstance(atom, Loop) else -1
        return Sum(0, ((Symbol(depth, ~number, known, last), 1),))

    def _at_least(self, n: int) -> int:
        """What a number of turns is where there is a turn: not the 0 that it is at least."""
        instrs = self.tape.instrs
        while instrs[n].op in (ew.maximum, st.reshape):
            x, y = (*instrs[n].args, n)[:2]
            if instrs[n].op is ew.maximum and (instrs[y].op is not CONST or instrs[y].params[0]):
                break
            n = x
        return n


def _result(op: Op, operands: Sequence[Sum | None]) -> Sum | None:
    """A sum, a difference or a multiple of sums."""
    if not operands or None in operands:
        return None
    x, *rest = (s for s in operands if s is not None)
    if not rest:
        return Sum(0).plus(x, -1) if op is ew.neg else x
    (y,) = rest
    if op is not ew.mul:
        return x.plus(y, 1 if op is ew.add else -1)
    if x.terms and y.terms:
        return None
    return Sum(0).plus(x, y.const) if x.terms else Sum(0).plus(y, x.const)


_SUMS = (ew.add, ew.sub, ew.mul, ew.neg, st.reshape)

_APART: dict[Op, tuple[int, int]] = {
    ew.lt: (1, 1), ew.le: (1, 0), ew.gt: (-1, 1), ew.ge: (-1, 0),
}  # fmt: skip
"""Comparisons x ~ y: they hold where sign * (x - y) + least is not above 0."""


@contextmanager
def unless_none(w: Writer, turns: int | str) -> Iterator[None]:
    """What is within is skipped where data says that there are no turns."""
    if isinstance(turns, int):
        yield
        return
    some, done = w.fresh("some"), w.fresh("none")
    is_some = w.line(f"icmp sgt i64 {turns}, 0")
    w.do(f"br i1 {is_some}, label %{some}, label %{done}")
    w.label(some)
    yield
    w.do(f"br label %{done}")
    w.label(done)
