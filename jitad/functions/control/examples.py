"""Arguments at which the body of a loop has taken a new path, for the traces that come.

A function in a loop is traced once for each of its paths, at arguments that take it. Those are kept
with the function that is transformed, within which the loop stands: so a later trace of that knows
all paths that an earlier one has met.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CellType, FunctionType, MethodType
from typing import Any

import numpy as np

from jitad.ir.errors import TraceError

MOST = 64
"""Paths through one function in a loop."""

_FUNCTIONS = 256
"""Functions in loops of which one function under a transform remembers paths."""


@dataclass(eq=False)
class Example:
    """The leaves of the arguments at some turn; and, once it has been traced, what the outer values
    were that the function closes over, in the order in which it captures them.

    `trace` says in which of the traces it was met.
    """

    leaves: tuple[np.ndarray, ...]
    trace: int
    held: tuple[np.ndarray, ...] | None = None


@dataclass(eq=False)
class Memory:
    """What the traces of one function under a transform have met; `added` counts the paths."""

    known: OrderedDict[Any, list[Example]] = field(default_factory=OrderedDict)
    added: int = 0
    trace: int = 0


class Examples:
    """Those of one function in a loop for arguments of some types; to be added to."""

    def __init__(self, memory: Memory, items: list[Example]) -> None:
        self._memory = memory
        self._items = items

    def __iter__(self) -> Iterator[Example]:
        return iter(tuple(self._items))

    @property
    def version(self) -> int:
        """How many paths, of this or of another function, have been met by now."""
        return self._memory.added

    def add(self, arrays: Sequence[Any]) -> None:
        """One more path."""
        if len(self._items) >= MOST:
            raise TraceError(
                f"a function in a loop takes more than {MOST} paths through its branches",
                remedy="use jitad.cond, jitad.while_loop or np.where for what each turn decides; "
                "to look up places i in a plain array w, write jitad.numpy.array(w)[i]",
            )
        self._memory.added += 1
        self._items.append(Example(tuple(np.array(x) for x in arrays), self._memory.trace))

    def is_old(self, example: Example) -> bool:
        """Whether it is one of another trace: what the function closes over was perhaps another."""
        return example.trace != self._memory.trace

    def drop(self, example: Example) -> None:
        """Forget an example."""
        self._items.remove(example)


class _Current(threading.local):
    """The memory of the outermost function that is being traced in this thread."""

    memory: Memory | None = None


_current = _Current()


@contextmanager
def remembering(memory: Memory) -> Iterator[None]:
    """Loops that are traced within the block use this memory, or that of a block around it."""
    before = _current.memory
    if before is None:
        memory.trace += 1
        _current.memory = memory
    try:
        yield
    finally:
        _current.memory = before


def examples_of(function: Any, types: Sequence[Any]) -> Examples:
    """The examples for a function and the types of its arguments."""
    memory = _current.memory or Memory()
    key = _meaning(function, set()), tuple(types)
    items = memory.known.setdefault(key, [])
    memory.known.move_to_end(key)
    while len(memory.known) > _FUNCTIONS:
        memory.known.popitem(last=False)
    return Examples(memory, items)


def _meaning(x: Any, seen: set[int]) -> Any:
    """What tells functions apart that are made anew for each trace: the code and the numbers that
    they close over, not the objects."""
    if isinstance(x, (bool, int, float, complex, str, np.generic)):
        return type(x).__name__, repr(x)
    if id(x) in seen:
        return None
    seen.add(id(x))
    if isinstance(x, FunctionType):
        outside = (*(x.__closure__ or ()), *(x.__defaults__ or ()))
        return x.__code__, *(_meaning(item, seen) for item in outside)
    if isinstance(x, CellType):
        try:
            return _meaning(x.cell_contents, seen)
        except ValueError:  # a name that is bound later
            return None
    if isinstance(x, MethodType):
        return _meaning(x.__func__, seen)
    return type(x), _meaning(getattr(x, "__wrapped__", None), seen)
