"""Branches within branches: too many are a path each, as of a function that calls itself.

A function that does so until a value is small would be recorded until Python's stack ends.
"""

from __future__ import annotations

from typing import Any

from jitad.frontend.active import memos
from jitad.frontend.regions import NeedsNumber
from jitad.functions.program.data import Place, current, labels_of
from jitad.functions.program.graph import Program

DEEP = 24
"""Branches within branches: of a function that calls itself, say, until a value is small."""


class _Deep(set[Any]):
    """The branches that a trace has met too deep within branches."""

    forget = set[Any].clear


def check_depth(program: Program, ways: tuple[Place, Place]) -> None:
    """Refuse a branch deep within branches, from then on wherever the trace meets it."""
    *_, memo = memos()
    deep = memo.setdefault(_Deep, _Deep())
    branch = program, *map(labels_of, ways)
    if current().level > DEEP:
        deep.add(branch)
    if branch in deep:
        raise NeedsNumber(f"branches within branches, more than {DEEP} deep")
