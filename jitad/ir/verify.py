"""Tape -> nothing: raise where a tape is not legal; run in the tests after every pass."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from jitad.ir.op import DYNAMIC, SHORT_NAMES, STORED, Control, DType, Shape
from jitad.ir.tape import CONST, INPUT, Tape


class IllegalTape(AssertionError):
    """A transform or a pass made a tape that breaks a rule of the IR: a defect of jitad."""


def verify(tape: Tape) -> Tape:
    """Check single assignment, order, arity and types, of sub-tapes too; returns the tape."""
    inputs = set(tape.inputs)
    results: dict[int, list[tuple[Shape, DType]]] = {}
    for i, instr in enumerate(tape.instrs):
        if any(not 0 <= j < i for j in instr.args):
            raise IllegalTape(f"v{i} = {instr.op} reads a value that is not computed before it")
        if instr.dtype not in SHORT_NAMES and instr.dtype not in STORED:
            raise IllegalTape(f"v{i} = {instr.op} has dtype {instr.dtype}")
        if any(n < 0 for n in instr.shape) and instr.shape[0] != DYNAMIC:
            raise IllegalTape(f"v{i} = {instr.op} has shape {instr.shape}")
        if len(instr.params) != len(instr.op.params):
            raise IllegalTape(f"v{i} = {instr.op} has parameters {instr.params}")
        if (instr.op is INPUT) != (i in inputs):
            raise IllegalTape(f"v{i} = {instr.op} is not listed among the inputs as it should be")
        if instr.op is INPUT or instr.op is CONST:
            continue
        operands = [
            SimpleNamespace(shape=tape.instrs[j].shape, dtype=tape.instrs[j].dtype)
            for j in instr.args
        ]
        if isinstance(instr.op, Control):
            form = instr.params[0]
            for inner in instr.op.tapes(form):
                verify(inner)
            results[i] = instr.op.results(form, *operands)
        if instr.args and instr.args[0] in results:
            known = results[instr.args[0]]
            k = int(instr.params[0])
            inferred: Any = known[k] if k < len(known) else "missing"
        else:
            inferred = instr.op.infer(*operands, **instr.named_params)
        if inferred != (instr.shape, instr.dtype):
            declared = (instr.shape, instr.dtype)
            raise IllegalTape(f"v{i} = {instr.op} is declared {declared}, and is {inferred}")
    for j in (*tape.inputs, *tape.outputs):
        if not 0 <= j < len(tape.instrs):
            raise IllegalTape(f"v{j} is an input or output, and there is no such value")
    return tape
