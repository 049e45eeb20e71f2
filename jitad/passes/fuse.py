"""Tape -> Tape: a product with 2, 4, 8, ... that only a sum or a difference reads joins it.

Such a product is exact unless it overflows: rounding once is rounding twice. No other product is
joined with a sum, here or by LLVM: each operation is rounded as NumPy rounds it, whatever stands
next to it, and x * x - y * y is 0 where x is y.
"""

from __future__ import annotations

import math

from jitad.ir.builder import Builder
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ops import elementwise as ew


def fuse(tape: Tape) -> Tape:
    """The tape with products and sums fused."""
    uses = tape.users()
    builder = Builder()
    new: list[int] = []
    for instr in tape.instrs:
        builder.line = instr.line
        fused = _fused(tape, instr, uses, new, builder)
        new.append(
            builder.copy(instr, tuple([new[j] for j in instr.args])) if fused is None else fused
        )
    return builder.finish([new[i] for i in tape.outputs], [new[i] for i in tape.inputs])


def _fused(
    tape: Tape, instr: Instr, uses: list[int], new: list[int], builder: Builder
) -> int | None:
    if instr.op not in (ew.add, ew.sub) or instr.dtype.kind != "f":
        return None
    for place in (0, 1):
        i, other = instr.args[place], instr.args[1 - place]
        product = tape.instrs[i]
        if product.op is not ew.mul or uses[i] != 1 or not _is_exact(tape, product):
            continue
        x, y = (builder.value(new[j]) for j in product.args)
        z = builder.value(new[other])
        if instr.op is ew.sub:
            x, z = (x, ew.neg(z)) if place == 0 else (ew.neg(x), z)
        return ew.fma(x, y, z).index
    return None


def _is_exact(tape: Tape, product: Instr) -> bool:
    """Whether a factor is a power of two that is at least 1."""
    numbers = [tape.instrs[j].params[0] for j in product.args if tape.instrs[j].op is CONST]
    return any(abs(x) >= 1 and math.frexp(abs(x))[0] == 0.5 for x in numbers)
