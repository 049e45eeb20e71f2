"""Tape -> Tape: integers and truths that are the same whatever the data become constants.

Powers by whole numbers become products, where these are known to be small.

So do the questions whether a loop's place counts from the end of an array, or lies outside of it.
Reads that were marked as final for the sweeps are reads like others from here on, at all depths.
"""

from __future__ import annotations

from collections.abc import Sequence

from jitad.ir.builder import Builder
from jitad.ir.op import Control, Elementwise
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops.control.parts import rewritten
from jitad.ops.structural import gather, gather_final
from jitad.passes.ranges import Known, inside, ranges

_ASKED = (ew.whole_power, gather)
"""Ops of integers of which it matters what they may be."""


def narrow(tape: Tape) -> Tape:
    """The tape with known numbers written as constants, in loops and branches too."""
    if not any(isinstance(x.op, Control) or x.op in _ASKED for x in tape.instrs):
        return tape
    return narrowed(tape, [None] * len(tape.inputs))


def narrowed(tape: Tape, inputs: Sequence[Known]) -> Tape:
    """The same, of inputs that lie in these ranges."""
    found = ranges(tape, inputs)

    def rule(builder: Builder, i: int, instr: Instr) -> int | None:
        op, known = instr.op, found[i]
        if isinstance(op, Control):
            return builder.copy(_inside(tape, i, found), instr.args)
        if op is gather_final:
            return builder.copy(instr._replace(op=gather), instr.args)
        if isinstance(op, Elementwise) and known is not None and known.low == known.high:
            return builder.const(known.low, instr.shape, instr.dtype).index
        if op is ew.whole_power:
            x, n = map(builder.value, instr.args)
            return _written_out(x, n, found[tape.instrs[i].args[1]]).index
        return None

    return rewritten(tape, rule)


_MOST_BITS = 6
"""Bits of exponents for which products take less than a call of the C library's."""


def _written_out(x: Value, n: Value, known: Known) -> Value:
    """x^n: of a small n by repeated squaring, in Numba's order."""
    bits = 64 if known is None else max(known.high, -known.low).bit_length()
    if bits > _MOST_BITS:
        return ew.power(x, ew.cast(n, dtype=x.dtype))
    size, result, square = ew.maximum(n, ew.neg(n)), ew.like(1.0, x), x
    for k in range(bits):
        is_set = ew.ne(ew.logical_and(size, 1 << k), 0)
        result = ew.where(is_set, ew.mul(result, square), result)
        square = ew.mul(square, square) if k + 1 < bits else square
    assert known is not None
    return result if known.low >= 0 else ew.where(ew.lt(n, 0), ew.div(1.0, result), result)


def _inside(tape: Tape, i: int, found: Sequence[Known]) -> Instr:
    """A control op, of whose sub-tapes the same is done."""
    instr = tape.instrs[i]
    op, form = instr.op, instr.params[0]
    assert isinstance(op, Control)
    pairs = zip(op.tapes(form), inside(tape, instr, found), strict=True)
    tapes = [narrowed(inner, known) for inner, known in pairs]
    return instr._replace(params=(op.with_tapes(form, tapes),))
