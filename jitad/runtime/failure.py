"""A kernel's status -> the exception that tells the user."""

from __future__ import annotations

from jitad.codegen.callback import take_error
from jitad.codegen.status import CALLBACK_FAILED, COMPLEX_RESULT, LINEAR_ALGEBRA, OUT_OF_BOUNDS
from jitad.ir.errors import LinearAlgebraError, ShapeError, TraceError
from jitad.ir.tape import Instr


def other_path(instr: Instr | None, remedy: str) -> TraceError:
    """The error where a guard, `instr`, found another value than it was compiled for."""
    return TraceError(
        "the arguments take another path through the function's branches than the one that was "
        "compiled",
        remedy=remedy,
        line=None if instr is None else instr.line,
    )


def failure(status: int, instr: Instr | None) -> BaseException:
    """The exception for the bits of a status; `instr` reported first, where that is known."""
    line = instr.line if instr is not None else None
    name = instr.op.name if instr is not None else "a factorisation"
    if status & CALLBACK_FAILED:
        return take_error()
    if status & OUT_OF_BOUNDS:
        return ShapeError("an integer-array index is out of bounds")
    if status & COMPLEX_RESULT:
        return LinearAlgebraError(
            f"{name}: the result is complex, and only a real one can be differentiated here",
            remedy="use np.linalg.eigh for symmetric matrices; pass a complex matrix otherwise",
            line=line,
        )
    assert status & LINEAR_ALGEBRA
    return LinearAlgebraError(
        f"{name}: the matrix is singular, is not positive definite, or an iteration failed",
        remedy="add a small multiple of the identity, or use np.linalg.lstsq or pinv",
        line=line,
    )
