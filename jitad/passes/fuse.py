"""Tape -> Tape: a product that only a sum reads joins it, where nobody misses its rounding.

That is in the sums that a sweep makes, for which there are no bits of NumPy's; and in any sum, of a
product with 2, 4, 8, ..., which is exact unless it overflows: rounding once is rounding twice. No
other product is joined with a sum, here or by LLVM: each operation is rounded as NumPy rounds it,
whatever stands next to it, and x * x - y * y is 0 where x is y.
"""

from __future__ import annotations

import math

from jitad.ir.builder import Builder
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ops import elementwise as ew
from jitad.ops.control.parts import rewritten


def fuse(tape: Tape) -> Tape:
    """The tape with products and sums fused, and no `increment`."""
    uses, new = tape.users(), list[int]()

    def rule(builder: Builder, i: int, instr: Instr) -> int | None:
        fused = _fused(tape, tape.instrs[i], uses, new, builder)
        if fused is None and instr.op is ew.increment:
            return _sum(builder, *instr.args)
        return fused

    return rewritten(tape, rule, new)


def _fused(
    tape: Tape, instr: Instr, uses: list[int], new: list[int], builder: Builder
) -> int | None:
    if instr.op not in (ew.add, ew.increment, ew.sub) or instr.dtype.kind != "f":
        return None
    # What a sweep adds comes second: the sum so far is likely to be waited for.
    for place in (1, 0):
        i, other = instr.args[place], instr.args[1 - place]
        negated = instr.op is ew.sub and place == 1
        while tape.instrs[i].op is ew.neg and uses[i] == 1:
            (i,), negated = tape.instrs[i].args, not negated
        product = tape.instrs[i]
        if product.op is not ew.mul or uses[i] != 1:
            continue
        if instr.op is not ew.increment and not _is_exact(tape, product):
            continue
        x, y = (builder.value(new[j]) for j in product.args)
        z = builder.value(new[other])
        if instr.op is ew.sub and place == 0:
            z = ew.neg(z)
        return ew.fma(ew.neg(x) if negated else x, y, z).index
    return None


def _sum(builder: Builder, x: int, y: int) -> int:
    """x + y, or a difference where one is negated."""
    for kept, other in ((x, y), (y, x)):
        below = builder.instrs[other]
        if below.op is ew.neg:
            return ew.sub(builder.value(kept), builder.value(below.args[0])).index
    return ew.add(builder.value(x), builder.value(y)).index


def _is_exact(tape: Tape, product: Instr) -> bool:
    """Whether a factor is a power of two that is at least 1."""
    numbers = [tape.instrs[j].params[0] for j in product.args if tape.instrs[j].op is CONST]
    return any(abs(x) >= 1 and math.frexp(abs(x))[0] == 0.5 for x in numbers)
