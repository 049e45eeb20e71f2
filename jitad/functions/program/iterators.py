"""What a `for` goes over: by places, where items can be had in any order, or one after another.

Iterators do not change: both sides of a branch may go on with one.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from jitad.frontend.operands import lift
from jitad.frontend.parts import home
from jitad.frontend.regions import NeedsNumber
from jitad.frontend.selected import Selected
from jitad.frontend.slices import is_traced_slice
from jitad.frontend.unseen import note_all, note_item, note_iterated
from jitad.functions.control.blocks import as_weak
from jitad.functions.program import carried
from jitad.functions.program.alike import by_place
from jitad.functions.program.buffers import is_growing, refuse
from jitad.functions.program.data import NUMBERS, current
from jitad.ir.builder import Builder
from jitad.ir.errors import TraceError
from jitad.ir.value import Value
from jitad.ops import elementwise as ew

FEW = 4
"""A `for` of so few turns, with no loop in it, is unrolled."""

END = object()
"""In place of an item, after the last one."""


@dataclass(frozen=True)
class Places:
    """`item(k)` for k in range(count); `place` is the next one, which may be traced.

    `lists` are those that have the items, with the first of each: they must not become longer.
    """

    count: Any
    item: Callable[[Any], Any]
    place: Any = 0
    lists: tuple[tuple[list[Any], Any], ...] = ()

    def next(self) -> tuple[Any, Any]:
        """A tuple of the next item, empty after the last, and the iterator behind it."""
        if any(x[0] is not first for x, first in self.lists):
            refuse()
        more = self.place < self.count
        return ((self.item(self.place),) if more else ()), replace(self, place=self.place + 1)

    def all(self) -> list[Any]:
        """Its items."""
        return [self.item(k) for k in range(self.place, int(self.count))]


@dataclass(frozen=True)
class InOrder:
    """`item(k)` for k in range(count()), each at a known place: items of lists and tuples.

    There are as many as there are when the next one is asked for; `place` is its place.
    """

    count: Callable[[], int]
    item: Callable[[int], Any]
    place: int = 0

    def next(self) -> tuple[Any, Any]:
        """A tuple of the next item, empty after the last, and the iterator behind it."""
        if self.place >= self.count():
            return (), self
        return (self.item(self.place),), replace(self, place=self.place + 1)

    def all(self) -> list[Any]:
        """Its items."""
        return list(self.native())

    def native(self) -> Iterator[Any]:
        """The same as an iterator of Python's."""
        place = self.place
        while place < self.count():
            yield self.item(place)
            place += 1


@dataclass(frozen=True)
class Turn:
    """The iterator at the beginning of a turn of a loop: there is a next item, this one."""

    value: Any
    behind: Any

    def next(self) -> tuple[Any, Any]:
        """The item of the turn."""
        return (self.value,), self.behind


@dataclass(frozen=True, eq=False)
class InTurn:
    """Items that are had in turn, from an iterator of Python's."""

    items: Any
    builder: Builder

    def next(self) -> tuple[Any, Any]:
        """The next item; it is gone then."""
        item = next(self.native(), END)
        return (() if item is END else (item,)), self

    def native(self) -> Any:
        """The iterator of Python's, for who may take items."""
        if current() is not self.builder:
            raise NeedsNumber("an iterator from around goes on")
        return self.items

    def all(self) -> list[Any]:
        """Its items."""
        return list(self.native())


class Once:
    """What zip, enumerate and their like give: its items are had once, by whoever asks first."""

    def __init__(self, places: Places | InOrder) -> None:
        self.items: Any = places
        self.builder = current()

    def take(self) -> Any:
        """What a `for` goes over it by; nothing is left for another."""
        if current() is not self.builder:
            raise NeedsNumber("an iterator from around goes on")
        if self.items is None:
            raise TraceError(
                "an iterator goes on behind a loop, which may have left some of its items",
                remedy="make a list of it first, list(zip(a, b))",
            )
        if not isinstance(self.items, (Places, InOrder)):
            return InTurn(self.items, self.builder)
        found, self.items = self.items, None
        return found

    def __iter__(self) -> Any:
        """Its items, as Python's."""
        if self.items is None or isinstance(self.items, (Places, InOrder)):
            self.items = iter(native(self.take()))
        return self.items


def advance(x: Any, *default: Any) -> Any:
    """next(x), of one that `iter` or its like has made."""
    check_own(x)
    return next(native(x), *default)


def check_own(x: Any) -> None:
    """Refuse to take items of an iterator of Python's from around, which are gone then."""
    from_python = not type(x).__module__.startswith("jitad")
    if from_python and current().region is not None and home(x) is not current():
        raise NeedsNumber("an iterator from around goes on")


def in_turn(x: Any, *sentinel: Any) -> Any:
    """iter(x): what is asked for one item after the other, by whoever has it."""
    if sentinel:
        return InTurn(iter(x, *sentinel), current())
    it = iterator(x)
    return it if isinstance(it, InTurn) else InTurn(native(it), current())


def reverse(x: Any) -> Any:
    """reversed(x)"""
    if not isinstance(x, (range, Places, Value, np.ndarray)) and not is_growing(x):
        return reversed(x)
    it = iterator(x)
    return Once(Places(it.count, lambda k: it.item(it.count - 1 - k)))


def native(x: Any) -> Any:
    """An iterator of ours as Python's; anything else is what it is."""
    if isinstance(x, (InTurn, InOrder)):
        return x.native()
    return iter(x) if isinstance(x, Once) else iter(x.all()) if isinstance(x, Places) else x


def counted(*bounds: Any) -> Any:
    """range(...); its bounds may be traced."""
    if not any(isinstance(x, Value) for x in bounds):
        return range(*bounds)
    for x in bounds:
        if isinstance(x, Value) and x.dtype.kind not in "iub":
            operator.index(x)  # which refuses it
    start, stop, step = {1: (0, *bounds, 1), 2: (*bounds, 1), 3: bounds}[len(bounds)]
    if isinstance(step, Value):
        raise NeedsNumber("a step of range")
    ends = (start, stop) if step > 0 else (stop, start)
    # What divides is positive: of such a quotient it is known between which numbers it lies.
    count = ends[1] - ends[0] if abs(step) == 1 else -((ends[0] - ends[1]) // abs(step))
    return Places(np.maximum(count, 0), lambda k: start + k * step)


def iterator(x: Any) -> Any:
    """What a `for` goes over x by."""
    if isinstance(x, (Places, InOrder, InTurn, Turn)):
        return x
    if isinstance(x, Once):
        return x.take()
    note_iterated(x)
    if isinstance(x, range):
        start, step = x.start, x.step
        return Places(len(x), lambda k: start + k * step)
    if type(x) is Selected and x.is_counted:
        return Places(x.count(0), lambda k: x[k])
    if isinstance(x, Value) and x.shape:
        # A row that is written to is the array's own, which needs its number.
        return Places(x.shape[0], lambda k: x[k])
    if isinstance(x, np.ndarray) and x.ndim:
        return Places(len(x), lambda k: element(x, k))
    if is_growing(x):
        return Places(*carried.items(x), lists=((x, x[0]),))  # type: ignore[arg-type]  # a list
    if type(x) in (list, tuple) and len(x) > FEW:
        at = by_place(x)
        if at is not None:
            note_all(x)
            lists = ((x, x[0]),) if type(x) is list else ()
            return Places(len(x), lambda k: at(k) if isinstance(k, Value) else x[k], lists=lists)
    if type(x) in (set, frozenset):
        return iterator(tuple(x))
    if type(x) in (list, tuple):
        return InOrder(lambda: refuse() if is_growing(x) else len(x), x.__getitem__)
    items = iter(x)
    if items is x:
        check_own(x)
    return InTurn(items, current())


def element(x: Any, index: Any, counts: bool = False) -> Any:
    """x[index], where a plain array, or a list of numbers, may be asked for traced places."""
    if type(x) is np.ndarray and _asks(index):
        return lift(current(), x)[index]
    if type(x) in (list, tuple) and isinstance(index, Value) and index.dtype.kind in "iu":
        # What is found there is a copy, which nobody in a region writes to.
        at = by_place(x) if current().region is not None or _is_plain(x) else None
        if at is not None:
            note_all(x)
            return at(index)
    found = x[index]
    note_item(x, index, found, counts)
    return found


def _is_plain(x: Any) -> bool:
    """Whether x is a number, or made of such alone."""
    if type(x) in (list, tuple):
        return len(x) > 0 and all(map(_is_plain, x))
    return isinstance(x, (*NUMBERS, Value)) and not np.ndim(x)


def contains(items: Any, x: Any) -> Any:
    """x in items; of a range or few numbers, and a traced one, a traced bool."""
    if type(x) is not Value or x.shape or type(items) not in _HOLDERS:
        return x in items
    if not items:
        return False
    if type(items) is range:
        number: Any = x
        inside = (number >= min(items[0], items[-1])) & (number <= max(items[0], items[-1]))
        return inside & ((number - items[0]) % items.step == 0)
    if len(items) > MOST or not all(map(_is_number, items)):
        return x in items
    equal = [lift(current(), x == item) for item in items]
    return as_weak(functools.reduce(ew.logical_or, equal), True)


_HOLDERS = (list, tuple, set, frozenset, range, dict)


def _is_number(x: Any) -> bool:
    return not x.shape if isinstance(x, Value) else isinstance(x, (*_NUMBERS, int, np.number))


MOST = 16
"""Numbers that are compared with one by one, whatever the first are."""

_NUMBERS = (float, complex, bool)
"""Python's, a list of which is an array to a traced index. An int may be a shape, or an index."""


def _asks(index: Any) -> bool:
    items = index if isinstance(index, tuple) else (index,)
    return any(isinstance(item, Value) or is_traced_slice(item) for item in items)


def _count(x: Any) -> Any:
    """How many items there are now; None where nobody knows."""
    return x.count() if isinstance(x, InOrder) else x.count if isinstance(x, Places) else None


def zipped(*xs: Any, strict: bool = False) -> Any:
    """zip(...)."""
    parts = [iterator(x) for x in xs]
    counts = list(map(_count, parts))
    if (
        any(n is None for n in counts)
        or not parts
        or (strict and any(isinstance(n, Value) or n != counts[0] for n in counts))
    ):
        return InTurn(zip(*(native(p) for p in parts), strict=strict), current())

    def item(k: Any) -> tuple[Any, ...]:
        return tuple([p.item(k) for p in parts])

    if any(isinstance(p, InOrder) for p in parts):
        return Once(
            InOrder(lambda: min(map(_count, parts)), lambda k: tuple([p.item(k) for p in parts]))
        )
    traced = any(isinstance(n, Value) for n in counts)
    count: Any = functools.reduce(np.minimum, counts) if traced else min(counts)
    lists = tuple([found for p in parts for found in p.lists])
    return Once(Places(count, item, lists=lists))


def enumerated(x: Any, start: Any = 0) -> Any:
    """enumerate(...)."""
    part = iterator(x)
    if not isinstance(part, (Places, InOrder)):
        return InTurn(enumerate(native(part), start), current())
    return Once(replace(part, item=lambda k: (k + start, part.item(k))))


def indices(*shape: Any) -> Any:
    """np.ndindex(...): the places of an array, the last axis first."""
    sizes = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
    return Once(Places(math.prod(sizes), lambda k: _place(k, sizes)))


def elements(x: Any) -> Any:
    """np.ndenumerate(x)"""
    if not isinstance(x, (Value, np.ndarray)):
        return np.ndenumerate(x)
    places = indices(x.shape).take()
    return Once(Places(places.count, lambda k: ((at := places.item(k)), element(x, at))))


def every_element(op: Any, *options: Any, **named: Any) -> Any:
    """np.nditer(x), which reads the elements of one array; all else it does is refused."""
    if options or named or not isinstance(op, Value):
        raise TraceError(
            "np.nditer of several arrays, or with options, is not supported on traced values",
            remedy="use np.ndenumerate(x), zip(x.ravel(), y.ravel()), or index the arrays",
        )
    places = indices(op.shape).take()
    return Once(Places(places.count, lambda k: element(op, places.item(k))))


def _place(k: Any, sizes: tuple[Any, ...]) -> tuple[Any, ...]:
    """The indices of the k-th element; of a first axis they are not taken modulo its size."""
    place = []
    for size in sizes[:0:-1]:
        place.append(k % size)
        k = k // size
    return tuple([k, *reversed(place)]) if sizes else ()
