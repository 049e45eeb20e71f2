"""What a function stores outside of itself: undone as its trace ends, stored as each call ends.

While a function is traced it changes objects from outside as it says, and finds them so; what it
stores may be traced. As the trace ends they are what they were before. How they differed then is
what every call does, with its numbers: attributes, variables and items are stored, lists extended.
What only counts (`n += 1`), or appends constants, is left as it is: that counts traces.
"""

from __future__ import annotations

import copy
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from operator import is_
from types import CellType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from jitad.frontend.active import effects_of_traces, innermost_trace, is_in_region, readers
from jitad.frontend.parts import assembled, home, parts
from jitad.frontend.reads import is_known, note_changing
from jitad.frontend.roads import ABSENT, CONTAINERS, attribute_of, contents_of, item_of
from jitad.ir.builder import Builder
from jitad.ir.tape import Tape
from jitad.ir.value import Value

Make = Callable[[Sequence[Any]], Any]
"""What is stored, from the numbers and arrays of a call."""


@dataclass(frozen=True)
class Step:
    """do(x, name, make(numbers)), of an object that `target` finds, if there still is one; `what`
    that changes."""

    target: Callable[[], Any]
    do: Callable[[Any, Any, Any], None]
    name: Any
    make: Make
    what: str


class Effects:
    """What a function does outside of itself at each call.

    Attributes:
        tape: what is stored, of the inputs of the function's tape.
        emptied: containers, by their ids, that have been emptied.
        bound: ids of containers, with the keys of items that have been bound, or deleted.
        lost: where it stores what cannot be made again, such as a function of traced values.
    """

    tape: Tape | None = None

    def __init__(self) -> None:
        self._before: dict[Any, tuple[Any, Any, Any, Any]] = {}
        self._has_ended = False
        self.emptied: set[int] = set()
        self.bound: set[tuple[int, Any]] = set()
        self.steps: list[Step] = []
        self.lost: list[str] = []

    def is_any(self) -> bool:
        """Whether anything is changed."""
        return bool(self.steps or self.lost)

    def said_of_calls(self) -> str:
        """What is to be said where calls leave less than the function itself would."""
        if not self.lost:
            return ""
        return (
            f"stores what is made of traced values in {self.lost[0]}, which is as it was when the "
            "call has ended; return it, or store the numbers that it is made of"
        )

    def said_of_kernels(self) -> str:
        """The same of kernels, which only compute."""
        if not self.steps:
            return ""
        return (
            f"changes {self.steps[0].what} at each call, and what is compiled does not; call "
            "jitad.jit of it, or return what it stores"
        )

    def touch(self, x: Any, of: Any, name: Any) -> None:
        """Something from outside is about to be changed."""
        key = of, id(x), name
        if self._has_ended:
            return
        if key not in self._before and (None, id(x), None) not in self._before:
            before = copy.copy(x) if of is None else of(x, name)
            self._before[key] = x, of, name, before

    def undo(self) -> None:
        """Have all as it was before."""
        for x, of, name, before in reversed(self._before.values()):
            if of is None:
                _refill(x, before)
            else:
                _bind(x, of, name, before)
        self._before = {}

    def end(self, builder: Builder, whole: Callable[[Any], Any]) -> list[Any]:
        """Undo all, knowing how to do it again; the traced values that this takes.

        `whole` gives the items of a list that grows.
        """
        if not self._before:
            return []
        for reads in readers():
            reads.changing = reads.changed()
        found = _Stored(builder, whole)
        kept: list[Any] = []
        for place in self._before.values():
            is_emptied = place[1] is None and id(place[0]) in self.emptied
            for change in [_anew(place[0], whole)] if is_emptied else self._changes(*place, whole):
                if not self._add(place[0], change, found):
                    kept.append((place[0], change))
        self.undo()
        self._has_ended = True
        for x, change in kept:
            change.do(x, change.name, change.new)
        return found.values

    def _changes(
        self, x: Any, of: Any, name: Any, before: Any, whole: Callable[[Any], Any]
    ) -> Iterator[Change]:
        """How something differs from what it was before, and what has been bound there."""
        kind, bound = type(x).__name__, {key for k, key in self.bound if k == id(x)}
        if of is not None:
            yield _binding(x, of, name, of(x, name), f"{name!r}")
        elif isinstance(x, dict):
            keys = [key for key in before if before[key] is not x.get(key, ABSENT) or key in bound]
            for key in [*keys, *(key for key in x if key not in before)]:
                what = f"the item {key!r} of a {kind}"
                yield _binding(x, item_of, key, x.get(key, ABSENT), what)
        elif isinstance(x, set):
            gone, new = (before | bound) - x, (x - before) | (x & bound)
            yield Change(_exchange, None, (tuple(gone), tuple(new)), f"a {kind}")
        else:
            yield from _in_order(x, list(before), list(whole(x)), bound)

    def _add(self, x: Any, change: Change, found: _Stored) -> bool:
        """Have every call do it, if it is to."""
        count = len(found.values)
        try:
            make = found.maker(change.new, ())
        except _Lost:
            del found.values[count:]
            self.lost.append(change.what)
            return True
        if change.is_binding or len(found.values) > count:
            self.steps.append(Step(_weakly(x), change.do, change.name, make, change.what))
            return True
        return False

    def perform(self, values: Sequence[Any]) -> None:
        """Do it, with the numbers and arrays of a call."""
        for step in self.steps:
            x = step.target()
            if x is not None:
                step.do(x, step.name, step.make(values))


# -- what is about to be changed -------------------------------------------------------------------


def note_store(x: Any, of: Any, name: Any) -> None:
    """x.name, a variable or an item of a table of globals is about to be bound."""
    traces = effects_of_traces()
    if traces and (of is item_of or (home(x) is None and is_known(x))):
        traces[-1].touch(x, of, name)


def note_change(x: Any, *, is_emptied: bool = False) -> None:
    """A container is about to be changed; once `is_emptied` it is nothing of what it was before."""
    note_changing(x)
    traces = effects_of_traces()
    if traces and isinstance(x, CONTAINERS) and home(x) is None and is_known(x):
        traces[-1].touch(x, None, None)
        if is_emptied and not _is_tried():
            traces[-1].emptied.add(id(x))


def _is_tried() -> bool:
    """Whether it is on a side, or in a turn, where what is from outside is not changed so."""
    builder = innermost_trace()
    return builder is not None and is_in_region(builder)


def note_bound(x: Any, *keys: Any) -> None:
    """Items of a container are bound, or deleted, at these keys: to what they were, perhaps."""
    traces = effects_of_traces()
    if traces and not _is_tried():
        traces[-1].bound.update((id(x), key) for key in keys)


# -- what has been changed -------------------------------------------------------------------------


class _Lost(Exception):
    """What is stored cannot be made of numbers."""


class _Stored:
    """What is stored, made of traced values."""

    def __init__(self, builder: Builder, whole: Callable[[Any], Any]) -> None:
        self.values: list[Any] = []
        self._builder = builder
        self._whole = whole

    def maker(self, x: Any, around: tuple[Any, ...]) -> Make:
        """What makes such an object again; what is from outside is itself."""
        if isinstance(x, Value):
            if x.builder is not self._builder:
                raise _Lost  # of a function that has been traced within this one
            self.values.append(x)
            place = len(self.values) - 1
            return lambda values: values[place]
        x = self._whole(x)
        is_new = home(x) is not None
        if isinstance(x, np.ndarray) and x.dtype != object:
            return (lambda _: x) if is_known(x) else (lambda _: x.copy())
        found = parts(x)
        if found is None:
            if holds_values(x):
                raise _Lost
            return lambda _: x
        if is_known(x) and not is_new:
            return lambda _: x
        if any(x is y for y in around):
            raise _Lost  # which has itself in it
        items = [self.maker(item, (*around, x)) for item in found.items]
        return lambda values: assembled(found.kind, found.keys, [make(values) for make in items])


def holds_values(x: Any) -> bool:
    """Whether an object that is not made of parts has something traced among its attributes."""
    own = getattr(x, "__dict__", None)
    cells = getattr(x, "__closure__", None) or ()
    inside = [*(own.values() if isinstance(own, dict) else ())]
    inside += [contents_of(cell, None) for cell in cells if isinstance(cell, CellType)]
    inside += [getattr(x, "__self__", None)] if hasattr(x, "__func__") else []
    inside += x if isinstance(x, (set, frozenset)) else []
    return any(isinstance(y, Value) for y in inside)


class Change(NamedTuple):
    """do(x, name, new) makes something what it is now; `is_binding` where new alone says that."""

    do: Callable[[Any, Any, Any], None]
    name: Any
    new: Any
    what: str
    is_binding: bool = True


def _anew(x: Any, whole: Callable[[Any], Any]) -> Change:
    """What a container that has been emptied holds."""
    items = (tuple(x), tuple(x.values())) if isinstance(x, dict) else tuple(whole(x))
    return Change(_replace, None, items, f"a {type(x).__name__}")


def _binding(x: Any, of: Any, name: Any, now: Any, what: str) -> Change:
    counts = any((of, id(x), name) in reads.counted for reads in readers())
    return Change(partial(_store, of), name, now, what, now is ABSENT or not counts)


def _in_order(x: Any, before: list[Any], now: list[Any], bound: set[Any]) -> Iterator[Change]:
    what, gone = f"a {type(x).__name__}", 0
    while isinstance(x, deque) and gone < len(before) and not _begins(now, before[gone:]):
        gone += 1
    if _begins(now, before[gone:]) and (not gone or x.maxlen == len(now)) and not bound:
        yield Change(_extend, None, tuple(now[len(before) - gone :]), what, False)
    elif len(now) == len(before):
        for k, (old, new) in enumerate(zip(before, now, strict=True)):
            if old is not new or k in bound:
                yield _binding(x, item_of, k, new, f"the item {k} of {what}")
    else:  # which depends on what is in it: the function is traced at each call
        for reads in readers():
            reads.changing = what
        yield Change(_replace, None, tuple(now), what, False)


def _begins(items: list[Any], first: list[Any]) -> bool:
    return len(items) >= len(first) and all(map(is_, first, items))


# -- how it is done --------------------------------------------------------------------------------


def _store(of: Any, x: Any, name: Any, value: Any) -> None:
    """As the function itself binds x.name, a variable or an item; deletes what is to be ABSENT."""
    note_store(x, of, name)
    if of is attribute_of and value is not ABSENT:
        setattr(x, name, value)
    else:
        _bind(x, of, name, value)


def _bind(x: Any, of: Any, name: Any, value: Any) -> None:
    """The same, of which no class of the user's is asked."""
    is_gone = value is ABSENT
    if of is attribute_of:
        kind: Any = type(x) if isinstance(x, (type, ModuleType)) else object
        if not is_gone:
            kind.__setattr__(x, name, value)
        elif attribute_of(x, name) is not ABSENT:
            kind.__delattr__(x, name)
    elif of is contents_of:
        if is_gone:
            del x.cell_contents
        else:
            x.cell_contents = value
    elif is_gone:
        x.pop(name, None)
    else:
        x[name] = value


def _extend(x: Any, _: Any, items: Sequence[Any]) -> None:
    note_change(x)
    x.extend(items)


def _replace(x: Any, _: Any, items: Any) -> None:
    note_change(x, is_emptied=True)
    _refill(x, zip(*items, strict=True) if isinstance(x, dict) else items)


def _exchange(x: set[Any], _: Any, items: tuple[Sequence[Any], Sequence[Any]]) -> None:
    note_change(x)
    x.difference_update(items[0])
    x.update(items[1])


def _refill(x: Any, before: Any) -> None:
    x.clear()
    (x.update if isinstance(x, (dict, set)) else x.extend)(before)


def _weakly(x: Any) -> Callable[[], Any]:
    """What finds x, for as long as others have it: what is known of a function is kept with it."""
    try:
        return weakref.ref(x)
    except TypeError:
        return lambda: x
