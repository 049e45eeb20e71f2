"""Function -> what is known of it under each transform, for as long as the function lives.

A Python function has it among its attributes; of other objects, such as the one that a method is
bound to, a table with weak keys has it. What is known does not hold the function itself, so that it
goes when the user drops the function. What holds it is the `Transformed` that the user calls.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from jitad.frontend.pytree import Structure
from jitad.runtime.debug import debugging
from jitad.runtime.locks import LOCK
from jitad.runtime.paths import Path, Tree
from jitad.runtime.services import release_arenas
from jitad.runtime.shared import forget_unused
from jitad.runtime.surroundings import Surroundings

Place = tuple[Path, Tree]
"""A path, and the tree that it is the first of."""

Recent = tuple[Callable[..., Any], Callable[[Any], Any] | None, Surroundings | None, Place]
"""A kernel's entry, what it does to the result, what must be as it was for it to be right, and the
path that it belongs to."""

MOST_REQUESTS = 64
"""Transforms, with their options, that are known of one function."""

MOST_OBJECTS = 256
"""Objects, other than functions, of which something is known. They are held weakly; but an object
may lead to itself by what its method reads, and then the table alone would keep it."""


ROOM, MOST_ROOM = 64, 2**22
"""For how many items lists have room at first, and at last."""


class Known:
    """What is known of a function under a transform: for each shape trees of paths.

    `recent` are kernels that a call tries in turn before it looks its arguments' types up, and
    `nested` the same for arguments that are trees; `kept` has the transforms of the transform, and
    `writes` is whether the function writes to its arguments, so that which of these are one array
    counts. `room` is for how many items there is room in lists of which nobody knows how long they
    become.
    """

    __slots__ = (
        *("__weakref__", "has_changed", "kept", "lock", "nested", "recent", "trees"),
        *("room", "warned", "writes"),
    )

    def __init__(self) -> None:
        self.trees: OrderedDict[Any, list[Tree]] = OrderedDict()
        self.recent: tuple[Recent, ...] = ()
        self.nested: tuple[tuple[Structure, tuple[int, ...] | None, Recent], ...] = ()
        self.warned: set[str] = set()
        self.has_changed = False
        self.lock = LOCK
        self.kept: Kept | None = None
        self.writes = False
        self.room = ROOM
        _all.add(self)

    def forget_recent(self) -> None:
        """Have the next call take the long way, on which results are checked."""
        self.recent = self.nested = ()

    def forget(self) -> None:
        """Have the next call trace the function anew."""
        with self.lock:
            self.forget_recent()
            self.trees.clear()
            self.kept = None

    def make_room(self) -> bool:
        """Have the next call trace the function with more room; False where it has enough."""
        with self.lock:
            if self.room >= MOST_ROOM:
                return False
            self.room *= 16
            self.forget_recent()
            self.trees.clear()
            return True


_all: weakref.WeakSet[Known] = weakref.WeakSet()


def everything_known() -> tuple[Known, ...]:
    """What is known of every function, under every transform."""
    return tuple(_all)


class Kept:
    """What is known of one function, by requests: a program and its options.

    `owner()` is that function, for as long as it lives.
    """

    __slots__ = ("__weakref__", "entries", "owner")

    def __init__(self, owner: Callable[[], Any] = lambda: None) -> None:
        self.owner = owner
        self.entries: OrderedDict[Any, Known] = OrderedDict()

    def add(self, request: Any) -> Known:
        """A new request, of which nothing is known; the oldest goes where they are many."""
        made = self.entries.setdefault(request, Known())
        while len(self.entries) > MOST_REQUESTS:
            self.entries.popitem(last=False)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        """Machine code stays in its process, and what is pickled with a function is empty."""
        return Kept, ()


class Same:
    """An object as part of a request: the same if it is that object."""

    __slots__ = ("item",)

    def __init__(self, item: Any) -> None:
        self.item = item

    def __hash__(self) -> int:
        return id(self.item)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.item is self.item


class _Objects:
    """What is known of objects that are no Python functions, which are not written to."""

    def __init__(self) -> None:
        self.entries: OrderedDict[int, Kept] = OrderedDict()

    def find(self, x: Any) -> Kept | None:
        """The entry of an object; None where it cannot be held weakly."""
        key = id(x)
        found = self.entries.get(key)
        if found is not None and found.owner() is x:
            return found
        try:
            owner = weakref.ref(x, lambda _: self.entries.pop(key, None))
        except TypeError:
            return None
        found = self.entries[key] = Kept(owner)
        while len(self.entries) > MOST_OBJECTS:
            self.entries.popitem(last=False)
        return found


_objects = _Objects()

_ATTRIBUTE = "__jitad__"


def _of_function(f: FunctionType) -> Kept | None:
    names = f.__dict__
    found: Kept | None = names.get(_ATTRIBUTE)
    owner = None if found is None else found.owner()
    if owner is f:
        return found
    if owner is not None and owner.__dict__ is names:
        return None  # f is the copy that a trace makes of a function, and ends with that trace
    made = names[_ATTRIBUTE] = Kept(weakref.ref(f))
    return made


def _of_ufunc(ufunc: np.ufunc) -> Kept | None:
    """Ufuncs cannot be held weakly, and have attributes from NumPy 2.3 on."""
    names = getattr(ufunc, "__dict__", None)
    return None if names is None else names.setdefault(_ATTRIBUTE, Kept())


def _kept(owner: Any) -> Kept | None:
    kind = type(owner)
    if kind is Known:
        owner.kept = owner.kept or Kept()
        return owner.kept
    return _of_ufunc(owner) if kind is np.ufunc else _objects.find(owner)


def known_of(owner: Any, request: Any) -> Known:
    """What is known of a function, or what is known of one and is transformed in turn, under a
    request; nothing, where there is no place to keep it."""
    if type(owner) is MethodType:
        method, owner = owner.__func__, owner.__self__
        if isinstance(owner, type):
            owner, method = method, owner
        request = Same(method), request
    kept = _of_function(owner) if type(owner) is FunctionType else _kept(owner)
    if kept is None:
        return Known()
    try:
        return kept.entries.get(request) or kept.add(request)
    except TypeError:  # an option that does not hash
        return Known()


@contextmanager
def debug_nans() -> Iterator[None]:
    """Within this block, results that are not finite raise an error that says where that began.

    Every result is checked. Where one is infinite or NaN, the program is run again op by op, and
    the first op that made such a number out of finite ones is named, with the line of your code,
    and whether it belongs to the value or to a derivative.

    Raises:
        NonFiniteError: a FloatingPointError.

    >>> import numpy as np, jitad
    >>> with jitad.debug_nans():
    ...     jitad.grad(np.sqrt)(4.0)
    np.float64(0.25)
    """
    for known in everything_known():
        known.forget_recent()
    with debugging():
        yield


def clear_caches() -> None:
    """Forget all kernels of all functions, which are traced and compiled anew when they are called.

    Nothing needs this: what is kept of a function goes when the function does. It gives memory back
    early, and makes the time of a first call measurable again. Kernels of `jitad.compile` stay.

    >>> import jitad
    >>> jitad.clear_caches()
    """
    for known in everything_known():
        known.forget()
    forget_unused()
    release_arenas()
