"""Branches within branches: too many are a path each, as of a function that calls itself.

A function that does so until a value is small would be recorded until Python's stack ends.
"""

from __future__ import annotations

from jitad.frontend.active import noted_for_good
from jitad.frontend.regions import NeedsNumber
from jitad.functions.program.data import Place, current, labels_of
from jitad.functions.program.graph import Program

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
