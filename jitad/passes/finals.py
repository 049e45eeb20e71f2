"""Tape -> Tape: reads of elements that no loop changes any more are marked as final.

A sweep then reads them in the array as it is in the end, in the place of stacks of what each turn
has read: of elements of a matrix that is factorised, of a table that a dynamic program fills.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from jitad.ir.op import Control, Op, Shape
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.affine import Place, Sum, Symbol, combined
from jitad.ops.control import Loop, loop, part, switch
from jitad.ops.control.loop import grouped
from jitad.passes.accesses import EACH, NUMBER, Access, Bounds, changes, limited, moved, within
from jitad.passes.extents import Extent, Extents, view_axes
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
    walk = _Walk(len(tape.instrs))
    depths = [EACH if tape.instrs[j].shape else -1 for j in instr.args]
    symbols = [Symbol(d, j, found[j]) for d, j in zip(depths, instr.args, strict=True)]
    places = [Place(Sum(0, ((s, 1),)), s.known) for s in symbols]
    walk.loop(instr.params[0], places, inside(tape, instr, found), [None] * len(instr.args), 0)
    final, other = set[int](), set[int]()
    for read in walk.reads:
        writes = [write for write in walk.writes if write.array == read.array]
        is_lost = read.array in walk.lost or any(changes(write, read) for write in writes)
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


# -- what is read and changed ----------------------------------------------------------------------


class _Walk:
    """Goes through a loop and what it holds, and notes what is read and changed of its carries.

    Arrays are known by the carry of the outermost loop that they are; `lost` are those of which
    something is not known.
    """

    def __init__(self, count: int) -> None:
        self.reads: list[Access] = []
        self.writes: list[Access] = []
        self.lost: set[int] = set()
        self.at_least: dict[int, Sum] = {}
        self.count = count
        self.around: tuple[int, ...] = ()

    def fresh(self, depth: int, known: Known, shape: Shape = ()) -> Place:
        self.count += 1
        symbol = Symbol(EACH if shape else depth, self.count, known)
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
        version, extents = Versions(tape, shown), Extents(tape)
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
                shown[i] = self.array(tape, i, places, shown, extents)
            version.made(i, instr)
            if instr.dtype.kind == "i":
                places[i] = self.place(tape, i, places, found, found[i], depth)
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
        self, tape: Tape, i: int, places: dict[int, Place], shown: dict[int, int | None],
        extents: Extents,
    ) -> int | None:  # fmt: skip
        """Note what an instruction does to an array; which array it is then."""
        instr = tape.instrs[i]
        arrays = [shown.get(j) for j in instr.args]
        if instr.op is st.gather and arrays[0] is not None:
            self.reads.append(self.access(tape, instr, arrays[0], places, extents.of(i)))
        elif instr.op in (st.reshape, ew.stop_gradient):
            return arrays[0]
        elif instr.op in st.UPDATES:
            self.lost |= {x for x in arrays[1:] if x is not None}
            if arrays[0] is not None:
                asked = extents.read(i, len(instr.args) - 1)
                self.writes.append(self.access(tape, instr, arrays[0], places, asked))
            return arrays[0]
        return None

    def access(
        self, tape: Tape, instr: Instr, array: int, places: dict[int, Place], asked: Extent
    ) -> Access:
        """What is read or changed, of which no more is asked for, or is new."""
        self.count += 1
        order = self.count
        base = tape.instrs[instr.args[0]]
        shape = base.shape
        if base.op is st.reshape:
            shape = tape.instrs[base.args[0]].shape
        place = self.element(tape, instr, places, asked) if instr.op in _AT_PLACES else None
        if place is None:
            return Access(instr, array, self.around, order, None, None, shape)
        axes = place.axes(shape)
        return Access(instr, array, self.around, order, place.sum, axes, shape)

    def element(
        self, tape: Tape, instr: Instr, places: dict[int, Place], asked: Extent
    ) -> Place | None:
        """Where the elements are that an instruction reads or changes."""
        j = instr.args[1]
        rank = len(tape.instrs[j].shape)
        most = {
            k: places[n].sum.plus(Sum(-1)) for k, n in asked.items() if k < rank and n in places
        }
        row = self.masked(tape, j, places, most)
        size = math.prod(tape.instrs[instr.args[0]].shape[1:])
        if row is None or size == 1:
            return row
        column = self.fresh(0, Range(0, max(0, size - 1)), (size,))
        start = Place(Sum(0).plus(row.sum, size), None)
        return Place(start.sum.plus(column.sum), None, (start, column))

    def masked(self, tape: Tape, i: int, places: dict[int, Place], most: Bounds) -> Place | None:
        """What an array of places is at the first elements, up to the last ones."""
        instr = tape.instrs[i]
        if instr.dtype.kind != "i" or i not in places:
            return None
        if not most:
            return places[i]
        if instr.op is ew.where:
            side = self.side(tape, instr.args[0], places, most)
            if side is not None:
                return self.masked(tape, instr.args[1 + side], places, most)
        if not instr.shape or instr.op not in _SUMS:
            sum = limited(places[i].sum, len(instr.shape), most)
            return within(places[i]._replace(sum=sum))
        if instr.op.is_view:
            axes = view_axes(tape, instr)
            most = {axes[k]: n for k, n in most.items() if axes[k] >= 0}
        below = {j: self.masked(tape, j, places, most) for j in instr.args}
        found = {j: x for j, x in below.items() if x is not None}
        if len(found) < len(below):
            return None
        return within(self.place(tape, i, found, (), places[i].known, 0))

    def side(self, tape: Tape, c: int, places: dict[int, Place], most: Bounds) -> int | None:
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

    def place(
        self, tape: Tape, i: int, places: dict[int, Place], found: Sequence[Known], known: Known,
        depth: int,
    ) -> Place:  # fmt: skip
        """What an integer is a sum of."""
        instr = tape.instrs[i]
        if instr.op is CONST:
            return Place(Sum(int(instr.params[0])), known)
        if instr.op is st.iota:
            shape, axis = instr.params
            number = Symbol(NUMBER + len(shape) - 1 - axis, 0, known)
            return Place(Sum(0, ((number, 1),)), known)
        below = [places.get(j) for j in instr.args]
        made: Place | None = None
        if instr.op in (st.reshape, st.broadcast) and below[0] is not None:
            made = self.shown(tape, instr, below[0])
        elif instr.op is ew.where:
            made = self.chosen(instr, found, below)
        elif len(below) == 2 and below[0] is not None and below[1] is not None:
            made = self.combined(instr.op, below[0], below[1], known)
        if made is not None:
            return made
        made = self.fresh(depth, known, instr.shape)
        if instr.op is ew.maximum and below[0] and below[1] and below[1].sum == Sum(0):
            self.at_least[self.count] = below[0].sum
        return made

    def combined(self, op: Op, x: Place, y: Place, known: Known) -> Place | None:
        """A sum, a difference or a product of two places."""
        total = combined(op, x.sum, y.sum) if op in (ew.add, ew.sub, ew.mul) else None
        if total is None:
            return None
        return Place(total, known, (*(x.added or [x]), *(y.added or [y])) if op is ew.add else ())

    def shown(self, tape: Tape, view: Instr, below: Place) -> Place | None:
        """What a place is in an array of another shape; of broadcasts the last axes stay."""
        if view.op is st.broadcast:
            return below
        rank, source = len(view.shape), tape.instrs[view.args[0]].shape
        axes = view_axes(tape, view)
        if any(k < 0 and n != 1 for k, n in zip(axes, view.shape, strict=True)):
            return None
        pairs = [(len(source) - 1 - k, rank - 1 - new) for new, k in enumerate(axes) if k >= 0]
        other = {NUMBER + old: NUMBER + new for old, new in pairs if old != new}
        is_other = any(s.depth == EACH for s, _ in below.sum.terms)
        return None if other and is_other else moved(below, other)

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
