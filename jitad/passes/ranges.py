"""Tape -> between which numbers its integers and truths lie, whatever the data.

Interval arithmetic, of loops up to what their turns leave as it is (Cousot and Cousot, POPL 1977).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from jitad.ir.op import INT64, Control, DType, Elementwise, Op
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control import Loop, block, loop, part, switch
from jitad.ops.control.loop import grouped


class Range(NamedTuple):
    """The least and the greatest number that a value may be."""

    low: int
    high: int


Known = Range | None
"""A range, or None where nothing is known."""

_FAR = 1 << 62
"""What no loop counts to, by steps of at most `_STEP`."""

_STEP = 1 << 16


def ranges(tape: Tape, inputs: Sequence[Known]) -> list[Known]:
    """The range of each instruction, from those of the inputs."""
    found: list[Known] = [None] * len(tape.instrs)
    results: dict[int, Sequence[Known]] = {}
    for i, known in zip(tape.inputs, inputs, strict=True):
        found[i] = known
    for i, instr in enumerate(tape.instrs):
        if instr.op in _TAPES:
            results[i] = _TAPES[instr.op](instr, [found[j] for j in instr.args])[1]
        elif instr.op is part and instr.args[0] in results:
            found[i] = results[instr.args[0]][instr.params[0]]
        elif instr.dtype.kind in "biu" and instr.args:
            found[i] = _fitting(_range(instr, [found[j] for j in instr.args]), instr.dtype)
        elif instr.dtype.kind in "biu":
            found[i] = found[i] or _of_none(instr)
    return found


def inside(instr: Instr, operands: Sequence[Known]) -> list[list[Known]]:
    """Of each sub-tape of a control op the ranges of its inputs."""
    if instr.op in _TAPES:
        return _TAPES[instr.op](instr, operands)[0]
    assert isinstance(instr.op, Control)
    tapes = instr.op.tapes(instr.params[0])
    return [[None] * len(tape.inputs) for tape in tapes]


def _of_none(instr: Instr) -> Known:
    """The range of what is computed from nothing."""
    if instr.op is CONST:
        return Range(int(instr.params[0]), int(instr.params[0]))
    if instr.op is st.iota:
        axis: int = instr.params[1]
        return Range(0, max(0, instr.shape[axis] - 1))
    return Range(0, 1) if instr.dtype.kind == "b" else None


def _fitting(known: Known, dtype: DType) -> Known:
    """A range, if no number of it wraps around in a dtype."""
    if dtype.kind == "b":
        return known if known is not None and _is_truth(known) else Range(0, 1)
    if known is None:
        return None
    low, high = (_counted(x) for x in known)
    limits = np.iinfo(dtype)
    return Range(low, high) if limits.min <= low and high <= limits.max else None


def _counted(x: int) -> int:
    """What lies a step beyond what no loop counts to is not counted to either."""
    return max(-_FAR, min(_FAR, x)) if abs(abs(x) - _FAR) <= _STEP else x


# -- control ops -----------------------------------------------------------------------------------

Inside = tuple[list[list[Known]], list[Known]]
"""Of each sub-tape the ranges of its inputs, and those of the results."""


def _outputs(tape: Tape, inputs: Sequence[Known]) -> list[Known]:
    found = ranges(tape, inputs)
    return [found[i] for i in tape.outputs]


def _of_block(instr: Instr, operands: Sequence[Known]) -> Inside:
    return [list(operands)], _outputs(instr.params[0].tape, operands)


def _of_switch(instr: Instr, operands: Sequence[Known]) -> Inside:
    branches = instr.params[0].branches
    rest = list(operands[1:])
    found = [_outputs(tape, rest) for tape in branches]
    return [rest] * len(branches), [_union(*column) for column in zip(*found, strict=True)]


def _of_loop(instr: Instr, operands: Sequence[Known]) -> Inside:
    form: Loop = instr.params[0]
    consts, carries, xs, turns = grouped(form, operands)
    last = form.count if form.count is not None else _FAR
    if turns and turns[0] is not None:
        last = max(1, turns[0].high)
    turn = Range(0, max(0, last - 1))
    dtypes = [form.body.instrs[i].dtype for i in form.body.outputs[: form.carries]]
    while True:
        met = _met(form, consts, carries)
        inner = [turn, *consts, *met, *xs]
        after = _outputs(form.body, inner)
        wide = [_wider(x, y, t) for x, y, t in zip(carries, after, dtypes, strict=False)]
        if wide == carries:
            break
        carries = wide
    middle = [Range(0, _FAR)] if form.count is None else []
    asked = [] if form.condition is None else [[*consts, *carries]]
    return [inner, *asked], [*carries, *middle, *after[form.carries :]]


def _wider(before: Known, after: Known, dtype: DType) -> Known:
    """A carry's range: as far as counting goes where a turn leaves the one before."""
    if before is None or after is None or dtype.kind not in "biu":
        return None
    if dtype.kind == "b":
        return _union(before, after)
    falls, rises = after.low < before.low, before.high < after.high
    if not (falls or rises):
        return before
    is_lost = (falls and before.low <= -_FAR) or (rises and before.high >= _FAR)
    if is_lost or dtype != INT64:
        return None
    return Range(-_FAR if falls else before.low, _FAR if rises else before.high)


def _met(form: Loop, consts: Sequence[Known], carries: Sequence[Known]) -> list[Known]:
    """The ranges of carries where the condition holds."""
    met = list(carries)
    if form.condition is None:
        return met
    tape = form.condition
    found = ranges(tape, [*consts, *carries])
    place = {i: k for k, i in enumerate(tape.inputs[form.consts :])}
    waiting = [tape.outputs[0]]
    while waiting:
        instr = tape.instrs[waiting.pop()]
        if instr.op is ew.logical_and:
            waiting += instr.args
        elif instr.op in _BELOW:
            (x, y), apart = instr.args, _BELOW[instr.op]
            x, y = (x, y) if apart >= 0 else (y, x)
            step = abs(apart) - 1
            _bound(met, place.get(x), None, found[y], step)
            _bound(met, place.get(y), found[x], None, step)
    return met


_BELOW: dict[Op, int] = {ew.lt: 2, ew.le: 1, ew.gt: -2, ew.ge: -1}
"""Comparisons: 1 more than by how much the first is below the second, negative where above."""


def _bound(met: list[Known], k: int | None, above: Known, below: Known, step: int) -> None:
    """Have carry k lie above or below what lies in a range."""
    known = None if k is None else met[k]
    if k is None or known is None:
        return
    low = known.low if above is None else max(known.low, above.low + step)
    high = known.high if below is None else min(known.high, below.high - step)
    if low <= high:
        met[k] = Range(low, high)


_TAPES: dict[Op, Callable[[Instr, Sequence[Known]], Inside]] = {
    block: _of_block,
    loop: _of_loop,
    switch: _of_switch,
}


# -- elementwise -----------------------------------------------------------------------------------


def _union(*known: Known) -> Known:
    if any(x is None for x in known):
        return None
    there = [x for x in known if x is not None]
    return Range(min(x.low for x in there), max(x.high for x in there))


def _range(instr: Instr, operands: Sequence[Known]) -> Known:
    """The range of an instruction's exact result."""
    op = instr.op
    if isinstance(op, Elementwise):
        if op is ew.where:
            return _where(*operands)
        if op is ew.logical_not and instr.dtype.kind == "b":
            (x,) = operands
            return None if x is None else _not(x)
        known = [x for x in operands if x is not None]
        if op in _OF_ONE and len(known) == 1:
            return _OF_ONE[op](*known)
        return _OF_TWO[op](*known) if op in _OF_TWO and len(known) == 2 else None
    if op in (st.broadcast, st.reshape, st.transpose, st.index, st.gather):
        return operands[0]
    return None


def _where(condition: Known, x: Known, y: Known) -> Known:
    if condition is not None and condition.low == condition.high:
        return x if condition.low else y
    return _union(x, y)


def _mul(x: Range, y: Range) -> Range:
    ends = [a * b for a, b in itertools.product(x, y)]
    return Range(min(ends), max(ends))


def _divided(x: Range, y: Range) -> Known:
    if y.low <= 0:
        return None
    ends = [a // b for a, b in itertools.product(x, y)]
    return Range(min(ends), max(ends))


def _rest(x: Range, y: Range) -> Known:
    if y.low <= 0:
        return None
    return x if x.low >= 0 and x.high < y.low else Range(0, y.high - 1)


def _is_less(x: Range, y: Range) -> Range:
    return Range(int(x.high < y.low), int(x.low < y.high))


def _is_most(x: Range, y: Range) -> Range:
    return Range(int(x.high <= y.low), int(x.low <= y.high))


def _is_equal(x: Range, y: Range) -> Range:
    return Range(int(x.low == x.high == y.low == y.high), int(x.low <= y.high and y.low <= x.high))


def _not(x: Range) -> Range:
    return Range(1 - x.high, 1 - x.low) if _is_truth(x) else Range(0, 1)


def _least(x: Range, y: Range) -> Range:
    return Range(min(x.low, y.low), min(x.high, y.high))


def _most(x: Range, y: Range) -> Range:
    return Range(max(x.low, y.low), max(x.high, y.high))


def _of_truths(rule: Callable[[Range, Range], Range]) -> Callable[[Range, Range], Known]:
    """A rule for `and` and `or`, which of integers work bit by bit."""
    return lambda x, y: rule(x, y) if _is_truth(x) and _is_truth(y) else None


def _is_truth(x: Range) -> bool:
    return x.low >= 0 and x.high <= 1


_OF_ONE: dict[Op, Callable[[Range], Known]] = {
    ew.neg: lambda x: Range(-x.high, -x.low),
    ew.cast: lambda x: x,
    ew.stop_gradient: lambda x: x,
}

_OF_TWO: dict[Op, Callable[[Range, Range], Known]] = {
    ew.add: lambda x, y: Range(x.low + y.low, x.high + y.high),
    ew.increment: lambda x, y: Range(x.low + y.low, x.high + y.high),
    ew.sub: lambda x, y: Range(x.low - y.high, x.high - y.low),
    ew.mul: _mul,
    ew.int_floor_divide: _divided,
    ew.int_mod: _rest,
    ew.maximum: _most,
    ew.minimum: _least,
    ew.lt: _is_less,
    ew.le: _is_most,
    ew.gt: lambda x, y: _is_less(y, x),
    ew.ge: lambda x, y: _is_most(y, x),
    ew.eq: _is_equal,
    ew.ne: lambda x, y: _not(_is_equal(x, y)),
    ew.logical_and: _of_truths(_least),
    ew.logical_or: _of_truths(_most),
}
