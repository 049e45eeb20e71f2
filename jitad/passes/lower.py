"""Tape -> Tape: write ops that no code is emitted for in terms of others."""

from __future__ import annotations

from jitad.ir.builder import Builder, inline
from jitad.ir.op import Op, Structural
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops.control import revolve
from jitad.ops.control.parts import rewritten
from jitad.ops.control.rerun import rerun
from jitad.ops.linalg.spectral_functions import governed
from jitad.passes.dce import dce
from jitad.passes.numbers import Rewrite


def lower(tape: Tape) -> Tape:
    """The tape without ops that stand for others, and without laws, which derivatives have read."""
    ops = {instr.op for instr in tape.instrs}
    if not ops.isdisjoint(_MARKS):
        tape = dce(rewritten(tape, _value_alone))
    if revolve in ops or any(isinstance(op, Structural) and op.lowered is not None for op in ops):
        return rewritten(tape, _lowered)
    return tape


def _value_alone(builder: Builder, _: int, instr: Instr) -> int | None:
    """What marks a value for derivatives is only that value, once these have been taken. No pass
    that runs before them, as `fold` does, may remove such a mark."""
    rule = _MARKS.get(instr.op)
    return None if rule is None else rule(builder, instr)


_MARKS: dict[Op, Rewrite] = {
    governed: lambda builder, instr: instr.args[0],
    ew.stop_gradient: lambda builder, instr: instr.args[0],
    ew.told: lambda builder, instr: instr.args[1],
    ew.nought: lambda builder, instr: builder.const(0, instr.shape, instr.dtype).index,
    ew.unit: lambda builder, instr: ew.over(*map(builder.value, instr.args)).index,
    ew.side: lambda builder, instr: ew.sign(builder.value(instr.args[0])).index,
}


def _lowered(builder: Builder, _: int, instr: Instr) -> int | dict[int, Value] | None:
    op, operands = instr.op, map(builder.value, instr.args)
    if op is revolve:
        loops = rerun(instr.params[0], instr.line)
        return dict(enumerate(inline(builder, loops, [*operands])))
    if not isinstance(op, Structural) or op.lowered is None:
        return None
    return op.lowered(*operands, **instr.named_params).index
