"""Tape -> the axis of each value that `components` takes apart, and which axes are one.

An axis is followed from where its places are told apart (a sum over it, an index, a join) to all
operands and readers that have it too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from jitad.ir.op import Elementwise, Shape
from jitad.ir.tape import INPUT, Instr, Tape
from jitad.ops import structural as st
from jitad.passes.schedule import squeeze
from jitad.passes.stored import CHEAP, is_root, own_cost

SHORT = 32
"""The longest axis that is taken apart."""

SUMMED = 24
"""The longest that is so for a sum over it alone: a loop along a longer one is as fast."""

LONG = 64
"""An array has at least that many elements in each place, or its axis stays."""

ROW = 16
"""Elements side by side that are joined to others as they are: a loop along them is as fast."""

SPREAD = 16
"""The longest axis that is taken apart for what is computed without it, and then along it."""

MOST = 20_000
"""Instructions that taking an axis apart may add; more would be long to compile."""

MOST_SPREAD = 5000
"""The same where a loop along the axis would do, if with more memory."""

WIDEST = 128
"""The most numbers at each point for that: so many are transposed in the nearest cache."""

REDUCTIONS = (st.reduce_sum, st.reduce_max, st.reduce_min, st.reduce_any, st.reduce_all)


def split_axes(tape: Tape) -> dict[int, int]:
    """The axis of each value that is taken apart: where it matters, and what shares its loops."""
    split: dict[int, int] = {}
    if not any(len(instr.shape) > 1 for instr in tape.instrs):
        return split
    readers = _readers(tape)
    costs = _costs(tape)
    refused: set[tuple[int, int, bool]] = set()  # a group is found again from each of its seeds
    for i in range(len(tape.instrs)):
        spread = list(_spread(tape, i, costs))
        seeds = () if _is_filled_in(tape, i, readers) else _seeds(tape, i, bool(readers[i]))
        for seed, axis in (*seeds, *spread):
            if seed in split or (seed, axis, bool(spread)) in refused:
                continue
            if _can_split(tape, seed, axis):
                group = _group(tape, seed, axis, readers, split)
                if _is_small(tape, group, bool(spread)):
                    split.update(group)
                else:
                    refused.update((j, along, bool(spread)) for j, along in group.items())
    return split


def _is_small(tape: Tape, group: dict[int, int], is_spread: bool) -> bool:
    """Whether taking these apart adds few enough instructions, and few numbers side by side."""
    shapes = {j: tape.instrs[j].shape for j in group}
    added = sum(shapes[j][along] for j, along in group.items())
    if not is_spread:
        return added <= MOST
    widest = max([math.prod(shape) // max(shape) for shape in shapes.values()])
    return added <= MOST_SPREAD and widest <= WIDEST


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


def _is_filled_in(tape: Tape, i: int, readers: list[list[tuple[int, int]]]) -> bool:
    """Whether an instruction changes one row of an array that comes in and, with all its changes,
    goes out: they are made where the array is, each row in a loop of its own."""
    instr = tape.instrs[i]
    if instr.op not in st.INDEXED or not _is_row(instr.params[0], instr.shape):
        return False
    first = last = i
    while tape.instrs[first].op in st.INDEXED:
        first = tape.instrs[first].args[0]
        if len(readers[first]) != 1:
            return False
    while len(readers[last]) == 1 and readers[last][0][1] == 0:
        last = readers[last][0][0]
        if tape.instrs[last].op not in st.INDEXED:
            return False
    return tape.instrs[first].op is INPUT and not readers[last] and last in tape.outputs


def _is_row(slots: tuple[st.Slot, ...], shape: Shape) -> bool:
    """Whether elements lie side by side: single places, and then all of the axes after these."""
    kinds = [slot == (0, n, 1) for slot, n in zip(slots, shape, strict=True)]
    singles = kinds.index(True) if True in kinds else len(kinds)
    return all(kinds[singles:]) and all(isinstance(slot, int) for slot in slots[:singles])


def _seeds(tape: Tape, i: int, is_read: bool) -> Iterator[tuple[int, int]]:
    """Values and axes whose places instruction i tells apart."""
    instr = tape.instrs[i]
    op = instr.op
    if op in REDUCTIONS:
        shape = tape.instrs[instr.args[0]].shape
        short = [a for a in instr.params[0] if 1 < shape[a] <= SUMMED]
        if short and math.prod(instr.shape) >= LONG:
            yield instr.args[0], short[0]
    elif op in st.PLACES:
        axis = int(instr.params[0])
        if math.prod(instr.shape) >= LONG:
            yield instr.args[0], axis
    elif op is st.index:
        shape = tape.instrs[instr.args[0]].shape
        for axis, slot in enumerate(instr.params[0]):
            if slot != (0, shape[axis], 1) and math.prod(shape) >= LONG * shape[axis]:
                yield instr.args[0], axis
    elif op in st.INDEXED:
        for axis, slot in enumerate(instr.params[0]):
            n = instr.shape[axis]
            if slot != (0, n, 1) and math.prod(instr.shape) >= LONG * n:
                yield i, axis
    elif op is st.concatenate:
        axis = int(instr.params[0])
        longest = max([tape.instrs[j].shape[axis] for j in instr.args])
        if longest < ROW and math.prod(instr.shape) >= LONG * instr.shape[axis]:
            yield i, axis
    elif op is st.assemble and is_read:
        for axis, slot in enumerate(instr.params[1][0]):
            if isinstance(slot, int):
                yield i, axis


def _spread(tape: Tape, i: int, costs: list[float]) -> Iterator[tuple[int, int]]:
    """Axes along which something costly is repeated. It would be stored, for a loop that runs along
    the axis too: the axis apart, one loop does both."""
    instr = tape.instrs[i]
    if instr.op is not st.broadcast or costs[i] <= CHEAP:
        return
    source = tape.instrs[instr.args[0]].shape
    missing = len(instr.shape) - len(source)
    for axis, n in enumerate(instr.shape):
        is_new = axis < missing or source[axis - missing] == 1
        if is_new and 1 < n <= SPREAD and math.prod(instr.shape) >= LONG * n:
            yield i, axis


def _costs(tape: Tape) -> list[float]:
    """What an element of each value costs that is computed in the loop of whoever reads it."""
    costs: list[float] = []
    for instr in tape.instrs:
        inner = own_cost(instr.op) + sum(costs[j] for j in instr.args)
        costs.append(0.0 if is_root(instr.op) else inner)
    return costs


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
        along = operand_axis(tape, instr, place, axis)
        if along is not None:
            yield j, along
    for k, place in readers:
        reader = tape.instrs[k]
        for along in range(len(reader.shape)):
            if operand_axis(tape, reader, place, along) == axis:
                yield k, along


def _can_split(tape: Tape, i: int, axis: int) -> bool:
    """Whether an instruction can be computed place by place along an axis of its result."""
    instr = tape.instrs[i]
    op = instr.op
    if not 1 < instr.shape[axis] <= SHORT:
        return False
    if isinstance(op, Elementwise) or op in _PLACED:
        return True
    return op is st.reshape and operand_axis(tape, instr, 0, axis) is not None


_JOINS = (st.concatenate, st.assemble)

_PLACED = (st.transpose, st.broadcast, st.index, *_JOINS, *st.INDEXED, *REDUCTIONS)
"""Ops that are computed place by place along any axis of their result."""


def operand_axis(tape: Tape, instr: Instr, place: int, axis: int) -> int | None:
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
    if op in REDUCTIONS:
        return [k for k in range(len(source)) if k not in instr.params[0]][axis]
    if op in st.INDEXED and place == 0:
        return axis
    if op in st.INDEXED or op is st.assemble:
        slots = instr.params[0] if op in st.INDEXED else instr.params[1][place]
        gone = isinstance(slots[axis], int)
        return None if gone else sum(not isinstance(slot, int) for slot in slots[:axis])
    return None


def _reshaped_axis(source: Shape, shape: Shape, axis: int) -> int | None:
    """Where an axis comes from, if a reshape only adds and removes axes of length 1."""
    if squeeze(source) != squeeze(shape) or shape[axis] == 1:
        return None
    live = [k for k, n in enumerate(source) if n != 1]
    return live[sum(n != 1 for n in shape[:axis])]
