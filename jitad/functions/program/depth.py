"""Branches within branches: too many are a path each, as of a function that calls itself.

A function that does so until a value is small would be recorded until Python's stack ends.
"""

from __future__ import annotations

from typing import Any

from jitad.frontend.active import noted_for_good
from jitad.frontend.regions import NeedsNumber
from jitad.functions.program.data import Place, current, labels_of
from jitad.functions.program.graph import Program
from jitad.ir.errors import SourceLine, TraceError


def too_deep(f: Any) -> TraceError:
    """What is to be raised where Python's stack has ended."""
    return TraceError(
        f"{f.__name__} calls functions within functions, deeper than Python's stack allows while "
        "it is traced",
        remedy="write a loop in place of a function that calls itself, or allow more by "
        "sys.setrecursionlimit",
    )


def endless(f: Any, line: SourceLine | None, calls: bool) -> TraceError:
    """What is to be raised where a function never returns, whatever its data."""
    if calls:
        return too_deep(f)
    what = f"{f.__name__} has a loop that no turn leaves"
    return TraceError(what, remedy="leave it by break or return", line=line)


DEEP = 24
"""Branches within branches: of a function that calls itself, say, until a value is small."""


def check_depth(program: Program, ways: tuple[Place, Place]) -> None:
    """Refuse a branch deep within branches, from then on wherever the trace meets it."""
    deep = noted_for_good(check_depth)
    branch = program, *map(labels_of, ways)
    if current().level > DEEP:
        deep.add(branch)
    if branch in deep:
        raise NeedsNumber(f"branches within branches, more than {DEEP} deep")
