"""Function -> what it reads from outside of itself, and whether that is still the same.

A trace holds what the function's closure cells, globals, default arguments and the attributes of
its objects were when it was made. Where one has been bound to another object since, the function is
traced again. What arrays hold is no matter: they are inputs by reference.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from jitad.ir.errors import is_internal

_NUMBERS = (bool, int, float, complex, str, bytes, type(None))
_LEAVES = (*_NUMBERS, np.ndarray, np.generic, ModuleType, type, BuiltinFunctionType, np.ufunc)
"""What has nothing in it that a function could read under another name."""


_LIBRARIES = ("jitad", "numpy", "scipy", "numba", "optree", "builtins")
"""Packages whose objects keep no state that a function of the user's reads by name."""


_CONSTANT = (ModuleType, type)
"""Names of modules and classes are taken to stay what they are: nearly every function has some, and
to look at each before a call would cost as much as the call."""


class Surroundings:
    """What a function saw outside of itself when it was traced."""

    def __init__(self) -> None:
        self.cells: list[tuple[CellType, Any]] = []
        self.names: list[tuple[dict[str, Any], str, Any]] = []
        self.contents: list[tuple[Any, Any]] = []
        self.generators: list[tuple[Any, Any]] = [(np.random, _random_state(np.random))]

    def __bool__(self) -> bool:
        return bool(self.cells or self.names or self.contents)

    def hold(self) -> bool:
        """Whether all of it is as it was: identity first, for this stands before every call."""
        try:
            for cell, seen in self.cells:
                if cell.cell_contents is not seen and not _same_cell(cell, seen):
                    return False
        except ValueError:  # a cell emptied by `del`
            return False
        for names, name, seen in self.names:
            if names.get(name, _ABSENT) is not seen and not _same_name(names, name, seen):
                return False
        if not self.contents:
            return True
        return all(_same_contents(now, seen) for now, seen in self.contents)

    def drew(self) -> bool:
        """Whether random numbers have been drawn since, from NumPy's or a generator seen here."""
        return any(_random_state(source) != state for source, state in self.generators)

    def left_alone(self) -> Surroundings | None:
        """The part that still is as it was; None where there is no such part.

        What a function changes while it is traced (a counter, a list that it writes to) is its
        result rather than what it depends on.
        """
        rest = Surroundings()
        rest.cells = [entry for entry in self.cells if _same_cell(*entry)]
        rest.names = [entry for entry in self.names if _same_name(*entry)]
        rest.contents = [entry for entry in self.contents if _same_contents(*entry)]
        return rest if rest else None


_ABSENT = object()


def _random_state(source: Any) -> Any:
    """The state of np.random, of a RandomState or of a Generator, as something that compares."""
    if isinstance(source, np.random.Generator):
        return _comparable(source.bit_generator.state)
    return _comparable(source.get_state(legacy=False))


def _comparable(state: Any) -> Any:
    if isinstance(state, dict):
        return tuple((k, _comparable(v)) for k, v in state.items())
    return state.tobytes() if isinstance(state, np.ndarray) else state


def _same_cell(cell: CellType, seen: Any) -> bool:
    try:
        now = cell.cell_contents
    except ValueError:  # emptied by `del`
        return False
    return now is seen or _same_number(now, seen)


def _same_name(names: dict[str, Any], name: str, seen: Any) -> bool:
    now = names.get(name, _ABSENT)
    return now is seen or _same_number(now, seen)


def _same_number(now: Any, seen: Any) -> bool:
    """Whether a number or text has been bound again to the same."""
    return type(now) is type(seen) and isinstance(now, _NUMBERS) and repr(now) == repr(seen)


def _same_contents(now: Any, seen: Any) -> bool:
    if len(now) != len(seen):
        return False
    if isinstance(now, dict):
        pairs: Iterable[tuple[Any, Any]] = ((now.get(k, _ABSENT), v) for k, v in seen.items())
    else:
        pairs = zip(now, seen, strict=True)
    return all(x is y or _same_number(x, y) for x, y in pairs)


def surroundings(function: Callable[..., Any]) -> Surroundings:
    """What the function sees now."""
    collector = _Collector()
    collector.visit(function, ())
    return collector.found


class _Collector:
    """Walks from a function through what it and the functions that it calls name."""

    def __init__(self) -> None:
        self.found = Surroundings()
        self.seen: set[tuple[int, tuple[str, ...]]] = set()
        # Objects must not be freed while their ids are in `seen`.
        self.kept: list[Any] = []

    def visit(self, x: Any, names: tuple[str, ...]) -> None:
        """Note what is in x; `names` are the attributes that the code that has x speaks of."""
        if isinstance(x, _LEAVES) or (id(x), names) in self.seen:
            return
        self.seen.add((id(x), names))
        self.kept.append(x)
        if isinstance(x, (np.random.Generator, np.random.RandomState)):
            self.found.generators.append((x, _random_state(x)))
        elif isinstance(x, FunctionType):
            self._function(x)
        elif isinstance(x, MethodType):
            self.visit(x.__func__, names)
            method = inspect.unwrap(x.__func__)
            code = getattr(method, "__code__", None)
            self.visit(x.__self__, names if code is None else _names(code))
        elif isinstance(x, partial):
            for item in (x.func, *x.args, *x.keywords.values()):
                self.visit(item, names)
        elif isinstance(x, (list, dict)):
            self.found.contents.append((x, x.copy()))
            self._all(x.values() if isinstance(x, dict) else x, names)
        elif isinstance(x, (tuple, set, frozenset)):
            self._all(x, names)
        else:
            self._object(x, names)

    def _all(self, items: Iterable[Any], names: tuple[str, ...]) -> None:
        for item in items:
            self.visit(item, names)

    def _function(self, f: FunctionType) -> None:
        wrapped = getattr(f, "__wrapped__", None)
        if is_internal(f.__code__.co_filename):
            if wrapped is not None:
                self.visit(wrapped, ())
            return
        names = _names(f.__code__)
        for cell in f.__closure__ or ():
            try:
                content = cell.cell_contents
            except ValueError:  # a name that is bound later
                continue
            if not isinstance(content, _CONSTANT):
                self.found.cells.append((cell, content))
                self.visit(content, names)
        for name in names:
            if name in f.__globals__ and not isinstance(f.__globals__[name], _CONSTANT):
                self._named(f.__globals__, name, names)
        for default in (*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values()):
            self.visit(default, names)

    def _named(self, table: dict[str, Any], name: str, names: tuple[str, ...]) -> None:
        self.found.names.append((table, name, table[name]))
        self.visit(table[name], names)

    def _object(self, x: Any, names: tuple[str, ...]) -> None:
        """An object of the user's: the attributes that are named, and the methods."""
        attributes = getattr(x, "__dict__", None)
        if not isinstance(attributes, dict):
            return
        if "__wrapped__" in attributes and "reads" not in attributes:
            self.visit(attributes["__wrapped__"], names)
            return
        if type(x).__module__.split(".")[0] in _LIBRARIES:
            self.visit(getattr(x, "reads", ()), names)  # the user's functions in an object of ours
            return
        for name in (*names, "__call__"):
            if name in attributes:
                self._named(attributes, name, names)
                continue
            method = inspect.getattr_static(type(x), name, None)
            method = method.fget if isinstance(method, property) else method
            if isinstance(method, FunctionType):
                self.visit(method, ())
                self.visit(x, _names(method.__code__))


def _names(code: CodeType) -> tuple[str, ...]:
    """Every global or attribute that a function's code names, inner functions included."""
    found = dict.fromkeys(code.co_names)
    inner: Sequence[Any] = code.co_consts
    for constant in inner:
        if isinstance(constant, CodeType):
            found.update(dict.fromkeys(_names(constant)))
    return tuple(found)
