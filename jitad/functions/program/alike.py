"""Items of a list that are alike -> what finds the one at a traced place, leaf by leaf."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jitad.frontend.items import Item, rows_of
from jitad.frontend.mutable import MutableArray
from jitad.frontend.operands import as_dtype, lift
from jitad.frontend.parts import copy, maker, note_copied
from jitad.functions.program.data import NUMBERS, as_argument, current, kind, wider
from jitad.ir.op import SHORT_NAMES
from jitad.ir.value import FUNCTIONS, Value


def by_place(items: Any) -> Callable[[Any], Any] | None:
    """What finds the item at a traced place, where all items are alike and can be had at once."""
    if not items:
        return None
    first = items[0]
    rows = rows_of(items)
    if rows is not None:
        return lambda k: _like(lift(current(), rows)[k], first, _is_many(k))
    if first is None or isinstance(first, str):
        return (lambda k: first) if all(y is first for y in items) else None
    if not isinstance(first, CONTAINERS):
        return _numbers_by_place(items) or _arrays_by_place(items)
    columns = columns_of(items)
    if columns is None:
        return None
    parts = [by_place(column) for column in columns]
    if None in parts:
        return None
    make = maker(first)

    def at(k: Any) -> Any:
        for y in items:  # which are not to be changed while there is a copy of one
            if not isinstance(y, tuple):
                note_copied(y)
        return copy(make([part(k) for part in parts]))  # type: ignore[misc]  # none is None

    return at


def _numbers_by_place(items: Sequence[Any]) -> Callable[[Any], Any] | None:
    """The same of numbers, traced or not, which are put into one array."""
    if any(np.ndim(x) or not isinstance(x, (Value, *NUMBERS)) for x in items):
        return None
    types = {kind(x) for x in items}
    truths = {k.dtype.kind == "b" for k in types}
    if len(truths) > 1 or any(k.dtype not in SHORT_NAMES for k in types):
        return None
    common = functools.reduce(wider, types)
    levels = [x.builder for x in items if isinstance(x, Value)]
    builder = max(levels, key=lambda b: b.level, default=current())
    with builder.resumed():
        rows = as_dtype(lift(builder, items), common.dtype)

    def at(k: Any) -> Value:
        x = lift(current(), rows)[k]
        x.weak = common.weak
        return x

    return at


MANY, SMALL = 16, 4096
"""So many arrays of no more elements each are copied into one, where the number says which."""


def _arrays_by_place(items: Sequence[Any]) -> Callable[[Any], Any] | None:
    """The same of many arrays that nobody writes to."""
    if len(items) < MANY or not all(map(_is_read_only, items)):
        return None
    if len({kind(x) for x in items}) > 1 or items[0].size > SMALL:
        return None
    levels = [x.builder for x in items if isinstance(x, Value)]
    builder = max(levels, key=lambda b: b.level, default=current())
    with builder.resumed():
        rows = FUNCTIONS[np.stack]([lift(builder, x) for x in items])
    return lambda k: as_argument(lift(current(), rows)[k].freeze())


def _is_read_only(x: Any) -> bool:
    if isinstance(x, MutableArray):
        return x.is_argument and x.ndim > 0
    return type(x) is np.ndarray and x.ndim > 0 and x.dtype in SHORT_NAMES


def _is_many(k: Any) -> bool:
    """Whether a place is several ones."""
    return isinstance(k, slice) or np.ndim(k) > 0


def _like(x: Value, item: Any, many: bool) -> Any:
    """A row as an item of a list is, or many rows: not to be written to, since it is a copy."""
    if isinstance(item, (list, tuple)):
        columns = [x[:, k] if many else Item(x, k) for k in range(len(item))]
        return copy(maker(item)([_like(*pair, many) for pair in zip(columns, item, strict=True)]))
    if isinstance(item, MutableArray):
        return as_argument(x.freeze())
    x.weak = item.weak
    return x


CONTAINERS = (list, tuple, dict)
"""Classes of what items may be made of."""


def columns_of(items: Sequence[Any]) -> list[list[Any]] | None:
    """The first items of containers, the second ones ...; None where these are not alike."""
    kinds = {(type(y), tuple(y) if isinstance(y, dict) else len(y)) for y in items
             if isinstance(y, CONTAINERS)}  # fmt: skip
    alike = len(kinds) == 1 and all(isinstance(y, CONTAINERS) for y in items)
    if not alike or not len(items[0]):
        return None
    return [list(column) for column in zip(*map(parts_of, items), strict=True)]


def parts_of(x: Any) -> Any:
    """The items of a container; of a dict its values."""
    return x.values() if isinstance(x, dict) else x
