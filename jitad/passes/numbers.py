"""What is known of a value's numbers without running the tape."""

from __future__ import annotations

from collections.abc import Callable

from jitad.ir.builder import Builder
from jitad.ir.tape import CONST, Instr

Rewrite = Callable[[Builder, Instr], int | None]
"""A rule: from an instruction to the index of what can stand in its place, or None."""


def number_of(builder: Builder, index: int) -> float | None:
    """The number that a constant has in every element."""
    instr = builder.instrs[index]
    return instr.params[0] if instr.op is CONST else None


def is_zero(number: float | None) -> bool:
    return number == 0
