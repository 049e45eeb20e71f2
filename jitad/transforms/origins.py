"""Tape -> Tape: derivatives say what they are where a size is 0, before they are differentiated.

A size r = |x| has no derivative at x = 0 (there it is taken to be 0), but a function f(r) of it may
well be smooth: of norm(x)^2 the gradient is f'(r) u with u = x / r, and as f' vanishes with r it
tends to f''(0) x. So what is linear in u, say a(r) u + b, is a'(r) x + b where r = 0: a value that
is the same there, with the derivative that f has along each ray from the origin (by l'Hospital's
rule, to third order of f). a'(r) comes from a forward sweep from r to a.

Where something is divided by r, or has its logarithm, f is not smooth, and nothing is told.

A derivative that has been taken reads u in elementwise ops, views and small products of matrices;
beyond those nothing of u is left at the origin but 0.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

from jitad.ir.builder import Builder
from jitad.ir.op import BOOL, DType, Elementwise, Structural
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops.contraction import contract
from jitad.ops.elementwise import (
    absolute,
    add,
    cast,
    conj,
    div,
    eq,
    hypot,
    imag,
    increment,
    log,
    mul,
    neg,
    nought,
    over,
    pair,
    real,
    root,
    side,
    sided,
    sub,
    told,
    unit,
    where,
)
from jitad.ops.structural import reduce_sum
from jitad.transforms.kinks import with_kinks
from jitad.transforms.linear import is_active, partial, plus, scale, typed

FAR = 2000
"""A sweep from a size visits at most that many instructions; beyond, a is taken for constant."""


class Direction(NamedTuple):
    """A value a(r) u + b where r = 0: a x and a'(r) x, of which None is 0; where r = 0."""

    origin: Value
    along: Value
    slope: Value | None


Directions = dict[int, Direction]
"""By the instruction r: a value may be linear in several directions, for several sizes."""


def _is_small(operands: list[Value]) -> bool:
    return max(x.size for x in operands) <= 1024


def _is_view(instr: Instr) -> bool:
    return isinstance(instr.op, Structural) and instr.op.index_map is not None


def _divisors(tape: Tape) -> set[int]:
    """Instructions where 0 is a singularity: what divides, with its factors, or has a logarithm."""
    found = set[int]()
    for i in range(len(tape.instrs) - 1, -1, -1):
        op, args = tape.instrs[i].op, tape.instrs[i].args
        if op is div or op is log:
            found.add(args[-1])
        elif i in found and (op is mul or _is_view(tape.instrs[i])):
            found.update(args)
    return found


def _coordinates(builder: Builder, size: int) -> list[int]:
    """What is 0 where a size is: the operands of abs and hypot, the squared ones of a root."""
    instr = builder.instrs[size]
    if instr.op is not root:
        return list(instr.args) if instr.op in (absolute, hypot) else []
    found: list[int] = []
    stack = list(instr.args)
    while stack:
        below = builder.instrs[stack.pop()]
        if below.op is mul and below.args[0] == below.args[1]:
            found.append(below.args[0])
        elif below.op is add or below.op is reduce_sum or _is_view(below):
            stack += below.args
    return found


def at_origins(tape: Tape) -> Tape:
    """The tape, in which what is linear in a direction has its derivative at the origin."""
    tape = with_kinks(tape)
    if not any(instr.op is unit or instr.op is side for instr in tape.instrs):
        return tape
    origins = _Origins(_divisors(tape))
    for instr in tape.instrs:
        origins.move(instr)
    outputs = [origins.resolved(i) for i in tape.outputs]
    return origins.builder.finish(outputs, [origins.raw[i] for i in tape.inputs])


class _Origins:
    """The new tape, and what its values are at origins, by the old tape's instructions."""

    def __init__(self, singular: set[int]) -> None:
        self.singular = singular
        self.builder = Builder()
        self.raw: list[int] = []
        self.directions: dict[int, Directions] = {}
        self.settled: dict[int, int] = {}
        self.slopes: dict[int, dict[int, Value | None]] = {}
        self.noughts: dict[int, dict[int, bool]] = {}

    def move(self, instr: Instr) -> None:
        """Copy the old tape's next instruction."""
        builder, k = self.builder, len(self.raw)
        builder.line = instr.line
        found = self._of(instr)
        args = [self.raw[j] if found else self.resolved(j) for j in instr.args]
        if instr.op is unit:
            instr = instr._replace(op=over)
        elif instr.op is side:
            instr, args = instr._replace(op=sided), args[:1]
        self.raw.append(builder.copy(instr, tuple(args)))
        if found:
            self.directions[k] = found

    def resolved(self, i: int) -> int:
        """The value for those that know of no directions."""
        if i not in self.directions:
            return self.raw[i]
        if i not in self.settled:
            value = self.builder.value(self.raw[i])
            for direction in self.directions[i].values():
                if direction.slope is not None:
                    value = told(direction.origin, value, direction.slope)
            self.settled[i] = value.index
        return self.settled[i]

    def _of(self, instr: Instr) -> Directions:
        """What the instruction is in terms of directions, where it is linear in some."""
        if instr.op is unit or instr.op is side:
            if instr.args[1] in self.singular:
                return {}
            x, r = (self.builder.value(self.resolved(j)) for j in instr.args)
            return {r.index: Direction(eq(r, 0.0), x, None)}
        known = [self.directions.get(j, {}) for j in instr.args]
        if not any(known):
            return {}
        if _is_view(instr):
            return self.viewed(instr, known)
        if instr.op is contract and not all(known):
            return self._contracted(instr, known)
        rule = _LINEAR.get(instr.op)
        return {} if rule is None else rule(self, instr, known)

    def _viewed(self, instr: Instr, d: Direction) -> Direction:
        origin, along, slope = d
        move = functools.partial(instr.op, **instr.named_params)
        origin = origin if isinstance(instr.op, Elementwise) else move(origin)
        return Direction(origin, move(along), None if slope is None else move(slope))

    def viewed(self, instr: Instr, known: list[Directions]) -> Directions:
        """Of a view, a part of a complex number, or another dtype."""
        return {r: self._viewed(instr, d) for r, d in known[0].items()}

    def _contracted(self, instr: Instr, known: list[Directions]) -> Directions:
        """Of a small product of matrices with c(r): what is told is told of a sum."""
        operands = [self.builder.value(self.resolved(j)) for j in instr.args]
        if not _is_small(operands):
            return {}
        k = 0 if known[0] else 1
        every = self.builder.const(True, instr.shape, BOOL)

        def product(d: Direction, x: Value | None, c: Value | None) -> Value | None:
            if x is None or c is None:
                return None
            x = where(d.origin, x, self.builder.const(0.0, x.shape, x.dtype))
            return contract(*((x, c) if k == 0 else (c, x)), **instr.named_params)

        found: Directions = {}
        for r, d in known[k].items():
            c = operands[1 - k]
            bent = product(d, d.along, self._slope(r, c.index))
            along = product(d, d.along, c)
            assert along is not None
            found[r] = Direction(every, along, plus(product(d, d.slope, c), bent))
        return found

    def joined(self, instr: Instr, known: list[Directions]) -> Directions:
        """Of a sum or difference."""
        turned = [instr.op is neg, instr.op is sub]
        total: Directions = {}
        for directions, turn in zip(known, turned, strict=False):
            for r, (origin, along, slope) in directions.items():
                if turn:
                    along, slope = neg(along), None if slope is None else neg(slope)
                if r in total:
                    along, slope = add(total[r].along, along), plus(total[r].slope, slope)
                total[r] = Direction(origin, along, slope)
        return total

    def multiplied(self, instr: Instr, known: list[Directions]) -> Directions:
        """Of a product, whose factors are linear in other directions, or a quotient."""
        first, second = known
        if first.keys() & second.keys() or (instr.op is div and second):
            return {}
        left, right = (self.builder.value(self.resolved(j)) for j in instr.args)
        found = {r: self._scaled(instr, r, d, right) for r, d in first.items()}
        found |= {r: self._scaled(instr, r, d, left) for r, d in second.items()}
        for outer, inner in ((first, second), (second, first)):
            for size, d in outer.items():
                for r, e in inner.items():
                    found[size] = self._within(d, r, e) or found[size]
        return found

    def _within(self, d: Direction, r: int, e: Direction) -> Direction | None:
        """A direction of a size that is made of the size r, times a direction of r: where the
        outer size is 0, (c r / R) (x / r) is c x / R. Its slope so far is told by that of r."""
        c = self._slope(r, d.along.index)
        return None if c is None else Direction(d.origin, mul(c, e.along), None)

    def _scaled(self, instr: Instr, size: int, d: Direction, c: Value) -> Direction:
        """A direction times c(r), or divided by it."""
        change = self._slope(size, c.index)
        if instr.op is div:
            along, slope = div(d.along, c), None if d.slope is None else div(d.slope, c)
            bent = None if change is None else neg(self._product(size, div(change, c), along))
        else:
            along = self._product(size, d.along, c)
            slope = None if d.slope is None else self._product(size, d.slope, c)
            bent = None if change is None else self._product(size, change, d.along)
        return Direction(d.origin, along, plus(slope, bent))

    def _product(self, size: int, x: Value, y: Value) -> Value:
        """x y, which is known for nought where either is."""
        if self._is_nought(size, y.index):
            return nought(x, y)
        return nought(y, x) if self._is_nought(size, x.index) else mul(x, y)

    def _is_nought(self, size: int, i: int) -> bool:
        """Whether instruction i is 0 where the size is, as far as that is easily seen."""
        known = self.noughts.get(size)
        if known is None:
            known = self.noughts[size] = dict.fromkeys(_coordinates(self.builder, size), True)
        if i in known or i < min(known, default=i):
            return known.get(i, False)
        instr = self.builder.instrs[i]
        found = [self._is_nought(size, j) for j in instr.args] if instr.op in _SUMS else []
        if instr.op in (mul, nought):
            known[i] = any(self._is_nought(size, j) for j in instr.args)
        elif found or _is_view(instr):
            known[i] = all(found or [self._is_nought(size, j) for j in instr.args])
        else:
            known[i] = False
        return known[i]

    def chosen(self, instr: Instr, known: list[Directions]) -> Directions:
        """Of a choice: on the side not taken there is no direction."""
        condition = self.builder.value(self.resolved(instr.args[0]))
        return self._of_two(known[1:], instr.dtype, functools.partial(where, condition))

    def paired(self, instr: Instr, known: list[Directions]) -> Directions:
        """Of a complex number by its parts."""
        return self._of_two(known, self.builder.instrs[self.raw[instr.args[0]]].dtype, pair)

    def _of_two(
        self, known: list[Directions], dtype: DType, join: Callable[..., Value]
    ) -> Directions:
        """Of what is linear in two operands together."""

        def joined(r: int, k: int) -> Value | None:
            parts = [directions[r][k] if r in directions else None for directions in known]
            if all(x is None for x in parts):
                return None
            zero = self.builder.const(0.0, next(x.shape for x in parts if x is not None), dtype)
            return join(*(zero if x is None else x for x in parts))

        found: Directions = {}
        for r, d in {**known[0], **known[1]}.items():
            along = joined(r, 1)
            assert along is not None
            found[r] = Direction(d.origin, along, joined(r, 2))
        return found

    # -- the sweep from a size -----------------------------------------------------------------

    def _slope(self, size: int, target: int) -> Value | None:
        """The derivative of instruction `target` of the new tape by the size, all at once."""
        builder = self.builder
        known = self.slopes.setdefault(size, {})
        if size not in known:
            r = builder.instrs[size]
            known[size] = builder.const(1.0, r.shape, r.dtype)
        for i in self._between(size, target, known):
            instr = builder.instrs[i]
            known[i] = self._tangent(instr, i, [known.get(j) for j in instr.args])
        return known.get(target)

    def _between(self, size: int, target: int, known: dict[int, Value | None]) -> list[int]:
        """What comes after the size and is read on the way to the target, in order; [] if far."""
        found, stack = set[int](), [target]
        while stack and len(found) <= FAR:
            i = stack.pop()
            if i > size and i not in known and i not in found:
                found.add(i)
                stack.extend(self.builder.instrs[i].args)
        return sorted(found) if len(found) <= FAR else []

    def _tangent(self, instr: Instr, i: int, tangents: list[Value | None]) -> Value | None:
        op, builder = instr.op, self.builder
        if not is_active(instr) or all(dx is None for dx in tangents):
            return None
        operands = [builder.value(j) for j in instr.args]
        result = builder.value(i)
        if isinstance(op, Elementwise):
            total: Value | None = None
            for j, dx in enumerate(tangents):
                if dx is not None:
                    share = scale(partial(op, j, operands, result), dx)
                    total = plus(total, typed(share, result.dtype))
            return total
        if not isinstance(op, Structural) or op.jvp is None:
            return None
        if op.library is not None and not (op is contract and _is_small(operands)):
            return None  # a mixture of all elements, of which each size has little
        return op.jvp(operands, result, tangents, **instr.named_params)


_SUMS = (add, increment, sub, neg, reduce_sum)

_LINEAR: dict[object, Callable[..., Directions]] = {
    add: _Origins.joined,
    increment: _Origins.joined,
    sub: _Origins.joined,
    neg: _Origins.joined,
    mul: _Origins.multiplied,
    div: _Origins.multiplied,
    where: _Origins.chosen,
    pair: _Origins.paired,
    **dict.fromkeys((real, imag, conj, cast), _Origins.viewed),
}
"""The ops that keep what is linear in a direction so."""
