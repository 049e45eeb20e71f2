"""An exception on one side of a branch -> a guard, at which the kernel ends and says what it is.

No side is a path of its own for that: one program holds for the values that raise, too. What the
function itself may catch is no matter of the kernel's: its handler is run as a program.
"""

from __future__ import annotations

import dis
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from jitad.frontend.active import frames
from jitad.frontend.exceptions import may_catch
from jitad.frontend.guards import check_raised
from jitad.frontend.operands import lift
from jitad.frontend.regions import NeedsNumber, Raises
from jitad.functions.control.blocks import Block
from jitad.functions.program.data import current, holds_tracers
from jitad.functions.program.tracebacks import HERE, places_of
from jitad.ir.errors import PACKAGE, JitadError, RoomError, WriteError
from jitad.ir.op import BOOL, Control
from jitad.ir.raised import Raised, raised
from jitad.ir.tape import has_effect
from jitad.ir.value import UFUNCS, Value
from jitad.ops.control.switch import only_where
from jitad.ops.structural import guard

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame

_TRUE = np.True_.tobytes()

_FAULTS = (AssertionError, AttributeError, KeyError, NameError)

_OF_ASSERT = ("LOAD_ASSERTION_ERROR", "RAISE_VARARGS")
"""What an `assert` ends with; the first stands in no other statement."""


def ends_trace(error: BaseException) -> bool:
    """Whether an exception is not the function's own: a fault of ours, or a write to an argument,
    which is traced in another way."""
    if isinstance(error, WriteError):
        return True
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    if at is None or not at.tb_frame.f_code.co_filename.startswith(PACKAGE):
        return False
    if at.tb_frame.f_code.co_filename.startswith(HERE):
        # Where programs are run the function's own errors are raised, by statements that say so.
        return isinstance(error, (AssertionError, NameError)) and not _is_said(at)
    return isinstance(error, _FAULTS) and not isinstance(error, JitadError)


def _is_said(at: TracebackType) -> bool:
    """Whether an exception comes from a `raise`, not from an `assert` or an operation."""
    code = at.tb_frame.f_code
    ops = [x.opname for x in dis.get_instructions(code) if x.offset <= at.tb_lasti]
    if ops.pop() != "RAISE_VARARGS":
        return False
    return next((op for op in reversed(ops) if op in _OF_ASSERT), "") != "LOAD_ASSERTION_ERROR"


def end_with(error: Exception | SystemExit | NeedsNumber) -> Raised:
    """Have what is recorded end with an exception; what that is."""
    builder = current()
    if isinstance(error, NeedsNumber):
        if builder.raising is None:
            raise error
        what = Exception(str(error))  # of which kind the function says, called plainly
    else:
        _check(error)
        what = error
    asked = builder.raising is not None and builder.raising.asked
    known = what is error and not asked and not holds_tracers(what)
    found = raised(what, places_of(error), known)
    guard(builder.const(False, (), BOOL), expected=_TRUE, error=found, asker=None)
    return found


def check_said(error: Exception) -> None:
    """Where a trace ends with an exception, have raised what the function raises before; and have
    it say itself what a trace raises, whose values print as traced ones."""
    builder = current()
    if builder.level != 1:
        return
    if len(frames()) == 1 and not isinstance(error, JitadError):
        check_raised(builder)
        if any(isinstance(x.op, Control) and has_effect(x) for x in builder.instrs):
            # Perhaps what a turn of a loop raises, of which only the function says whether it does.
            raise Raises(replace(raised(error, places_of(error), False), kind=Exception))
    if builder.raising is not None and builder.raising.asked:
        raise Raises(raised(error, places_of(error), False))


def _check(error: Exception | SystemExit) -> None:
    """Refuse what is no end of the kernel's."""
    if ends_trace(error):
        raise error
    if isinstance(error, RecursionError):  # the function calls itself, on both sides
        raise NeedsNumber(str(error)) from error
    _check_caught(error)


def _check_caught(error: BaseException) -> None:
    """Refuse what the function may catch."""
    if may_catch(type(error)):
        raise NeedsNumber(f"{type(error).__name__} is raised, and may be caught") from error


def raise_where(frame: Frame, taken: Value, side: Block, what: Raised) -> None:
    """Record that the function raises where a side is taken."""
    builder = current()
    taken = lift(builder, taken)
    if len(side.tape.effects) > 1:  # it raises one of several
        only_where(taken, side.tape, [lift(builder, x) for x in side.captured])
    else:
        frame.at_its_line(_raise_where, taken, what)
    if builder.level == 1:
        builder.raised.append((taken, what))
        if frame.unrolled:  # what ends the loop, perhaps
            check_raised(builder)


def raise_if(frame: Frame, taken: Value, error: Exception, *, known: bool) -> None:
    """Record that the function raises an exception where something is true: a `known` one, or what
    it says itself."""
    _check_caught(error)
    builder = current()
    taken, what = lift(builder, taken), raised(error, places_of(error), known)
    frame.at_its_line(_raise_where, taken, what)
    if builder.level == 1:
        builder.raised.append((taken, what))


def check_room(count: Value, most: int) -> None:
    """Record that the kernel ends where a list has more items than there is room for."""
    error = RoomError(
        f"a list has more than {most} items, for which there was room",
        remedy="call the function itself, which is compiled again with more",
    )
    what = raised(error, places_of(error), True)
    guard(UFUNCS[np.less_equal](count, most), expected=_TRUE, error=what, asker=None)


def _raise_where(taken: Value, what: Raised) -> Any:
    return guard(UFUNCS[np.logical_not](taken), expected=_TRUE, error=what, asker=None)
