"""How instructions of Python's are entered: one row each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jitad.functions.program import operations
from jitad.functions.program.bytecode import OPCODES, Reading, Step

Meaning = Callable[[Reading, Step], None]


def opcode(*names: str) -> Callable[[Meaning], Meaning]:
    """Enter what instructions mean."""

    def enter(meaning: Meaning) -> Meaning:
        OPCODES.update(dict.fromkeys(names, meaning))
        return meaning

    return enter


def computes(count: int, f: Callable[..., Any]) -> Meaning:
    """An instruction that has f(frame, ...) in place of the last items."""
    return lambda r, step: (r.push(f, *r.pop(count)), None)[1]


def does(count: int, f: Callable[..., Any]) -> Meaning:
    """One that calls f(frame, ...) with the last items, and leaves nothing."""
    return lambda r, step: r.do(f, *r.pop(count))


def binary(f: Any) -> Meaning:
    """One that applies an operator to the last two items."""
    return computes(2, lambda frame, a, b: operations.binary(frame, f, a, b))


def in_place(f: Any, plain: Any) -> Meaning:
    """The same of an operator that may change its left operand."""
    return computes(2, lambda frame, a, b: operations.in_place(frame, f, plain, a, b))


def unary(f: Any) -> Meaning:
    """One that applies an operator to the last item."""
    return computes(1, lambda frame, x: operations.unary(frame, f, x))


def asks(f: Any) -> Meaning:
    """One that asks the last item whether it is true, and how."""
    return computes(1, lambda frame, x: frame.call(f, (x,), {}))
