"""What a function reads from outside of itself while it is traced, seen as it is read.

A walk over names finds most before the trace; what no name says (an attribute that a descriptor
computes or that is not there yet, a name made as the function runs) is seen here alone, and so is
whether the function changes what it reads: then each call has another answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from types import BuiltinMethodType, CellType, MethodType, MethodWrapperType
from typing import Any, NamedTuple

import numpy as np

from jitad.frontend.active import readers
from jitad.ir.value import Value

ABSENT = object()
"""What a name that is not there is bound to."""

_PLAIN = (bool, int, float, complex, str, bytes, type(None), np.generic)
_METHODS = (MethodType, BuiltinMethodType, MethodWrapperType)
_CONTAINERS = (list, dict, set, deque, bytearray)

_GROWING = frozenset(("append", "appendleft", "add", "extend", "update", "insert", "clear"))
"""Methods of containers that say nothing of what is in them."""


def attribute_of(x: Any, name: Any) -> Any:
    """x.name"""
    return getattr(x, name, ABSENT)


def item_of(x: Any, name: Any) -> Any:
    """x[name]"""
    try:
        return x[name]
    except (LookupError, TypeError):
        return ABSENT


def contents_of(cell: CellType, name: Any) -> Any:
    """What a variable that functions share is bound to."""
    try:
        return cell.cell_contents
    except ValueError:
        return ABSENT


def variable_of(x: ContextVar[Any], name: Any) -> Any:
    """What a context variable is in this context."""
    return x.get(ABSENT)


class Read(NamedTuple):
    """What `of(x, name)` was when it was first asked for."""

    x: Any
    of: Callable[[Any, Any], Any]
    name: Any
    content: Any


class Reads:
    """What one trace reads.

    Attributes:
        outside: objects that are not made by the function, by their ids.
        first: what has been read.
        counted: what has been read only to count on from it.
        touched: containers that were asked for what is in them.
        changing: what the function counts on and reads.
    """

    def __init__(self) -> None:
        self.outside: dict[int, Any] = {}
        self.first: dict[Any, Read] = {}
        self.counted: set[Any] = set()
        self.touched: dict[int, Any] = {}
        self.changing: str | None = None

    def note(self, read: Read, counts: bool = False) -> None:
        """Something from outside has been read; it `counts` on if what becomes of it is stored
        there again, and that is all."""
        x, of, name, content = read
        key = of, id(x), name
        if counts:
            self.counted.add(key)
        elif key in self.counted:
            self.changing = f"{name!r}"
        elif key not in self.first and not isinstance(content, (Value, *_METHODS)):
            if of is not attribute_of or content is ABSENT or not _is_computed(x, name):
                self.first[key] = read
            self.meet(content)

    def meet(self, x: Any) -> None:
        """x is from outside."""
        if not isinstance(x, (np.ndarray, Value, *_PLAIN)):
            self.outside[id(x)] = x

    def is_known(self, x: Any) -> bool:
        """Whether x is from outside."""
        return id(x) in self.outside


def _is_computed(x: Any, name: str) -> bool:
    """Whether an attribute is what a property or a `__getattr__` makes of what it reads."""
    kind = type(x)
    if isinstance(getattr(kind, name, None), property):
        return True
    by_name = hasattr(kind, "__getattr__") and not hasattr(kind, name)
    return by_name and name not in getattr(x, "__dict__", ())


def _noting(x: Any) -> Iterator[Reads]:
    return (reads for reads in readers() if reads.is_known(x))


def note(
    of: Callable[[Any, Any], Any], x: Any, name: Any, content: Any, counts: bool = False
) -> None:
    """of(x, name) is `content`, or ABSENT; x may be one of the function's own."""
    for reads in _noting(x):
        reads.note(Read(x, of, name, content), counts)


def note_item(x: Any, index: Any, content: Any, counts: bool = False) -> None:
    """x[index] is `content`, or ABSENT."""
    if type(x) in _CONTAINERS and isinstance(index, (str, int, tuple)):
        note(item_of, x, index, content, counts)


def note_global(table: Any, name: str, content: Any, counts: bool = False) -> None:
    """A global name is bound to `content`, or to nothing."""
    for reads in readers():
        reads.note(Read(table, item_of, name, content), counts)


def note_call(f: Any, args: Any) -> None:
    """A function that is not read as a program is called: with containers, or of one."""
    if not readers():
        return
    owner, name = getattr(f, "__self__", None), getattr(f, "__name__", "")
    if type(owner) is ContextVar and name == "get":
        note(variable_of, owner, name, variable_of(owner, name))
    elif name == "get" and isinstance(owner, dict) and args:
        note_item(owner, args[0], item_of(owner, args[0]))
    elif name not in _GROWING:
        note_contents(owner)
    for x in args:
        note_contents(x)


def note_contents(x: Any) -> None:
    """A container is asked for what is in it."""
    if isinstance(x, _CONTAINERS):
        for reads in _noting(x):
            reads.touched[id(x)] = x


def note_module(x: Any) -> None:
    """What is imported as the function runs is from outside."""
    for reads in readers():
        reads.meet(x)
