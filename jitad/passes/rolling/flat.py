"""Tape -> arrays of integers: what its operations do, one after another, and what they read.

Constants and inputs are no operations: they are where they are read. Two operations of one code do
the same but for the place of a basic index along its axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from jitad.ir.tape import CONST, INPUT, Instr, Tape
from jitad.ops import structural as st

INDEXED = (st.index, st.index_add, st.index_set)
"""Ops whose parameter is a basic index."""


@dataclass(frozen=True, eq=False)
class Flat:
    """A tape as arrays: `code` of each operation, and `where` in the tape it stands.

    The operands of operation k are `args[first[k] : first[k + 1]]`: the numbers of operations, or
    -1 - i for the constant or input that stands at i in the tape.
    """

    tape: Tape
    code: np.ndarray
    where: np.ndarray
    first: np.ndarray
    args: np.ndarray
    number: dict[int, int]
    """The operation that stands at a place of the tape."""

    def instr(self, k: int) -> Instr:
        """The instruction of an operation, or of a constant or input."""
        return self.tape.instrs[self.where[k] if k >= 0 else -1 - k]

    def refer(self, i: int) -> int:
        """What stands at i in the tape, as operands refer to it."""
        return self.number.get(i, -1 - i)


def flatten(tape: Tape) -> Flat:
    """The arrays of a tape."""
    codes: dict[Any, int] = {}
    code: list[int] = []
    where: list[int] = []
    counts: list[int] = []
    args: list[int] = []
    number: dict[int, int] = {}
    known, refer = codes.setdefault, number.get
    for i, (op, operands, params, shape, dtype, _) in enumerate(tape.instrs):
        if op is CONST or op is INPUT:
            continue
        # Dtypes are few and immortal: their addresses say as much as they, and hash at once.
        if not params:
            key: Any = (op, shape, id(dtype), len(operands))
        elif op in INDEXED:
            key = (op, shape, id(dtype), _kinds(params[0]))
        else:
            key = (op, params, shape, id(dtype), len(operands))
        number[i] = len(code)
        code.append(known(key, len(codes)))
        where.append(i)
        counts.append(len(operands))
        for j in operands:
            args.append(refer(j, -1 - j))
    first = np.zeros(len(code) + 1, np.int64)
    np.cumsum(counts, out=first[1:])
    whole = np.array(code, np.int64), np.array(where, np.int64)
    return Flat(tape, *whole, first, np.array(args, np.int64), number)


def _kinds(slots: tuple[st.Slot, ...]) -> tuple[Any, ...]:
    """A basic index without the places of its integers."""
    return tuple([None if isinstance(slot, int) else slot for slot in slots])


def integers(instr: Instr) -> tuple[int, ...]:
    """The integers of a basic index."""
    return tuple(slot for slot in instr.params[0] if isinstance(slot, int))
