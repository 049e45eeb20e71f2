"""Tape -> Tape: write ops that no code is emitted for in terms of others."""

from __future__ import annotations

from jitad.ir.builder import Builder, inline
from jitad.ir.op import Structural
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops.control import revolve
from jitad.ops.control.parts import rewritten
from jitad.ops.control.rerun import rerun
from jitad.ops.linalg.spectral_functions import governed
from jitad.passes.dce import dce


def lower(tape: Tape) -> Tape:
    """The tape without ops that stand for others, and without laws, which derivatives have read."""
    ops = {instr.op for instr in tape.instrs}
    if governed in ops:
        tape = dce(rewritten(tape, _value_alone))
    if revolve in ops or any(isinstance(op, Structural) and op.lowered is not None for op in ops):
        return rewritten(tape, _lowered)
    return tape


def _value_alone(_: Builder, i: int, instr: Instr) -> int | None:
    """A value that has a law is only that value."""
    return instr.args[0] if instr.op is governed else None


def _lowered(builder: Builder, _: int, instr: Instr) -> int | dict[int, Value] | None:
    op, operands = instr.op, map(builder.value, instr.args)
    if op is revolve:
        loops = rerun(instr.params[0], instr.line)
        return dict(enumerate(inline(builder, loops, [*operands])))
    if not isinstance(op, Structural) or op.lowered is None:
        return None
    return op.lowered(*operands, **instr.named_params).index
