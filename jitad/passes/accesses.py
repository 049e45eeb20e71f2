"""What is read of arrays in loops, and changed there -> whether a change comes after a read.

Places are sums of turns and of what is the same in all of them; whether two meet is decided by
bounds of their difference. (Banerjee, Dependence Analysis for Supercomputing, 1988.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from jitad.ir.op import Shape
from jitad.ir.tape import Instr
from jitad.ops.affine import Place, Sum, Symbol
from jitad.ops.intervals import Range

Bounds = Mapping[int, Sum]
"""Axes of an array, and the last of its elements along each that anybody asks for."""


class Access(NamedTuple):
    """An element of an array that is read or changed: when, and where.

    `loops` are the loops around it, outermost first; None as `flat` is anywhere. `axes` are indices
    of an array of that `shape`.
    """

    instr: Instr
    array: int
    loops: tuple[int, ...]
    order: int
    flat: Sum | None
    axes: list[Sum] | None
    shape: Shape


def changes(write: Access, read: Access) -> bool:
    """Whether a write may change an element after it was read."""
    common = 0
    for x, y in zip(write.loops, read.loops, strict=False):
        if x != y:
            break
        common += 1
    if write.order > read.order and _meet(write, read, common, later=False):
        return True
    return any(_meet(write, read, depth, later=True) for depth in range(common))


def _meet(write: Access, read: Access, depth: int, *, later: bool) -> bool:
    """Whether both may be at one element, in the same turns of the loops above a depth, and of that
    loop a turn later."""
    if write.flat is None or read.flat is None:
        return True
    pairs = [(write.flat, read.flat)]
    if write.axes is not None and read.axes is not None and write.shape == read.shape:
        pairs = list(zip(write.axes, read.axes, strict=True))
    for x, y in pairs:
        difference = _renamed(x, depth, later).plus(y, -1)
        if difference.most() < 0 or difference.most(-1) < 0:
            return False
    return True


EACH = 1 << 19
"""The depth of what is another number for each element of an array of places."""

NUMBER = EACH + 1
"""The depth of the number of an element along the last axis; the one before is one deeper."""

_LATER = Symbol(1 << 20, 0, Range(1, 1 << 62))
"""How many turns later; it is bounded first."""


def limited(x: Sum, rank: int, most: Bounds) -> Sum:
    """The sum with bounds on the numbers of elements that it is of."""
    last = {NUMBER + rank - 1 - k: n for k, n in most.items()}
    return Sum(x.const, tuple((s._replace(most=last.get(s.depth, s.most)), n) for s, n in x.terms))


def moved(x: Place, axes: Mapping[int, int]) -> Place:
    """A place in an array whose axes, by the depths of their numbers, are others."""
    terms = tuple((s._replace(depth=axes.get(s.depth, s.depth)), n) for s, n in x.sum.terms)
    added = tuple(moved(y, axes) for y in x.added)
    return Place(Sum(x.sum.const, terms), x.known, added)


def within(x: Place) -> Place:
    """A place, and between which numbers its sum lies."""
    low, high = -x.sum.most(-1), x.sum.most()
    if x.known is not None:
        low, high = max(low, x.known.low), min(high, x.known.high)
    is_known = -math.inf < low <= high < math.inf
    return x._replace(known=Range(int(low), int(high))) if is_known else x


def _renamed(x: Sum, depth: int, later: bool) -> Sum:
    """The sum in other turns of the loops from a depth on."""
    total = Sum(x.const)
    for s, n in x.terms:
        if s.depth < depth:
            total = total.plus(Sum(0, ((s, 1),)), n)
        elif later and s.depth == depth and s.step:
            total = total.plus(Sum(0, ((s, 1), (_LATER, s.step))), n)
        else:
            most = None if s.most is None else _renamed(s.most, depth, later)
            total = total.plus(Sum(0, ((s._replace(key=~s.key, most=most), 1),)), n)
    return total
