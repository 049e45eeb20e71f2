"""Tape -> Tape: reads of elements that no loop changes any more are marked as final.

A sweep then reads them in the array as it is in the end, in the place of stacks of what each turn
has read: of elements of a matrix that is factorised, of a table that a dynamic program fills.
Places are sums of turns and of what is the same in all of them; whether two meet is decided by
bounds of their difference. (Banerjee, Dependence Analysis for Supercomputing, 1988.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from jitad.ir.op import Control, Elementwise, Shape
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.affine import Place, Sum, Symbol, combined
from jitad.ops.control import Loop, loop, part, switch
from jitad.ops.control.loop import grouped
from jitad.passes.ranges import Known, Range, inside, ranges
from jitad.passes.versions import Versions


def finals(tape: Tape) -> Tape:
    """The tape with what is read of loops' arrays marked, where it stays as it is."""
    if not any(instr.op is loop for instr in tape.instrs):
        return tape
    found = ranges(tape, [None] * len(tape.inputs))
    instrs = [_marked(tape, instr, found) if instr.op is loop else instr for instr in tape.instrs]
    return Tape(tuple(instrs), tape.inputs, tape.outputs)


def _marked(tape: Tape, instr: Instr, found: Sequence[Known]) -> Instr:
    walk = _Walk()
    depths = [_EACH if tape.instrs[j].shape else -1 for j in instr.args]
    symbols = [Symbol(d, j, found[j]) for d, j in zip(depths, instr.args, strict=True)]
    places = [Place(Sum(0, ((s, 1),)), s.known) for s in symbols]
    walk.loop(instr.params[0], places, inside(tape, instr, found), [None] * len(instr.args), 0)
    final, other = set[int](), set[int]()
    for read in walk.reads:
        writes = [write for write in walk.writes if write.array == read.array]
        is_lost = read.array in walk.lost or any(_changes(write, read) for write in writes)
        (other if is_lost else final).add(id(read.instr))
    return _rewritten(instr, final - other) if final - other else instr


def _rewritten(instr: Instr, chosen: set[int]) -> Instr:
    """The same instruction, with those of what it holds that are chosen marked."""
    op = instr.op
    if not isinstance(op, Control):
        return instr._replace(op=st.gather_final) if id(instr) in chosen else instr
    tapes = [
        Tape(tuple(_rewritten(x, chosen) for x in inner.instrs), inner.inputs, inner.outputs)
        for inner in op.tapes(instr.params[0])
    ]
    return instr._replace(params=(op.with_tapes(instr.params[0], tapes), *instr.params[1:]))


# -- when what is read may be changed --------------------------------------------------------------


class _Access(NamedTuple):
    """An element of an array that is read or changed: when, and where.

    `loops` are the loops around it, outermost first; None as `flat` is anywhere. `axes` are indices
    of an array of that `shape`.
    """

    instr: Instr
    array: int
    loops: tuple[int, ...]
    order: int
    flat: Sum | None
    axes: list[Sum] | None
    shape: Shape


def _changes(write: _Access, read: _Access) -> bool:
    """Whether a write may change an element after it was read."""
    common = 0
    for x, y in zip(write.loops, read.loops, strict=False):
        if x != y:
            break
        common += 1
    if write.order > read.order and _meet(write, read, common, later=False):
        return True
    return any(_meet(write, read, depth, later=True) for depth in range(common))


def _meet(write: _Access, read: _Access, depth: int, *, later: bool) -> bool:
    """Whether both may be at one element, in the same turns of the loops above a depth, and of that
    loop a turn later."""
    if write.flat is None or read.flat is None:
        return True
    pairs = [(write.flat, read.flat)]
    if write.axes is not None and read.axes is not None and write.shape == read.shape:
        pairs = list(zip(write.axes, read.axes, strict=True))
    for x, y in pairs:
        difference = _renamed(x, depth, later).plus(y, -1)
        if difference.most() < 0 or difference.most(-1) < 0:
            return False
    return True


_EACH = 1 << 19
"""The depth of what is another number for each element of an array of places."""

_LATER = Symbol(1 << 20, 0, Range(1, 1 << 62))
"""How many turns later; it is bounded first."""


def _bounded(x: Sum, most: tuple[Symbol, Sum]) -> Sum:
    """The sum with a bound on one of what it is of."""
    symbol, last = most
    return Sum(x.const, tuple((s._replace(most=last) if s == symbol else s, n) for s, n in x.terms))


def _within(x: Place) -> Place:
    """A place, and between which numbers its sum lies."""
    low, high = -x.sum.most(-1), x.sum.most()
    if x.known is not None:
        low, high = max(low, x.known.low), min(high, x.known.high)
    is_known = -math.inf < low <= high < math.inf
    return x._replace(known=Range(int(low), int(high))) if is_known else x


def _renamed(x: Sum, depth: int, later: bool) -> Sum:
    """The sum in other turns of the loops from a depth on."""
    total = Sum(x.const)
    for s, n in x.terms:
        if s.depth < depth:
            total = total.plus(Sum(0, ((s, 1),)), n)
        elif later and s.depth == depth and s.step:
            total = total.plus(Sum(0, ((s, 1), (_LATER, s.step))), n)
        else:
            most = None if s.most is None else _renamed(s.most, depth, later)
            total = total.plus(Sum(0, ((s._replace(key=~s.key, most=most), 1),)), n)
    return total


# -- what is read and changed ----------------------------------------------------------------------


class _Walk:
    """Goes through a loop and what it holds, and notes what is read and changed of its carries.

    Arrays are known by the carry of the outermost loop that they are; `lost` are those of which
    something is not known.
    """

    def __init__(self) -> None:
        self.reads: list[_Access] = []
        self.writes: list[_Access] = []
        self.lost: set[int] = set()
        self.at_least: dict[int, Sum] = {}
        self.count = 0
        self.around: tuple[int, ...] = ()

    def fresh(self, depth: int, known: Known, shape: Shape = ()) -> Place:
        self.count += 1
        symbol = Symbol(_EACH if shape else depth, self.count, known)
        return Place(Sum(0, ((symbol, 1),)), known)

    def loop(
        self, form: Loop, operands: Sequence[Place], known: Sequence[Sequence[Known]],
        arrays: Sequence[int | None], depth: int,
    ) -> list[int | None]:  # fmt: skip
        """The arrays that the results are."""
        body = form.body
        turns = grouped(form, operands)[3]
        self.count += 1
        most = self.bound(turns[0].sum).plus(Sum(-1)) if turns else None
        turn = Symbol(depth, self.count, known[0][0], most, -1 if form.backward else 1)
        inputs = [Place(Sum(0, ((turn, 1),)), known[0][0]), *operands[: form.consts]]
        rest = slice(1 + form.consts, None)
        shapes = [body.instrs[i].shape for i in body.inputs[rest]]
        inputs += [self.fresh(depth, *pair) for pair in zip(known[0][rest], shapes, strict=True)]
        carried = [None, *arrays[: form.consts + form.carries]]
        if not depth:
            sizes = [math.prod(body.instrs[i].shape) for i in body.inputs]
            carried = [
                k if 1 + form.consts <= k <= form.consts + form.carries and sizes[k] > 1 else None
                for k in range(len(sizes))
            ]
        carried += [None] * (len(body.inputs) - len(carried))
        before, self.around = self.around, (*self.around, self.count)
        results = self.tape(body, inputs, known[0], carried, depth)
        self.around = before
        first = 1 + form.consts
        for k in range(form.carries):
            self.match(carried[first + k], results[k])
        for x in results[form.carries :]:
            self.match(None, x)
        return carried[first : first + form.carries]

    def bound(self, x: Sum) -> Sum:
        """What turns are at most: of none at least, what they are where there is one."""
        while not x.const and len(x.terms) == 1 and x.terms[0][0].key in self.at_least:
            x = self.at_least[x.terms[0][0].key]
        return x

    def match(self, before: int | None, after: int | None) -> None:
        """A carry must stay the array that it is."""
        if before != after:
            self.lost |= {x for x in (before, after) if x is not None}

    def tape(
        self, tape: Tape, inputs: Sequence[Place], known: Sequence[Known],
        arrays: Sequence[int | None], depth: int,
    ) -> list[int | None]:  # fmt: skip
        """Go through a tape; the arrays that its outputs are."""
        found = ranges(tape, known)
        places = dict(zip(tape.inputs, inputs, strict=True))
        shown = dict(zip(tape.inputs, arrays, strict=True))
        version = Versions(tape, shown)
        results: dict[int, list[int | None]] = {}
        for i, instr in enumerate(tape.instrs):
            if i in places:
                continue
            self.lost |= version.stale(instr.args)
            if isinstance(instr.op, Control):
                held = [shown.get(j) for j in instr.args]
                self.lost |= {x for x in held if x is not None and held.count(x) > 1}
                operands = [
                    places.get(j) or self.fresh(depth, found[j], tape.instrs[j].shape)
                    for j in instr.args
                ]
                results[i] = self.control(tape, instr, operands, found, held, depth)
            elif instr.op is part:
                taken = results[instr.args[0]]
                k = instr.params[0]
                shown[i] = taken[k] if k < len(taken) else None
            else:
                shown[i] = self.array(tape, instr, places, shown)
            version.made(i, instr)
            if instr.dtype.kind == "i":
                places[i] = self.place(instr, places, found, found[i], depth)
        self.lost |= version.stale(tape.outputs)
        return [shown.get(i) for i in tape.outputs]

    def control(
        self, tape: Tape, instr: Instr, operands: Sequence[Place], found: Sequence[Known],
        held: Sequence[int | None], depth: int,
    ) -> list[int | None]:  # fmt: skip
        """Go through what a control op holds."""
        form, known = instr.params[0], inside(tape, instr, found)
        if instr.op is loop:
            return self.loop(form, operands, known, held, depth + 1)
        if instr.op is switch:
            outputs = [
                self.tape(branch, operands[1:], x, held[1:], depth)
                for branch, x in zip(form.branches, known, strict=True)
            ]
            for other in outputs[1:]:
                for x, y in zip(outputs[0], other, strict=True):
                    self.match(x, y)
            return outputs[0]
        self.lost |= {x for x in held if x is not None}
        return []

    def array(
        self, tape: Tape, instr: Instr, places: dict[int, Place], shown: dict[int, int | None]
    ) -> int | None:
        """Note what an instruction does to an array; which array it is then."""
        arrays = [shown.get(j) for j in instr.args]
        if instr.op is st.gather and arrays[0] is not None:
            self.note(self.reads, tape, instr, arrays[0], places)
        elif instr.op in (st.reshape, ew.stop_gradient):
            return arrays[0]
        elif instr.op in st.UPDATES:
            self.lost |= {x for x in arrays[1:] if x is not None}
            if arrays[0] is not None:
                self.note(self.writes, tape, instr, arrays[0], places)
            return arrays[0]
        return None

    def note(
        self, to: list[_Access], tape: Tape, instr: Instr, array: int, places: dict[int, Place]
    ) -> None:
        self.count += 1
        place = places.get(instr.args[1]) if instr.op in _AT_PLACES else None
        most = self.last_read(tape, instr, places) if instr.shape else None
        if most is not None:
            place = self.masked(tape, instr.args[1], places, most)
        base = tape.instrs[instr.args[0]]
        shape = base.shape
        if base.op is st.reshape:
            shape = tape.instrs[base.args[0]].shape
        axes = None if place is None else place.axes(shape)
        flat = None if place is None else place.sum
        to.append(_Access(instr, array, self.around, self.count, flat, axes, shape))

    def masked(
        self, tape: Tape, i: int, places: dict[int, Place], most: tuple[Symbol, Sum]
    ) -> Place | None:
        """What an array of places is at the first elements, up to a last one."""
        instr = tape.instrs[i]
        if instr.dtype.kind != "i" or i not in places:
            return None
        if instr.op is ew.where:
            side = self.side(tape, instr.args[0], places, most)
            return None if side is None else self.masked(tape, instr.args[1 + side], places, most)
        if not instr.shape or instr.op not in _SUMS:
            return _within(places[i]._replace(sum=_bounded(places[i].sum, most)))
        below = {j: self.masked(tape, j, places, most) for j in instr.args}
        if None in below.values():
            return None
        found = {j: x for j, x in below.items() if x is not None}
        return _within(self.place(instr, found, (), places[i].known, 0))

    def side(
        self, tape: Tape, c: int, places: dict[int, Place], most: tuple[Symbol, Sum]
    ) -> int | None:
        """Which side a condition takes there: 0 where it holds, 1 where it does not."""
        instr = tape.instrs[c]
        if instr.op not in (ew.lt, ew.ge):
            return None
        x, y = (self.masked(tape, j, places, most) for j in instr.args)
        if x is None or y is None:
            return None
        apart = x.sum.plus(y.sum, -1)
        if apart.most() < 0:
            return int(instr.op is ew.ge)
        return int(instr.op is ew.lt) if apart.most(-1) <= 0 else None

    def last_read(
        self, tape: Tape, read: Instr, places: dict[int, Place]
    ) -> tuple[Symbol, Sum] | None:  # fmt: skip
        """The number of an element of an array of places, and the last one, where what is read at
        others is selected away: what the first ones are compared with."""
        instrs = tape.instrs
        waiting = [next(i for i, instr in enumerate(instrs) if instr is read)]
        masks = set[int]()
        while waiting:
            i = waiting.pop()
            if i in tape.outputs:
                return None
            for k, reader in enumerate(instrs):
                if i not in reader.args:
                    continue
                if reader.op is ew.where and [j == i for j in reader.args] == [False, True, False]:
                    masks.add(reader.args[0])
                elif isinstance(reader.op, Elementwise):
                    waiting.append(k)
                else:
                    return None
        mask = instrs[min(masks)] if len(masks) == 1 else read
        while mask.op is st.reshape:
            mask = instrs[mask.args[0]]
        if mask.op is not ew.lt or instrs[mask.args[0]].op is not st.iota:
            return None
        number, count = (places.get(j) for j in mask.args)
        if number is None or count is None:
            return None
        return number.sum.terms[0][0], count.sum.plus(Sum(-1))

    def place(
        self, instr: Instr, places: dict[int, Place], found: Sequence[Known], known: Known,
        depth: int,
    ) -> Place:  # fmt: skip
        """What an integer is a sum of."""
        if instr.op is CONST:
            return Place(Sum(int(instr.params[0])), known)
        below = [places.get(j) for j in instr.args]
        if len(instr.shape) > 1 or instr.op is st.iota:
            return self.fresh(depth, known, instr.shape)
        if instr.op in (st.reshape, st.broadcast) and below[0] is not None:
            return below[0]
        if instr.op is ew.where:
            return self.chosen(instr, found, below) or self.fresh(depth, known, instr.shape)
        x, y = below if len(below) == 2 else (None, None)
        if x is None or y is None:
            return self.fresh(depth, known, instr.shape)
        linear = instr.op in (ew.add, ew.sub, ew.mul)
        total = combined(instr.op, x.sum, y.sum) if linear else None
        if total is not None:
            added = (*(x.added or [x]), *(y.added or [y])) if instr.op is ew.add else ()
            return Place(total, known, added)
        made = self.fresh(depth, known, instr.shape)
        if instr.op is ew.maximum and y.sum == Sum(0):
            self.at_least[self.count] = x.sum
        return made

    def chosen(
        self, instr: Instr, found: Sequence[Known], below: Sequence[Place | None]
    ) -> Place | None:
        """The side that a `where` is known to take."""
        known = found[instr.args[0]]
        if known is None or known.low != known.high:
            return None
        return below[1] if known.low else below[2]


_AT_PLACES = (st.gather, *st.SCATTERS)

_SUMS = (ew.add, ew.sub, ew.mul, st.reshape, st.broadcast)
