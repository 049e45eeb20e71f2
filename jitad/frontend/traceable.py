"""Function -> what a trace calls in its place: the function as a program, or what records for it.

What takes no traced value (a C function that wants a float) is replaced, by identity, where it is
called: names stay bound to Python's own objects. A function that cannot be read is called as it is.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, MethodType
from typing import Any, TypeGuard

from jitad.frontend.active import innermost_memo
from jitad.frontend.reads import note_contents
from jitad.ir.errors import TraceError, is_internal, package


class Vocabulary:
    """What is called in place of what: replacements of objects, by identity.

    Objects of the types `converted` that have no entry are replaced by what `convert` makes of
    them. `reader` makes of a function one that runs as a program, None where it cannot be read.
    Where it `wraps`, results of integers have 64 bits.
    """

    def __init__(
        self,
        converted: tuple[type, ...] = (),
        convert: Callable[[Any], Any] = lambda x: x,
        wraps: bool = False,
    ) -> None:
        self._entries: dict[int, tuple[Any, Any]] = {}
        self._converted = converted
        self._convert = convert
        self.wraps = wraps
        self.reader: Callable[[FunctionType], Any] = lambda f: None

    def add(self, original: Any, replacement: Any) -> None:
        """Enter a replacement."""
        self._entries[id(original)] = (original, replacement)

    def extend(self, other: Vocabulary) -> None:
        """Enter all that another vocabulary has."""
        for original, replacement in other._entries.values():
            self.add(original, replacement)

    def has(self, x: Any) -> bool:
        """Whether x is replaced."""
        return id(x) in self._entries or isinstance(x, self._converted)

    def find(self, x: Any) -> Any:
        """What x is replaced by, where it is."""
        entry = self._entries.get(id(x))
        return self._convert(x) if entry is None else entry[1]


PLAIN = Vocabulary()
"""In Python functions; `jitad.functions` fills it."""


def traceable(x: Any, vocabulary: Vocabulary = PLAIN) -> Any:
    """What the innermost trace calls in place of x; x itself, where that is nothing else."""
    memo = innermost_memo()
    seen = memo.get(vocabulary)
    if seen is None:
        seen = memo[vocabulary] = _Seen(vocabulary)
    return seen.of(x)


def check_functions(*functions: Any) -> None:
    """Refuse what cannot be called."""
    for f in functions:
        if not callable(f):
            raise TraceError(f"{f!r} is not a function", remedy="pass the function itself")


class _Seen:
    """What one trace has called in place of what, with one vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        # The originals are kept, for their ids must not be taken by others.
        self.made: dict[int, tuple[Any, Any]] = {}

    def forget(self) -> None:
        """Let the originals go, some of which lead back here."""
        self.made = {}

    def of(self, x: Any) -> Any:
        """What is called in place of x."""
        entry = self.made.get(id(x))
        if entry is not None:
            return entry[1]
        if not self.needs(x):
            return x
        if self.vocabulary.has(x):
            replacement = self.vocabulary.find(x)
        elif isinstance(x, FunctionType):
            replacement = self.vocabulary.reader(x) or x
        elif isinstance(x, MethodType):
            replacement = MethodType(self.of(x.__func__), x.__self__)
        else:
            note_contents(x.keywords)
            replacement = functools.partial(
                self.of(x.func),
                *map(self.of, x.args),
                **{name: self.of(item) for name, item in x.keywords.items()},
            )
        self.made[id(x)] = (x, replacement)
        return replacement

    def needs(self, x: Any) -> bool:
        """Whether x is replaced, or a function of the user's, or leads to one."""
        if isinstance(x, FunctionType):
            return self.vocabulary.has(x) or is_users(x)
        if isinstance(x, MethodType):
            return self.needs(x.__func__)
        if isinstance(x, functools.partial):
            return any(map(self.needs, (x.func, *x.args, *x.keywords.values())))
        return self.vocabulary.has(x)


def enclosed(f: FunctionType) -> Iterator[Any]:
    """What a function closes over."""
    for cell in f.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # a name that is bound later
            continue


_READ = (
    os.path.join("numpy", "polynomial", ""),
    os.path.join("numpy", "lib", "_arraysetops_impl.py"),
    os.path.join("jitad", "scipy", "interpolate", ""),
    os.path.join("jitad", "scipy", "sparse", ""),
    os.path.join("jitad", "scipy", "spatial", "transform.py"),
    os.path.join("scipy", "stats", "_kde.py"),
    os.path.join("jitad", "sparse", "arrays", ""),
    os.path.join("jitad", "functions", "program", "tables.py"),
)
"""Functions that are read as the user's are: they are written with NumPy's (others)."""


@functools.lru_cache(maxsize=4096)
def is_library(file: str) -> bool:
    """Whether a file is Python's, ours, or that of a library that traced values are known to."""
    is_read = any(name in file for name in _READ)
    return not is_read and (is_internal(file) or package(file) == "python")


def is_users(f: Any) -> TypeGuard[FunctionType]:
    """Whether f is a Python function of the user's, or was made in one that is read."""
    if type(f) is not FunctionType:
        return False
    is_made = OWNERS in f.__dict__ and "program" not in f.__dict__
    return is_made or not is_library(f.__code__.co_filename)


OWNERS = "owners"
"""Under which a made function has whose variables it closes over, by name."""


def codes_of(code: CodeType) -> Iterator[CodeType]:
    """The code and all code within it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes_of(constant)
