"""What is read from outside of a function, and how it is looked at again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, MappingView
from operator import is_
from types import BuiltinMethodType, CellType, MappingProxyType, MethodType, MethodWrapperType
from typing import Any, NamedTuple

import numpy as np

from jitad.ir.value import Value

ABSENT = object()
"""What a name that is not there is bound to."""

_NUMBERS = (bool, int, float, complex)
LEAVES = (Value, *_NUMBERS, str, bytes, type(None), np.generic, np.ufunc)
"""What has nothing in it that a function could read under another name."""

CONTAINERS = (list, dict, set, deque, bytearray, MappingProxyType, MappingView)
"""What can hold other items later."""


class Contents(list[Any]):
    """What a container holds, in its order: of a dict the keys, then the values."""


def attribute_of(x: Any, name: Any) -> Any:
    """x.name"""
    try:
        return getattr(x, name, ABSENT)
    except Exception:  # of a property, which raises it where it is read
        return ABSENT


def computed_of(x: Any, name: Any) -> Any:
    """x.name, where code of the user's computes it, which may give anything."""
    return attribute_of(x, name)


def item_of(x: Any, name: Any) -> Any:
    """x[name]"""
    try:
        return x[name]
    except (LookupError, TypeError):
        return ABSENT


def contents_of(cell: CellType, name: Any) -> Any:
    """What a variable that functions share is bound to."""
    return attribute_of(cell, "cell_contents")


def items_of(x: Any, name: Any = None) -> Any:
    """What a container holds."""
    try:
        if isinstance(x, dict):  # whatever its class says of iteration
            return Contents([*dict.keys(x), *dict.values(x)])
        return Contents([*x, *x.values()] if isinstance(x, MappingProxyType) else x)
    except RuntimeError:  # another thread changes it
        return ABSENT


def layout_of(x: np.ndarray, name: Any = None) -> str:
    """How an array lies in memory."""
    return f"{x.shape}{x.strides}{x.dtype}"


def numbers_of(x: np.ndarray, name: Any = None) -> bytes:
    """The elements of an array."""
    return x.tobytes()


class Read(NamedTuple):
    """What `of(x, name)` was when it was first asked for."""

    x: Any
    of: Callable[[Any, Any], Any]
    name: Any
    content: Any

    @property
    def key(self) -> tuple[Any, ...]:
        """What is looked at, whatever it is."""
        return self.of, id(self.x), self.name

    def holds(self) -> bool:
        """Whether it is so now."""
        now = self.of(self.x, self.name)
        return now is self.content or alike(now, self.content)


def alike(now: Any, seen: Any) -> bool:
    """Whether a number, text, bound method or the contents of a container are the same again."""
    if type(now) is not type(seen):
        return False
    if isinstance(now, (str, bytes)):
        return now == seen
    if isinstance(now, _NUMBERS):
        return repr(now) == repr(seen)
    if isinstance(now, np.generic):
        return now.dtype == seen.dtype and now.tobytes() == seen.tobytes()
    if isinstance(now, MethodType):
        return now.__func__ is seen.__func__ and now.__self__ is seen.__self__
    if isinstance(now, (BuiltinMethodType, MethodWrapperType)):
        return now.__self__ is seen.__self__ and now.__name__ == seen.__name__
    if not isinstance(now, Contents) or len(now) != len(seen):
        return False
    same = all(map(is_, now, seen))
    return same or all(a is b or alike(a, b) for a, b in zip(now, seen, strict=True))


class Reader:
    """A callable of ours that calls functions of the user's.

    Attributes:
        reads: those functions.
    """

    reads: Any = ()

    def watched(self) -> Iterator[Read]:
        """What it depends on beside its arguments, and beside what a trace of it reads."""
        if isinstance(self.reads, list):
            yield Read(self.reads, items_of, None, items_of(self.reads))
