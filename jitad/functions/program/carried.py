"""Lists that turns of a loop read back, or write to: the loop carries their items as one array.

The array has room for what all turns append. It stands behind the `Earlier` of the list while a
turn is recorded; behind the loop, items are its rows.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from jitad.frontend.active import enclosing
from jitad.frontend.items import Item
from jitad.frontend.mutable import MutableArray, mutable
from jitad.frontend.operands import as_dtype, lift
from jitad.frontend.parts import copy, home, is_new
from jitad.frontend.regions import Again, NeedsNumber, NotCarried, check_alone
from jitad.frontend.slices import is_traced_slice
from jitad.functions.program import keyed, varying
from jitad.functions.program.alike import by_place
from jitad.functions.program.buffers import Earlier, has_earlier, is_growing, is_varying, varies
from jitad.functions.program.data import NUMBERS, Kind, as_argument, current, kind, wider
from jitad.functions.program.growing import StackedItems, TurnItems, extend, length
from jitad.functions.program.holders import change
from jitad.ir.op import FLOAT64
from jitad.ir.value import Value

_MOST = 8
"""Items that are appended at once."""

_UNKNOWN = Kind((), FLOAT64, False)
"""The type of the items of a list that has none yet."""


class Carried:
    """A list that a loop carries.

    Attributes:
        kind: the type of its items.
        is_written: whether items are replaced, which are numbers then.
        added: how many a turn appends.
        form: how these are made.
    """

    def __init__(self, x: list[Any]) -> None:
        if has_earlier(x):
            raise NeedsNumber("a list is read in a loop in which it grows")
        if not all(isinstance(y, (Value, *NUMBERS)) for y in x):
            raise varies(x)
        self.list = x
        self.kind: Kind = functools.reduce(_common, map(kind, x)) if x else _UNKNOWN
        self.is_written = False
        self.added = 0
        self.form: tuple[TurnItems, Any] | None = None

    def begin(self, turns: Any) -> Value:
        """Its items before the loop, and room for those that so many turns append."""
        builder = current()
        items = builder.const(0, (0, *self.kind.shape), self.kind.dtype)
        if self.list:
            items = as_dtype(lift(builder, self.list), self.kind.dtype)
        if not self.added:
            return items
        if turns is None or isinstance(turns, Value):
            raise varies(self.list)
        room = builder.const(0, (turns * self.added, *self.kind.shape), self.kind.dtype)
        return np.concatenate([items, room]) if self.list else room  # type: ignore[return-value]  # traced

    def earlier(self, array: Value, k: Any) -> Earlier:
        """What stands in the list in turn k, of which `array` is the carry."""
        count = len(self.list) + k * self.added if self.added else len(self.list)
        return Earlier(count, mutable(current(), array), self)

    def fit(self, x: Any) -> None:
        """Have room for an item like x."""
        if not isinstance(x, (Value, *NUMBERS)):
            raise varies(self.list)
        common = kind(x) if self.kind is _UNKNOWN else _common(self.kind, kind(x))
        if common != self.kind:
            self.kind = common
            raise Again

    def append(self, x: list[Any], items: Sequence[Any]) -> None:
        """Items are about to be appended in a turn."""
        if len(items) > _MOST:
            raise NeedsNumber("many items at once are appended to a list that the loop reads")
        for k, y in enumerate(items, len(x) - 1):
            self.fit(y)
            if isinstance(y, MutableArray):
                _keep(y)
            if not self.added:
                self.added = 1
                raise Again
            x[0].array[x[0].count + k] = y

    def write(self) -> None:
        """An item is about to be replaced."""
        if self.kind.shape:
            raise NeedsNumber("an array in a list is replaced by another")
        self.is_written = True

    def row(self, array: Any, place: Any) -> Any:
        """The item at a place."""
        x = array[place]
        if self.kind.shape:
            return as_argument(x.freeze())
        x = lift(current(), x)
        return Value(x.builder, x.index, (), x.dtype, self.kind.weak)

    def note(self, turn: TurnItems, items: list[Any]) -> None:
        """Note what a turn has appended."""
        self.form = turn, turn.parts(items)
        if len(turn.leaves) > 1 and self.kind.shape:
            raise NeedsNumber("several arrays a turn are appended to a list that the loop reads")
        if len(items) != self.added:
            self.added = len(items)
            raise Again

    def end(self, rows: Value, count: Any, before: Any, after: Any) -> None:
        """Have its items as they are behind the loop."""
        first = len(self.list)
        if self.is_written:
            _change(self.list)
            self.list[:] = self._numbers(rows, 0)
        elif self.added and not self.kind.shape:
            extend(self.list, self._numbers(rows, first))
        elif self.added:
            assert self.form is not None
            turn, form = self.form
            extend(self.list, StackedItems(turn, [rows[first:]], count, before, after).items(form))

    def _numbers(self, rows: Value, first: int) -> list[Any]:
        return [Item(rows, k, self.kind.weak) for k in range(first, rows.shape[0])]


def _common(a: Kind, b: Kind) -> Kind:
    if (a.dtype.kind == "b") != (b.dtype.kind == "b"):
        raise NeedsNumber("a list has truth values and numbers")
    return wider(a, b)


def item(x: Any, index: Any) -> Any:
    """x[index] of a list that grows in the turn that is being recorded."""
    if is_varying(x):
        return varying.item(x, index)
    earlier, own = x[0], len(x) - 1
    if isinstance(index, slice):
        found = whole(x)
        return varying.sliced(found, index) if is_traced_slice(index) else found[index]
    replaced = earlier.carried is not None and earlier.carried.is_written
    if type(index) is int and -own <= index < 0 and not replaced:
        return x[index]
    if earlier.carried is None:
        raise NotCarried(x, rows=True)
    return earlier.carried.row(earlier.array, _place(earlier, index, own))


def whole(x: Any) -> Any:
    """Of a list that grows in the turn that is being recorded, or is written to, a copy."""
    if not is_growing(x):
        return keyed.settle(x, whole) if type(x) in keyed.KINDS else x
    if is_varying(x):
        return varying.settle(x)
    earlier = x[0]
    if isinstance(earlier.count, Value) or earlier.carried.kind.shape:
        raise varies(x)
    rows, weak = earlier.array.freeze(), earlier.carried.kind.weak
    return copy([Item(rows, k, weak) for k in range(earlier.count)])


def items(x: Any) -> tuple[Any, Any]:
    """How many items there are of such a list, and what finds one by its place."""
    if is_varying(x):
        return varying.items(x)
    earlier = x[0]
    if earlier.carried is None:
        raise NotCarried(x, rows=True)
    return length(x), lambda k: earlier.carried.row(earlier.array, k)


def check_found(x: list[Any]) -> None:
    """Have a list carried that is asked for items at a traced place, where they are not at hand."""
    region = current().region
    if region is not None and not is_new(x) and by_place(x) is None:
        _change(x)  # or Python asks for the number


def set_item(x: list[Any], index: Any, value: Any) -> None:
    """x[index] = value"""
    if is_varying(x) and isinstance(index, slice):
        whole(x)
    if is_varying(x):
        varying.set_item(x, index, value)
        return
    if not is_growing(x):
        if isinstance(index, Value) and index.dtype.kind in "iu":
            _change(x)
            try:
                varying.set_item_of(x, index, value)
                return
            except NeedsNumber:
                if current().region is not None:
                    raise
        elif isinstance(index, slice) or x[index] is not value:
            change(x)
        x[index] = value
        return
    earlier = x[0]
    if earlier.carried is None:
        raise NotCarried(x, rows=True)
    earlier.carried.write()
    earlier.carried.fit(value)
    earlier.array[_place(earlier, index, len(x) - 1)] = value


def _keep(y: MutableArray) -> None:
    """An array has a copy in a carry: nobody is to write to it from now on."""
    if y.builder is not current():
        raise NeedsNumber("an array from around is appended to a list that the loop reads")
    y.storage.is_kept = True


def _change(x: list[Any]) -> None:
    """A list is about to be changed at a traced place: the innermost turn around carries it."""
    check_alone(x)
    made_on = home(x)
    for builder in enclosing():
        region = builder.region
        if region is None or made_on is builder:
            break
        if region.is_turn:
            raise NotCarried(x, rows=True)
    if current().region is not None:
        current().region.change(x)


def _place(earlier: Any, index: Any, own: int) -> Any:
    """Where an item is in the array: beyond its end where there is none, though there is room."""
    if not _is_integer(index):
        raise TypeError("list indices must be integers or slices")
    count: Any = earlier.count
    if not isinstance(count, Value):
        return index
    count, room = np.add(count, own), earlier.array.shape[0]
    place = np.where(index < 0, index + count, index)
    inside = (place >= 0) & (place < count)
    return np.where(inside, place, room)


def _is_integer(x: Any) -> bool:
    if isinstance(x, Value):
        return x.dtype.kind in "iu" and not x.shape
    return isinstance(x, (int, np.integer))
