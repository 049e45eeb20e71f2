"""Tape -> Tape: derivatives say what they are where a size is 0, before they are differentiated.

A size r = |x| has no derivative at x = 0 (there it is taken to be 0), but a function f(r) of it may
well be smooth: of norm(x)^2 the gradient is f'(r) u with u = x / r, and as f' vanishes with r it
tends to f''(0) x. So what is linear in u, say a(r) u + b, is a'(r) x + b where r = 0: a value that
is the same there, with the derivative that f has along each ray from the origin (by l'Hospital's
rule, to fifth order of f). a'(r) comes from a forward sweep from r to a. Of one number x it is the
odd part of a(x), for the derivatives from the right, where r is x, have those from the left as
their mirror: what they do not share has the mean 0, and the others are right to all orders.

Where something is divided by r, or has its logarithm, f is not smooth, and nothing is told.

A derivative that has been taken reads u in elementwise ops, views, sums and small products of
matrices; beyond those nothing of u is left at the origin but 0.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from jitad.ir.builder import Builder
from jitad.ir.op import BOOL, DType, Op, Shape
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops.contraction import contract, labels
from jitad.ops.elementwise import (
    absolute,
    add,
    cast,
    conj,
    div,
    eq,
    imag,
    increment,
    mul,
    neg,
    nought,
    over,
    pair,
    real,
    side,
    sided,
    sub,
    told,
    unit,
    where,
)
from jitad.ops.partials import typed
from jitad.ops.structural import broadcast, reduce_sum, reshape, transpose
from jitad.transforms.kinks import coordinates, divisors, with_kinks
from jitad.transforms.sizes import with_sizes
from jitad.transforms.slopes import Aligned, Slopes, Step, aligned

SMALL = 1024
"""The products that a contraction sums are followed one by one where they are so few."""


class Direction(NamedTuple):
    """Of a value a(r) u + b: a x, or a where x is one number; the size r at its places; the sum
    over so many last axes."""

    by: Aligned
    along: Value
    summed: int = 0

    def over(self, x: Value) -> Value:
        """x, repeated along the axes that are still to be summed."""
        if not self.summed:
            return x
        x = reshape(x, shape=(*x.shape, *[1] * self.summed))
        return broadcast(x, shape=self.along.shape)


Directions = dict[Any, Direction]
"""By the size, how it is moved and summed: a value may be linear in several directions."""


def _by_key(*directions: Direction) -> Directions:
    return {(d.by.size, d.by.steps, d.summed): d for d in directions}


def at_origins(tape: Tape) -> Tape:
    """The tape, in which what is linear in a direction has its derivative at the origin."""
    tape = with_kinks(with_sizes(tape))
    if not any(instr.op in (unit, side) for instr in tape.instrs):
        return tape
    origins = _Origins(divisors(tape))
    for instr in tape.instrs:
        origins.move(instr)
    outputs = [origins.resolved(i) for i in tape.outputs]
    return origins.builder.finish(outputs, [origins.raw[i] for i in tape.inputs])


class _Origins:
    """The new tape, and what its values are at origins, by the old tape's instructions."""

    def __init__(self, singular: set[int]) -> None:
        self.singular = singular
        self.builder = Builder()
        self.slopes = Slopes(self.builder)
        self.raw: list[int] = []
        self.directions: dict[int, Directions] = {}
        self.settled: dict[int, int] = {}
        self.scaled: dict[int, Value] = {}
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
            for d in self.directions[i].values():
                change = self._change(d)
                if change is None:
                    continue
                origin = eq(d.by.moved(self.builder.value(d.by.size)), 0.0)
                if d.summed:
                    zeros = self.builder.const(0.0, change.shape, change.dtype)
                    change = where(origin, change, zeros)
                    last = range(len(change.shape) - d.summed, len(change.shape))
                    change = reduce_sum(change, axes=tuple(last))
                    origin = self.builder.const(True, value.shape, BOOL)
                value = self._at_origin(d, origin, value, change)
            self.settled[i] = value.index
        return self.settled[i]

    def _at_origin(self, d: Direction, origin: Value, value: Value, change: Value) -> Value:
        """The value, to which the direction adds 0 at the origin; or a'(0) x, if x is not 0."""
        is_number = self._number(d) is not None
        if is_number or d.summed or self._is_nought(d.by.size, d.along.index):
            return told(origin, value, change)
        zeros = self.builder.const(0.0, change.shape, change.dtype)
        return add(value, where(origin, change, zeros))

    def _change(self, d: Direction) -> Value | None:
        """A value that changes from the origin as the direction does."""
        x = self._number(d)
        if x is None:
            return self._of_mean(d)
        sides = [self.slopes.at(y, d.along.index, d.by) for y in (x, neg(x))]
        if sides[0] is not None and sides[1] is not None:
            return mul(sub(*sides), 0.5)
        slope = self.slopes.of(d.along.index, d.by)
        return None if slope is None else nought(slope, typed(d.by.moved(x), slope.dtype))

    def _of_mean(self, d: Direction) -> Value | None:
        """The mean of a'(t r) over 0 < t < 1, times x: that of 1 and t^2 is at t = 3^(-1/2)."""
        size = self.builder.value(d.by.size)
        if d.by.size not in self.scaled:
            self.scaled[d.by.size] = mul(size, 3**-0.5)
        scaled = self.scaled[d.by.size]
        along = self.slopes.at(scaled, d.along.index, d.by)
        if along is None:
            return self.slopes.of(d.along.index, d.by)
        return self.slopes.of(along.index, d.by._replace(size=scaled.index))

    def _number(self, d: Direction) -> Value | None:
        """What has the size, where that is one number."""
        size = self.builder.instrs[d.by.size]
        return self.builder.value(size.args[0]) if size.op is absolute else None

    def _of(self, instr: Instr) -> Directions:
        """What the instruction is in terms of directions, where it is linear in some."""
        if instr.op is unit or instr.op is side:
            if instr.args[1] in self.singular:
                return {}
            x, r = (self.resolved(j) for j in instr.args)
            by = aligned(self.builder, r)
            size = self.builder.instrs[r]
            one = self.builder.const(1.0, size.shape, size.dtype)
            along = one if size.op is absolute else self.builder.value(x)
            return _by_key(Direction(by._replace(size=r, steps=()), along))
        known = [self.directions.get(j, {}) for j in instr.args]
        if not any(known):
            return {}
        rule = _LINEAR.get(instr.op, _Origins.viewed if instr.op.is_view else None)
        return {} if rule is None else rule(self, instr, known)

    # -- what is summed, or in other places --------------------------------------------------------

    def viewed(self, instr: Instr, known: list[Directions]) -> Directions:
        """Of a view."""
        found = [self._viewed(instr, d) for d in known[0].values()]
        return _by_key(*(d for d in found if d is not None)) if None not in found else {}

    def _viewed(self, instr: Instr, d: Direction) -> Direction | None:
        if not d.summed:
            return _stepped(d, (instr.op, instr.params))
        before = d.along.shape[: len(d.along.shape) - d.summed]
        last = d.along.shape[len(before) :]
        shape = (*instr.shape, *last)
        if instr.op is reshape:
            return _stepped(d, (reshape, (shape,)))
        if instr.op is transpose:
            order = (*instr.params[0], *range(len(before), len(d.along.shape)))
            return _stepped(d, (transpose, (order,)))
        lead = (*[1] * (len(instr.shape) - len(before)), *before, *last)
        steps: list[Step] = [(reshape, (lead,)), (broadcast, (shape,))]
        return _stepped(d, *steps) if instr.op is broadcast else None

    def part(self, instr: Instr, known: list[Directions]) -> Directions:
        """Of a part of a complex number, or of another dtype."""
        move = functools.partial(instr.op, **instr.named_params)
        return _by_key(*(d._replace(along=move(d.along)) for d in known[0].values()))

    def summed(self, instr: Instr, known: list[Directions]) -> Directions:
        """Of a sum over axes, which are moved to the end, and summed when all is told."""
        (axes,), found = instr.params, list[Direction]()
        for d in known[0].values():
            rank = len(d.along.shape)
            kept = [k for k in range(rank - d.summed) if k not in axes]
            order = (*kept, *axes, *range(rank - d.summed, rank))
            found.append(_stepped(d, (transpose, (order,)))._replace(summed=d.summed + len(axes)))
        return _by_key(*found)

    def contracted(self, instr: Instr, known: list[Directions]) -> Directions:
        """Of a small product of arrays with c(r)."""
        *letters, out = labels(instr.params[0])
        k = 0 if known[0] else 1
        operands = [self.builder.value(self.resolved(j)) for j in instr.args]
        sizes = {
            a: n for x, own in zip(operands, letters, strict=True)
            for a, n in zip(own, x.shape, strict=True)
        }  # fmt: skip
        every = [*out, *sorted(sizes.keys() - {*out})]
        shape = tuple(sizes[a] for a in every)
        if all(known) or functools.reduce(int.__mul__, shape, 1) > SMALL:
            return {}

        def steps(own: str, last: Shape = ()) -> list[Step]:
            perm = [own.index(a) for a in every if a in own]
            perm += range(len(own), len(own) + len(last))
            aside = [sizes[a] if a in own else 1 for a in every]
            return [(transpose, (tuple(perm),)), (reshape, ((*aside, *last),)),
                    (broadcast, ((*shape, *last),))]  # fmt: skip

        found, c = list[Direction](), operands[1 - k]
        for op, params in steps(letters[1 - k]):
            c = op(c, **dict(zip(op.params, params, strict=True)))
        for d in known[k].values():
            last = d.along.shape[len(letters[k]) :]
            d = _stepped(d, *steps(letters[k], last))
            found.append(self._scaled(mul, d, d.over(c)))
        more = len(every) - len(out)
        return _by_key(*(d._replace(summed=d.summed + more) for d in found))

    # -- elementwise -------------------------------------------------------------------------------

    def joined(self, instr: Instr, known: list[Directions]) -> Directions:
        """Of a sum or difference."""
        turned = [instr.op is neg, instr.op is sub]
        total: Directions = {}
        for directions, turn in zip(known, turned, strict=False):
            for key, d in directions.items():
                along = neg(d.along) if turn else d.along
                along = add(total[key].along, along) if key in total else along
                total[key] = d._replace(along=along)
        return total

    def multiplied(self, instr: Instr, known: list[Directions]) -> Directions:
        """Of a product, whose factors are linear in other directions, or a quotient."""
        first, second = known
        sizes = [{d.by.size for d in directions.values()} for directions in known]
        if sizes[0] & sizes[1] or (instr.op is div and second):
            return {}
        left, right = (self.builder.value(self.resolved(j)) for j in instr.args)
        found = {key: self._scaled(instr.op, d, d.over(right)) for key, d in first.items()}
        found |= {key: self._scaled(instr.op, d, d.over(left)) for key, d in second.items()}
        for outer, inner in ((first, second), (second, first)):
            for key, d in outer.items():
                for other, e in inner.items():
                    within = self._within(d, e)
                    if within is not None:
                        found[key] = within
                        found[other] = self._without(found[other], d)
        return found

    def _without(self, e: Direction, d: Direction) -> Direction:
        """A direction that is told of only where another size is not 0."""
        nothing = self.builder.const(0.0, e.along.shape, e.along.dtype)
        size = d.by.moved(self.builder.value(d.by.size))
        return e._replace(along=where(eq(size, 0.0), nothing, e.along))

    def _within(self, d: Direction, e: Direction) -> Direction | None:
        """A direction of a size that is made of the size r, times a direction of r: where the
        outer size is 0, (c r / R) (x / r) is c x / R."""
        if d.along.shape != e.along.shape:
            return None
        c, x = self.slopes.of(d.along.index, e.by), self._number(e)
        if c is None:
            return None
        c = c if x is None else mul(c, e.by.moved(x))
        return d._replace(along=mul(c, e.along))

    def _scaled(self, op: Op, d: Direction, c: Value) -> Direction:
        """A direction times c(r), or divided by it."""
        return d._replace(along=div(d.along, c) if op is div else self._product(d, c))

    def _product(self, d: Direction, c: Value) -> Value:
        """a x c, which is known for nought where x or c is."""
        if self._is_nought(d.by.size, c.index):
            return nought(d.along, c)
        is_nought = self._is_nought(d.by.size, d.along.index)
        return nought(c, d.along) if is_nought else mul(d.along, c)

    def _is_nought(self, size: int, i: int) -> bool:
        """Whether instruction i is 0 where the size is, as far as that is easily seen."""
        known = self.noughts.get(size)
        if known is None:
            known = self.noughts[size] = dict.fromkeys(coordinates(self.builder, size), True)
        first, stack = min(known, default=i + 1), [i]
        while stack:
            j = stack.pop()
            instr = self.builder.instrs[j]
            is_product = instr.op in (mul, nought)
            if j in known or j < first:
                known.setdefault(j, False)
            elif not (is_product or instr.op in _SUMS or instr.op.is_view):
                known[j] = False
            elif missing := [k for k in instr.args if k not in known]:
                stack += [j, *missing]
            else:
                known[j] = (any if is_product else all)(known[k] for k in instr.args)
        return known[i]

    def chosen(self, instr: Instr, known: list[Directions]) -> Directions:
        """Of a choice: on the side not taken there is no direction."""
        condition = self.builder.value(self.resolved(instr.args[0]))

        def choose(d: Direction, x: Value, y: Value) -> Value:
            return where(d.over(condition), x, y)

        return self._of_two(known[1:], instr.dtype, choose)

    def paired(self, instr: Instr, known: list[Directions]) -> Directions:
        """Of a complex number by its parts."""
        dtype = self.builder.instrs[self.raw[instr.args[0]]].dtype
        return self._of_two(known, dtype, _paired)

    def _of_two(
        self, known: Sequence[Directions], dtype: DType, join: Callable[..., Value]
    ) -> Directions:
        """Of what is linear in two operands together."""
        found: Directions = {}
        for key, d in {**known[0], **known[1]}.items():
            zero = self.builder.const(0.0, d.along.shape, dtype)
            parts = [directions[key].along if key in directions else zero for directions in known]
            found[key] = d._replace(along=join(d, *parts))
        return found


def _paired(d: Direction, x: Value, y: Value) -> Value:
    return pair(x, y)


def _stepped(d: Direction, *steps: Step) -> Direction:
    """A direction in other places."""
    by, along = d.by, d.along
    for op, params in steps:
        by = by.then(op, *params)
        along = op(along, **dict(zip(op.params, params, strict=True)))
    return d._replace(by=by, along=along)


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
    reduce_sum: _Origins.summed,
    contract: _Origins.contracted,
    **dict.fromkeys((real, imag, conj, cast), _Origins.part),
}
"""The ops that keep what is linear in a direction so."""
