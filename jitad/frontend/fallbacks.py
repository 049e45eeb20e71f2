"""Branches that are a path each, and loops that are unrolled: which ones, and why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from jitad.ir.errors import SourceLine

_notes: ContextVar[list[str] | None] = ContextVar("notes", default=None)


@contextmanager
def noted() -> Iterator[list[str]]:
    """What falls back while functions are traced within the block, a sentence each."""
    notes: list[str] = []
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)


def note(what: str, line: SourceLine | None, why: BaseException) -> None:
    """A branch or a loop at that line falls back, for what was raised as it was recorded."""
    notes = _notes.get()
    if notes is not None:
        reason = str(why).split("\n")[0] or type(why).__name__
        place = "" if line is None else f"{line.quote()}\n    "
        said = f"{place}{what}: {reason}"
        if said not in notes:
            notes.append(said)
