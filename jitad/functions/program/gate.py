"""Which functions are run as programs: those with loops, with arrays that they change, and with
questions what values are; and what these call that branches.

Functions of Numba's are run so where they branch at all.
"""

from __future__ import annotations

import dis
import functools
from types import CodeType, FunctionType
from typing import Any

from jitad.frontend.traceable import PLAIN
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
    steps = [(step.opname, step.argrepr) for step in dis.get_instructions(code)]
    writes = any(
        name == "STORE_SUBSCR"
        or name.startswith("INPLACE_")
        or (name == "BINARY_OP" and "=" in said)
        for name, said in steps
    )
    return writes or any(changes(x) for x in code.co_consts if isinstance(x, CodeType))


_QUESTIONS = frozenset(("isinstance", "type", "hasattr", "isscalar"))


def asks(code: CodeType) -> bool:
    """Whether the code asks what a value is."""
    return not _QUESTIONS.isdisjoint(code.co_names)


def _jumps(code: CodeType) -> list[dis.Instruction]:
    jumping = {*dis.hasjrel, *dis.hasjabs}
    return [step for step in dis.get_instructions(code) if step.opcode in jumping]


def _read_loops(f: FunctionType) -> Any:
    code = f.__code__
    return reader(f, NAMES) if has_loops(code) or asks(code) or changes(code) else None


def _read_branches(f: FunctionType) -> Any:
    return reader(f, NAMES) if has_branches(f.__code__) else None


PLAIN.reader = _read_loops
NAMES.reader = _read_branches
