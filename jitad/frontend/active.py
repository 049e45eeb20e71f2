"""Which function is being traced in this thread: the tape that new arrays belong to."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from jitad.ir.builder import Builder
from jitad.ir.value import Value


class _Active(threading.local):
    """The only state that traces share: the tapes under construction, the innermost one last."""

    def __init__(self) -> None:
        self.builders: list[Builder] = []


_active = _Active()


def enter(builder: Builder) -> None:
    """A trace begins."""
    _active.builders.append(builder)


def leave() -> None:
    """The innermost trace ends."""
    _active.builders.pop()


def depth() -> int:
    """How many functions are being traced, one within the other."""
    return len(_active.builders)


def innermost_trace() -> Builder | None:
    """The tape of the innermost function that is being traced; None outside of all."""
    return _active.builders[-1] if _active.builders else None


def holds_traced(x: Any) -> bool:
    """Whether x is a traced value, or a list or an object array that has one in it."""
    if isinstance(x, (list, tuple)):
        return any(holds_traced(item) for item in x)
    if isinstance(x, np.ndarray) and x.dtype == object:
        return any(holds_traced(item) for item in x.ravel())
    return isinstance(x, Value)
