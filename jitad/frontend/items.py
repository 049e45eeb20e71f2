"""Items of lists that loops fill: rows of one array, which are on no tape until they are asked for.

A list of them is Python's own; what makes an array of it, or goes over it, has the array at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from jitad.ir.value import Value
from jitad.ops import structural as st


class Item(Value):
    """The row at `place` of the array `rows`."""

    __slots__ = ("_recorded", "place", "rows")

    def __init__(self, rows: Value, place: int, weak: bool = False) -> None:
        self.rows = rows
        self.place = place
        self.builder = rows.builder
        self.shape = rows.shape[1:]
        self.dtype = rows.dtype
        self.weak = weak
        self._recorded: Value | None = None

    @property
    def index(self) -> int:  # type: ignore[override]  # derived here
        """Where on the tape the row is."""
        return self.freeze().index

    def freeze(self) -> Value:
        """The row as a value on the tape."""
        found = self._recorded
        if found is None:
            slots = (self.place, *((0, n, 1) for n in self.shape))
            with self.builder.resumed():
                x = st.index(self.rows, slots=slots)
            found = self._recorded = Value(x.builder, x.index, x.shape, x.dtype, self.weak)
        return found


def item_of(x: Any) -> Item | None:
    """The item that x is, or whose elements it has as an array that nobody has written to."""
    if type(x) is Item:
        return x
    if type(x) is Value or not isinstance(x, Value):
        return None
    memory = x.unwritten  # pyright: ignore[reportAttributeAccessIssue]  # a mutable array's
    return memory if type(memory) is Item else None


def rows_of(items: Any) -> Value | None:
    """The array whose rows these are, one after the other, of lists of as many items each; None
    where they are not."""
    if not isinstance(items, (list, tuple)) or not items:
        return None
    if isinstance(items[0], (list, tuple)):
        size = len(items[0])
        if not size or not all(isinstance(x, (list, tuple)) and len(x) == size for x in items):
            return None
        rows = rows_of(list(itertools.chain.from_iterable(items)))
        shape = () if rows is None else (len(items), size, *rows.shape[1:])
        return None if rows is None else st.reshape(rows, shape=shape)
    first = item_of(items[0])
    if first is None:
        return None
    rows, place = first.rows, first.place
    for k, x in enumerate(items, place):
        item = item_of(x)
        if item is None or item.rows is not rows or item.place != k:
            return None
    if len(items) == rows.shape[0]:
        return rows
    slots = ((place, len(items), 1), *((0, n, 1) for n in rows.shape[1:]))
    with rows.builder.resumed():
        return st.index(rows, slots=slots)


def runs_of(items: Sequence[Any]) -> list[Any]:
    """The items as stretches: the array of rows that follow each other, a list of others."""
    found: list[list[Any]] = []
    last: Item | None = None
    for x in items:
        item = item_of(x)
        if item is None or last is None:
            goes_on = item is last
        else:
            goes_on = item.rows is last.rows and item.place == last.place + 1
        if found and goes_on:
            found[-1].append(x)
        else:
            found.append([x])
        last = item
    return [rows if (rows := rows_of(run)) is not None else run for run in found]
