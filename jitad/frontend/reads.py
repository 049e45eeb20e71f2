"""What a function reads from outside of itself while it is traced, seen as it is read.

An object is from outside where the trace begins with it (the function, what it is bound to, its
constant arguments) or where it is what something from outside holds. What is read of such an object
is noted when it is first read: by the executor of programs one global, cell, attribute or item
after the other; of what runs without being read (see unseen.py) all that it is given.
"""

from __future__ import annotations

import inspect
import os
import sys
import weakref
from collections.abc import Iterable
from functools import cached_property, partial
from types import BuiltinMethodType, CellType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from jitad.frontend.active import readers
from jitad.frontend.restless import Sources, is_source
from jitad.frontend.roads import (
    ABSENT,
    CONTAINERS,
    LEAVES,
    Contents,
    Read,
    Reader,
    attribute_of,
    computed_of,
    contents_of,
    item_of,
    items_of,
    layout_of,
    numbers_of,
)
from jitad.ir.errors import is_internal, package
from jitad.ir.value import Value

LIBRARIES = frozenset(("jitad", "numpy", "scipy", "numba", "optree", "builtins", "logging"))
"""Packages whose modules and classes are taken to stay what they are, as Python's are."""

_FEW = 8
"""Items of one container or array that are watched one by one."""

# -- what one trace reads --------------------------------------------------------------------------


class Reads:
    """What one trace reads.

    Attributes:
        outside: objects that are not made by the function, by their ids.
        arrays: those of them that have memory of their own which arrays from outside show.
        first: what has been read.
        counted: what has been read only to count on from it.
        named: globals that have been read, and functions that have begun; traces around know them.
        before: what containers held before the function changed them.
        changing: what the function counts on and reads.
        items: how many items of containers and arrays have been read, by their ids.
        given: arrays that something was given together with traced values.
        wholly: what was given to something that is not read.
        restless: what the function does that gives another answer each time.
        sources: sources of random numbers, where it is to be told whether they have been drawn.
    """

    def __init__(
        self, function: Any, statics: Iterable[Any] = (), sources: Sources | None = None
    ) -> None:
        self.outside: dict[int, Any] = {id(x): x for x in (os.environ, sys.modules)}
        self.arrays: dict[int, np.ndarray] = {}
        self.first: dict[Any, Read] = {}
        self.counted: set[Any] = set()
        self.named: set[Any] = set()
        self.before: dict[Any, Read] = {}
        self.changing: str | None = None
        self.items: dict[int, int] = {}
        self.given: dict[int, np.ndarray] = {}
        self.wholly: dict[int, Any] = {}
        self.restless: list[str] = []
        self.sources = sources
        self.home: str | None = None  # the package of the first function, "" for no package
        for x in (function, *statics):
            self.meet(x)

    def note(self, read: Read, counts: bool = False) -> None:
        """Something from outside has been read; it `counts` on if what becomes of it is stored
        there again, and that is all."""
        key = read.key
        if counts:
            self.counted.add(key)
        elif key in self.counted:
            self.changing = f"{read.name!r}"
        elif key not in self.first and not is_traced(read.content):
            self.first[key] = self.before.get(key, read)
            self.meet(read.content)

    def meet(self, x: Any) -> None:
        """x is from outside."""
        if isinstance(x, LEAVES) or id(x) in self.outside:
            return
        if isinstance(x, (ModuleType, type)) and is_library(x):
            return
        if isinstance(x, np.ndarray):
            memory = memory_of(x)
            self.arrays[id(memory)] = memory
            self.note(Read(x, layout_of, None, layout_of(x)))
        self.outside[id(x)] = x
        for part in (type(x), *parts_of(x)):
            self.meet(part)
        if self.sources is not None and is_source(x):
            self.sources.add(x)
        for read in x.watched() if isinstance(x, Reader) else ():
            self.note(read)

    def is_known(self, x: Any) -> bool:
        """Whether x is from outside."""
        return id(x) in self.outside

    def is_others(self, file: str) -> bool:
        """Whether code was installed, and not with the function itself: its globals stay.

        What such packages name in turn is without end."""
        if is_internal(file):
            return True
        self.home = package(file) if self.home is None else self.home
        return package(file) not in ("", self.home)

    def attribute(self, x: Any, name: str, content: Any, counts: bool = False) -> bool:
        """x.name is `content`; whether that says all that there is to it."""
        kind, read = type(x), Read(x, attribute_of, name, content)
        holders = () if isinstance(x, (type, ModuleType)) else kind.__mro__
        member = next((vars(base)[name] for base in holders if name in vars(base)), None)
        if isinstance(member, (FunctionType, property, cached_property)) and self.is_known(kind):
            self.note(Read(kind, attribute_of, name, member))
            if isinstance(member, property):
                return True
            if type(content) is MethodType and content.__func__ is member:  # made anew each time
                self.note(Read(x, attribute_of, "__class__", kind))
                table = getattr(x, "__dict__", None)
                if type(table) is dict:
                    self.note(Read(table, item_of, name, ABSENT))
                return True
        table = None if counts or read.key in self.counted else getattr(x, "__dict__", None)
        if type(table) is dict and name in table and table[name] is content:
            self.note(Read(x, attribute_of, "__dict__", table))
            read = Read(table, item_of, name, content)
        elif (hasattr(type(member), "__get__") and not inspect.ismemberdescriptor(member)) or (
            member is None and content is not ABSENT and hasattr(kind, "__getattr__")
        ):
            read = read._replace(of=computed_of)
        # What is made whenever it is asked for is one of the function's own.
        is_there = content is ABSENT or is_traced(content) or read.holds()
        if is_there or counts:
            self.note(read, counts)
        return is_there

    def item(self, x: Any, index: Any, content: Any, counts: bool = False) -> None:
        """x[index] is `content`; of many items all are watched at once."""
        self.items[id(x)] = self.items.get(id(x), 0) + 1
        if type(x) is dict or self.items[id(x)] <= _FEW:
            self.note(Read(x, item_of, index, content), counts)
        elif isinstance(x, np.ndarray):
            self.asked(x)
        else:
            self.note(Read(x, items_of, None, items_of(x)))

    def asked(self, x: np.ndarray) -> None:
        """The numbers of an array are asked for, if it is from outside, or shows what is."""
        if id(memory_of(x)) in self.arrays and x.dtype != object:
            place = x.__array_interface__["data"][0], x.shape, x.strides
            self.first.setdefault((numbers_of, place), Read(x, numbers_of, None, x.tobytes()))

    def restlessness(self) -> str | None:
        """What the function does that gives another answer each time; asked after the trace."""
        drawn = None if self.sources is None else self.sources.drawn()
        return drawn if drawn is not None else next(iter(self.restless), None)

    def changed(self) -> str | None:
        """What the function has changed that it reads; asked after the trace."""
        if self.changing is not None:
            return self.changing
        stored = (read for read in self.first.values() if read.of is not computed_of)
        read = next((read for read in stored if not read.holds()), None)
        if read is None:
            return None
        return f"a {type(read.x).__name__}" if read.name is None else f"{read.name!r}"

    def settle(self, captured: Iterable[Any]) -> list[Read]:
        """What is to be watched, now that the trace says which arrays it takes by reference."""
        taken = [x for x in captured if isinstance(x, np.ndarray)]
        for x in self.given.values():
            if not any(np.may_share_memory(x, y) for y in taken):
                self.asked(x)
        found = [read for read in self.first.values() if read.holds()]
        # One that reads nothing has nothing looked at before its calls, itself included.
        return [] if len(found) == 1 and found[0].name == "__code__" else found


def parts_of(x: Any) -> Iterable[Any]:
    """What an object that cannot change holds for good."""
    if isinstance(x, (tuple, frozenset, Contents)):
        return x
    if isinstance(x, (MethodType, BuiltinMethodType)):
        return (getattr(x, "__func__", None), x.__self__)
    if isinstance(x, partial):
        return (x.func, *x.args, x.keywords, *x.keywords.values())
    if isinstance(x, weakref.ref):
        return (x(),)
    if isinstance(x, (FunctionType, Reader)):
        return (x.__closure__ or ()) if isinstance(x, FunctionType) else x.reads
    return x.ravel().tolist() if isinstance(x, np.ndarray) and x.dtype == object else ()


def is_traced(x: Any) -> bool:
    """Whether x belongs to a trace under way, as what an earlier one has left does not."""
    return isinstance(x, Value) and not x.builder.closed


def memory_of(x: np.ndarray) -> np.ndarray:
    """The array that has the memory which an array shows."""
    while isinstance(x.base, np.ndarray):
        x = x.base
    return x


def is_library(x: Any) -> bool:
    """Whether a module or a class is one that is taken to stay what it is."""
    # Cython's types have something else for the name of their module.
    name = x.__name__ if isinstance(x, ModuleType) else x.__module__
    root = name.split(".")[0] if isinstance(name, str) else "builtins"
    return root in LIBRARIES or root in sys.stdlib_module_names


def _stays(x: Any, name: str) -> bool:
    """Modules of libraries, and their classes under their own names, are not watched: nearly every
    function names some, and to look at each before a call would cost as much as the call."""
    named = isinstance(x, ModuleType) or (isinstance(x, type) and x.__name__ == name)
    return named and is_library(x)


# -- what the executor says ------------------------------------------------------------------------


def knowing(x: Any) -> list[Reads]:
    """Those of the traces under way to which x is from outside."""
    return [reads for reads in readers() if id(x) in reads.outside]


def is_known(x: Any) -> bool:
    """Whether x is from outside of a function that is being traced."""
    return any(id(x) in reads.outside for reads in readers())


def note_shared(cell: CellType, name: str, content: Any, counts: bool = False) -> None:
    """A variable of a function around is bound to `content`."""
    for reads in knowing(cell):
        if not _stays(content, name):
            reads.note(Read(cell, contents_of, name, content), counts)


def note_global(file: str, table: Any, name: str, content: Any, counts: bool = False) -> None:
    """A global name of code in that file is bound to `content`, or to nothing."""
    for reads in readers():
        if not counts:
            reads.named.add((id(table), name))
        if not _stays(content, name) and not reads.is_others(file):
            reads.note(Read(table, item_of, name, content), counts)


def note_function(f: FunctionType, *names: str) -> None:
    """A function begins, or is asked for its defaults; it may be one of the function's own."""
    for reads in knowing(f):
        if not reads.is_others(f.__code__.co_filename):
            for name in names:
                reads.named.add((id(f), name))
                reads.note(Read(f, attribute_of, name, getattr(f, name)))


def note_special(x: Any, name: str) -> None:
    """Syntax asks the class of x for a method."""
    for reads in knowing(x) if knowing(type(x)) else ():
        reads.note(Read(type(x), attribute_of, name, attribute_of(type(x), name)))
        reads.note(Read(x, attribute_of, "__class__", type(x)))


def note_contents(x: Any) -> None:
    """A container is asked for its items."""
    if isinstance(x, CONTAINERS):
        for reads in knowing(x):
            reads.note(Read(x, items_of, None, items_of(x)))


def note_changing(x: Any) -> None:
    """A container is about to be changed."""
    if isinstance(x, CONTAINERS):
        for reads in knowing(x):
            read = Read(x, items_of, None, items_of(x))
            reads.before.setdefault(read.key, read)


def note_met(x: Any) -> None:
    """x is from outside."""
    for reads in readers():
        reads.meet(x)


def note_module(name: str, x: ModuleType) -> None:
    """A module is imported as the function runs: x, or one of that name within x."""
    note_met(x)
    for reads in knowing(x):
        reads.note(Read(sys.modules, item_of, name, item_of(sys.modules, name)))


def note_asked(*items: Any) -> None:
    """Arrays are asked for their numbers."""
    for reads in readers():
        for x in items:
            if isinstance(x, np.ndarray):
                reads.asked(x)


def note_given(*items: Any) -> None:
    """Arrays meet traced values, which most likely take them by reference."""
    for reads in readers():
        for x in items:
            if isinstance(x, np.ndarray) and id(memory_of(x)) in reads.arrays:
                reads.given[id(x)] = x
