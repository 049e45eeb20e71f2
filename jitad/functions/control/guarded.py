"""Functions in loops and batches that ask for numbers: each turn or point is run by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from jitad.frontend.fallbacks import note
from jitad.frontend.operands import as_dtype, lift
from jitad.ir.builder import Builder
from jitad.ir.errors import TraceError
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import FUNCTIONS, Value
from jitad.ops.structural import is_path

MOST = 4096
"""Turns, or points, that are run one by one."""


def guard_of(tape: Tape) -> Instr | None:
    """The first instruction by which a tape holds for some values only."""
    return next(filter(is_path, tape.instrs), None)


def one_by_one(number: int | None, what: str, guard: Instr) -> Iterator[int]:
    """0, 1, 2 ... for each turn or point, without end where they have no number."""
    note(f"each {what} is run by itself", guard.line, ValueError("it asks for a number"))
    yield from range(MOST if number is None else min(number, MOST))
    if number is None or number > MOST:
        raise TraceError(
            f"a function asks for a number in each {what}, and there are more than {MOST}",
            remedy="use jitad.cond, jitad.while_loop or np.where for what each decides; "
            "to look up places i in a plain list w, write np.array(w)[i]",
            line=guard.line,
        )


def stacked(
    builder: Builder, columns: Sequence[Sequence[Any]], kinds: Sequence[Instr]
) -> list[Value]:
    """The results of all turns or points, one stack for each kind of result."""
    return [
        FUNCTIONS[np.stack]([as_dtype(lift(builder, x), kind.dtype) for x in column])
        if column
        else builder.const(0, (0, *kind.shape), kind.dtype)
        for column, kind in zip(columns, kinds, strict=True)
    ]
