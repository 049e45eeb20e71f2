"""Tape -> Tape: derivatives say what they are where a size is 0, before they are differentiated.

A size r = |x| has no derivative at x = 0 (there it is taken to be 0), but a function f(r) of it may
well be smooth: of norm(x)^2 the gradient is f'(r) u with u = x / r, and as f' vanishes with r it
tends to f''(0) x. So what is linear in u, say a(r) u + b, is a'(r) x + b where r = 0: a value that
is the same there, with the derivative that f has along each ray from the origin (by l'Hospital's
rule, to third order of f). a'(r) comes from a forward sweep from r to a.

A derivative that has been taken reads u in elementwise ops and views; beyond those, in sums and
products of matrices, nothing of u is left at the origin but 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from jitad.ir.builder import Builder
from jitad.ir.op import Elementwise, Structural
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops.elementwise import (
    add,
    div,
    eq,
    mul,
    neg,
    over,
    side,
    sign,
    sub,
    told,
    unit,
    where,
)
from jitad.transforms.linear import is_active, partial, plus, scale, typed

FAR = 400
"""A sweep from a size visits at most that many instructions; beyond, a is taken for constant."""


class Direction(NamedTuple):
    """A value a(r) u + b where r = 0: a x and a'(r) x, of which None is 0.

    `size` is the instruction r, `origin` says where it is 0.
    """

    size: int
    origin: Value
    along: Value
    slope: Value | None


def at_origins(tape: Tape) -> Tape:
    """The tape, in which what is linear in a direction has its derivative at the origin."""
    if not any(instr.op is unit or instr.op is side for instr in tape.instrs):
        return tape
    origins = _Origins()
    for instr in tape.instrs:
        origins.move(instr)
    outputs = [origins.resolved(i) for i in tape.outputs]
    return origins.builder.finish(outputs, [origins.raw[i] for i in tape.inputs])


class _Origins:
    """The new tape, and what its values are at origins, by the old tape's instructions."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.raw: list[int] = []
        self.directions: dict[int, Direction] = {}
        self.settled: dict[int, int] = {}
        self.slopes: dict[int, dict[int, Value | None]] = {}

    def move(self, instr: Instr) -> None:
        """Copy the old tape's next instruction."""
        builder, k = self.builder, len(self.raw)
        builder.line = instr.line
        direction = self._of(instr)
        args = [self.raw[j] if direction else self.resolved(j) for j in instr.args]
        if instr.op is unit:
            instr = instr._replace(op=over)
        elif instr.op is side:
            instr, args = instr._replace(op=sign), args[:1]
        self.raw.append(builder.copy(instr, tuple(args)))
        if direction is not None:
            self.directions[k] = direction

    def resolved(self, i: int) -> int:
        """The value for those that know of no directions."""
        direction = self.directions.get(i)
        if direction is None or direction.slope is None:
            return self.raw[i]
        if i not in self.settled:
            raw = self.builder.value(self.raw[i])
            self.settled[i] = told(direction.origin, raw, direction.slope).index
        return self.settled[i]

    def _of(self, instr: Instr) -> Direction | None:
        """What the instruction is in terms of a direction, where it is linear in one."""
        if instr.op is unit or instr.op is side:
            x, r = (self.builder.value(self.resolved(j)) for j in instr.args)
            return Direction(r.index, eq(r, 0.0), x, None)
        known = [self.directions.get(j) for j in instr.args]
        sizes = {d.size for d in known if d is not None}
        if len(sizes) != 1:
            return None
        if isinstance(instr.op, Structural) and instr.op.index_map is not None:
            return self._viewed(instr, known)
        rule = _LINEAR.get(instr.op)
        return None if rule is None else rule(self, instr, known)

    def _viewed(self, instr: Instr, known: list[Direction | None]) -> Direction | None:
        (d,) = known
        assert d is not None

        def moved(x: Value) -> Value:
            return instr.op(x, **instr.named_params)

        slope = None if d.slope is None else moved(d.slope)
        return Direction(d.size, moved(d.origin), moved(d.along), slope)

    def joined(self, instr: Instr, known: list[Direction | None]) -> Direction | None:
        """Of a sum or difference."""
        turned = [neg, neg] if instr.op is neg else [None, neg if instr.op is sub else None]
        total: list[Value | None] = [None, None]
        for d, turn in zip(known, turned, strict=False):
            if d is not None:
                terms = [t if t is None or turn is None else turn(t) for t in (d.along, d.slope)]
                total = [plus(t, u) for t, u in zip(total, terms, strict=True)]
        first = next(d for d in known if d is not None)
        along, slope = total
        assert along is not None
        return Direction(first.size, first.origin, along, slope)

    def multiplied(self, instr: Instr, known: list[Direction | None]) -> Direction | None:
        """Of a product with c(r), or a quotient by it."""
        d, other = known if instr.op is div else sorted(known, key=lambda d: d is None)
        if d is None or other is not None:
            return None
        c = self.builder.value(self.resolved(instr.args[1 if known[0] is d else 0]))
        change = self._slope(d.size, c.index)
        if instr.op is div:
            along = div(d.along, c)
            bent = None if change is None else neg(mul(div(change, c), along))
            slope = plus(None if d.slope is None else div(d.slope, c), bent)
        else:
            along = mul(d.along, c)
            bent = None if change is None else mul(change, d.along)
            slope = plus(None if d.slope is None else mul(d.slope, c), bent)
        return Direction(d.size, d.origin, along, slope)

    def chosen(self, instr: Instr, known: list[Direction | None]) -> Direction | None:
        """Of a choice: on the side not taken there is no direction."""
        first = next(d for d in known if d is not None)
        condition = self.builder.value(self.resolved(instr.args[0]))
        zero = self.builder.const(0.0, instr.shape, instr.dtype)

        def pick(parts: list[Value | None]) -> Value | None:
            if all(x is None for x in parts):
                return None
            return where(condition, *(zero if x is None else x for x in parts))

        along = pick([None if d is None else d.along for d in known[1:]])
        slope = pick([None if d is None else d.slope for d in known[1:]])
        assert along is not None
        return Direction(first.size, first.origin, along, slope)

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
        if not isinstance(op, Structural) or op.jvp is None or op.library is not None:
            return None  # a mixture of all elements, of which each size has little
        return op.jvp(operands, result, tangents, **instr.named_params)


_LINEAR: dict[object, Callable[..., Direction | None]] = {
    add: _Origins.joined,
    sub: _Origins.joined,
    neg: _Origins.joined,
    mul: _Origins.multiplied,
    div: _Origins.multiplied,
    where: _Origins.chosen,
}
"""The ops that keep what is linear in a direction so."""
