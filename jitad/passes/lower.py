"""Tape -> Tape: write ops that no code is emitted for in terms of others."""

from __future__ import annotations

from jitad.ir.builder import Builder
from jitad.ir.op import Structural
from jitad.ir.tape import Instr, Tape
from jitad.ops.control.parts import rewritten
from jitad.ops.linalg.spectral_functions import governed
from jitad.passes.dce import dce


def lower(tape: Tape) -> Tape:
    """The tape without ops that stand for others, and without laws, which derivatives have read."""
    ops = {instr.op for instr in tape.instrs}
    if governed in ops:
        tape = dce(rewritten(tape, _value_alone))
    if not any(isinstance(op, Structural) and op.lowered is not None for op in ops):
        return tape
    return rewritten(tape, _lowered)


def _value_alone(_: Builder, i: int, instr: Instr) -> int | None:
    """A value that has a law is only that value."""
    return instr.args[0] if instr.op is governed else None


def _lowered(builder: Builder, _: int, instr: Instr) -> int | None:
    op = instr.op
    if not isinstance(op, Structural) or op.lowered is None:
        return None
    return op.lowered(*map(builder.value, instr.args), **instr.named_params).index
