"""State that branches and loops carry: what a name is bound to is taken apart into numbers and
arrays, which flow through control ops, and is put together on the other side.

Tuples are taken apart, and what else is made of parts, where it is new: nobody has had it before
the branch or the turn. What was there before stands for itself, as functions and texts do, where
it is the same on all ways; where it is not, a copy is made of it, and neither is to be changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial, reduce
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from jitad.frontend.items import Item, rows_of
from jitad.frontend.mutable import MutableArray
from jitad.frontend.operands import as_dtype, lift
from jitad.frontend.parts import Bindings, Parts, assembled, copy, home, is_apart, made, parts
from jitad.frontend.reads import note_contents
from jitad.frontend.regions import NeedsNumber
from jitad.functions.program.buffers import Buffer, Buffered, common_size
from jitad.functions.program.contexts import Entered
from jitad.functions.program.data import (
    DATA,
    NUMBERS,
    Chosen,
    Kind,
    as_argument,
    current,
    holds_tracers,
    is_leaf,
    kind,
    owned,
    same,
    wider,
)
from jitad.ir.op import INT64
from jitad.ir.value import UFUNCS, Value

INDEX = Kind((), INT64, False)
"""The type of what says which option it is."""

COUNT = Kind((), INT64, True)
"""The type of what says how many items there are."""

LONG = 16
"""Numbers in a list that are carried one by one; more are an array."""


class Node(NamedTuple):
    """The form of a container, or an object, by the forms of its parts."""

    kind: Any
    keys: tuple[Any, ...]
    items: tuple[Any, ...]


class Rows(NamedTuple):
    """The form of a container of numbers, or arrays, that are rows of one array."""

    kind: Any
    keys: tuple[Any, ...]
    rows: Kind


class Options(NamedTuple):
    """The form of what is one of several objects, or DATA of a form; of one it is no question."""

    options: tuple[Any, ...]
    data: Any = None


Form = Kind | Node | Rows | Options | Buffered
"""How something is made of numbers and arrays, and their types."""


class TakenApart(NamedTuple):
    """Something taken apart. In place of its leaves may stand what they are numbered by."""

    form: Any
    leaves: list[Any]


class Renamed(NamedTuple):
    """The number of an option by another table: `table[k]` in place of k, which `item` is."""

    item: Any
    table: list[int]


# -- apart -----------------------------------------------------------------------------------------


def apart(x: Any, taken: Callable[[Any], bool] = is_apart) -> TakenApart:
    """What x is made of; `taken` says what is taken apart of what can be changed."""
    if is_leaf(x):
        return TakenApart(kind(x), [x])
    if type(x) is Buffer:
        return TakenApart(Buffered(x.form, x.size, x.free), [*x.rows, x.count])
    if type(x) is Chosen:
        data = apart(x.data) if DATA in x.options else TakenApart(None, [])
        return TakenApart(Options(x.options, data.form), [x.index, *data.leaves])
    found = parts(x) if taken(x) else None
    if found is not None and (found.keys or not isinstance(x, tuple)):
        return parts_apart(found, taken)
    if isinstance(x, Entered) or (holds_tracers(x) and home(x) in (None, current())):
        raise NeedsNumber("an object is another one, made by this run or of traced values")
    return TakenApart(Options((x,)), [])


def parts_apart(found: Parts, taken: Callable[[Any], bool]) -> TakenApart:
    """What something of these parts is made of."""
    rows = _rows(found.items)
    if rows is not None:
        return TakenApart(Rows(found.kind, found.keys, kind(rows)), [rows])
    items = [apart(item, taken) for item in found.items]
    form = Node(found.kind, found.keys, tuple([item.form for item in items]))
    return TakenApart(form, [leaf for item in items for leaf in item.leaves])


def _rows(items: Sequence[Any]) -> Value | None:
    """Many numbers as one array; None where these are few, or no numbers."""
    if len(items) <= LONG:
        return None
    rows = rows_of(items)
    if rows is None and all(isinstance(x, (Value, *NUMBERS)) and not np.ndim(x) for x in items):
        common = reduce(wider, map(kind, items))
        rows = as_dtype(lift(current(), list(items)), common.dtype)
        return Value(rows.builder, rows.index, rows.shape, rows.dtype, common.weak)
    return rows


def apart_as(form: Any, x: Any, copied: list[Any]) -> TakenApart:
    """What x is made of where something else than x, of that form, may be in its place.

    What could be changed, and has been there before, is among the `copied` then.
    """
    if type(form) is Options and type(x) is not Chosen and any(same(x, y) for y in form.options):
        return TakenApart(Options((x,)), [])
    is_like = isinstance(form, (Node, Rows)) and not is_leaf(x) and type(x) is not Chosen
    found = parts(x) if is_like else None
    if (
        not isinstance(form, (Node, Rows))
        or found is None
        or found.kind != form.kind
        or not (same(found.keys, form.keys) or found.kind is Bindings)
    ):
        return apart(x)
    if not is_apart(x):
        note_contents(x)
        copied.append(x)
    if isinstance(form, Rows):
        return parts_apart(found, is_apart)
    wanted = dict(zip(form.keys, form.items, strict=True))
    inner = zip(found.keys, found.items, strict=True)
    items = [apart_as(wanted.get(k), item, copied) for k, item in inner]
    whole = Node(form.kind, found.keys, tuple([item.form for item in items]))
    return TakenApart(whole, [leaf for item in items for leaf in item.leaves])


# -- forms -----------------------------------------------------------------------------------------


def kinds(form: Any) -> list[Kind]:
    """The types of the leaves of a form."""
    if type(form) is Kind:
        return [form]
    if type(form) is Rows:
        return [form.rows]
    if type(form) is Node:
        return [k for item in form.items for k in kinds(item)]
    if form is None:
        return []
    if type(form) is Buffered:
        return [*(Kind((form.size, *k.shape), k.dtype, k.weak) for k in kinds(form.form)), COUNT]
    return [*([INDEX] if len(form.options) > 1 else []), *kinds(form.data)]


def common(v: str, a: Any, b: Any) -> Any:
    """The form that both fit."""
    if type(a) is Options or type(b) is Options:
        return _common_options(v, _optional(a), _optional(b))
    if type(a) is type(b) is Kind:
        return wider(a, b)
    if type(a) is type(b) is Buffered:
        items = [x.form for x in (a, b) if x.form is not None]
        return Buffered(reduce(partial(common, v), items) if items else None, *common_size(a, b))
    if type(a) is type(b) is Node and a.kind is b.kind is Bindings:
        return _common_bindings(*(dict(zip(x.keys, x.items, strict=True)) for x in (a, b)))
    if type(a) is type(b) and a.kind == b.kind and same(a.keys, b.keys):
        if type(a) is Rows:
            return Rows(a.kind, a.keys, wider(a.rows, b.rows))
        return Node(a.kind, a.keys, tuple(map(partial(common, v), a.items, b.items)))
    raise NeedsNumber(f"{v} has another structure")


def _common_bindings(a: dict[Any, Any], b: dict[Any, Any]) -> Node:
    found = a | b | {v: common(v, a[v], b[v]) for v in a if v in b}
    return Node(Bindings, tuple(sorted(found)), tuple([found[v] for v in sorted(found)]))


def _common_options(v: str, one: Options, other: Options) -> Options:
    data = one.data or other.data
    if one.data and other.data:
        data = common(v, one.data, other.data)
    options = list(one.options)
    options += [x for x in other.options if not any(same(x, y) for y in options)]
    return Options(tuple(options), data)


def _optional(form: Any) -> Options:
    return form if type(form) is Options else Options((DATA,), form)


def fitted_to(form: Any, x: TakenApart) -> list[Any]:
    """What stands for the leaves of x as leaves of that form: None for what has none."""
    return list(_fit(form, x.form, iter(x.leaves)))


def _fit(form: Any, own: Any, items: Iterator[Any]) -> Iterator[Any]:
    if type(form) is Options:
        yield from _fit_option(form, own, items)
    elif type(form) is Node:
        found = {k: (mine, [*islice(items, len(kinds(mine)))])
                 for k, mine in zip(own.keys, own.items, strict=True)}  # fmt: skip
        for key, inner in zip(form.keys, form.items, strict=True):
            mine, leaves = found.get(key, (None, []))
            missing = [None] * len(kinds(inner))
            yield from _fit(inner, mine, iter(leaves)) if key in found else missing
    elif type(form) is Buffered:
        known = own.form is not None
        yield from (next(items) if known else None for _ in kinds(form.form))
        yield next(items)
    elif form is not None:
        yield next(items)


def _fit_option(form: Options, own: Any, items: Iterator[Any]) -> Iterator[Any]:
    own = _optional(own)
    table = [next(k for k, y in enumerate(form.options) if same(x, y)) for x in own.options]
    index: Any = next(items) if len(own.options) > 1 else np.int64(table[0])
    if len(own.options) > 1 and table != list(range(len(table))):
        index = Renamed(index, table)
    if len(form.options) > 1:
        yield index
    if own.data is not None:
        yield from _fit(form.data, own.data, items)
    else:
        yield from [None] * len(kinds(form.data))


def renamed(index: Value, table: Sequence[int]) -> Value:
    """table[index]"""
    found: Any = table[0]
    for k, number in enumerate(table[1:], start=1):
        is_it: Any = as_dtype(UFUNCS[np.equal](index, k), INT64)
        found = found + is_it * (number - table[0])
    return found


# -- together --------------------------------------------------------------------------------------


def rebuilt(form: Any, rest: Iterator[Any], *, as_copy: bool, is_argument: bool = False) -> Any:
    """Something of that form from leaves; `as_copy` it is not to be changed."""
    again = partial(rebuilt, rest=rest, as_copy=as_copy, is_argument=is_argument)
    if type(form) is Kind:
        x = next(rest)
        return as_argument(x) if is_argument else owned(x)
    if type(form) is Buffered:
        *rows, count = [next(rest) for _ in kinds(form)]
        return Buffer(form.form, rows, count, form.size, form.free)
    if type(form) is Options:
        if len(form.options) == 1 and form.data is None:
            return form.options[0]
        index = next(rest)
        return Chosen(index, form.options, () if form.data is None else again(form.data))
    if type(form) is Rows:
        rows = next(rest)
        items = [owned(Item(rows, k, rows.weak)) for k in range(len(form.keys))]
    else:
        items = list(map(again, form.items))
    x = assembled(form.kind, form.keys, items)
    return copy(x) if as_copy else made(x)


def within(x: Any) -> Iterator[Any]:
    """The arrays, containers and objects that x is taken apart into, if they can be changed."""
    if isinstance(x, MutableArray):
        yield x
    elif type(x) is Chosen:
        yield from within(x.data)
    elif not is_leaf(x) and is_apart(x) and (found := parts(x)) is not None:
        if not isinstance(x, tuple):
            yield x
        for item in found.items:
            yield from within(item)


def arrays_in(x: Any) -> list[MutableArray]:
    """The arrays among these."""
    return [y for y in within(x) if isinstance(y, MutableArray)]


def keep(x: Any) -> None:
    """A list has the arrays in x, too: nobody is to write to them from now on."""
    for y in arrays_in(x):
        y.storage.is_kept = True


def containers(x: Any) -> list[Any]:
    """The containers and objects among these."""
    return [y for y in within(x) if not isinstance(y, MutableArray)]
