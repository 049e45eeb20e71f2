"""Which function is being traced in this thread: the tape that new arrays belong to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

from jitad.frontend.stand_ins import StandIn
from jitad.ir.builder import Builder
from jitad.ir.value import Value


class _Active(threading.local):
    """The only state that traces share: the tapes under construction, the innermost one last."""

    def __init__(self) -> None:
        self.builders: list[Builder] = []
        self.memos: list[dict[Any, Any]] = []
        self.readers: list[Any] = []
        self.frames: list[Any] = []
        self.effects: list[Any] = []
        self.copying = True
        self.room = 0
        self.askers: list[Any] = []
        self.writing = False


_active = _Active()


def enter(builder: Builder) -> None:
    """A trace begins."""
    if _active.builders:
        _active.builders[-1].inner = builder
    _active.builders.append(builder)
    _active.memos.append({})


def leave() -> None:
    """The innermost trace ends."""
    _active.builders.pop()
    if _active.builders:
        _active.builders[-1].inner = None
    for copies in _active.memos.pop().values():
        copies.forget()


def depth() -> int:
    """How many functions are being traced, one within the other."""
    return len(_active.builders)


@contextmanager
def _within(stack: list[Any], x: Any) -> Iterator[None]:
    """Have x the last one there within the block."""
    stack.append(x)
    try:
        yield
    finally:
        stack.pop()


def reading(reads: Any) -> AbstractContextManager[None]:
    """What traces within the block read from outside is noted there."""
    return _within(_active.readers, reads)


def readers() -> list[Any]:
    """Where it is noted what is read from outside."""
    return _active.readers


@contextmanager
def undoing(effects: Any) -> Iterator[Any]:
    """What a trace within the block changes outside of its function is noted, and undone."""
    try:
        with _within(_active.effects, effects):
            yield effects
    finally:
        effects.undo()


def effects_of_traces() -> list[Any]:
    """Where it is noted what is changed outside of the functions that are being traced."""
    return _active.effects


def asking(asker: tuple[str, str]) -> AbstractContextManager[None]:
    """A function of a library runs within the block, which knows no traced values: its name, and
    what to write in its place."""
    return _within(_active.askers, asker)


def innermost_asker() -> tuple[str, str] | None:
    """What runs that may want a number of a traced value, as `asking` was told."""
    return _active.askers[-1] if _active.askers else None


def frames() -> list[Any]:
    """The calls of functions that run as programs, the innermost one last."""
    return _active.frames


@contextmanager
def uncopied() -> Iterator[None]:
    """Traces within the block put no copy of a container, or an object, in the place of another."""
    before, _active.copying = _active.copying, False
    try:
        yield
    finally:
        _active.copying = before


def is_copying() -> bool:
    """Whether they may, where that is not to be seen unless either is changed."""
    return _active.copying


@contextmanager
def with_room(count: int) -> Iterator[None]:
    """Traces within the block make room for so many items in lists of which nobody knows how long
    they become, or more."""
    before, _active.room = _active.room, max(_active.room, count)
    try:
        yield
    finally:
        _active.room = before


def room() -> int:
    """For how many."""
    return _active.room


@contextmanager
def writing_numbers() -> Iterator[None]:
    """Values are written as their numbers within the block, by which something decides."""
    before, _active.writing = _active.writing, True
    try:
        yield
    finally:
        _active.writing = before


def numbers_are_written() -> bool:
    """Whether they are."""
    return _active.writing


def innermost_trace() -> Builder | None:
    """The tape of the innermost function that is being traced; None outside of all."""
    return _active.builders[-1] if _active.builders else None


def enclosing() -> Iterator[Builder]:
    """The tapes of the functions that are being traced, the innermost one first."""
    return reversed(_active.builders)


def is_in_region(builder: Builder) -> bool:
    """Whether a tape that is being recorded is, or is within, a side of a branch or a turn."""
    return any(b.region is not None for b in _active.builders[: builder.level])


def is_raising() -> bool:
    """Whether all that is recorded now leads to an exception."""
    return any(builder.raising is not None for builder in _active.builders)


def asks_to_raise() -> bool:
    """The same where a value is asked for its number, which the exception may say; it is noted."""
    for builder in _active.builders:
        if builder.raising is not None:
            builder.raising.asked = True
    return is_raising()


def note_derivatives() -> None:
    """Derivatives become part of what is traced."""
    for builder in _active.builders:
        builder.derived = True


def innermost_memo() -> dict[Any, Any]:
    """What is to be kept as long as the innermost trace goes on, by whatever keys.

    When that ends it is told to `forget()` what it has.
    """
    return _active.memos[-1]


def memos() -> Iterator[dict[Any, Any]]:
    """The same of all traces under way, the innermost first."""
    return reversed(_active.memos)


class _Noted(set[Any]):
    forget = set[Any].clear


def noted_for_good(by: Any) -> set[Any]:
    """What `by` has noted while the outermost trace under way goes on."""
    *_, memo = memos()
    return memo.setdefault(by, _Noted())


def holds_traced(x: Any) -> bool:
    """Whether x is a traced value, a stand-in, or a list or object array that has one in it."""
    if isinstance(x, (Value, StandIn)):
        return True
    if isinstance(x, (list, tuple)):
        return any(map(holds_traced, x))
    return isinstance(x, np.ndarray) and x.dtype.kind == "O" and any(map(holds_traced, x.ravel()))
