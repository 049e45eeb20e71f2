"""What runs without being read as a program, and so is taken to read all that it is given.

That are functions of libraries, and functions of the user's that no program can be made of. Of
what they are given that is from outside every container, object and array is watched; of functions
of the user's within that, what the names in their code lead to.
"""

from __future__ import annotations

import functools
import itertools
import os
from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from jitad.frontend.active import holds_traced, readers
from jitad.frontend.effects import note_bound, note_change
from jitad.frontend.reads import (
    LIBRARIES,
    Reads,
    knowing,
    memory_of,
    note_asked,
    note_contents,
    note_global,
    note_special,
    parts_of,
)
from jitad.frontend.restless import asked_of, is_source
from jitad.frontend.roads import (
    CONTAINERS,
    LEAVES,
    Read,
    Reader,
    attribute_of,
    contents_of,
    item_of,
    items_of,
)
from jitad.frontend.traceable import codes_of, is_users
from jitad.ir.errors import is_internal
from jitad.ir.value import Value

_GROWING = frozenset(("append", "add", "extend", "update", "clear"))
"""Methods of containers that say nothing of what is in them."""

_BUILT_IN = (list, dict, set, deque)
_FUNCTIONS = (BuiltinFunctionType, np.ufunc, type(np.sum))
_OURS = ("jitad", "numba")

CHANGING = frozenset(
    (
        *("add", "append", "appendleft", "byteswap", "clear", "discard", "extend", "fill"),
        *("insert", "itemset", "partition", "pop", "popitem", "popleft", "put", "remove"),
        *("resize", "reverse", "rotate", "setdefault", "setflags", "sort", "update"),
        *("__delitem__", "__setitem__"),
    )
)
"""Methods that change what they are of."""

_PASSING = frozenset(
    (
        *("list", "tuple", "set", "frozenset", "dict", "deque", "iter", "reversed", "zip", "map"),
        *("enumerate", "filter", "len", "bool", "reduce", "items", "keys", "values", "copy", "pop"),
        *("popleft", "sorted", "sort"),
    )
)
"""Functions and methods that give the items of containers to others, and ask nothing of them."""

_STILL = frozenset(
    (
        *("isinstance", "issubclass", "callable", "type", "id", "super", "hash", "setattr"),
        *("delattr", "shape", "ndim", "size", "isscalar", "zeros_like", "ones_like", "empty_like"),
        *("result_type", "can_cast", "iscomplexobj", "isrealobj"),
    )
)
"""Functions that look at no number and no item; `len` of an array is one more."""


def note_call(f: Any, args: Any, kwargs: dict[str, Any]) -> list[np.ndarray]:
    """A function is called that is not read as a program: arrays from outside that it may ask for
    their numbers, unless the result shows what they show."""
    asked: list[np.ndarray] = []
    if not readers():
        return asked
    is_plain = type(f) in _FUNCTIONS and isinstance(getattr(f, "__self__", np), ModuleType)
    if is_plain and len(args) == 1 and isinstance(args[0], Value) and not kwargs:
        return asked
    restless = asked_of(f, args, kwargs)
    for reads in readers():
        if restless is not None:
            reads.restless.append(restless)
        if is_plain and not kwargs and all(isinstance(x, LEAVES) for x in args):
            continue  # most often: there is nothing in numbers
        asked += _called(reads, f, (*args, *kwargs.values()))
    return asked


def _called(reads: Reads, f: Any, items: tuple[Any, ...]) -> list[np.ndarray]:
    """The same as one of the traces under way sees it."""
    if isinstance(f, functools.partial):
        note_contents(f.keywords)
        return _called(reads, f.func, (*f.args, *items, *f.keywords.values()))
    name, owner = getattr(f, "__name__", ""), getattr(f, "__self__", None)
    is_still = name in _STILL
    if (f is isinstance or f is type) and items and reads.is_known(items[0]):
        reads.note(Read(items[0], attribute_of, "__class__", type(items[0])))
    if owner is not None and not isinstance(owner, ModuleType):
        items = (owner, *items)
    if isinstance(f, Reader):
        reads.meet(f)
    elif name == "get" and type(owner) is dict:
        note_item(owner, items[1], item_of(owner, items[1]))
    elif not is_still:
        if name in CHANGING:
            note_change(owner, is_emptied=name == "clear")
            if isinstance(owner, set) and name in ("add", "discard"):
                note_bound(owner, items[1])
        if name not in _GROWING:
            _objects(reads, f, name, items)
    arrays = [] if is_still or f is len else list(_arrays(reads, items))
    if arrays and holds_traced(items):
        reads.given.update((id(x), x) for x in arrays)
        return []
    return arrays


def _objects(reads: Reads, f: Any, name: str, items: tuple[Any, ...]) -> None:
    """Watch the objects that are given to what is not read."""
    root = str(getattr(f, "__module__", "")).split(".")[0]
    if root in _OURS or type(f).__module__.split(".")[0] in _OURS:
        return  # which have functions read as programs, and give them what they are given
    for x in items:
        if name == "next" or name in _PASSING:
            note_iterated(x)
        elif not isinstance(x, (np.ndarray, FunctionType, MethodType, type)):
            _visit(reads, x)
        if f is bool:
            note_special(x, "__bool__")
            note_special(x, "__len__")
    if f is os.getenv:
        _visit(reads, os.environ)
    elif not (name and root in LIBRARIES) and getattr(f, "__closure__", f):
        _visit(reads, f)


def _arrays(reads: Reads, items: Iterable[Any]) -> Iterator[np.ndarray]:
    """The arrays from outside among arguments, in containers too."""
    for x in items:
        if isinstance(x, np.ndarray):
            if id(memory_of(x)) in reads.arrays:
                yield x
        elif isinstance(x, (list, tuple, dict)):
            yield from _arrays(reads, x.values() if isinstance(x, dict) else x)


def note_result(asked: Iterable[np.ndarray], result: Any) -> None:
    """A call has ended that has been given these arrays."""
    shown = memory_of(result) if isinstance(result, np.ndarray) else None
    note_asked(*(x for x in asked if memory_of(x) is not shown))


def note_attribute(x: Any, name: str, content: Any, counts: bool = False) -> None:
    """x.name is `content`, or ABSENT; x may be one of the function's own."""
    if isinstance(x, np.ndarray):
        note_asked(x if name in ("flat", "data") else None)
        return
    if type(x) is super:
        for reads in knowing(getattr(x, "__self__")):  # noqa: B009
            reads.meet(x)
    for reads in () if type(x) in _BUILT_IN else knowing(x):
        if not reads.attribute(x, name, content, counts):
            _visit(reads, x)


def note_item(x: Any, index: Any, content: Any, counts: bool = False) -> None:
    """x[index] is `content`, or ABSENT; x may be one of the function's own."""
    if isinstance(x, np.ndarray):
        if isinstance(content, np.ndarray) or not _is_plain(index):
            note_result([x], content)
            note_asked(index)
            return
        for reads in readers():
            if id(memory_of(x)) in reads.arrays:
                reads.item(x, index, content)
        return
    for reads in knowing(x):
        if type(x) in _BUILT_IN and _is_plain(index):
            reads.item(x, index, content, counts)
        elif not isinstance(x, (tuple, range)):
            _visit(reads, x)


def _is_plain(index: Any) -> bool:
    if isinstance(index, tuple):
        return all(map(_is_plain, index))
    return isinstance(index, LEAVES) and not isinstance(index, Value)


def note_iterated(x: Any) -> None:
    """The items of x are asked for."""
    if isinstance(x, CONTAINERS):
        note_contents(x)
    elif not isinstance(x, (tuple, frozenset)):
        for reads in knowing(x):
            if isinstance(x, Iterator):
                reads.restless.append(f"reads an iterator ({type(x).__name__}), which moves on")
            elif not isinstance(x, (FunctionType, MethodType, type)):
                _visit(reads, x)


def note_all(*items: Any) -> None:
    """Things are asked for all that there is to them, in ways that are not seen."""
    for x in items:
        for reads in () if isinstance(x, LEAVES) else readers():
            _visit(reads, x)


# -- all that there is to an object ----------------------------------------------------------------


def _visit(reads: Reads, x: Any, names: frozenset[str] = frozenset()) -> None:
    """Watch x wholly; `names` are those in the code that has it."""
    if isinstance(x, LEAVES) or id(x) in reads.wholly:
        return
    if isinstance(x, Reader):
        reads.meet(x)
        for f in x.reads:
            _visit(reads, f)
    elif not reads.is_known(x):
        if isinstance(x, (list, tuple, dict, set)):
            _visit_made(reads, x, holds_traced(x))
    else:
        reads.wholly[id(x)] = x
        if isinstance(x, FunctionType):
            _function(reads, x)
        elif isinstance(x, ModuleType):
            for name in names & vars(x).keys():
                _attribute(reads, x, name, names)
        elif isinstance(x, type):
            _class(reads, x)
        elif not is_source(x):
            _object(reads, x, names)


def _visit_made(reads: Reads, x: Any, beside: bool) -> None:
    """The same of a container that the function has made, of what may be from outside: but for
    arrays that are given `beside` traced values."""
    for item in items_of(x):
        if isinstance(item, (list, tuple)) and not reads.is_known(item):
            _visit_made(reads, item, beside)
        elif not (beside and isinstance(item, np.ndarray)):
            _visit(reads, item)


def _attribute(reads: Reads, x: Any, name: str, names: frozenset[str] = frozenset()) -> None:
    read = Read(x, attribute_of, name, attribute_of(x, name))
    if read.holds():  # it is not made whenever it is read
        reads.note(read)
        _visit(reads, read.content, names)


def _object(reads: Reads, x: Any, names: frozenset[str]) -> None:
    if isinstance(x, np.ndarray):
        reads.asked(x)
    for part in parts_of(x):
        _visit(reads, part, names)
    if isinstance(x, (*CONTAINERS, array)):
        reads.note(Read(x, items_of, None, items_of(x)))
        for item in items_of(x):
            _visit(reads, item)
    if isinstance(x, ContextVar):
        reads.note(Read(x, _value, None, _value(x)))
    table = getattr(x, "__dict__", None)
    if isinstance(table, dict):
        reads.meet(table)
        _visit(reads, table)
    for name in getattr(type(x), "__slots__", ()):
        _attribute(reads, x, name)
    _visit(reads, type(x))
    if hasattr(type(x), "cache_info"):  # an instance may answer to any name
        reads.note(Read(x, _misses, None, _misses(x)))


def _value(x: ContextVar[Any], name: Any = None) -> Any:
    """What a context variable is in this context."""
    return x.get(None)


def _misses(f: Any, name: Any = None) -> Any:
    """How often a function was called that keeps its results: less often after it forgot them."""
    return f.cache_info().misses


def _class(reads: Reads, x: type) -> None:
    for base in x.__mro__[:-1]:
        for name, member in vars(base).items():
            inner = getattr(member, "__func__", getattr(member, "fget", member))
            if is_users(inner) or is_users(getattr(type(member), "__get__", None)):
                reads.meet(inner)
                _visit(reads, inner)
            if is_users(inner) or not (name[:2] == "__" or hasattr(type(member), "__get__")):
                _attribute(reads, x, name)


def _function(reads: Reads, f: FunctionType) -> None:
    code = f.__code__
    if is_internal(code.co_filename):
        _visit(reads, getattr(f, "__wrapped__", None))
        return
    names = names_in(code)
    for name in ("__code__", "__defaults__", "__kwdefaults__"):
        _attribute(reads, f, name)
    for name, cell in zip(code.co_freevars, f.__closure__ or (), strict=True):
        reads.note(Read(cell, contents_of, name, contents_of(cell, name)))
        _visit(reads, contents_of(cell, name), names)
    for name in () if reads.is_others(code.co_filename) else names & f.__globals__.keys():
        note_global(code.co_filename, f.__globals__, name, f.__globals__[name])
        _visit(reads, f.__globals__[name], names)


@functools.lru_cache(maxsize=4096)
def names_in(code: CodeType) -> frozenset[str]:
    """All names in a function's code, and in that of functions within."""
    return frozenset(itertools.chain.from_iterable(inner.co_names for inner in codes_of(code)))
