"""Instructions -> between which numbers integers and truths lie, by those of their operands.

Interval arithmetic: Moore, Interval Analysis, 1966.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from jitad.ir.op import DType, Elementwise, Op
from jitad.ir.tape import CONST, Instr
from jitad.ops import elementwise as ew
from jitad.ops import structural as st


class Range(NamedTuple):
    """The least and the greatest number that a value may be.

    Of an input, `sums` says of inputs at some positions how much both together are at most.
    """

    low: int
    high: int
    sums: tuple[tuple[int, int], ...] = ()


Known = Range | None
"""A range, or None where nothing is known."""

FAR = 1 << 62
"""What no loop counts to, by steps of at most `STEP`."""

STEP = 1 << 16


def of_none(instr: Instr) -> Known:
    """The range of what is computed from nothing."""
    if instr.op is CONST:
        return Range(int(instr.params[0]), int(instr.params[0]))
    if instr.op is st.iota:
        axis: int = instr.params[1]
        return Range(0, max(0, instr.shape[axis] - 1))
    return Range(0, 1) if instr.dtype.kind == "b" else None


_LIMITS = {
    np.dtype(f"{kind}{size}"): np.iinfo(f"{kind}{size}") for kind in "iu" for size in (1, 2, 4, 8)
}


def fitting(known: Known, dtype: DType) -> Known:
    """A range, if no number of it wraps around in a dtype."""
    if dtype.kind == "b":
        return known if known is not None and _is_truth(known) else Range(0, 1)
    if known is None:
        return None
    low, high = _counted(known.low), _counted(known.high)
    limits = _LIMITS[dtype]
    return Range(low, high) if limits.min <= low and high <= limits.max else None


def _counted(x: int) -> int:
    """What lies a step beyond what no loop counts to is not counted to either."""
    return max(-FAR, min(FAR, x)) if abs(abs(x) - FAR) <= STEP else x


def union(*known: Known) -> Known:
    if any(x is None for x in known):
        return None
    there = [x for x in known if x is not None]
    return Range(min(x.low for x in there), max(x.high for x in there))


def of_result(instr: Instr, operands: Sequence[Known]) -> Known:
    """The range of an instruction's exact result."""
    op = instr.op
    if isinstance(op, Elementwise):
        if op is ew.where:
            return _where(*operands)
        if op is ew.logical_not and instr.dtype.kind == "b":
            (x,) = operands
            return None if x is None else _not(x)
        if op in _BOUNDING and instr.dtype in _LIMITS:
            limits = _LIMITS[instr.dtype]
            operands = [Range(limits.min, limits.max) if x is None else x for x in operands]
        known = [x for x in operands if x is not None]
        if op in _OF_ONE and len(known) == 1:
            return _OF_ONE[op](*known)
        return _OF_TWO[op](*known) if op in _OF_TWO and len(known) == 2 else None
    if op in (st.broadcast, st.reshape, st.transpose, st.index, st.gather, st.gather_final):
        return operands[0]
    return union(*operands) if instr.op is st.pack else None


def _where(condition: Known, x: Known, y: Known) -> Known:
    if condition is not None and condition.low == condition.high:
        return x if condition.low else y
    return union(x, y)


def _mul(x: Range, y: Range) -> Range:
    ends = [a * b for a, b in itertools.product(x[:2], y[:2])]
    return Range(min(ends), max(ends))


def _divided(x: Range, y: Range) -> Known:
    if y.low <= 0:
        return None
    ends = [a // b for a, b in itertools.product(x[:2], y[:2])]
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


_BOUNDING = (ew.maximum, ew.minimum, ew.int_mod)
"""Ops whose result is bounded where one operand is."""

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
