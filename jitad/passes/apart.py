"""Loop -> loop and what is done after it: carries that turns only add to, or write one by one.

A turn then hands out what it adds or writes, as rows, and depends on no other turn. A carry that
is read at the very place that the turn writes to is read there before the loop.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from jitad.ir.builder import Builder
from jitad.ir.op import Elementwise
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.affine import Sum
from jitad.ops.control import Loop
from jitad.ops.control.parts import input_types
from jitad.passes.cse import cse
from jitad.passes.dce import dce
from jitad.passes.fold import fold
from jitad.passes.narrow import narrowed
from jitad.passes.ranges import Known, Range
from jitad.passes.select import ApartError, base, select
from jitad.transforms.flow import depends, depends_outputs

LARGE = 64
"""Elements of an array from which a turn is enough work by itself."""


_TURN = -1
"""The turn, in sums of it and of values."""

_DEEP = 6
"""Sums and products within each other that a place is computed by."""


class Share(NamedTuple):
    """What turns contribute to a carry: an update by the outputs of the body numbered here."""

    update: Instr
    outputs: list[int]


@dataclass(frozen=True)
class Apart:
    """A loop's body without branches and carries.

    It takes (turn, consts..., carries as they begin..., rows of xs...) and returns what is
    contributed, rows, and how many guards fail. `shares` are what is done to each carry.
    """

    body: Tape
    shares: list[list[Share]]
    rows: list[int]


def apart(form: Loop, large: float = LARGE) -> Apart | None:
    """The loop's turns, each by itself; None where one needs what another has done, or computes
    arrays of more than `large` elements."""
    try:
        return _Apart(form, large).run()
    except ApartError:
        return None


@dataclass
class _Carry:
    """A carry within the body: `own` are it, it with updates, and these in other shapes.

    `chain` are those up to the next of it, first to last; `reads` are the gathers of any.
    `now` says of each what stands at a place that has been written.
    """

    start: int
    own: dict[int, int]
    chain: list[int]
    reads: list[int]
    is_written: bool
    now: dict[int, dict[int, Value]] = field(default_factory=dict[int, dict[int, Value]])


class _Apart:
    def __init__(self, form: Loop, large: float) -> None:
        assert form.count is not None
        self.form, self.count, self.large = form, form.count, large
        first, last = 1 + form.consts, 1 + form.consts + form.carries
        self.carried = range(first, last)
        total = len(form.body.inputs)
        known: list[Known] = [Range(0, form.count - 1), *[None] * (total - 1)]
        tape = select(form.body, known, self.carried)
        self.tape = dce(cse(fold(cse(narrowed(tape, known)))))
        moves = [True, *[False] * form.consts, *[True] * (total - first)]
        self.moves = depends(self.tape, moves, depends_outputs)

    def run(self) -> Apart:
        tape, form = self.tape, self.form
        for instr in tape.instrs:
            is_large = math.prod(instr.shape) > self.large
            if is_large and isinstance(instr.op, Elementwise):
                raise ApartError
        carries = [self._carry(k) for k in range(form.carries)]
        return _Body(self, carries).run()

    def _carry(self, k: int) -> _Carry:
        """Carry k, if turns do nothing with it but what rows can stand for."""
        tape = self.tape
        start, last = tape.inputs[self.carried[k]], tape.outputs[k]
        if last == start:
            return _Carry(start, {}, [], [], False)
        own = self._own(start)
        chain = [last]
        while chain[-1] != start:
            if chain[-1] not in own:
                raise ApartError
            chain.append(own[chain[-1]])
        updates = [i for i in chain[-2::-1] if tape.instrs[i].op is not st.reshape]
        reads: list[int] = []
        for i, instr in enumerate(tape.instrs):
            for place, j in enumerate(instr.args):
                if j not in own or (own.get(i) == j and place == base(instr, {j: j})):
                    continue
                if instr.op is not st.gather or place:
                    raise ApartError
                reads.append(i)
        if [i for i in tape.outputs if i in own] != [last]:
            raise ApartError
        sides = own.keys() - {*chain}
        is_set = any(tape.instrs[i].op is st.scatter_set for i in updates)
        is_written = (
            is_set or bool(reads) or any(tape.instrs[i].op is not st.reshape for i in sides)
        )
        carry = _Carry(start, own, updates, reads, is_written)
        self._check_written(carry) if is_written else self._check_added(carry)
        return carry

    def _own(self, start: int) -> dict[int, int]:
        """A carry, its reshapes and what is it with updates: of each what it is made of."""
        own = {start: start}
        for i, instr in enumerate(self.tape.instrs):
            place = base(instr, own)
            if place is not None:
                own[i] = instr.args[place]
        return own

    def _check_added(self, carry: _Carry) -> None:
        """Sums may be added in another order in sweeps, and of integers; else only as they come."""
        instrs = [self.tape.instrs[i] for i in carry.chain]
        if any(x.op in (st.index_set, st.scatter_set) for x in instrs):
            raise ApartError
        if self.form.backward or instrs[0].dtype.kind in "biu":
            return
        if all(x.op is ew.increment for x in instrs):
            return
        if (
            len(instrs) > 1
            or instrs[0].op is not st.scatter_add
            or not self.moves[instrs[0].args[1]]
        ):
            raise ApartError

    def _check_written(self, carry: _Carry) -> None:
        """Each turn has places of its own, where alone it reads."""
        tape, count = self.tape, self.count
        places: dict[int, Own] = {}
        changed = [i for i in carry.own if i != carry.start and tape.instrs[i].op is not st.reshape]
        for i in (*changed, *carry.reads):
            instr = tape.instrs[i]
            if instr.op not in (st.scatter_add, st.scatter_set, st.gather):
                raise ApartError
            places[instr.args[1]] = self.place(instr.args[1])
        shapes = {tape.instrs[i].shape for i in changed}
        shapes |= {tape.instrs[tape.instrs[i].args[0]].shape for i in carry.reads}
        if len(shapes) > 1:
            raise ApartError
        length = shapes.pop()[0]
        for k, x in places.items():
            if not x.is_within(length, count):
                raise ApartError
            for j, y in places.items():
                if (j < k and x.may_meet(y, count)) or (j == k and x.repeats(count)):
                    raise ApartError

    def place(self, i: int) -> Own:
        """Places of a turn's own."""
        found = self._affine(i)
        if found is None or _TURN not in dict(found.sum.terms):
            raise ApartError
        return found

    def _affine(self, i: int, depth: int = 0) -> Own | None:
        """A value as a sum of the turn and of what is the same in all of them."""
        instr = self.tape.instrs[i]
        if i == self.tape.inputs[0]:
            return Own(Sum(0, ((_TURN, 1),)), _NOTHING)
        if instr.op is CONST:
            return Own(Sum(int(instr.params[0])), np.zeros(instr.shape, np.int64))
        if instr.op is st.iota:
            return Own(Sum(0), instr.op.evaluate(*instr.params))
        if instr.op is st.broadcast:
            found = self._affine(instr.args[0], depth + 1)
            return found and Own(found.sum, np.broadcast_to(found.offsets, instr.shape))
        if not self.moves[i] and not instr.shape:
            return Own(Sum(0, ((i, 1),)), _NOTHING)
        if instr.op not in (ew.add, ew.sub, ew.mul) or depth > _DEEP:
            return None
        x, y = (self._affine(j, depth + 1) for j in instr.args)
        if x is None or y is None:
            return None
        if instr.op is not ew.mul:
            return x.plus(y, 1 if instr.op is ew.add else -1)
        x, y = (y, x) if y.sum.terms or np.any(y.offsets) else (x, y)
        is_number = not y.sum.terms and not np.any(y.offsets)
        return Own(Sum(0), 0 * x.offsets).plus(x, y.sum.const) if is_number else None


_NOTHING = np.zeros((), np.int64)


class Own(NamedTuple):
    """The places of a turn: a sum, and what is added to it for each of several places."""

    sum: Sum
    offsets: np.ndarray

    def plus(self, other: Own, times: int) -> Own:
        """self + times * other."""
        return Own(self.sum.plus(other.sum, times), self.offsets + times * other.offsets)

    @property
    def _step(self) -> int:
        return dict(self.sum.terms)[_TURN]

    def is_within(self, length: int, count: int) -> bool:
        """Whether the places are within an array, as far as is known."""
        last = self._step * (count - 1)
        low, high = int(self.offsets.min(initial=0)), int(self.offsets.max(initial=0))
        first = self.sum.const + min(0, last) + low
        return len(self.sum.terms) > 1 or (
            first >= 0 and self.sum.const + max(0, last) + high < length
        )

    def repeats(self, count: int) -> bool:
        """Whether two places may be the same, in one turn or two."""
        return _are_near(*self._apart(self.offsets.ravel()), count)

    def may_meet(self, other: Own, count: int) -> bool:
        """Whether a place of a turn may be one of another's."""
        apart = self.sum.plus(other.sum, -1)
        if apart.terms:
            return True
        ours, theirs = self.offsets.ravel(), other.offsets.ravel() - apart.const
        sides = np.repeat((0, 1), (len(ours), len(theirs)))
        return _are_near(*self._apart(np.concatenate((ours, theirs))), count, sides)

    def _apart(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Turns after which a place is another one, and the lines that no turn goes from one to
        another."""
        return places // abs(self._step), places % abs(self._step)


def _are_near(
    turns: np.ndarray, lines: np.ndarray, count: int, sides: np.ndarray | None = None
) -> bool:
    """Whether two numbers on a line, of two sides where these are given, differ by less than
    `count`."""
    order = np.lexsort((turns, lines))
    turns, lines = turns[order], lines[order]
    near = (np.diff(lines) == 0) & (np.diff(turns) < count)
    if sides is not None:
        near &= np.diff(sides[order]) != 0
    return bool(np.any(near))


class _Body:
    """Writes the body of turns that are apart."""

    def __init__(self, found: _Apart, carries: Sequence[_Carry]) -> None:
        self.found = found
        self.carries = carries
        self.builder = Builder()
        self.new: dict[int, Value] = {}
        self.outputs: list[int] = []

    def run(self) -> Apart:
        tape = self.found.tape
        kinds = zip(tape.inputs, input_types(tape), strict=True)
        for k, (i, kind) in enumerate(kinds):
            self.new[i] = self.builder.input(f"x{k}", *kind)
        at = {i: carry for carry in self.carries for i in (*carry.own, *carry.reads)}
        for i, instr in enumerate(tape.instrs):
            self.builder.line = instr.line
            if i in at and i not in self.new:
                self._of_carry(at[i], i)
            elif i not in self.new:
                args = tuple([self.new[j].index for j in instr.args])
                self.new[i] = self.builder.value(self.builder.copy(instr, args))
        shares = [self._shares(carry) for carry in self.carries]
        first = self.found.form.carries
        rows = [self._output(self.new[i]) for i in tape.outputs[first:]]
        order = list(self.builder.inputs)
        return Apart(self.builder.finish(self.outputs, order), shares, rows)

    def _of_carry(self, carry: _Carry, i: int) -> None:
        """What is read of a carry that is written, or what it is from here on."""
        if not carry.is_written:
            return
        instr = self.found.tape.instrs[i]
        version, *rest = instr.args
        if i in carry.reads:
            self.new[i] = self._now(carry, version, rest[0])
            return
        carry.now[i] = dict(carry.now.get(version, {}))
        if instr.op is st.reshape:
            return
        place, u = rest[0], self.new[rest[1]]
        if instr.op is st.scatter_add:
            u = ew.add(self._now(carry, version, place), u)
        carry.now[i][place] = u

    def _now(self, carry: _Carry, version: int, place: int) -> Value:
        """What stands at a turn's place."""
        known = carry.now.setdefault(version, {})
        if place not in known:
            shape = self.found.tape.instrs[version].shape
            whole = self.new[carry.start]
            whole = whole if whole.shape == shape else st.reshape(whole, shape=shape)
            known[place] = st.gather(whole, self.new[place])
        return known[place]

    def _shares(self, carry: _Carry) -> list[Share]:
        instrs = self.found.tape.instrs
        if carry.is_written:
            written = dict.fromkeys(instrs[i].args[1] for i in carry.chain)
            update = instrs[carry.chain[-1]]._replace(op=st.scatter_set, params=(False,))
            now = carry.now[carry.chain[-1]]
            return [
                Share(update, [self._output(self.new[place]), self._output(now[place])])
                for place in written
            ]
        shares: list[Share] = []
        for i in carry.chain:
            rest = [j for j in instrs[i].args if j != carry.own[i]]
            shares.append(Share(instrs[i], [self._output(self.new[j]) for j in rest]))
        return shares

    def _output(self, x: Value) -> int:
        if math.prod(x.shape) > self.found.large:
            raise ApartError
        self.outputs.append(x.index)
        return len(self.outputs) - 1
