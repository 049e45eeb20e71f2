"""Which functions are run as programs: those with loops, with arrays that they change, and with
questions what values are; and what these call that branches.

Functions of Numba's are run so where they branch at all.
"""

from __future__ import annotations

import dis
import functools
from types import CodeType, FunctionType
from typing import Any

from jitad.frontend.traceable import PLAIN, codes_of
from jitad.functions.compiled import NAMES
from jitad.functions.program.executor import reader


@functools.lru_cache(maxsize=4096)
def has_loops(code: CodeType) -> bool:
    """Whether the code has a loop."""
    return any(step.argval < step.offset for step in _jumps(code))


@functools.lru_cache(maxsize=4096)
def has_branches(code: CodeType) -> bool:
    """Whether the code has a loop or a branch."""
    return any("IF" in step.opname or "FOR_ITER" in step.opname for step in _jumps(code))


@functools.lru_cache(maxsize=4096)
def changes(code: CodeType) -> bool:
    """Whether the code, or code within it, writes to elements or changes an object in place."""
    return any(
        step.opname == "STORE_SUBSCR"
        or step.opname.startswith("INPLACE_")
        or (step.opname == "BINARY_OP" and "=" in step.argrepr)
        for inner in codes_of(code)
        for step in dis.get_instructions(inner)
    )


_QUESTIONS = frozenset(("isinstance", "type", "hasattr", "isscalar"))


def asks(code: CodeType) -> bool:
    """Whether the code asks what a value is."""
    return not _QUESTIONS.isdisjoint(code.co_names)


def _jumps(code: CodeType) -> list[dis.Instruction]:
    jumping = {*dis.hasjrel, *dis.hasjabs}
    return [step for step in dis.get_instructions(code) if step.opcode in jumping]


def _of_plain(code: CodeType) -> bool:
    return has_loops(code) or asks(code) or changes(code)


def _read(f: FunctionType) -> Any:
    return reader(f, NAMES)


PLAIN.reads, NAMES.reads = _of_plain, has_branches
PLAIN.reader = NAMES.reader = _read
