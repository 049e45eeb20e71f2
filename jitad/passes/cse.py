"""Tape -> Tape: compute common subexpressions once."""

from __future__ import annotations

from typing import Any

from jitad.ir.builder import Builder
from jitad.ir.tape import CONST, INPUT, Instr, Tape
from jitad.ops.control.parts import rewritten
from jitad.ops.elementwise import (
    add,
    eq,
    increment,
    logical_and,
    logical_or,
    logical_xor,
    mul,
    ne,
    term,
)

_COMMUTATIVE = (add, increment, mul, term, logical_and, logical_or, logical_xor, eq, ne)


def cse(tape: Tape) -> Tape:
    """The tape with equal instructions (same op, operands, parameters) merged into the first."""
    known: dict[Any, int] = {}

    def first(builder: Builder, _: int, instr: Instr) -> int | None:
        op, args = instr.op, instr.args
        if op is INPUT:
            return None
        key: Any = (op, args, instr.params)
        if op is CONST:
            # 0.0 and -0.0 are equal, and 1 and True: their texts and dtypes are not.
            key = (CONST, repr(instr.params[0]), instr.shape, instr.dtype)
        elif op in _COMMUTATIVE and args[0] > args[1]:
            key = (op, (args[1], args[0]), ())
        if key not in known:
            known[key] = builder.copy(instr, args)
        return known[key]

    return rewritten(tape, first)
