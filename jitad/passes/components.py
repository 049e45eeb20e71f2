"""Tape -> Tape: arrays with a short axis whose places are told apart become one for each place.

Points of space, the arguments of a small function at many points, its Jacobians: what has shape
(n, 3) and is summed over the 3, indexed or joined along them becomes three values of shape (n,).
Loops then run along the long axes only, with vector lanes there, and what belongs to one point
meets in registers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import TypeVar

from jitad.ir.builder import Builder
from jitad.ir.op import Elementwise, Shape, Structural
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ir.value import Value
from jitad.ops import structural as st
from jitad.passes.schedule import squeeze

SHORT = 32
"""The longest axis that is taken apart."""

SUMMED = 24
"""The longest that is so for a sum over it alone: a loop along a longer one is as fast."""

LONG = 64
"""An array has at least that many elements in each place, or its axis stays."""

MOST = 20_000
"""Instructions that taking an axis apart may add; more would be long to compile."""

_ROUNDS = 6
"""So many axes of one array are taken apart, one after the other."""

_T = TypeVar("_T")

_REDUCTIONS = (st.reduce_sum, st.reduce_max, st.reduce_min, st.reduce_any, st.reduce_all)
_UPDATES = (st.index_add, st.index_set)


def components(tape: Tape) -> Tape:
    """The tape with short axes written out where their places are told apart."""
    for _ in range(_ROUNDS):
        split = _split_axes(tape)
        if not split:
            break
        tape = _Components(tape, split).run()
    return tape


# -- which values are taken apart, along which of their axes ---------------------------------------


def _split_axes(tape: Tape) -> dict[int, int]:
    """The axis of each value that is taken apart: where it matters, and what shares its loops."""
    split: dict[int, int] = {}
    readers = _readers(tape)
    for i in range(len(tape.instrs)):
        for seed, axis in _seeds(tape, i, bool(readers[i])):
            if seed not in split and _can_split(tape, seed, axis):
                group = _group(tape, seed, axis, readers, split)
                if sum(tape.instrs[j].shape[along] for j, along in group.items()) <= MOST:
                    split.update(group)
    return split


def _group(
    tape: Tape,
    seed: int,
    axis: int,
    readers: list[list[tuple[int, int]]],
    split: dict[int, int],
) -> dict[int, int]:
    """A value and all that share its axis, as operands and readers one after the other."""
    group: dict[int, int] = {seed: axis}
    waiting = [seed]
    while waiting:
        i = waiting.pop()
        for j, along in _neighbours(tape, i, group[i], readers[i]):
            if j not in group and j not in split and _can_split(tape, j, along):
                group[j] = along
                waiting.append(j)
    return group


def _seeds(tape: Tape, i: int, is_read: bool) -> Iterator[tuple[int, int]]:
    """Values and axes whose places instruction i tells apart."""
    instr = tape.instrs[i]
    op = instr.op
    if op in _REDUCTIONS:
        shape = tape.instrs[instr.args[0]].shape
        short = [a for a in instr.params[0] if 1 < shape[a] <= SUMMED]
        if short and math.prod(instr.shape) >= LONG:
            yield instr.args[0], short[0]
    elif op is st.index:
        shape = tape.instrs[instr.args[0]].shape
        for axis, slot in enumerate(instr.params[0]):
            if slot != (0, shape[axis], 1) and math.prod(shape) >= LONG * shape[axis]:
                yield instr.args[0], axis
    elif op in _UPDATES:
        for axis, slot in enumerate(instr.params[0]):
            n = instr.shape[axis]
            if slot != (0, n, 1) and math.prod(instr.shape) >= LONG * n:
                yield i, axis
    elif op is st.concatenate and math.prod(instr.shape) >= LONG * instr.shape[instr.params[0]]:
        yield i, instr.params[0]
    elif op is st.assemble and is_read:
        for axis, slot in enumerate(instr.params[1][0]):
            if isinstance(slot, int):
                yield i, axis


def _readers(tape: Tape) -> list[list[tuple[int, int]]]:
    """For each value the instructions that read it, and as which operand."""
    readers: list[list[tuple[int, int]]] = [[] for _ in tape.instrs]
    for i, instr in enumerate(tape.instrs):
        for place, j in enumerate(instr.args):
            readers[j].append((i, place))
    return readers


def _neighbours(
    tape: Tape, i: int, axis: int, readers: list[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Operands and readers of a value that have its axis, and which of their axes that is."""
    instr = tape.instrs[i]
    for place, j in enumerate(instr.args):
        along = _operand_axis(tape, instr, place, axis)
        if along is not None:
            yield j, along
    for k, place in readers:
        reader = tape.instrs[k]
        for along in range(len(reader.shape)):
            if _operand_axis(tape, reader, place, along) == axis:
                yield k, along


def _can_split(tape: Tape, i: int, axis: int) -> bool:
    """Whether an instruction can be computed place by place along an axis of its result."""
    instr = tape.instrs[i]
    op = instr.op
    if not 1 < instr.shape[axis] <= SHORT:
        return False
    if isinstance(op, Elementwise) or op in _PLACED:
        return True
    return op is st.reshape and _operand_axis(tape, instr, 0, axis) is not None


_JOINS = (st.concatenate, st.assemble)

_PLACED = (st.transpose, st.broadcast, st.index, *_JOINS, *_UPDATES, *_REDUCTIONS)
"""Ops that are computed place by place along any axis of their result."""


def _operand_axis(tape: Tape, instr: Instr, place: int, axis: int) -> int | None:
    """The operand's axis that becomes an axis of the result, or a part of it; None if none."""
    op = instr.op
    source = tape.instrs[instr.args[place]].shape
    if isinstance(op, Elementwise) or op is st.concatenate:
        return axis
    if op is st.broadcast:
        along = axis - (len(instr.shape) - len(source))
        return along if along >= 0 and source[along] == instr.shape[axis] else None
    if op is st.reshape:
        return _reshaped_axis(source, instr.shape, axis)
    if op is st.transpose:
        return instr.params[0][axis]
    if op is st.index:
        return [k for k, slot in enumerate(instr.params[0]) if not isinstance(slot, int)][axis]
    if op in _REDUCTIONS:
        return [k for k in range(len(source)) if k not in instr.params[0]][axis]
    if op in _UPDATES and place == 0:
        return axis
    if op in _UPDATES or op is st.assemble:
        slots = instr.params[0] if op in _UPDATES else instr.params[1][place]
        gone = isinstance(slots[axis], int)
        return None if gone else sum(not isinstance(slot, int) for slot in slots[:axis])
    return None


def _reshaped_axis(source: Shape, shape: Shape, axis: int) -> int | None:
    """Where an axis comes from, if a reshape only adds and removes axes of length 1."""
    if squeeze(source) != squeeze(shape) or shape[axis] == 1:
        return None
    live = [k for k, n in enumerate(source) if n != 1]
    return live[sum(n != 1 for n in shape[:axis])]


# -- the new tape ----------------------------------------------------------------------------------


def _without(items: tuple[_T, ...], place: int) -> tuple[_T, ...]:
    return (*items[:place], *items[place + 1 :])


def _shifted(axes: tuple[int, ...], gone: int) -> tuple[int, ...]:
    """Axes, or a permutation of them, as they are counted after one is gone."""
    return tuple(a - (a > gone) for a in axes if a != gone)


def _written(slot: st.Slot) -> range:
    """The places along an axis that a slot names."""
    start, length, step = (slot, 1, 1) if isinstance(slot, int) else slot
    return range(start, start + length * step, step)


def _at_place(shape: Shape, axis: int, k: int) -> tuple[st.Slot, ...]:
    """The basic index of place k along an axis."""
    return tuple(k if a == axis else (0, n, 1) for a, n in enumerate(shape))


class _Components:
    """Writes the new tape: `parts` are a split value's places, `new` other values as a whole.

    `places` are those of values that are not split, and `repeated` what is the same at all places.
    """

    def __init__(self, tape: Tape, split: dict[int, int]) -> None:
        self.tape = tape
        self.split = split
        self.builder = Builder()
        self.parts: dict[int, list[Value]] = {}
        self.new: dict[int, int] = {}
        self.places: dict[tuple[int, int, int], Value] = {}
        self.repeated: dict[tuple[int, Shape, int], Value] = {}

    def run(self) -> Tape:
        for i, instr in enumerate(self.tape.instrs):
            self.builder.line = instr.line
            axis = self.split.get(i)
            if axis is not None:
                self.parts[i] = [self._part(instr, axis, k) for k in range(instr.shape[axis])]
                continue
            joined = self._joined(instr)
            if joined is None:
                args = tuple([self._whole(j).index for j in instr.args])
                self.new[i] = self.builder.copy(instr, args)
            else:
                self.new[i] = joined.index
        outputs = [self._whole(i).index for i in self.tape.outputs]
        return self.builder.finish(outputs, [self.new[i] for i in self.tape.inputs])

    def _whole(self, i: int) -> Value:
        """A value with all its axes; one that was split is put together."""
        if i not in self.new:
            axis, shape = self.split[i], self.tape.instrs[i].shape
            slots = [_at_place(shape, axis, k) for k in range(shape[axis])]
            self.new[i] = self._assemble(self.parts[i], shape, slots).index
        return self.builder.value(self.new[i])

    def _at(self, i: int, axis: int, k: int) -> Value:
        """Place k of a value along an axis."""
        if self.split.get(i) == axis:
            return self.parts[i][k]
        found = self.places.get((i, axis, k))
        if found is None:
            instr = self.tape.instrs[i]
            if instr.op is CONST:
                shape = _without(instr.shape, axis)
                found = self.builder.const(instr.params[0], shape, instr.dtype)
            else:
                whole = self._whole(i)
                found = st.index(whole, slots=_at_place(whole.shape, axis, k))
            self.places[i, axis, k] = found
        return found

    def _part(self, instr: Instr, axis: int, k: int) -> Value:
        """Place k along an axis of an instruction's result."""
        op, params, shape = instr.op, instr.named_params, _without(instr.shape, axis)
        if op is st.concatenate and params["axis"] == axis:
            return self._row(instr, axis, k)
        if op in _UPDATES:
            return self._updated(instr, axis, k)
        if op is st.assemble:
            return self._cut(instr, axis, k)
        along = [_operand_axis(self.tape, instr, place, axis) for place in range(len(instr.args))]
        if op is st.broadcast and along[0] is None:
            return self._repeated(instr.args[0], instr.shape, axis)
        gone = along[0]
        assert gone is not None
        if op is st.index:
            start, _, step = params["slots"][gone]
            params["slots"] = _without(params["slots"], gone)
            k = start + k * step
        elif op in (st.broadcast, st.reshape):
            params["shape"] = shape
        elif op is st.transpose:
            params["perm"] = _shifted(params["perm"], gone)
        elif op in _REDUCTIONS:
            params["axes"] = _shifted(params["axes"], gone)
        elif op is st.concatenate:
            params["axis"] -= params["axis"] > axis
        operands = [
            self._at(j, place, k)
            for j, place in zip(instr.args, along, strict=True)
            if place is not None
        ]
        return self.builder.apply(op, operands, params)

    def _row(self, instr: Instr, axis: int, k: int) -> Value:
        """Place k of operands that lie side by side."""
        for j in instr.args:
            length = self.tape.instrs[j].shape[axis]
            if k < length:
                return self._at(j, axis, k)
            k -= length
        raise AssertionError("a place beyond the end of a concatenation")

    def _repeated(self, source: int, shape: Shape, axis: int) -> Value:
        """A value that is the same at all places of a new axis."""
        found = self.repeated.get((source, shape, axis))
        if found is None:
            x = self._whole(source)
            along = axis - (len(shape) - len(x.shape))
            if along >= 0:
                x = st.reshape(x, shape=_without(x.shape, along))
            found = st.broadcast(x, shape=_without(shape, axis))
            self.repeated[source, shape, axis] = found
        return found

    def _updated(self, instr: Instr, axis: int, k: int) -> Value:
        """Place k of an array into which another is put or added at a basic index."""
        base, update = instr.args
        slots = instr.params[0]
        x = self._at(base, axis, k)
        written = _written(slots[axis])
        if k not in written:
            return x
        along = _operand_axis(self.tape, instr, 1, axis)
        u = self._whole(update) if along is None else self._at(update, along, written.index(k))
        return self.builder.apply(instr.op, (x, u), {"slots": _without(slots, axis)})

    def _cut(self, instr: Instr, axis: int, k: int) -> Value:
        """Place k of an array of parts: a part, or what several have there."""
        shape, slots = instr.params
        parts: list[Value] = []
        places: list[tuple[st.Slot, ...]] = []
        for number, (j, place) in enumerate(zip(instr.args, slots, strict=True)):
            written = _written(place[axis])
            if k in written:
                along = _operand_axis(self.tape, instr, number, axis)
                x = self._whole(j) if along is None else self._at(j, along, written.index(k))
                parts.append(x)
                places.append(_without(place, axis))
        rest = _without(shape, axis)
        if len(parts) == 1:
            return st.reshape(parts[0], shape=rest)
        return self._assemble(parts, rest, places)

    def _joined(self, instr: Instr) -> Value | None:
        """What reads a split value without having its axis: a sum over it, or one of its places."""
        op = instr.op
        if op is st.assemble:
            return self._assembled(instr)
        if op not in (*_REDUCTIONS, st.index):
            return None
        (source,) = instr.args
        axis = self.split.get(source)
        if axis is None:
            return None
        places = self.parts[source]
        if op is st.index:
            slot = instr.params[0][axis]
            if not isinstance(slot, int):
                return None
            return st.index(places[slot], slots=_without(instr.params[0], axis))
        if axis not in instr.params[0]:
            return None
        assert isinstance(op, Structural) and op.combine is not None
        total = reduce(op.combine, places)
        axes = _shifted(instr.params[0], axis)
        return self.builder.apply(op, (total,), {"axes": axes}) if axes else total

    def _assembled(self, instr: Instr) -> Value:
        """An array of parts, of which some are in parts themselves."""
        shape, slots = instr.params
        parts: list[Value] = []
        places: list[tuple[st.Slot, ...]] = []
        for j, outer in zip(instr.args, slots, strict=True):
            axis = self.split.get(j)
            if axis is None:
                parts.append(self._whole(j))
                places.append(outer)
                continue
            parts += self.parts[j]
            inner = self.tape.instrs[j].shape
            places += [
                st.joined_slots(outer, _at_place(inner, axis, k)) for k in range(inner[axis])
            ]
        return self._assemble(parts, shape, places)

    def _assemble(
        self, parts: Sequence[Value], shape: Shape, slots: Sequence[tuple[st.Slot, ...]]
    ) -> Value:
        """An array of parts; those of a part that is one itself in its place."""
        flat: list[Value] = []
        places: list[tuple[st.Slot, ...]] = []
        for part, outer in zip(parts, slots, strict=True):
            instr = self.builder.instrs[part.index]
            if instr.op is not st.assemble:
                flat.append(part)
                places.append(outer)
                continue
            flat += [self.builder.value(j) for j in instr.args]
            places += [st.joined_slots(outer, inner) for inner in instr.params[1]]
        return st.assemble(*flat, shape=shape, slots=tuple(places))
