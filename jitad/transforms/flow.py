"""Tape -> flags: what depends on some of its inputs, at all or so that it has a derivative."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jitad.ir.op import Control, Elementwise, Structural
from jitad.ir.tape import CONST, INPUT, Instr, Tape
from jitad.ops.contraction import contract
from jitad.ops.control import part
from jitad.ops.control.parts import Flow
from jitad.ops.elementwise import ENTIRE
from jitad.ops.partials import is_active


def varied(tape: Tape, flags: Sequence[bool]) -> list[bool]:
    """Which values of floating point have a derivative by the inputs that are flagged."""
    return _flow(tape, flags, _carries_derivative, varied_outputs)


def varied_outputs(tape: Tape, flags: Sequence[bool]) -> list[bool]:
    """Which outputs have a derivative by the inputs that are flagged."""
    found = varied(tape, flags)
    return [found[i] for i in tape.outputs]


def depends(tape: Tape, flags: Sequence[bool], inner: Flow) -> list[bool]:
    """Which values depend on the inputs that are flagged; `inner` says it of sub-tapes."""
    return _flow(tape, flags, lambda instr, operands: any(operands), inner)


def depends_outputs(tape: Tape, flags: Sequence[bool]) -> list[bool]:
    """Which outputs depend on the inputs that are flagged."""
    found = depends(tape, flags, depends_outputs)
    return [found[i] for i in tape.outputs]


def wild(tape: Tape, flags: Sequence[bool], inner: Flow) -> list[bool]:
    """Which values may be infinite or NaN, or have such derivatives, though no input is but for
    those that are flagged; `inner` says it of sub-tapes."""
    return _flow(tape, flags, _is_wild, inner)


def _is_wild(instr: Instr, operands: Sequence[bool]) -> bool:
    if not is_active(instr):
        return False
    op = instr.op
    if op is CONST:
        return not abs(instr.params[0]) < float("inf")
    if isinstance(op, Elementwise):
        return op not in ENTIRE or any(operands)
    is_entire = isinstance(op, Structural) and (op.library is None or op is contract)
    return not is_entire or any(operands)


def _carries_derivative(instr: Instr, operands: Sequence[bool]) -> bool:
    if not is_active(instr) or not any(operands):
        return False
    if isinstance(instr.op, Elementwise):
        return any(
            flag and rule is not None
            for flag, rule in zip(operands, instr.op.partials, strict=True)
        )
    return any(operands)


def _flow(
    tape: Tape,
    flags: Sequence[bool],
    through: Callable[[Instr, Sequence[bool]], bool],
    inner: Flow,
) -> list[bool]:
    """For each instruction whether it is reached; of a control op, its parts."""
    found = [False] * len(tape.instrs)
    bundles: dict[int, list[bool]] = {}
    for i, flag in zip(tape.inputs, flags, strict=True):
        found[i] = flag
    for i, instr in enumerate(tape.instrs):
        if instr.op is INPUT:
            continue
        operands = [found[j] for j in instr.args]
        if isinstance(instr.op, Control):
            bundles[i] = instr.op.flow(instr.params[0], operands, inner)
        elif instr.op is part:
            found[i] = bundles[instr.args[0]][instr.params[0]]
        else:
            found[i] = through(instr, operands)
    return found
