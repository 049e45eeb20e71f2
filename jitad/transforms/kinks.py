"""Tape -> Tape: kinks at one place are said in terms of one size, before they are differentiated.

Where max(x, y) and |x - y|, or sign(x) and |x|, are both read, their kinks may cancel, as in
max(x, 0) + log1p(exp(-|x|)) and sign(x) log1p(|x|). With max(x, y) = (x + y + |x - y|) / 2 and
sign(x) the slope of |x|, `origins` sees that.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from jitad.ir.builder import Builder
from jitad.ir.op import Op
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops.control.parts import rewritten
from jitad.ops.elementwise import (
    absolute,
    add,
    div,
    eq,
    hypot,
    log,
    maximum,
    minimum,
    mul,
    neg,
    root,
    side,
    sign,
    sqrt,
    sub,
    told,
    where,
)
from jitad.ops.partials import is_zeros
from jitad.ops.structural import reduce_sum

_HALVES: dict[Op, float] = {maximum: 0.5, minimum: -0.5}


class Kink(NamedTuple):
    """What vanishes at a kink: a value, or the difference of two; and how much of its size a
    value has, of which a sign has none."""

    key: int | frozenset[int]
    share: float


def with_kinks(tape: Tape) -> Tape:
    """The tape, in which extrema and signs at the kinks of others are sums of sizes, or slopes."""
    instrs = tape.instrs
    done = {instr.args[1] for instr in instrs if instr.op is told}
    kinks = {i: kink for i in range(len(instrs)) if i not in done and (kink := _kink(instrs, i))}
    counts = Counter(kink.key for kink in kinks.values() if kink.share)
    sizes = {kink.key for kink in kinks.values() if abs(kink.share) == 1}
    kinks = {
        i: kink
        for i, kink in kinks.items()
        if kink.key in sizes or (kink.share and counts[kink.key] > 1)
    }
    if all(instrs[i].op is absolute for i in kinks):
        return tape
    new, made = list[int](), dict[int | frozenset[int], Value]()

    def rule(builder: Builder, i: int, instr: Instr) -> int | None:
        if i not in kinks:
            return None
        key, share = kinks[i]
        x, y = (builder.value(j) for j in (instr.args[0], instr.args[-1]))
        if key not in made:
            place = builder.value(new[key]) if isinstance(key, int) else x
            made[key] = absolute(sub(x, y) if place is x and instr.op in _HALVES else place)
        return _told(builder, instr, made[key], share).index

    return rewritten(tape, rule, new)


def _told(builder: Builder, instr: Instr, size: Value, share: float) -> Value:
    """The instruction in terms of the size of what vanishes at its kink."""
    if instr.op is absolute:
        return size
    x, y = (builder.value(j) for j in (instr.args[0], instr.args[-1]))
    if instr.op is sign:
        return side(x, size)
    return told(eq(x, y), builder.value(builder.copy(instr, instr.args)), mul(share, size))


def _kink(instrs: tuple[Instr, ...], i: int) -> Kink | None:
    """The kink that an instruction has."""
    op, args, dtype = instrs[i].op, instrs[i].args, instrs[i].dtype
    if dtype.kind != "f":
        return None
    if op in _HALVES:
        x, y = (_without_sign(instrs, j) for j in args)
        share = _HALVES[op]
        if x == y:
            return Kink(x, 2 * share) if args[0] != args[1] else None
        if _is_nothing(instrs, x) or _is_nothing(instrs, y):
            return Kink(y if _is_nothing(instrs, x) else x, share)
        return Kink(frozenset(args), share)
    if op not in (absolute, sign):
        return None
    x = _without_sign(instrs, *args)
    share = 1.0 if op is absolute else 0.0
    return Kink(frozenset(instrs[x].args) if instrs[x].op is sub else x, share)


def _without_sign(instrs: tuple[Instr, ...], i: int) -> int:
    while instrs[i].op is neg:
        (i,) = instrs[i].args
    return i


def _is_nothing(instrs: tuple[Instr, ...], i: int) -> bool:
    """Whether a value is written as zeros."""
    while instrs[i].op.is_view:
        (i,) = instrs[i].args
    return is_zeros(instrs[i])


def divisors(tape: Tape) -> set[int]:
    """Instructions where 0 is a singularity: what divides, with its factors, or has a logarithm."""
    found, instrs = set[int](), tape.instrs
    for i in range(len(instrs) - 1, -1, -1):
        op, args = instrs[i].op, instrs[i].args
        if op is div or op is log:
            found.add(args[-1])
        elif i in found and (op is mul or op.is_view):
            found.update(args)
        elif i in found and op is where and [instrs[j].op for j in args[1:]] == [sqrt, root]:
            found.add(args[-1])  # the root of a form, where that vanishes
    return found


def coordinates(builder: Builder, size: int) -> list[int]:
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
        elif below.op is add or below.op is reduce_sum or below.op.is_view:
            stack += below.args
    return found
