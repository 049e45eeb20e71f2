"""Tape -> Tape: compute common subexpressions once."""

from __future__ import annotations

from typing import Any

from jitad.ir.builder import Builder
from jitad.ir.tape import CONST, INPUT, Tape
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
    builder = Builder()
    new: list[int] = []
    known: dict[Any, int] = {}
    for instr in tape.instrs:
        args = tuple([new[j] for j in instr.args])
        if instr.op is INPUT:
            new.append(builder.copy(instr, args))
            continue
        key: Any = (instr.op, args, instr.params)
        if instr.op is CONST:
            # 0.0 and -0.0 are equal, and 1 and True: their texts and dtypes are not.
            key = (CONST, repr(instr.params[0]), instr.shape, instr.dtype)
        elif instr.op in _COMMUTATIVE and args[0] > args[1]:
            key = (instr.op, (args[1], args[0]), ())
        index = known.get(key)
        if index is None:
            index = known[key] = builder.copy(instr, args)
        new.append(index)
    return builder.finish([new[i] for i in tape.outputs], [new[i] for i in tape.inputs])
