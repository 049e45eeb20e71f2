"""Tape -> Tape: additions into zeros become a join, or one sum where they overlap.

The adjoint of a stencil adds K shifted arrays into one, in K passes over memory. Where all K boxes
overlap, the same elements are one elementwise sum; what remains of each box are slabs at its rim.
A sum over the stencil's own space is cut alike, so that both run in one loop. The adjoints of an
array's columns lie side by side: written together, they are computed in one loop.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from jitad.ir.builder import Builder
from jitad.ir.op import Elementwise
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control.parts import rewritten

Box = tuple[tuple[int, int], ...]
"""For each axis where a region starts and stops."""

_MOST = 32
"""Chains of more additions are left as they are."""


class _Addition(NamedTuple):
    operand: int
    slots: tuple[st.Slot, ...]


def stencils(tape: Tape) -> Tape:
    """The tape with overlapping additions into zeros merged."""
    if not any(instr.op is st.index_add for instr in tape.instrs):
        return tape
    tape = _read_late(tape)
    uses, new = tape.users(), list[int]()
    cuts = _cuts(tape, uses)

    def rule(builder: Builder, i: int, instr: Instr) -> int | None:
        if instr.op is st.reduce_sum and builder.instrs[instr.args[0]].shape in cuts:
            return _cut_sum(builder, instr.args[0], cuts)
        chain = _chain(tape, uses, i)
        if chain is None:
            return None
        base, additions = chain
        moved = [_moved(builder, new[a.operand], a.slots) for a in additions]
        merged = _merge(builder, moved, instr.shape, base is None)
        if merged is None or base is None:
            return merged
        return ew.add(builder.value(new[base]), builder.value(merged)).index

    return rewritten(tape, rule, new)


def _moved(builder: Builder, operand: int, slots: tuple[st.Slot, ...]) -> _Addition:
    """An addition on the new tape, whose operand has all axes of the array."""
    ranges = tuple(map(st.as_range, slots))
    if ranges != slots:
        operand = st.reshape(builder.value(operand), shape=st.slot_shape(ranges)).index
    return _Addition(operand, ranges)


def _read_late(tape: Tape) -> Tape:
    """The tape where places that later updates leave alone are read after these updates.

    An array that is read between two additions could not become one sum.
    """
    builder = Builder()
    updated: dict[int, int] = {}
    for i, instr in enumerate(tape.instrs):
        args = instr.args
        if instr.op is st.index:
            (latest,) = args
            for _ in range(_MOST):
                update = updated.get(latest)
                if update is None or not st.are_disjoint(
                    tape.instrs[update].params[0], instr.params[0]
                ):
                    break
                latest = update
            args = (latest,)
        elif instr.op is st.index_add:
            updated[args[0]] = i
        builder.line = instr.line
        builder.copy(instr, args)
    return builder.finish(tape.outputs, tape.inputs)


def _cuts(tape: Tape, uses: list[int]) -> dict[tuple[int, ...], tuple[int, int]]:
    """For vectors of a length that is added at two shifts: the part that lies in the overlap."""
    cuts: dict[tuple[int, ...], tuple[int, int]] = {}
    for i, instr in enumerate(tape.instrs):
        chain = _chain(tape, uses, i) if len(instr.shape) == 1 else None
        additions = () if chain is None else chain[1]
        boxes = _wide([box for a in additions if (box := _box(a.slots)) is not None])
        inside = _overlap(boxes) if len(boxes) > 1 else None
        if inside is not None:
            (low, high), (start, stop) = boxes[0][0], inside[0]
            cuts[(high - low,)] = (start - low, stop - start)
    return cuts


def _cut_sum(builder: Builder, x: int, cuts: dict[tuple[int, ...], tuple[int, int]]) -> int:
    """The sum of a vector as that of its middle and those of its ends."""
    value = builder.value(x)
    (n,) = value.shape
    start, length = cuts[value.shape]
    total: Value | None = None
    for low, size in ((start, length), (0, start), (start + length, n - start - length)):
        if size:
            part = st.reduce_sum(st.index(value, slots=((low, size, 1),)), axes=(0,))
            total = part if total is None else ew.add(total, part)
    assert total is not None
    return total.index


def _chain(tape: Tape, uses: list[int], last: int) -> tuple[int | None, list[_Addition]] | None:
    """The additions of which instruction `last` is the end, and what they begin with: zeros
    (None), or a value that is computed element by element, where its reader has it."""
    if tape.instrs[last].op is not st.index_add:
        return None
    additions: list[_Addition] = []
    i = last
    while tape.instrs[i].op is st.index_add and (i == last or uses[i] == 1):
        total, operand = tape.instrs[i].args
        additions.append(_Addition(operand, tape.instrs[i].params[0]))
        if len(additions) > _MOST:
            return None
        i = total
    is_zero = tape.instrs[i].op is CONST and tape.instrs[i].params[0] == 0
    if len(additions) < 2 or not (is_zero or isinstance(tape.instrs[i].op, Elementwise)):
        return None
    return None if is_zero else i, additions[::-1]


def _box(slots: tuple[st.Slot, ...]) -> Box | None:
    """The region that a basic index covers, if it is a box."""
    box: list[tuple[int, int]] = []
    for slot in slots:
        start, length, step = st.as_range(slot)
        if step != 1:
            return None
        box.append((start, start + length))
    return tuple(box)


def _merge(
    builder: Builder, chain: Sequence[_Addition], shape: tuple[int, ...], is_whole: bool
) -> int | None:
    """One sum of all additions; those that do not overlap become a join, if that is the whole."""
    boxed = [(a, box) for a in chain if (box := _box(a.slots)) is not None]
    if len(boxed) < 2:
        return None
    is_tiled = is_whole and len(boxed) == len(chain)
    tiled = _tiled(builder, boxed, shape) if is_tiled else None
    if tiled is not None:
        return tiled
    wide = _wide([box for _, box in boxed])
    inside = _overlap(wide) if len(wide) > 1 else None
    if inside is None:
        return None
    total: Value | None = None
    merged = [(addition, box) for addition, box in boxed if box in wide]
    for addition, box in merged:
        part = _part(builder, addition.operand, box, inside)
        total = part if total is None else ew.add(total, part)
    assert total is not None
    result = builder.const(0, shape, total.dtype)
    result = st.index_add(result, total, slots=_slots(inside))
    for addition, box in merged:
        for slab in _rim(box, inside):
            margin = _part(builder, addition.operand, box, slab)
            result = st.index_add(result, margin, slots=_slots(slab))
    for addition in chain:
        if _box(addition.slots) not in wide:
            result = st.index_add(result, builder.value(addition.operand), slots=addition.slots)
    return result.index


def _wide(boxes: Sequence[Box]) -> list[Box]:
    """The boxes that are not small beside the largest."""
    largest = max(map(_volume, boxes), default=0)
    return [box for box in boxes if _volume(box) * 2 >= largest]


def _overlap(boxes: Sequence[Box]) -> Box | None:
    """What lies in all boxes, where that is the larger part of each."""
    inside = tuple(
        (max(low for low, _ in axis), min(high for _, high in axis))
        for axis in zip(*boxes, strict=True)
    )
    volume = _volume(inside)
    return inside if volume and volume * 2 >= min(map(_volume, boxes)) else None


def _tiled(
    builder: Builder, boxed: Sequence[tuple[_Addition, Box]], shape: tuple[int, ...]
) -> int | None:
    """Boxes that lie side by side along one axis are a join, with zeros where they leave gaps."""
    for axis in range(len(shape)):
        ordered = sorted(boxed, key=lambda pair: pair[1][axis])
        if all(box[:axis] + box[axis + 1 :] == _others(shape, axis) for _, box in ordered):
            limits = [0, *(x for _, box in ordered for x in box[axis]), shape[axis]]
            if limits == sorted(limits):
                return _join(builder, ordered, shape, axis)
    return None


def _others(shape: tuple[int, ...], axis: int) -> Box:
    """A box that is full along all axes but one, without that one."""
    return tuple((0, n) for n in shape[:axis] + shape[axis + 1 :])


def _join(
    builder: Builder, ordered: Sequence[tuple[_Addition, Box]], shape: tuple[int, ...], axis: int
) -> int:
    dtype = builder.instrs[ordered[0][0].operand].dtype
    parts: list[Value] = []
    at = 0
    for addition, box in (*ordered, (None, ((shape[axis], 0),) * len(shape))):
        start, stop = box[axis]
        if start > at:
            gap = (*shape[:axis], start - at, *shape[axis + 1 :])
            parts.append(builder.const(0, gap, dtype))
        if addition is not None:
            parts.append(builder.value(addition.operand))
        at = stop
    return st.concatenate(*parts, axis=axis).index


def _volume(box: Box) -> int:
    return math.prod(max(0, high - low) for low, high in box)


def _slots(box: Box) -> tuple[st.Slot, ...]:
    return tuple((low, high - low, 1) for low, high in box)


def _part(builder: Builder, operand: int, box: Box, region: Box) -> Value:
    """The elements of an operand that fall into a region, the operand lying at `box`."""
    shifted = zip(box, region, strict=True)
    slots = tuple((low - start, high - low, 1) for (start, _), (low, high) in shifted)
    x = builder.value(operand)
    full = all(slot == (0, n, 1) for slot, n in zip(slots, x.shape, strict=True))
    return x if full else st.index(x, slots=slots)


def _rim(box: Box, inside: Box) -> Iterator[Box]:
    """What a box has outside of another that lies in it, as disjoint slabs."""
    for axis, ((low, high), (start, stop)) in enumerate(zip(box, inside, strict=True)):
        for margin in ((low, start), (stop, high)):
            if margin[0] < margin[1]:
                yield (*inside[:axis], margin, *box[axis + 1 :])
