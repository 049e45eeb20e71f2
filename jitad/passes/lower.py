"""Tape -> Tape: write ops that no code is emitted for in terms of others."""

from __future__ import annotations

from jitad.ir.builder import Builder
from jitad.ir.op import Structural
from jitad.ir.tape import Tape
from jitad.ops.linalg.spectral_functions import governed
from jitad.passes.dce import dce


def lower(tape: Tape) -> Tape:
    """The tape without ops that stand for others, and without laws, which derivatives have read."""
    ops = {instr.op for instr in tape.instrs}
    if governed in ops:
        tape = dce(_values_alone(tape))
    if not any(isinstance(op, Structural) and op.lowered is not None for op in ops):
        return tape
    builder = Builder()
    new: list[int] = []
    for instr in tape.instrs:
        builder.line = instr.line
        args = tuple([new[j] for j in instr.args])
        op = instr.op
        if isinstance(op, Structural) and op.lowered is not None:
            operands = [builder.value(j) for j in args]
            new.append(op.lowered(*operands, **instr.named_params).index)
        else:
            new.append(builder.copy(instr, args))
    return builder.finish([new[i] for i in tape.outputs], [new[i] for i in tape.inputs])


def _values_alone(tape: Tape) -> Tape:
    """The tape, in which a value that has a law is only that value."""
    new: list[int] = []
    builder = Builder()
    for instr in tape.instrs:
        args = tuple([new[j] for j in instr.args])
        new.append(args[0] if instr.op is governed else builder.copy(instr, args))
    return builder.finish([new[i] for i in tape.outputs], [new[i] for i in tape.inputs])
