"""sorted, list.sort, and max and min by a key: traced items, in an order that is traced."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jitad.frontend.active import holds_traced
from jitad.frontend.items import Item
from jitad.frontend.operands import lift
from jitad.frontend.parts import made, maker
from jitad.frontend.traceable import traceable
from jitad.functions.program import lists
from jitad.functions.program.alike import CONTAINERS, by_place, parts_of
from jitad.functions.program.buffers import is_varying
from jitad.functions.program.data import as_argument, current
from jitad.functions.program.holders import change
from jitad.functions.program.iterators import iterator
from jitad.ir.value import Value

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame


def in_order(frame: Frame, items: Any, *, key: Any = None, reverse: bool = False) -> list[Any]:
    """sorted(items, key=key, reverse=reverse)"""
    if is_varying(items):
        return lists.ordered(frame, items, key, reverse)
    given = iterator(items).all()
    found = _ordered(frame, given, key, reverse)
    if found is None:
        found = sorted(given, key=traceable(key, frame.words), reverse=reverse)
    return made(found)


def sort(frame: Frame, x: list[Any], *, key: Any = None, reverse: bool = False) -> None:
    """x.sort(key=key, reverse=reverse)"""
    found = in_order(frame, x, key=key, reverse=reverse)
    change(x)
    x[:] = found


def extreme(frame: Frame, f: Any, *xs: Any, **kwargs: Any) -> Any:
    """max or min, as Python has it: the first item that no later one is better than; by a key, or
    of tuples, the first in sorted order."""
    items = iterator(xs[0]).all() if len(xs) == 1 else list(xs)
    if items:
        kwargs.pop("default", None)
    if items and ("key" in kwargs or type(items[0]) is tuple):
        found = _ordered(frame, items, kwargs.get("key"), f is max)
        if found is not None:
            return found[0]
    if kwargs or any(np.ndim(x) for x in items):
        return f(items, **kwargs) if len(xs) == 1 else f(*xs, **kwargs)
    better = operator.gt if f is max else operator.lt
    return functools.reduce(lambda a, b: np.where(better(b, a), b, a), items)


def _ordered(frame: Frame, items: Sequence[Any], key: Any, reverse: bool) -> list[Any] | None:
    """The items in order; None where Python compares them one by one."""
    keys = items if key is None else [frame.call(key, (x,), {}) for x in items]
    if len(items) < 2 or not _holds_traced(keys):
        return None
    at, by = by_place(items), by_place(keys)
    columns = None if by is None else _columns(by(slice(None)))
    if at is None or columns is None:
        return None
    order: Any = None
    for column in reversed(columns):  # the last one decides least
        x = column if order is None else column[order]
        x = x.astype(int) if x.dtype.kind == "b" else x
        places = np.argsort(-x if reverse else x, kind="stable")
        order = places if order is None else order[places]
    return _apart(at(lift(current(), order)), len(items), items[0])


def _holds_traced(keys: Sequence[Any]) -> bool:
    return any(holds_traced(list(k) if isinstance(k, tuple) else k) for k in keys)


def _columns(x: Any) -> list[Any] | None:
    """What keys are made of, an array for each part of a tuple; None where they are no numbers."""
    parts = list(x) if isinstance(x, tuple) else [x]
    alike = all(isinstance(p, (Value, np.ndarray)) and p.ndim == 1 for p in parts)
    return parts if alike and parts else None


def _apart(x: Any, count: int, like: Any) -> list[Any]:
    """The items of which x has all at once, leaf by leaf."""
    if isinstance(x, Value):
        rows = x.freeze()
        return [as_argument(Item(rows, k, x.weak)) for k in range(count)]
    if isinstance(x, CONTAINERS):
        pairs = zip(parts_of(x), parts_of(like), strict=True)
        columns = [_apart(part, count, y) for part, y in pairs]
        return [maker(like)(list(row)) for row in zip(*columns, strict=True)]
    return [x] * count  # of all items one
