"""Integers as sums of turns, constants and what is not known: places in arrays that loops go over.

(Axes apart: Maslov, Delinearization, PLDI 1992.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from jitad.ir.op import Op, Shape
from jitad.ir.tape import CONST, Instr
from jitad.ops.elementwise import add, mul, sub
from jitad.ops.gathers import iota
from jitad.ops.intervals import Known, Range
from jitad.ops.views import broadcast, reshape


class Symbol(NamedTuple):
    """What a place is a sum of: a value of a loop of that depth, -1 outside of all.

    `most` bounds the number of a turn, by what its loop begins with; `step` is from a turn to the
    one that is run after it.
    """

    depth: int
    key: int
    known: Known
    most: Sum | None = None
    step: int = 0


@dataclass(frozen=True)
class Sum:
    """const + sum of coefficient * symbol, each of these once."""

    const: int
    terms: tuple[tuple[Any, int], ...] = ()

    def plus(self, other: Sum, times: int = 1) -> Sum:
        """self + times * other."""
        total = dict(self.terms)
        for x, n in other.terms:
            total[x] = total.get(x, 0) + times * n
        return Sum(self.const + times * other.const, tuple((x, n) for x, n in total.items() if n))

    def most(self, sign: int = 1) -> float:
        """The greatest number that sign * self may be, of `Symbol`s."""
        rest = Sum(0).plus(self, sign)
        while rest.terms:
            x, n = max(rest.terms, key=lambda term: term[0].depth)
            rest = rest.plus(Sum(0, ((x, 1),)), -n)
            if n > 0 and x.most is not None:
                rest = rest.plus(x.most, n)
            elif x.known is None:
                return math.inf
            else:
                rest = rest.plus(Sum(x.known.high if n > 0 else x.known.low), n)
        return rest.const


class Place(NamedTuple):
    """An integer: the sum that it is, its range, and what was added, if it was."""

    sum: Sum
    known: Known
    added: tuple[Place, ...] = ()

    def axes(self, shape: Shape, unit: int = 1) -> list[Sum] | None:
        """The index along each axis of an array, of a place in it; None where that is not seen."""
        if len(shape) == 1:
            return [_divided(self.sum, unit)] if _is_multiple(self.sum, unit) else None
        step = unit * shape[-1]
        for rest, last in self._split(step):
            before = rest.axes(shape[:-1], step)
            if before is not None and _is_multiple(last.sum, unit):
                return [*before, _divided(last.sum, unit)]
        return None

    def _split(self, step: int) -> Iterator[tuple[Place, Place]]:
        """Itself as what moves by steps, and what is less than one."""
        nothing = Place(Sum(0), Range(0, 0))
        pairs: list[tuple[Place, Place]] = [(self, nothing), (nothing, self)]
        for k, last in enumerate(self.added):
            others = (*self.added[:k], *self.added[k + 1 :])
            pairs.append((Place(self.sum.plus(last.sum, -1), None, others), last))
        for rest, last in pairs:
            is_less = last.known is not None and last.known.low >= 0 and last.known.high < step
            if is_less and _is_multiple(rest.sum, step):
                yield rest, last


def _is_multiple(x: Sum, n: int) -> bool:
    return all(c % n == 0 for c in (x.const, *(c for _, c in x.terms)))


def _divided(x: Sum, n: int) -> Sum:
    return Sum(x.const // n, tuple((s, c // n) for s, c in x.terms))


# -- what is computed, as a sum --------------------------------------------------------------------

_DEEP = 8
"""Sums and products within each other that an integer is computed by."""

EACH = "each"
"""In a sum, the number of an element along an axis."""


def sum_of(
    instrs: Sequence[Instr], i: int, known: Callable[[int], Sum | None], depth: int = 0
) -> Sum | None:
    """What is computed, as a sum of what is `known`, of numbers, and of what these are times."""
    found, instr = known(i), instrs[i]
    if found is None and instr.op is CONST:
        found = Sum(int(instr.params[0]))
    if found is not None or instr.op not in (add, sub, mul) or depth > _DEEP:
        return found
    x, y = (sum_of(instrs, j, known, depth + 1) for j in instr.args)
    return None if x is None or y is None else combined(instr.op, x, y)


def combined(op: Op, x: Sum, y: Sum) -> Sum | None:
    """x + y, x - y, or x y where one of the two is a number."""
    if op is not mul:
        return x.plus(y, 1 if op is add else -1)
    x, y = (y, x) if y.terms else (x, y)
    return None if y.terms else Sum(0).plus(x, y.const)


def run_of(instrs: Sequence[Instr], i: int) -> Sum | None:
    """Integers along one axis, as a sum of the number of `EACH` and of what is the same for all."""

    def known(j: int) -> Sum | None:
        instr = instrs[j]
        if instr.op is iota and len(instr.shape) == 1:
            return Sum(0, ((EACH, 1),))
        if instr.op in (broadcast, reshape) and instrs[instr.args[0]].shape in ((), instr.shape):
            return sum_of(instrs, instr.args[0], known)
        return None if instr.shape or instr.op is CONST else Sum(0, ((j, 1),))

    return sum_of(instrs, i, known)
