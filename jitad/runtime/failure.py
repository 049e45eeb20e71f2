"""A kernel's status -> the exception that tells the user."""

from __future__ import annotations

from jitad.codegen.callback import take_error
from jitad.codegen.status import (
    CALLBACK_FAILED,
    COMPLEX_RESULT,
    GUARD_FAILED,
    LINEAR_ALGEBRA,
    OUT_OF_BOUNDS,
    OUT_OF_MEMORY,
)
from jitad.ir.errors import (
    JitadError,
    LinearAlgebraError,
    OutOfBoundsError,
    OutOfMemoryError,
    TraceError,
)
from jitad.ir.tape import Instr

_FAILURES: dict[int, tuple[type[JitadError], str, str]] = {
    GUARD_FAILED: (
        TraceError,
        "the arguments take another path through the function's branches than the one that was "
        "compiled",
        "call the function itself, which traces the new path; or use np.where",
    ),
    OUT_OF_BOUNDS: (
        OutOfBoundsError,
        "an index of an integer array is out of bounds",
        "bring the indices into range, for example by np.clip",
    ),
    OUT_OF_MEMORY: (
        OutOfMemoryError,
        "there is no memory for what the turns of a loop keep",
        "keep less in each turn, or let the loop end earlier",
    ),
    COMPLEX_RESULT: (
        LinearAlgebraError,
        "{op}: the result is complex, and only a real one can be differentiated here",
        "use np.linalg.eigh for symmetric matrices; pass a complex matrix otherwise",
    ),
    LINEAR_ALGEBRA: (
        LinearAlgebraError,
        "{op}: the matrix is singular, is not positive definite, or an iteration failed",
        "add a small multiple of the identity, or use np.linalg.lstsq or pinv",
    ),
}
"""For each bit of a status the error, what it says, and what to write instead."""


def failure(status: int, instr: Instr | None, remedy: str = "") -> BaseException:
    """The exception for a status; `instr` is the instruction that reported it."""
    if status & CALLBACK_FAILED:
        return take_error()
    kind, what, usual = next(entry for bit, entry in _FAILURES.items() if status & bit)
    name = "the function" if instr is None else instr.op.name
    line = None if instr is None else instr.line
    return kind(what.format(op=name), remedy=remedy or usual, line=line)
