"""A kernel's status -> the exception that tells the user."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jitad.codegen.callback import take_error
from jitad.codegen.status import (
    CALLBACK_FAILED,
    COMPLEX_RESULT,
    GUARD_FAILED,
    INTERRUPTED,
    LINEAR_ALGEBRA,
    OUT_OF_BOUNDS,
    OUT_OF_MEMORY,
    RAISED,
    SHARED_MEMORY,
    WRONG_SHAPE,
)
from jitad.frontend.pytree import Structure, unflatten, without_statics
from jitad.ir.errors import (
    OUTSIDE,
    JitadError,
    LinearAlgebraError,
    OutOfBoundsError,
    OutOfMemoryError,
    ShapeError,
    TraceError,
    quoted,
)
from jitad.ir.raised import Raised
from jitad.ir.tape import Instr
from jitad.runtime.services import interrupts

_FAILURES: dict[int, tuple[type[BaseException], str, str]] = {
    GUARD_FAILED: (
        TraceError,
        "the arguments take another path through the function's branches than the one that was "
        "compiled",
        "call the function itself, which traces the new path; or use np.where",
    ),
    OUT_OF_BOUNDS: (OutOfBoundsError, *OUTSIDE),
    OUT_OF_MEMORY: (
        OutOfMemoryError,
        "there is no memory for what the kernel keeps while it runs",
        "let it work on less at once",
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
    CALLBACK_FAILED: (
        JitadError,
        "{op}: a function that the kernel calls back has raised",
        "ask kernel.last_failure, in the same thread, what it was",
    ),
    INTERRUPTED: (KeyboardInterrupt, "{op}: interrupted", ""),
    WRONG_SHAPE: (
        ShapeError,
        "a kernel was called with an array of another shape than the one that was compiled for",
        "compile a kernel for that shape",
    ),
    SHARED_MEMORY: (
        ShapeError,
        "an array that receives a result shares memory with an argument, an array that is closed "
        "over, or another result",
        "write into another array, and copy",
    ),
}
"""For each bit of a status the error, what it says, and what to write instead."""


def failure(status: int, instr: Instr | None, remedy: str = "") -> BaseException:
    """The exception for a status; `instr` is the instruction that reported it."""
    if status & CALLBACK_FAILED:
        return take_error()
    if status & INTERRUPTED:
        return interrupts().take()
    if status & RAISED:
        assert instr is not None
        return instr.params[1].made()
    kind, what, usual = _described(status, instr)
    line = None if instr is None else instr.line
    if not issubclass(kind, JitadError):
        return kind(what)
    return kind(what, remedy=remedy or usual, line=line)


def said_by(
    what: Raised, function: Callable[..., Any], asked: Structure, leaves: Sequence[Any]
) -> BaseException:
    """What the function raises that is called plainly, where only the values say."""
    if what.known:
        return what.made()
    args, kwargs = without_statics(unflatten(asked, leaves[: asked.num_leaves]), lambda x: x)
    try:
        function(*args, **kwargs)
    except (Exception, SystemExit) as found:
        # What control flow that is compiled by itself records, it cannot be called for.
        if isinstance(found, what.kind) and not isinstance(found, TraceError):
            return found
    return what.made()


def as_constants(status: int, instr: Instr | None) -> tuple[type[BaseException], tuple[Any, ...]]:
    """The exception's class for a status, and its arguments, for who can raise constants only."""
    if status & RAISED:
        assert instr is not None
        return instr.params[1].constants()
    kind, what, remedy = _described(status, instr)
    line = quoted(instr and instr.line)
    return kind, (f"{what}{line}" + (f"\n  Remedy: {remedy}" if remedy else ""),)


def _described(status: int, instr: Instr | None) -> tuple[type[BaseException], str, str]:
    kind, what, remedy = next(entry for bit, entry in _FAILURES.items() if status & bit)
    return kind, what.format(op="the function" if instr is None else instr.op.name), remedy
