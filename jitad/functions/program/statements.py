"""What the blocks of a program are made of: statements, how a block ends, who handles its errors.

A statement reads names, computes one thing from objects of Python's, traced or not, and binds it
to a name. It sees a call of the function (a `Frame`) and what its names are bound to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from jitad.ir.errors import SourceLine

Names = dict[str, Any]
Do = Callable[[Any, Names], Any]

HANDLED = "$handled"
"""The name of the exception that a handler is at."""


class Statement(NamedTuple):
    """`bound` to what `do` gives is one name, or none; `line` is the user's, where
    it is his.

    `advances` is the iterator, if the statement asks one for its next item. One that `hands_on`
    what it reads asks nothing of it.
    """

    bound: str | None
    reads: tuple[str, ...]
    do: Do
    line: SourceLine | None
    advances: str | None = None
    hands_on: bool = False


class End(NamedTuple):
    """How a block ends: with the `result`, with its last statement that `raises`, or at one of
    `after`.

    Of two the first is meant where `condition` holds. What a generator `yields` goes to its caller,
    and what comes back is bound to the same name.
    """

    reads: tuple[str, ...]
    after: tuple[int, ...] = ()
    condition: str | None = None
    result: str | None = None
    raises: bool = False
    yields: str | None = None
    line: SourceLine | None = None


class Handler(NamedTuple):
    """Where an exception leads: it is bound to the name `error` there."""

    label: int
    depth: int
    keeps_place: bool = False

    @property
    def error(self) -> str:
        """The name of the exception at the handler."""
        return f"$error{self.label}"


class Unreadable(Exception):
    """The bytecode has something that programs do not know."""


def applied(f: Callable[..., Any], reads: tuple[str, ...]) -> Do:
    """What calls f(frame, ...) with what these names are bound to."""
    if len(reads) == 1:
        (a,) = reads
        return lambda frame, names: f(frame, names[a])
    if len(reads) == 2:
        a, b = reads
        return lambda frame, names: f(frame, names[a], names[b])
    return lambda frame, names: f(frame, *[names[v] for v in reads])
