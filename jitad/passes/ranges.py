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
            results[i] = _TAPES[instr.op](tape, instr, found)[1]
        elif instr.op is part and instr.args[0] in results:
            found[i] = results[instr.args[0]][instr.params[0]]
        elif instr.dtype.kind in "biu" and instr.args:
            found[i] = _fitting(_range(instr, [found[j] for j in instr.args]), instr.dtype)
        elif instr.dtype.kind in "biu":
            found[i] = found[i] or _of_none(instr)
    return found


def inside(tape: Tape, instr: Instr, found: Sequence[Known]) -> list[list[Known]]:
    """Of each sub-tape of a control op in a tape the ranges of its inputs."""
    if instr.op in _TAPES:
        return _TAPES[instr.op](tape, instr, found)[0]
    assert isinstance(instr.op, Control)
    tapes = instr.op.tapes(instr.params[0])
    return [[None] * len(inner.inputs) for inner in tapes]


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


def _of_block(tape: Tape, instr: Instr, found: Sequence[Known]) -> Inside:
    operands = [found[j] for j in instr.args]
    return [operands], _outputs(instr.params[0].tape, operands)


def _of_switch(tape: Tape, instr: Instr, found: Sequence[Known]) -> Inside:
    branches = instr.params[0].branches
    inputs: list[list[Known]] = []
    for k in range(len(branches)):
        here = _in_branch(tape, instr, k, found)
        inputs.append([here.get(j, found[j]) for j in instr.args[1:]])
    results = [_outputs(inner, known) for inner, known in zip(branches, inputs, strict=True)]
    return inputs, [_union(*column) for column in zip(*results, strict=True)]


def _in_branch(tape: Tape, instr: Instr, k: int, found: Sequence[Known]) -> dict[int, Known]:
    """What is known beside, where a switch takes branch k, of two."""
    index = tape.instrs[instr.args[0]]
    is_truth = index.op is ew.cast and tape.instrs[index.args[0]].dtype.kind == "b"
    if not is_truth or len(instr.params[0].branches) != 2:
        return {}
    return _assumed(tape, found, index.args[0], k == 1)


def _of_loop(tape: Tape, instr: Instr, found: Sequence[Known]) -> Inside:
    form: Loop = instr.params[0]
    consts, init, xs, turns = grouped(form, [found[j] for j in instr.args])
    last = form.count if form.count is not None else _FAR
    if turns and turns[0] is not None:
        last = max(1, turns[0].high)
    turn = Range(0, max(0, last - 1))
    dtypes = [form.body.instrs[i].dtype for i in form.body.outputs[: form.carries]]
    begin = init
    while True:
        inner = [turn, *consts, *_met(form, consts, begin), *xs]
        known = ranges(form.body, inner)
        goes_on = _going_on(form, known)
        after = [known[i] for i in form.body.outputs]
        again = [goes_on.get(i, known[i]) for i in form.body.outputs[: form.carries]]
        wide = [_wider(x, y, t) for x, y, t in zip(begin, again, dtypes, strict=True)]
        if wide == begin:
            break
        begin = wide
    carries = [_union(x, y) for x, y in zip(init, after[: form.carries], strict=True)]
    middle = [Range(0, _FAR)] if form.count is None else []
    asked = (
        []
        if form.condition is None
        else [[*consts, *(_union(*x) for x in zip(begin, carries, strict=True))]]
    )
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
    tape = form.condition
    if tape is None:
        return list(carries)
    found = ranges(tape, [*consts, *carries])
    known = _assumed(tape, found, tape.outputs[0], True)
    places = tape.inputs[form.consts :]
    return [known.get(i, x) for i, x in zip(places, carries, strict=True)]


def _going_on(form: Loop, found: Sequence[Known]) -> dict[int, Known]:
    """What is known beside of a turn after which the loop goes on: of a carry that must then be a
    certain number, and that only one branch makes this number, that the branch was taken."""
    if form.condition is None:
        return {}
    asked, body = form.condition, form.body
    place = {i: k for k, i in enumerate(asked.inputs[form.consts :])}
    known: dict[int, Known] = {}
    for i in _all_of(asked, asked.outputs[0]):
        instr = asked.instrs[i]
        if instr.op is not ew.eq or instr.args[0] not in place:
            continue
        number, made = asked.instrs[instr.args[1]], body.outputs[place[instr.args[0]]]
        if number.op is CONST and body.instrs[made].op is part:
            known |= _where_part_is(body, found, body.instrs[made], number.params[0])
    return known


def _where_part_is(
    tape: Tape, found: Sequence[Known], result: Instr, number: int
) -> dict[int, Known]:
    """What is known beside, where a result of a switch is that number."""
    instr = tape.instrs[result.args[0]]
    if instr.op is not switch:
        return {}
    inputs = _of_switch(tape, instr, found)[0]
    possible: list[int] = []
    for k, inner in enumerate(instr.params[0].branches):
        place: int = result.params[0]
        known = _outputs(inner, inputs[k])[place]
        if known is None or known.low <= number <= known.high:
            possible.append(k)
    return _in_branch(tape, instr, possible[0], found) if len(possible) == 1 else {}


def _all_of(tape: Tape, i: int) -> list[int]:
    """The conditions that all hold where a truth does."""
    found: list[int] = []
    waiting = [i]
    while waiting:
        i = waiting.pop()
        if tape.instrs[i].op is ew.logical_and:
            waiting += tape.instrs[i].args
        else:
            found.append(i)
    return found


def _assumed(tape: Tape, found: Sequence[Known], i: int, holds: bool) -> dict[int, Known]:
    """The ranges of what comparisons are of, where a truth holds or does not."""
    known: dict[int, Known] = {}
    for j in _all_of(tape, i) if holds else [i]:
        instr = tape.instrs[j]
        if instr.op is ew.logical_not and instr.dtype.kind == "b":
            known |= _assumed(tape, found, instr.args[0], not holds)
        apart = _BELOW.get(instr.op)
        if apart is None or tape.instrs[instr.args[0]].dtype.kind not in "iu":
            continue
        x, y = instr.args
        if not holds:
            x, y, apart = y, x, 1 - apart if apart >= 0 else -3 - apart
        x, y, apart = (x, y, apart) if apart >= 0 else (y, x, -1 - apart)
        _bound(known, found, x, None, y, apart)
        _bound(known, found, y, x, None, apart)
    return known


_BELOW: dict[Op, int] = {ew.lt: 1, ew.le: 0, ew.gt: -2, ew.ge: -1}
"""Comparisons: by how much the first is below the second at least; -1 - that of the opposite."""


def _bound(
    known: dict[int, Known], found: Sequence[Known], i: int, above: int | None, below: int | None,
    step: int,
) -> None:  # fmt: skip
    """Note that i lies by a step above or below another."""
    before = known.get(i, found[i])
    low, high = (-_FAR - _STEP, _FAR + _STEP) if before is None else before
    least = None if above is None else found[above]
    most = None if below is None else found[below]
    low = low if least is None else max(low, least.low + step)
    high = high if most is None else min(high, most.high - step)
    if before is not None and low <= high:
        known[i] = Range(low, high)


_TAPES: dict[Op, Callable[[Tape, Instr, Sequence[Known]], Inside]] = {
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
