"""Function -> its copy in which names mean what can be traced: `math.sin`, `float`, and so on.

What takes no traced value (a C function that wants a float) is replaced under the names by which
functions reach it. A copy has the same code; its globals, closure cells and defaults answer with
the replacement, and with copies of the functions that need it in turn. A function that needs
nothing is its own copy. Copies last as long as the trace that they are made for.
"""

from __future__ import annotations

import builtins
import dis
import functools
import inspect
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from jitad.frontend.active import innermost_memo
from jitad.ir.errors import TraceError, is_internal


class Vocabulary:
    """What names mean in a traced function: replacements of objects, by identity.

    Objects of the types `converted` that have no entry are replaced by what `convert` makes of
    them. `reader` makes of a function one that runs as a program, None where it cannot be read.
    """

    def __init__(
        self, converted: tuple[type, ...] = (), convert: Callable[[Any], Any] = lambda x: x
    ) -> None:
        self._entries: dict[int, tuple[Any, Any]] = {}
        self._converted = converted
        self._convert = convert
        self.builtins: dict[str, Any] = {}
        self.reader: Callable[[FunctionType], Any] = lambda f: None

    def add(self, original: Any, replacement: Any) -> None:
        """Enter a replacement; that of a module holds where it is imported, too."""
        self._entries[id(original)] = (original, replacement)
        if getattr(builtins, getattr(original, "__name__", ""), None) is original:
            self.builtins[original.__name__] = replacement

    def extend(self, other: Vocabulary) -> None:
        """Enter all that another vocabulary has."""
        for original, replacement in other._entries.values():
            self.add(original, replacement)

    def has(self, x: Any) -> bool:
        """Whether x is replaced under its names."""
        return id(x) in self._entries or isinstance(x, self._converted)

    def find(self, x: Any) -> Any:
        """What x is replaced by, where it is."""
        entry = self._entries.get(id(x))
        return self._convert(x) if entry is None else entry[1]


PLAIN = Vocabulary()
"""In Python functions; `jitad.functions` fills it."""


def traceable(x: Any, vocabulary: Vocabulary = PLAIN) -> Any:
    """A function as the innermost trace is to run it, or another object as it is to see it.

    Methods that are reached through an object's attributes are run as they are.
    """
    memo = innermost_memo()
    copies = memo.get(vocabulary)
    if copies is None:
        copies = memo[vocabulary] = _Copies(vocabulary)
    return copies.of(x)


def check_functions(*functions: Any) -> None:
    """Refuse what cannot be called."""
    for f in functions:
        if not callable(f):
            raise TraceError(f"{f!r} is not a function", remedy="pass the function itself")


class _Copies:
    """The copies that one trace has made with one vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        # The originals are kept, for their ids must not be taken by others.
        self.made: dict[int, tuple[Any, Any]] = {}
        self.names: dict[tuple[int, bool], _Names] = {}

    def forget(self) -> None:
        """Let the originals go, some of which lead back here."""
        self.made, self.names = {}, {}

    def of(self, x: Any) -> Any:
        """x itself, its replacement, or its copy."""
        entry = self.made.get(id(x))
        if entry is not None:
            return entry[1]
        if not self.needs(x):
            return x
        if self.vocabulary.has(x):
            replacement = self.vocabulary.find(x)
        elif isinstance(x, FunctionType):
            replacement = self.vocabulary.reader(x)
            if replacement is None:
                return self._copy(x)
        elif isinstance(x, MethodType):
            replacement = MethodType(self.of(x.__func__), x.__self__)
        elif isinstance(x, functools.partial):
            replacement = functools.partial(
                self.of(x.func),
                *map(self.of, x.args),
                **{name: self.of(item) for name, item in x.keywords.items()},
            )
        else:
            replacement = _Module(x, self.of)
        self.made[id(x)] = (x, replacement)
        return replacement

    def needs(self, x: Any) -> bool:
        """Whether x is replaced, or a function of the user's, or leads to one."""
        if isinstance(x, FunctionType):
            return self.vocabulary.has(x) or not is_library(x.__code__.co_filename)
        if isinstance(x, MethodType):
            return self.needs(x.__func__)
        if isinstance(x, functools.partial):
            return any(map(self.needs, (x.func, *x.args, *x.keywords.values())))
        return self.vocabulary.has(x) or _is_users_module(x)

    def _copy(self, f: FunctionType) -> Any:
        cells = tuple(self._cell(cell) for cell in f.__closure__ or ())
        names = self._globals(f)
        copy = FunctionType(f.__code__, names, f.__name__, None, cells or None)
        written = _written(f.__code__)
        made = _committing(copy, names, written) if written else copy
        self.made[id(f)] = (f, made)
        for cell, new in zip(f.__closure__ or (), cells, strict=True):
            if new is not cell:
                new.cell_contents = self.of(cell.cell_contents)
        copy.__defaults__ = f.__defaults__ and tuple(map(self.of, f.__defaults__))
        copy.__kwdefaults__ = f.__kwdefaults__ and {
            name: self.of(item) for name, item in f.__kwdefaults__.items()
        }
        copy.__qualname__, copy.__doc__, copy.__module__ = f.__qualname__, f.__doc__, f.__module__
        copy.__dict__ = f.__dict__
        return made

    def _cell(self, cell: CellType) -> CellType:
        """The cell itself, which assignments reach; a new one where its contents are replaced."""
        try:
            return CellType() if self.needs(cell.cell_contents) else cell
        except ValueError:  # a name that is bound later
            return cell

    def _globals(self, f: FunctionType) -> _Names:
        compares = _compares_types(f.__code__)
        key = (id(f.__globals__), compares)
        names = self.names.get(key)
        if names is None:
            replaced = self.vocabulary.builtins
            if compares:
                replaced = {name: x for name, x in replaced.items() if name not in _CLASSES}
            names = self.names[key] = _Names(f.__globals__, self.of, replaced)
        names.settle(f.__code__)
        return names


_CLASSES = ("float", "int", "complex")
"""Classes that replacements are mistaken for, but not by `is`."""


def enclosed(f: FunctionType) -> Iterator[Any]:
    """What a function closes over."""
    for cell in f.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # a name that is bound later
            continue


def _is_users_module(x: Any) -> bool:
    if not isinstance(x, ModuleType):
        return False
    file = getattr(x, "__file__", None) or next(iter(getattr(x, "__path__", ())), "<built-in>")
    return not is_library(file)


_STANDARD = os.path.dirname(os.path.abspath(os.__file__)) + os.sep


@functools.lru_cache(maxsize=4096)
def is_library(file: str) -> bool:
    """Whether a file is Python's, ours, or that of a library that traced values are known to."""
    if is_internal(file) or file.startswith(("<frozen", "<built-in")):
        return True
    return file.startswith(_STANDARD) and "site-packages" not in file


# -- the names of a copy ---------------------------------------------------------------------------


class _Names(dict[str, Any]):
    """A copy's globals: what is replaced stands here, all else is looked up in the original's."""

    def __init__(
        self, origin: dict[str, Any], of: Callable[[Any], Any], replaced: dict[str, Any]
    ) -> None:
        super().__init__({k: x for k, x in origin.items() if k.startswith("__")})
        self.origin = origin
        self.of = of
        self["__builtins__"] = {**vars(builtins), **replaced, "__import__": self._import}

    def __missing__(self, name: str) -> Any:
        x = self.origin[name]
        seen = self.of(x)
        if seen is not x:
            self[name] = seen
        return seen

    def _import(self, *args: Any, **kwargs: Any) -> Any:
        return self.of(builtins.__import__(*args, **kwargs))

    def settle(self, code: CodeType) -> None:
        """Have what the bodies of classes within a function name: Python looks in here alone."""
        for inner in codes_of(code):
            if not inner.co_flags & inspect.CO_OPTIMIZED:
                for name in inner.co_names:
                    if name in self.origin and name not in self:
                        self[name] = self.of(self.origin[name])


class _Module(ModuleType):
    """A module of the user's whose functions are seen as the trace is to see them."""

    def __init__(self, module: ModuleType, of: Callable[[Any], Any]) -> None:
        super().__init__(module.__name__, module.__doc__)
        self.__dict__["_seen"] = (module, of)

    def __getattr__(self, name: str) -> Any:
        module, of = self.__dict__["_seen"]
        return of(getattr(module, name))

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.__dict__["_seen"][0], name, value)


def _committing(copy: FunctionType, names: _Names, written: Iterable[str]) -> Any:
    """A copy whose assignments to global names reach the original's globals when it ends."""

    @functools.wraps(copy)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return copy(*args, **kwargs)
        finally:
            for name in written:
                if name in names:
                    names.origin[name] = names.pop(name)

    return run


# -- what code says --------------------------------------------------------------------------------


def codes_of(code: CodeType) -> Iterator[CodeType]:
    """The code and all code within it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes_of(constant)


@functools.lru_cache(maxsize=4096)
def _written(code: CodeType) -> frozenset[str]:
    """The global names that the code binds."""
    return frozenset(step.argval for step in _steps(code) if step.opname == "STORE_GLOBAL")


@functools.lru_cache(maxsize=4096)
def _compares_types(code: CodeType) -> bool:
    """Whether the code asks `type(x) is float` or matches a class: it then sees Python's own."""
    steps = list(_steps(code))
    if any(step.opname == "MATCH_CLASS" for step in steps):
        return True
    return any(
        after.opname == "IS_OP" and step.argval in _CLASSES
        for step, after in itertools.pairwise(steps)
    )


def _steps(code: CodeType) -> Iterator[dis.Instruction]:
    return itertools.chain.from_iterable(map(dis.get_instructions, codes_of(code)))
