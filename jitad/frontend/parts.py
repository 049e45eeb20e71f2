"""Containers and objects: what they are made of, and which of them a trace has made.

Whatever is made while a side of a branch or a turn of a loop is recorded is new there: nobody has
it from before. What is known to be made further out may be changed there, part by part.
"""

from __future__ import annotations

import abc
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

from jitad.frontend.active import innermost_memo, innermost_trace, memos
from jitad.frontend.traceable import is_users
from jitad.ir.builder import Builder


class Bindings(dict[str, Any]):
    """What names are bound to; those that it does not have are not bound, and nobody reads them."""


SEQUENCES = (list, deque)
DICTS = (dict, OrderedDict, defaultdict, Counter, Bindings)


class Parts(NamedTuple):
    """The `items` of a container of that kind, by their keys; of an object its attributes."""

    kind: Any
    keys: tuple[Any, ...]
    items: Sequence[Any]


def parts(x: Any) -> Parts | None:
    """What x is made of; None of what is no container, and no object of a plain class."""
    kind = type(x)
    if isinstance(x, tuple):
        return Parts(kind, tuple(range(len(x))), x)
    if kind in SEQUENCES:
        return Parts((deque, x.maxlen) if kind is deque else kind, tuple(range(len(x))), [*x])
    if kind in DICTS:
        made_by = (kind, x.default_factory) if kind is defaultdict else kind
        return Parts(made_by, tuple(x), [*x.values()])
    if not is_plain_class(kind):
        return None
    names = attributes(x)
    return Parts(kind, names, [getattr(x, v) for v in names])


def attributes(x: Any) -> tuple[str, ...]:
    """The names of all that an object of a plain class has; a class may make up any other."""
    slots = [v for base in type(x).__mro__ for v in base.__dict__.get("__slots__", ())]
    bound = x.__dict__ if type(x).__dictoffset__ else ()
    return *(v for v in slots if v != "__dict__" and hasattr(x, v)), *bound


def is_plain_class(f: Any) -> bool:
    """Whether f makes objects whose attributes are all that there is to them."""
    if type(f) not in (type, abc.ABCMeta) or f.__new__ is not object.__new__:
        return f is SimpleNamespace
    return is_users(f.__init__)


def assembled(kind: Any, keys: Iterable[Any], items: Iterable[Any]) -> Any:
    """A container, or an object, of these parts."""
    if type(kind) is tuple:
        kind, given = kind
        x = kind(items, given) if kind is deque else kind(given)
        return x if kind is deque else _filled(x, keys, items)
    if issubclass(kind, tuple):
        return tuple.__new__(kind, items)
    if kind in SEQUENCES:
        return kind(items)
    return _filled(kind() if kind in DICTS else object.__new__(kind), keys, items)


def _filled(x: Any, keys: Iterable[Any], items: Iterable[Any]) -> Any:
    for key, item in zip(keys, items, strict=True):
        set_part(x, key, item)
    return x


def set_part(x: Any, key: Any, item: Any) -> None:
    """Have another item there."""
    if type(x) in (*SEQUENCES, *DICTS):
        x[key] = item
    else:
        object.__setattr__(x, key, item)


def refill(x: Any, found: Parts) -> None:
    """Have an object, or a container that can be changed, consist of these parts."""
    if type(x) in SEQUENCES:
        x.clear()
        x.extend(found.items)
        return
    if type(x) in DICTS:
        x.clear()
    else:
        for v in attributes(x):
            object.__delattr__(x, v)
    _filled(x, found.keys, found.items)


def maker(x: Any) -> Callable[[Iterable[Any]], Any]:
    """What makes a container like x of other items."""
    kind, keys, _ = parts(x) or Parts(list, (), ())
    return lambda items: assembled(kind, keys, items)


# -- whose they are --------------------------------------------------------------------------------


class _Made:
    """What a trace has made, with the tape that recorded then; copies, and what has such."""

    def __init__(self) -> None:
        self.objects: dict[int, tuple[Any, Builder]] = {}
        self.copies: dict[int, Any] = {}
        self.copied: dict[int, Any] = {}

    def forget(self) -> None:
        """Let it go."""
        self.objects, self.copies, self.copied = {}, {}, {}


def _innermost() -> _Made:
    return innermost_memo().setdefault(_Made, _Made())


def made(x: Any) -> Any:
    """A container, or an object, that nobody has yet."""
    builder = innermost_trace()
    if builder is not None and not isinstance(x, tuple):
        _innermost().objects[id(x)] = x, builder
    return x


def home(x: Any) -> Builder | None:
    """The tape that recorded as x was made; None where x may be from outside of all traces."""
    for memo in memos():
        found = memo[_Made].objects.get(id(x)) if _Made in memo else None
        if found is not None:
            return found[1]
    return None


def is_new(x: Any) -> bool:
    """Whether x has been made on the tape that records."""
    return home(x) is innermost_trace()


def copy(x: Any) -> Any:
    """What is as good as another one, as long as neither is changed."""
    if not isinstance(x, tuple):
        _innermost().copies[id(x)] = x
    return x


def note_copied(x: Any) -> None:
    """There is such a copy of x."""
    _innermost().copied[id(x)] = x


def is_copy(x: Any) -> bool:
    """Whether x is such a copy."""
    return any(_Made in memo and id(x) in memo[_Made].copies for memo in memos())


def is_copied(x: Any) -> bool:
    """Whether there is one of x."""
    return any(_Made in memo and id(x) in memo[_Made].copied for memo in memos())


def is_apart(x: Any) -> bool:
    """Whether nobody minds which object x is, if only its parts are the same."""
    return isinstance(x, tuple) or is_new(x) or is_copy(x)
