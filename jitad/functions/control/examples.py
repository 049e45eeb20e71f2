"""Arguments at which the body of a loop has taken a new path, for the traces that come.

A function in a loop is traced once for each of its paths, at arguments that take it. Those are kept
here, so that a later trace of the same function knows all paths that an earlier one has met.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jitad.ir.errors import TraceError

MOST = 64
"""Paths through one function in a loop."""

_FUNCTIONS = 256


@dataclass(eq=False)
class Example:
    """The leaves of the arguments at some turn; and, once it has been traced, what the outer values
    were that the function closes over, in the order in which it captures them."""

    leaves: tuple[np.ndarray, ...]
    held: tuple[np.ndarray, ...] | None = None


_known: OrderedDict[Any, list[Example]] = OrderedDict()
_lock = threading.Lock()
_added = 0


def version() -> int:
    """How many paths have been met by now."""
    return _added


def examples_of(function: Callable[..., Any], types: Sequence[Any]) -> list[Example]:
    """The list of examples for a function and the types of its arguments; to be added to."""
    key = (getattr(function, "__code__", None) or function, tuple(types))
    with _lock:
        found = _known.setdefault(key, [])
        _known.move_to_end(key)
        while len(_known) > _FUNCTIONS:
            _known.popitem(last=False)
        return found


def add_example(examples: list[Example], arrays: Sequence[Any]) -> None:
    """One more path."""
    if len(examples) >= MOST:
        raise TraceError(
            f"a function in a loop takes more than {MOST} paths through its branches",
            remedy="use jitad.cond, jitad.while_loop or np.where for what each turn decides",
        )
    global _added
    _added += 1
    examples.append(Example(tuple(np.array(x) for x in arrays)))
