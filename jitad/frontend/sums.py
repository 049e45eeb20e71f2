"""A traced integer -> the sum that it is, of what is not known, and between which numbers it lies.

Who makes an integer of which more is known, as the number of a turn, notes that with its tape.
"""

from __future__ import annotations

import math
from typing import Any

from jitad.ir.builder import Builder
from jitad.ir.op import BOOL, INT64, Elementwise
from jitad.ir.tape import CONST, INPUT
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.affine import Sum, Symbol, combined
from jitad.ops.intervals import FAR, Known, Range, fitting, of_result

_FAR = 64
"""Operations between an integer and what it is a sum of."""


def sum_of(x: Any, steps: int = _FAR) -> Sum:
    """An integer of Python's, or a traced one, as a sum."""
    if isinstance(x, Sum):
        return x
    if not isinstance(x, Value):
        return Sum(int(x))
    x = x.freeze()
    sums = x.builder.sums
    found = sums.get(x.index)
    if found is None:
        found = _computed(x.builder, x.index, steps) if steps else None
        if found is None:
            symbol = Symbol(x.builder.level, *_range_of_result(x, steps))
            found = Sum(0, ((symbol, 1),))
        sums[x.index] = found
    return found


def _computed(builder: Builder, i: int, steps: int) -> Sum | None:
    """A value as a sum of others; None of what is no sum."""
    instr = builder.instrs[i]
    if instr.op is INPUT:
        outer = builder.concrete.get(i)
        if not isinstance(outer, Value):
            return None
        # An argument is what it stands for once, what is captured always.
        _, inner = builder.captured.get((id(outer.builder), outer.index), (None, None))
        return sum_of(outer, steps) if inner is not None and inner.index == i else None
    if instr.shape or instr.dtype != INT64:
        return None
    if instr.op is CONST:
        return Sum(int(instr.params[0]))
    if instr.op not in _SUMS:
        return None
    first, *second = [sum_of(builder.value(j), steps - 1) for j in instr.args]
    if instr.op is ew.neg:
        return Sum(0).plus(first, -1)
    return first if not second else combined(instr.op, first, second[0])


_SUMS = (ew.add, ew.sub, ew.mul, ew.neg, st.reshape)


def _range_of_result(x: Value, steps: int) -> tuple[Any, Known]:
    """What a value that is no sum is the same as, if computed again, and its range."""
    instr = x.builder.instrs[x.index]
    own = x.index
    operands = [x.builder.value(j) for j in instr.args]
    if instr.shape or not isinstance(instr.op, Elementwise) or not operands or not steps:
        return own, None
    if any(y.shape or y.dtype not in (INT64, BOOL) for y in operands):
        return own, None
    sums = [sum_of(y, steps - 1) for y in operands]
    known = of_result(instr, [known_of(s) for s in sums])
    return (instr.op.name, instr.params, *sums), fitting(known, instr.dtype)


def known_of(x: Sum) -> Known:
    """Between which numbers a sum lies."""
    low, high = -x.most(-1), x.most()
    if low == -math.inf and high == math.inf:
        return None
    return Range(int(max(low, -FAR)), int(min(high, FAR)))


def at_most(x: Any, y: Any) -> bool:
    """Whether an integer is not more than another, for all data."""
    return sum_of(x).plus(sum_of(y), -1).most() <= 0


def is_within(x: Any, low: int, high: int) -> bool:
    """Whether an integer, or each of an array of them, lies between two numbers for all data."""
    s = sum_of(x)
    return -s.most(-1) >= low and s.most() <= high


def note_range(x: Value, last: Sum | None) -> None:
    """Note that an integer, or each of an array, is a number from 0 to the last one."""
    known = None if last is None else known_of(last)
    high = FAR if known is None else known.high
    symbol = Symbol(x.builder.level, x.index, Range(0, max(0, high)), last)
    x.builder.sums[x.index] = Sum(0, ((symbol, 1),))
