"""Dicts, sets and deques of which traced values say what they have: as a `Table`, or its like.

The container stays Python's own. Where it turns out that its keys, or how many items it has, depend
on traced values, it has from where it was made on one such object as its only item, and what it is
asked is asked of that, as a program.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from types import MethodType
from typing import Any

from jitad.frontend.active import holds_traced, is_copying
from jitad.frontend.guards import guard_number
from jitad.frontend.parts import DICTS, SEQUENCES, home, is_new, made
from jitad.frontend.regions import NeedsNumber
from jitad.frontend.unseen import note_all
from jitad.functions.program.buffers import is_varying, varies
from jitad.functions.program.data import current
from jitad.functions.program.iterators import MOST
from jitad.functions.program.tables import OF_KINDS, Members, Queue, Table
from jitad.ir.value import Value

KINDS = (*DICTS, set, deque)
"""Classes of such containers."""


def within(x: Any) -> Any:
    """What stands in a container in place of all items; None in others."""
    if type(x) not in KINDS or len(x) != 1:
        return None
    found = next(iter(x.values() if isinstance(x, dict) else x))
    return found if type(found) in OF_KINDS else None


def keyed(x: Any) -> Any:
    """The same of a container that traced values are to change, or ask for a key; None where it is
    from outside."""
    found = within(x)
    if found is not None:
        return found
    if not is_copying() or home(x) is None or has_containers(x):
        return None
    if not is_new(x):
        raise varies(x)
    convert(x)
    return within(x)


def has_containers(x: Any) -> bool:
    """Whether items of a container may be changed themselves, and so must not be copied."""
    if getattr(x, "default_factory", None) in (*SEQUENCES, *DICTS, set):
        return True
    return any(
        type(y) in KINDS or type(y) is list for y in (x.values() if isinstance(x, dict) else x)
    )


def convert(x: Any) -> None:
    """Have a container, made here, be such a one."""
    if isinstance(x, dict):
        makes = x.default_factory if type(x) is defaultdict else None
        at, held = made(list(x)), made(list(x.values()))
        found: Any = made(Table(at, held, makes, type(x) is Counter))
        x.clear()
        x["all"] = found
        return
    held = made(list(x))
    found = made(Members(held) if type(x) is set else Queue(held, x.maxlen))
    x.clear()
    getattr(x, "add" if type(x) is set else "append")(found)


def method(x: Any, name: str) -> MethodType | None:
    """What a container's method means, bound; None where it is Python's own."""
    found = within(x)
    if found is None:
        return None
    if not hasattr(found, name):
        return None
    return MethodType(getattr(type(found), name), found)


def asks(owner: Any, name: str, args: Any) -> bool:
    """Whether a call of a container's method is one that traced values decide."""
    if type(owner) not in KINDS or not args:
        return False
    return _is_traced(args[0]) if name in _BY_KEY else name in _OF_ALL and is_varying(args[0])


_OF_ALL = ("extend", "extendleft", "update")
_BY_KEY = ("add", "discard", "get", "pop", "remove", "rotate", "setdefault")


def _is_traced(key: Any) -> bool:
    return any(map(_is_traced, key)) if type(key) is tuple else isinstance(key, Value)


def listed(f: Any, x: Any) -> Any:
    """What f goes over, which asks all items: as a list, if a container of Python's has traced
    ones."""
    if type(x) not in _LISTED or not any(f is g for g in _ASKING):
        return x
    items = list(x)
    if not holds_traced(items):
        return x
    note_all(x)
    return items


_LISTED = (*KINDS, type({}.keys()), type({}.values()), type({}.items()))
_ASKING = (max, min, sum, sorted, any, all)


def is_many(x: Any) -> bool:
    """Whether a container has more keys than are compared one by one, or such as have parts."""
    return len(x) > MOST or any(type(k) is tuple for k in x)


def settle(x: Any, whole: Any) -> Any:
    """Have a container be Python's own again: a path for each that it may be."""
    found = within(x)
    if found is None:
        return x
    if current().region is not None:
        raise NeedsNumber(f"traced values say what a {type(x).__name__} has")
    if type(found) is Queue:
        items = list(whole(found.held))[int(found.first) :]
        x.clear()
        x.extend(items)
        return x
    keys: Any = map(_number, whole(found.at))
    items = list(keys if type(found) is Members else zip(keys, whole(found.held), strict=True))
    x.clear()
    (set if type(found) is Members else dict).update(x, items)  # a Counter's own would count them
    return x


def _number(key: Any) -> Any:
    if type(key) is tuple:
        return tuple(map(_number, key))
    return guard_number(key, type(key.dtype.type(0).item())) if isinstance(key, Value) else key
