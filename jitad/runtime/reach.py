"""Function -> its surroundings: all that it can read from outside, by the names in its code.

The walk goes from the function through what its code names: cells, globals and defaults, the
functions, classes and modules of the user's that they lead to, and of each object the attributes
that any code within reach speaks of, with the methods that syntax calls. Libraries that work on
traced values for us are taken to stay what they are.
"""

from __future__ import annotations

import inspect
import os
import sys
import weakref
from collections import deque
from collections.abc import Callable, Iterable, MappingView
from functools import cached_property, lru_cache, partial
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MethodType,
    ModuleType,
)
from typing import Any, NamedTuple

import numpy as np

from jitad.frontend.reads import ABSENT, Reads, attribute_of, variable_of
from jitad.ir.errors import is_internal
from jitad.runtime.restless import RANDOM, Sources, asked_of, is_source
from jitad.runtime.spoken import asks, measures, spoken
from jitad.runtime.surroundings import (
    Surroundings,
    items,
    layout,
    same_contents,
    same_number,
)

_LEAVES = (bool, int, float, complex, str, bytes, type(None), np.generic, np.ufunc)
"""What has nothing in it that a function could read under another name."""

_CONTAINERS = (list, dict, set, deque, MappingProxyType, MappingView)
"""What can hold other items later. A bytearray and an array.array are taken for lists."""

_LIBRARIES = frozenset(("jitad", "numpy", "scipy", "numba", "optree", "builtins", "logging"))
"""Packages whose objects keep no state that a function of the user's reads by name."""

_UNCALLED = frozenset(
    [
        *("__init__", "__new__", "__del__", "__repr__", "__str__", "__hash__", "__dir__"),
        *("__setattr__", "__delattr__", "__reduce__", "__reduce_ex__", "__getstate__"),
        *("__setstate__", "__init_subclass__", "__set_name__", "__class_getitem__"),
        *("__post_init__", "__copy__", "__deepcopy__", "__sizeof__"),
    ]
)
"""Special methods that no syntax on an object calls."""

_WHOLE = frozenset(("vars", "__dict__"))
"""With these an attribute is read whose name the code does not say."""


class Reach(NamedTuple):
    """What a walk has found, before the trace."""

    seen: Surroundings
    sources: Sources
    restless: list[str]
    named: list[tuple[np.ndarray, str]]
    codes: list[CodeType]
    reads: Reads

    def restlessness(self) -> str | None:
        """What the function does that gives another answer each time; asked after the trace."""
        if self.sources.drew():
            return RANDOM
        return next(iter(self.restless), None)

    def changing(self) -> str | None:
        """What the function has changed that it reads; asked after the trace."""
        if self.reads.changing is not None:
            return self.reads.changing
        for x, of, name, content in self.reads.first.values():
            now = of(x, name)
            if now is not content and not same_number(now, content):
                return f"{name!r}"
        for x, seen in self.seen.contents:
            if id(x) in self.reads.touched and not same_contents(x, seen):
                return f"a {type(x).__name__}"
        return None

    def _watch_reads(self) -> None:
        """Watch what no name has said."""
        known = {(id(x), name) for x, name, _ in (*self.seen.attributes, *self.seen.names)}
        for read in self.reads.first.values():
            x, of, name, content = read
            if of is attribute_of:
                said = not known.isdisjoint(
                    ((id(x), name), (id(attribute_of(x, "__dict__")), name))
                )
                is_new = not said or content is ABSENT
            else:
                is_new = of is variable_of or (content is ABSENT and "__builtins__" in x)
            if is_new:
                itself = weakref.proxy(x) if isinstance(x, FunctionType) else x  # see _function
                self.seen.asked.append(read._replace(x=itself))

    def settle(self, captured: Iterable[Any]) -> Surroundings | None:
        """What is to be watched, now that the trace says which arrays it takes by reference.

        An array is compared where the trace does not take it, where the code asks it for numbers,
        or where it takes arrays that were computed from others.
        """
        taken = [x for x in captured if isinstance(x, np.ndarray)]
        made = not all(any(np.may_share_memory(x, y) for y, _ in self.named) for x in taken)
        compared: dict[int, np.ndarray] = {}
        for x, name in self.named:
            if any(np.may_share_memory(x, y) for y in taken):
                asked = made or any(asks(code, name) for code in self.codes)
            else:
                asked = not (name and all(measures(code, name) for code in self.codes))
            if asked:
                compared[id(x)] = x
        self.seen.numbers = [(x, x.tobytes()) for x in compared.values()]
        self._watch_reads()
        # A function that reads nothing has nothing looked at before its calls, itself included.
        return self.seen.left_alone() if self.seen.is_more_than_code() else None


def reach(function: Callable[..., Any], statics: Iterable[Any] = ()) -> Reach:
    """What the function can read now; `statics` are its constant arguments."""
    walk = _Walk()
    walk.visit(function, ())
    words = walk.words()
    for x in statics:
        walk.visit(x, words)
    walk.attributes()
    reads = Reads()
    for x in (*walk.seen.values(), *(cell for cell, _ in walk.found.cells)):
        if not isinstance(x, (ModuleType, type)) or not _is_library(x):
            reads.meet(x)
    return Reach(walk.found, walk.sources, walk.restless, walk.named, list(walk.codes), reads)


class _Walk:
    """Walks from a function through what it and the functions that it calls name."""

    def __init__(self) -> None:
        self.found = Surroundings()
        self.sources = Sources()
        self.restless: list[str] = []
        self.named: list[tuple[np.ndarray, str]] = []
        self.codes: dict[CodeType, None] = {}
        self.objects: list[tuple[Any, set[str]]] = []
        self.home: str | None = None  # the package of the first function, "" for no package
        # Objects must not be freed while their ids are in `seen`.
        self.seen: dict[Any, Any] = {}

    def words(self) -> tuple[str, ...]:
        """Every attribute that the code within reach speaks of."""
        return tuple(dict.fromkeys(word for code in self.codes for word in spoken(code).attributes))

    def visit(self, x: Any, words: tuple[str, ...], name: str = "") -> None:
        """Note what is in x; `words` are the attributes that the code that has x speaks of."""
        if isinstance(x, _LEAVES):
            return
        if isinstance(x, np.ndarray):
            self._array(x, name)
            return
        key = (id(x), words) if isinstance(x, (ModuleType, type)) else id(x)
        if key in self.seen:
            return
        self.seen[key] = x
        asked = asked_of(x, words)
        if asked is not None:
            self.restless.append(asked)
        elif is_source(x):
            self.sources.add(x)
        elif isinstance(x, FunctionType):
            self._function(x)
        elif isinstance(x, (MethodType, BuiltinFunctionType)):
            self.visit(getattr(x, "__func__", None), words)
            if not isinstance(x.__self__, ModuleType):
                self.visit(x.__self__, words)
        elif isinstance(x, weakref.ref):
            self.visit(x(), words)
        elif isinstance(x, partial):
            for item in (x.func, *x.args, *x.keywords.values()):
                self.visit(item, words)
        elif isinstance(x, ModuleType):
            self._module(x, words)
        elif isinstance(x, (*_CONTAINERS, tuple, frozenset, bytearray)) or _is_array(x):
            self._container(x, words)
        elif isinstance(x, type):
            self._class(x, words)
        else:
            self._object(x, words)

    def _array(self, x: np.ndarray, name: str) -> None:
        if x.dtype == object and id(x) not in self.seen:
            self.seen[id(x)] = x
            for item in x.ravel().tolist():
                self.visit(item, ())
        if not any(x is y for y, _ in self.found.arrays):
            self.found.arrays.append((x, layout(x)))
        self.named.append((x, name))

    def _container(self, x: Any, words: tuple[str, ...]) -> None:
        if not isinstance(x, (tuple, frozenset)):
            self.found.contents.append((x, items(x)))
        if not isinstance(x, bytearray) and not _is_array(x):
            for item in items(x):
                self.visit(item, words)
        if _root(type(x)) not in ("builtins", "collections", "array"):
            self._object(x, words)

    def _function(self, f: FunctionType) -> None:
        code = f.__code__
        if is_internal(code.co_filename):
            self.visit(getattr(f, "__wrapped__", None), ())
            return
        self.codes[code] = None
        names, words, _, is_random = spoken(code)
        others = self._is_others(code.co_filename)
        if is_random and not others:
            self.restless.append(RANDOM)
        for name, cell in zip(code.co_freevars, f.__closure__ or (), strict=True):
            try:
                content = cell.cell_contents
            except ValueError:  # a name that is bound later
                continue
            if not _stays(content, name):
                self.found.cells.append((cell, content))
            self.visit(content, words, name)
        for name in () if others else names:
            content = f.__globals__.get(name, ABSENT)
            if content is not ABSENT:
                if not _stays(content, name):
                    self.found.names.append((f.__globals__, name, content))
                self.visit(content, words, name)
        itself: Any = weakref.proxy(f)  # with f is kept what is found here
        if not others:
            self.found.attributes.append((itself, "__code__", code))
        if f.__defaults__:
            self.found.attributes.append((itself, "__defaults__", f.__defaults__))
        self.visit(f.__kwdefaults__, words)
        for default in f.__defaults__ or ():
            self.visit(default, words)

    def _is_others(self, file: str) -> bool:
        """Whether code was installed, and not with the function itself: its globals stay.

        What such packages name in turn is without end."""
        self.home = _package(file) if self.home is None else self.home
        return _package(file) not in ("", self.home)

    def _module(self, x: ModuleType, words: tuple[str, ...]) -> None:
        if x is os and not _ENVIRONMENT.isdisjoint(words):
            self.visit(vars(os.environ)["_data"], ())
        if not _is_library(x):
            for name in vars(x).keys() & set(words):
                self._attribute(x, name, words)

    def _class(self, x: type, words: tuple[str, ...]) -> None:
        """A class of the user's: the attributes that are named, and what makes its objects."""
        if _is_library(x):
            return
        members = _members(x)
        for name in members.keys() & {*words, "__init__", "__new__", "__post_init__"}:
            kind = members[name]
            if isinstance(kind, (classmethod, property, cached_property)):
                self._code_of(kind)
            else:
                self._attribute(x, name, words)

    def _attribute(self, x: Any, name: str, words: tuple[str, ...]) -> None:
        """What stands under a name, and is read without any code of the user's."""
        content = getattr(x, name, ABSENT)
        if not _stays(content, name):
            self.found.attributes.append((x, name, content))
        self.visit(content, words, name)

    def _code_of(self, member: Any) -> None:
        for part in ("__func__", "fget", "func"):
            self.visit(getattr(member, part, None), ())

    def _object(self, x: Any, words: tuple[str, ...]) -> None:
        """An object of the user's: the methods that syntax calls now, what is named at the end."""
        names = getattr(x, "__dict__", None)
        if isinstance(names, dict) and "__wrapped__" in names and "reads" not in names:
            self.visit(names["__wrapped__"], words)
        elif _root(type(x)) in _LIBRARIES:
            self.visit(getattr(x, "reads", ()), words)  # the user's functions in an object of ours
        else:
            for name, member in _members(type(x)).items():
                if name[:2] == "__" and name not in _UNCALLED and _is_written(member):
                    self.visit(member, ())
            self.objects.append((x, set()))

    def attributes(self) -> None:
        """Look up what the code within reach speaks of in every object, until nothing is new."""
        while True:
            words = self.words()
            texts = {text for code in self.codes for text in spoken(code).texts}
            before = len(self.codes), len(self.objects)
            for x, known in tuple(self.objects):
                names = getattr(x, "__dict__", None)
                names = names if isinstance(names, dict) else {}
                members = _members(type(x))
                for name in ({*names, *members}.intersection(words)) - known:
                    known.add(name)
                    self._member(x, names, name, members.get(name, ABSENT), words)
                if hasattr(x, "__dict__"):
                    absent = texts.difference(names, members, known)
                    known.update(absent)
                    self.found.names += [(names, name, ABSENT) for name in absent]
                if not _WHOLE.isdisjoint(words):
                    self.visit(names, words)
            if before == (len(self.codes), len(self.objects)):
                return

    def _member(
        self, x: Any, names: dict[str, Any], name: str, member: Any, words: tuple[str, ...]
    ) -> None:
        """An attribute of an object: its own, or one that its class has for all."""
        if isinstance(member, (property, cached_property, classmethod, staticmethod)):
            self.found.attributes.append((type(x), name, getattr(type(x), name, ABSENT)))
            if isinstance(member, classmethod):
                self.found.attributes.pop()  # bound anew whenever it is read
            self._code_of(member)
        elif isinstance(member, FunctionType):
            if name in names:
                self.found.names.append((names, name, names[name]))
                self.visit(names[name], words, name)
            else:
                self.found.attributes.append((type(x), name, member))
                if hasattr(x, "__dict__"):
                    self.found.names.append((names, name, ABSENT))
                self.visit(member, ())
        elif name in names:
            self.found.names.append((names, name, names[name]))
            self.visit(names[name], words, name)
        elif not _is_computed(member):
            self._attribute(x, name, words)


def _members(kind: type) -> dict[str, Any]:
    """The attributes of a class, with those of its bases."""
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__[:-1]):
        found.update(vars(base))
    return found


def _is_written(member: Any) -> bool:
    """Whether a function stands in a file, as those that dataclasses are given do not."""
    return isinstance(member, FunctionType) and not member.__code__.co_filename.startswith("<str")


def _is_computed(member: Any) -> bool:
    """Whether a class has a descriptor of the user's under a name, which runs code."""
    return hasattr(type(member), "__get__") and not inspect.ismemberdescriptor(member)


def _is_array(x: Any) -> bool:
    return _root(type(x)) == "array"


def _stays(x: Any, name: str) -> bool:
    """Modules of libraries, and their classes under their own names, are taken to stay what they
    are: nearly every function names some, and to look at each before a call would cost as much as
    the call."""
    if not isinstance(x, ModuleType) and not (isinstance(x, type) and x.__name__ == name):
        return False
    return _is_library(x)


def _is_library(x: Any) -> bool:
    return _root(x) in _LIBRARIES or _root(x) in sys.stdlib_module_names


def _root(x: Any) -> str:
    """The package of a module or class. Cython's types have something else for its name."""
    name = x.__name__ if isinstance(x, ModuleType) else x.__module__
    return name.split(".")[0] if isinstance(name, str) else "builtins"


_ENVIRONMENT = frozenset(("environ", "getenv"))
_STANDARD = os.path.dirname(os.path.abspath(os.__file__)) + os.sep


@lru_cache(maxsize=4096)
def _package(file: str) -> str:
    """The installed package that a file belongs to, or "python"; "" for the user's own files."""
    for folder in ("site-packages", "dist-packages"):
        if folder in file:
            return file.split(folder)[1].split(os.sep)[1]
    return "python" if file.startswith((_STANDARD, "<frozen ")) else ""
