"""Tape -> Tape: a product that only a sum or a difference reads becomes one operation with it.

It is rounded once. Which products those are is decided here and not by LLVM, so that the same
operations give the same bits in whatever code they stand, a loop or straight-line code.
"""

from __future__ import annotations

from jitad.ir.builder import Builder
from jitad.ir.tape import Instr, Tape
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
        if product.op is not ew.mul or uses[i] != 1:
            continue
        x, y = (builder.value(new[j]) for j in product.args)
        z = builder.value(new[other])
        if instr.op is ew.sub:
            x, z = (x, ew.neg(z)) if place == 0 else (ew.neg(x), z)
        return ew.fma(x, y, z).index
    return None
