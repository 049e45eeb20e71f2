"""Who has arrays, containers and objects: in how many places each is to be found."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Collection, Iterable
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType, NoneType
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher

from jitad.frontend.mutable import MutableArray
from jitad.frontend.parts import is_copy, parts
from jitad.frontend.regions import NeedsNumber
from jitad.frontend.traceable import enclosed
from jitad.functions.program.buffers import Buffer
from jitad.functions.program.data import is_leaf


def identity(x: Any) -> int:
    """What two names of one array, or object, have in common."""
    return id(x.token) if isinstance(x, MutableArray) else id(x)


MOST_PLACES = 10_000
"""Places that are looked at, to know who has an object; where there are more, anybody may."""


_WITHOUT = (str, bytes, type, Buffer)
"""Classes of what has nothing in it that could be changed."""

_NOTHING = frozenset((*_WITHOUT, ModuleType, BuiltinFunctionType, np.ufunc, NoneType, int, float))
"""Types of most of what there is, which are known at once."""


class _Anywhere(Counter[int]):
    """Everything is in more than one place, for all that is known."""

    def __missing__(self, key: int) -> int:
        return 2


def _has_nothing(x: Any) -> bool:
    """Whether there is nothing in x that could be changed."""
    return isinstance(x, _WITHOUT) or (is_leaf(x) and not isinstance(x, MutableArray))


def _places(xs: Iterable[Any], held: Collection[int] = ()) -> dict[int, tuple[Any, int]] | None:
    """What is in these, by identity, and in how many places; not what is in those `held`. None of
    too many to be looked at."""
    found: dict[int, tuple[Any, int]] = {}
    work = list(xs)
    while work:
        if len(work) + len(found) > MOST_PLACES:
            return None
        x = work.pop()
        if type(x) in _NOTHING or _has_nothing(x):
            continue
        k = identity(x)
        if k not in found and k not in held:
            work += _inside(x)
        found[k] = x, found[k][1] + 1 if k in found else 1
    return found


def count_names(xs: Iterable[Any]) -> Counter[int]:
    """In how many places each array, container and object is to be found, by its identity."""
    found = _places(xs)
    return _Anywhere() if found is None else Counter({k: n for k, (_, n) in found.items()})


def changeable(x: Any, held: Collection[int] = ()) -> list[Any]:
    """The arrays, containers and objects in x, wherever, that can be changed; each once. What is
    in those `held` is left out."""
    found = _places([x], held)
    if found is None:
        raise NeedsNumber(f"a {type(x).__name__} has too much in it to be looked at")
    return [y for y, _ in found.values() if _can_change(y)]


def _can_change(x: Any) -> bool:
    if isinstance(x, MutableArray):
        return not x.is_read_only
    return not isinstance(x, tuple) and parts(x) is not None


def is_alone(x: Any, names: Counter[int]) -> bool:
    """Whether all that can be changed in x is in one of these places, and no other."""
    found = parts(x)
    can_change = isinstance(x, MutableArray) or (found is not None and not isinstance(x, tuple))
    if can_change and (is_copy(x) or names[identity(x)] != 1):
        return False
    return found is None or all(is_alone(y, names) for y in found.items)


def _inside(x: Any) -> Iterable[Any]:
    """What is in an object."""
    found = parts(x)
    if found is not None:
        return found.items
    if isinstance(x, Dispatcher):  # which leads to all that Numba has
        return [x.py_func]
    if isinstance(x, FunctionType):
        return [*enclosed(x), *(x.__defaults__ or ()), *(x.__kwdefaults__ or {}).values()]
    if isinstance(x, MethodType):
        return [x.__self__]
    if isinstance(x, functools.partial):
        return [x.func, *x.args, *x.keywords.values()]
    own = getattr(x, "__dict__", None)
    return own.values() if isinstance(own, dict) and not isinstance(x, ModuleType) else ()
