"""Lists that grow in turns of a loop: the loop stacks what each turn appends, leaf by leaf.

A list stays Python's own. While a turn is recorded it has in it what the turn appends, behind
an `Earlier`, which nobody may ask for anything; behind the loop it has rows of the stacks as items.
An array that is an item and has a name beside is one object still: it must not be written to while
the loop is recorded, and is the same object behind it where the last turn leaves it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jitad.frontend.active import is_copying
from jitad.frontend.items import Item, rows_of
from jitad.frontend.mutable import MutableArray
from jitad.frontend.operands import lift
from jitad.frontend.parts import copy, is_copy, is_new, made, maker
from jitad.frontend.regions import NeedsNumber, Region, check_alone
from jitad.frontend.storage import Storage
from jitad.functions.program import varying
from jitad.functions.program.alike import CONTAINERS, columns_of, parts_of
from jitad.functions.program.buffers import has_earlier, is_growing, is_varying, refuse
from jitad.functions.program.data import NUMBERS, current, kind
from jitad.ir.value import Value
from jitad.ops import structural as st


def length(x: list[Any]) -> Any:
    """len(x), which may be traced."""
    if not is_growing(x):
        return len(x)
    if is_varying(x) and x[0].form is None:
        return 0  # once it has an item, all is recorded again
    count = x[0].count + (len(x) - 1)
    if not isinstance(count, Value):
        return count
    return Value(count.builder, count.index, (), count.dtype, weak=True)


def check_whole(x: Any) -> None:
    """Refuse a list that grows in the turn that is being recorded: nobody knows its items."""
    if is_growing(x):
        refuse()


def extend(x: list[Any], items: Sequence[Any]) -> None:
    """x.extend(items)"""
    if is_varying(x):
        for y in items:
            varying.append(x, y)
        return
    check_alone(x)
    region = current().region
    if region is not None:
        region.grow(x)
        if has_earlier(x) and x[0].carried is not None:
            x[0].carried.append(x, items)
    x.extend(items)


# -- on sides of branches --------------------------------------------------------------------------

APPENDED = "$appended to"
"""Names of what a side appends to a list."""


def appended(region: Region) -> dict[str, tuple[list[Any], list[Any]]]:
    """Lists that have grown on a side, and what has been appended."""
    return {f"{APPENDED} {id(x)}": (x, added) for x, added in region.grown() if added}


def append(x: list[Any], items: Sequence[Any]) -> None:
    """Have a list as sides have left it; an array of its items has them already."""
    region = current().region
    if region is not None:
        region.grow(x)
    x.extend(items)


# -- what items are made of ------------------------------------------------------------------------


@dataclass(frozen=True)
class StackRow:
    """A row of the stack of that number, as an array that can be written to or not.

    It is what the name `before` was bound to in front of the loop, where that is the first turn's,
    and what `after` is bound to behind it, where it is the last one's.
    """

    number: int
    weak: bool
    is_array: bool
    is_argument: bool = False
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True)
class Constant:
    """The same object in each turn."""

    x: Any


@dataclass(frozen=True)
class Container:
    """A container that `make` makes of such items."""

    make: Callable[[list[Any]], Any]
    items: list[Any]


@dataclass(frozen=True)
class Alike:
    """A container of so many alike, whose leaves have an axis for them."""

    make: Callable[[list[Any]], Any]
    count: int
    item: Any


class TurnItems:
    """What one turn appends.

    Attributes:
        leaves: what the loop is to stack.
        packed: the numbers of those that are several items one after the other.
        begun: arrays by name that the loop has carried to the turn.
        ended: those that it carries on from it.
        changed: arrays from around that the loop writes to.
        named: identities of what names are bound to behind the turn, too; `shared` are those of
            what is appended that is also another's.
        kept: names whose arrays items are, too.
    """

    def __init__(
        self,
        begun: Mapping[str, MutableArray],
        ended: Mapping[str, MutableArray],
        changed: Sequence[Storage],
        named: Collection[int],
    ) -> None:
        self._seen: set[int] = set()
        self.named = named
        self.shared: set[int] = set()
        self.begun, self.ended, self.changed = begun, ended, changed
        self.leaves: list[Value] = []
        self.packed: set[int] = set()
        self.kept: set[str] = set()
        self._known: dict[int, tuple[Any, Any]] = {}

    def form(self, x: Any) -> Any:
        """How an object is made of leaves, which are noted."""
        if isinstance(x, Value):
            return self._leaf(x)
        if isinstance(x, CONTAINERS):
            self._check_new(x)
            return self.parts(x)
        if x is None or isinstance(x, (*NUMBERS, str, bytes)):
            return Constant(x)
        raise NeedsNumber("an object is appended that is another one in each turn")

    def parts(self, x: Any) -> Container | Alike:
        """The same of what is in a container."""
        found = self._columns(x) if len(x) > 1 and not isinstance(x, dict) else None
        if found is not None:
            return Alike(maker(x), len(x), found)
        return Container(maker(x), [self.form(item) for item in parts_of(x)])

    def _leaf(self, x: Value) -> Any:
        known = self._known.get(id(x))
        if known is None:
            known = self._known[id(x)] = x, self._new(x)
        return known[1]

    def _new(self, x: Value) -> Any:
        if not isinstance(x, MutableArray):
            return self._note(x, StackRow(len(self.leaves), x.weak, is_array=False))
        if _is_from_around(x, self.changed):
            return Constant(x)
        others = (y for y, _ in self._known.values() if isinstance(y, MutableArray))
        before = [v for v, y in self.begun.items() if _shares(x, y)]
        after = [v for v, y in self.ended.items() if _shares(x, y)]
        views = [y for y in (*self.begun.values(), *self.ended.values(), *others)
                 if _shares(x, y) and y is not x]  # fmt: skip
        if views or len(before) + len(after) > 1:
            raise NeedsNumber("an array in a list has more than one other name")
        self.kept.update((*before, *after))
        return self._note(x, StackRow(len(self.leaves), False, True, x.is_argument,
                                  *(before or [None]), *(after or [None])))  # fmt: skip

    def _note(self, x: Value, leaf: StackRow) -> StackRow:
        self.leaves.append(x.freeze())
        return leaf

    def _columns(self, items: Sequence[Any]) -> Any:
        """How items are made that are alike and can be had as arrays; None where they cannot."""
        first, noted = items[0], len(self.leaves)
        if first is None or isinstance(first, str):
            return Constant(first) if all(y is first for y in items) else None
        if not isinstance(first, CONTAINERS):
            return self._column(items)
        columns = columns_of(items)
        if columns is None:
            return None
        inner = None
        if not isinstance(first, dict):
            inner = self._columns(list(itertools.chain.from_iterable(items)))
        parts = [inner] if inner is not None else [self._columns(column) for column in columns]
        if None in parts:
            del self.leaves[noted:]
            self.packed = {k for k in self.packed if k < noted}
            return None
        for y in items:
            self._check_new(y)
        return (
            Container(maker(first), parts)
            if inner is None
            else Alike(maker(first), len(first), inner)
        )

    def _check_new(self, x: Any) -> None:
        """Refuse a container that is another's, too, or perhaps another turn's."""
        if isinstance(x, tuple):
            return
        if is_copying() and (id(x) in self.named or is_copy(x)):
            self.shared.add(id(x))
        elif id(x) in self._seen or not is_new(x) or id(x) in self.named:
            raise NeedsNumber("an object is appended that is perhaps another's, too")
        self._seen.add(id(x))

    def _column(self, items: Sequence[Any]) -> StackRow | None:
        if not all(isinstance(y, Value) for y in items) or any(map(self._is_named, items)):
            return None
        rows, first = rows_of(items), items[0]
        if rows is None:
            if len({kind(y) for y in items}) > 1:
                return None
            rows = lift(current(), list(items))
        self.packed.add(len(self.leaves))
        self.leaves.append(rows)
        return StackRow(len(self.leaves) - 1, first.weak, isinstance(first, MutableArray))

    def _is_named(self, x: Any) -> bool:
        """Whether an array is, or may be, another's too."""
        if not isinstance(x, MutableArray):
            return False
        arrays = (*self.begun.values(), *self.ended.values())
        return (
            x.is_argument or _is_from_around(x, self.changed) or any(_shares(x, y) for y in arrays)
        )


def _is_from_around(x: MutableArray, changed: Sequence[Storage]) -> bool:
    if x.unwritten is not None:
        return x.builder is not current()
    if x.storage.root is not x.storage:
        raise NeedsNumber("a view at a traced place is appended to a list")
    return x.builder is not current() or any(x.storage is y for y in changed)


def _shares(x: MutableArray, y: MutableArray) -> bool:
    if x is y:
        return True
    return x.unwritten is None and y.unwritten is None and x.storage is y.storage


class StackedItems:
    """The stacks of what turns append; behind the loop, items are rows of them.

    `before` and `after` are what names are bound to in front of the loop and behind it.
    """

    def __init__(
        self, turn: TurnItems, stacks: Sequence[Value], count: int,
        before: Mapping[str, Any], after: Mapping[str, Any],
    ) -> None:  # fmt: skip
        self.count, self.before, self.after = count, before, after
        self.rows = [_flat(x) if k in turn.packed else x for k, x in enumerate(stacks)]
        self._made: dict[tuple[int, int], Any] = {}
        self._own = copy if turn.shared else made

    def items(self, form: Any) -> list[Any]:
        """What has been appended to a list, where that is what one turn appends."""
        return [x for k in range(self.count) for x in self._item(form, k)]

    def _item(self, form: Any, k: int) -> Any:
        if isinstance(form, StackRow):
            return self._row(form, k)
        if isinstance(form, Constant):
            return form.x
        if isinstance(form, Alike):
            places = range(k * form.count, (k + 1) * form.count)
            return self._own(form.make([self._item(form.item, place) for place in places]))
        return self._own(form.make([self._item(item, k) for item in form.items]))

    def _row(self, leaf: StackRow, k: int) -> Any:
        row = Item(self.rows[leaf.number], k, leaf.weak)
        if not leaf.is_array:
            return row
        key = leaf.number, k
        if key not in self._made:
            known: Any = None
            if leaf.before is not None and k == 0:
                known = self.before.get(leaf.before)
            if leaf.after is not None and k == self.count - 1:
                known = self.after.get(leaf.after)
            is_known = isinstance(known, MutableArray)
            self._made[key] = known if is_known else MutableArray(row, is_argument=leaf.is_argument)
        return self._made[key]


def _flat(x: Value) -> Value:
    return st.reshape(x, shape=(x.shape[0] * x.shape[1], *x.shape[2:]))
