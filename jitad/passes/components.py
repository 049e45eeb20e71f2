"""Tape -> Tape: arrays with a short axis whose places are told apart become one for each place.

Points of space, the arguments of a small function at many points, its Jacobians: what has shape
(n, 3) and is summed over the 3, indexed or joined along them becomes three values of shape (n,).
Loops then run along the long axes only, with vector lanes there, and what belongs to one point
meets in registers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TypeVar

import numpy as np

from jitad.ir.builder import Builder
from jitad.ir.op import Shape, Structural
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ir.value import Value
from jitad.ops import structural as st
from jitad.passes.short_axes import REDUCTIONS, operand_axis, split_axes

_ROUNDS = 6
"""So many axes of one array are taken apart, one after the other."""

_T = TypeVar("_T")


def components(tape: Tape) -> Tape:
    """The tape with short axes written out where their places are told apart."""
    for _ in range(_ROUNDS):
        split = split_axes(tape)
        if not split:
            break
        tape = _Components(tape, split).run()
    return tape


def _without(items: tuple[_T, ...], place: int) -> tuple[_T, ...]:
    return (*items[:place], *items[place + 1 :])


def _shifted(axes: tuple[int, ...], gone: int) -> tuple[int, ...]:
    """Axes, or a permutation of them, as they are counted after one is gone."""
    return tuple(a - (a > gone) for a in axes if a != gone)


def _written(slot: st.Slot) -> range:
    """The places along an axis that a slot names."""
    start, length, step = st.as_range(slot)
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
        if op in st.INDEXED:
            return self._updated(instr, axis, k)
        if op is st.assemble:
            return self._cut(instr, axis, k)
        along = [operand_axis(self.tape, instr, place, axis) for place in range(len(instr.args))]
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
        elif op in REDUCTIONS:
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
        along = operand_axis(self.tape, instr, 1, axis)
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
                along = operand_axis(self.tape, instr, number, axis)
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
        if op not in (*REDUCTIONS, *st.PLACES, st.index):
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
        assert isinstance(op, Structural) and op.combine is not None
        if op in st.PLACES:
            return self._place(op, places) if axis == instr.params[0] else None
        if axis not in instr.params[0]:
            return None
        total = reduce(op.combine, places)
        axes = _shifted(instr.params[0], axis)
        return self.builder.apply(op, (total,), {"axes": axes}) if axes else total

    def _place(self, op: Structural, places: Sequence[Value]) -> Value:
        """The first place of the extremum."""
        assert op.scalars is not None
        column = np.empty(len(places), dtype=object)
        for k, x in enumerate(places):  # one by one: each is an array as well
            column[k] = x
        return op.scalars(column, axis=0)[()]

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
