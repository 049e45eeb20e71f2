"""What the instructions of Python's mean that raise and handle exceptions, and `with`."""

from __future__ import annotations

import builtins
import sys
from typing import Any

from jitad.functions.program.bytecode import Reading, Step
from jitad.functions.program.contexts import entered
from jitad.functions.program.instructions.rows import opcode
from jitad.functions.program.statements import HANDLED, End, Statement

# -- exceptions ------------------------------------------------------------------------------------


@opcode("RAISE_VARARGS")
def _raise(r: Reading, step: Step) -> None:
    if step.arg == 0:
        _raises(r, HANDLED)
        return
    cause = r.pop(1) if step.arg == 2 else []

    def made(frame: Any, x: Any, *cause: Any) -> Any:
        error = frame.call(x, (), {}) if isinstance(x, type) else x
        if not isinstance(error, BaseException):
            raise TypeError("exceptions must derive from BaseException")
        if cause:
            error.__cause__ = cause[0]
        return error

    r.push(made, *r.pop(1), *cause)
    _raises(r, *r.pop(1))


def _raises(r: Reading, error: str) -> None:
    def do(frame: Any, names: Any) -> None:
        raised, handled = names[error], names[HANDLED]
        if raised is None:
            raise RuntimeError("No active exception to reraise")
        if raised.__context__ is None and handled is not raised:
            raised.__context__ = handled
        raise raised

    r.add(Statement(None, (error, HANDLED), do, r.step.line))
    r.leave(End((), raises=True))


@opcode("RERAISE")
def _raise_again(r: Reading, step: Step) -> None:
    _raises(r, r.stack[-1] if sys.version_info >= (3, 11) else r.stack[-2])


@opcode("LOAD_ASSERTION_ERROR")
def _assertion(r: Reading, step: Step) -> None:
    r.push(lambda frame: AssertionError)


@opcode("LOAD_BUILD_CLASS")
def _class(r: Reading, step: Step) -> None:
    r.push(lambda frame: builtins.__build_class__)


@opcode("PUSH_EXC_INFO")
def _handle(r: Reading, step: Step) -> None:
    (error,) = r.pop(1)
    before = f"${step.offset}.before"
    r.move(HANDLED, before)
    r.move(error, HANDLED)
    r.stack += [before, error]


@opcode("POP_EXCEPT")
def _handled(r: Reading, step: Step) -> None:
    if sys.version_info < (3, 11):
        _, before, _ = r.pop(3)
    else:
        (before,) = r.pop(1)
    r.move(before, HANDLED)


def _matches(frame: Any, error: Any, kinds: Any) -> bool:
    for kind in kinds if isinstance(kinds, tuple) else (kinds,):
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            raise TypeError("catching classes that do not inherit from BaseException")
    return issubclass(error if isinstance(error, type) else type(error), kinds)


@opcode("CHECK_EXC_MATCH")
def _check_match(r: Reading, step: Step) -> None:
    r.push(_matches, r.stack[-2], *r.pop(1))


@opcode("JUMP_IF_NOT_EXC_MATCH")
def _jump_unless_match(r: Reading, step: Step) -> None:
    r.push(_matches, *r.pop(2))
    r.branch(r.pop(1)[0], r.code.after(step), step.value)


@opcode("SETUP_FINALLY")
def _setup(r: Reading, step: Step) -> None:
    r.protect(step.value, len(r.stack))
    r.jump(r.code.after(step))


@opcode("POP_BLOCK")
def _pop_block(r: Reading, step: Step) -> None:
    r.handlers.pop()


# -- with ------------------------------------------------------------------------------------------


def _enters(r: Reading, step: Step) -> None:
    r.push_call(lambda frame, x: entered(frame, x), *r.pop(1))
    (pair,) = r.pop(1)
    r.push(lambda frame, pair: pair[0], pair)
    r.push(lambda frame, pair: pair[1], pair)


@opcode("BEFORE_WITH")
def _before_with(r: Reading, step: Step) -> None:
    _enters(r, step)


@opcode("SETUP_WITH")
def _setup_with(r: Reading, step: Step) -> None:
    _enters(r, step)
    r.protect(step.value, len(r.stack) - 1)
    r.jump(r.code.after(step))


@opcode("WITH_EXCEPT_START")
def _leave_with_error(r: Reading, step: Step) -> None:
    new = sys.version_info >= (3, 11)
    leave, error = (r.stack[-4], r.stack[-1]) if new else (r.stack[-7], r.stack[-2])

    def leaving(frame: Any, f: Any, error: Any) -> Any:
        return frame.call(f, (type(error), error, error.__traceback__), {})

    r.push_call(leaving, leave, error)
