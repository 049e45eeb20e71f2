"""Lists whose length depends on traced values: appended to in some turns of a loop, say.

Where it turns out that one is, it becomes a buffer where it was made, and what has been recorded
since is recorded again. As an array it is a selection of the buffer, as `x[mask]` is one of x.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial, reduce
from typing import Any

import numpy as np

from jitad.frontend.active import innermost_memo
from jitad.frontend.exceptions import may_catch
from jitad.frontend.items import Item
from jitad.frontend.mutable import MutableArray
from jitad.frontend.operands import as_dtype, lift
from jitad.frontend.parts import is_new, made, note_copied
from jitad.frontend.regions import NeedsNumber
from jitad.frontend.selected import Selected, selected
from jitad.frontend.slices import first_ones
from jitad.frontend.sums import note_range
from jitad.functions.arrays.selections import is_pythons
from jitad.functions.control.blocks import as_weak
from jitad.functions.program import keyed
from jitad.functions.program.alike import parts_of
from jitad.functions.program.buffers import (
    Buffer,
    Buffered,
    Refused,
    Varies,
    is_varying,
    padded,
    varies,
)
from jitad.functions.program.data import Kind, current, fitted
from jitad.functions.program.forms import (
    COUNT,
    Node,
    Options,
    apart,
    common,
    fitted_to,
    kinds,
    rebuilt,
    within,
)
from jitad.functions.program.holders import change
from jitad.ir.op import INT64
from jitad.ir.value import FUNCTIONS, Value
from jitad.ops import structural as st
from jitad.ops.affine import Sum


def varied(record: Callable[..., Any], *args: Any) -> Any:
    """record(*args), where lists that were made here may turn out to be buffers."""
    while True:
        try:
            return record(*args)
        except Varies as found:
            _vary(found)


def _vary(found: Varies) -> None:
    """Have a list be a buffer, if it was made here."""
    x = found.list
    if current().region is not None and not is_new(x):
        raise found
    try:
        if type(x) is not list:
            if keyed.has_containers(x):
                raise NeedsNumber(f"a {type(x).__name__} of containers")
            keyed.convert(x)
            return
        x[:] = [_buffer(x, found.form)]
    except NeedsNumber:
        innermost_memo().setdefault(Refused, Refused()).lists[id(x)] = x


def _buffer(x: list[Any], form: Any) -> Buffer:
    builder = current()
    if is_varying(x):
        x, count = [], x[0].count  # of items of no known form
    else:
        count = as_weak(builder.const(len(x), (), INT64), True)
    items = [_item_apart(y) for y in x]
    forms = [y.form for y in items] + ([] if form is None else [form])
    if not forms:
        return Buffer(None, [], count, 0, 0)
    form = _common(*forms)
    columns = [fitted_to(form, y) for y in items]
    rows: list[Value] = []
    for k, kind in enumerate(kinds(form)):
        column = [y[k] for y in columns]
        found = lift(builder, column) if x else builder.const(0, (0, *kind.shape), kind.dtype)
        rows.append(as_dtype(found, kind.dtype))
    return Buffer(form, rows, count, len(x), 0)


def _common(*forms: Any) -> Any:
    form = reduce(partial(common, "an item of a list"), forms)
    if not _is_fixed(form):
        raise NeedsNumber("a list has other objects in some turns")
    return form


def _is_fixed(form: Any) -> bool:
    if type(form) is Node:
        return all(map(_is_fixed, form.items))
    if type(form) is Options:
        return len(form.options) == 1 and form.data is None
    return type(form) is not Buffered


def _item_apart(x: Any) -> Any:
    """What an item is made of; it is not to be changed from now on, for it has a copy."""
    found = apart(x)
    if any(type(leaf) is np.ndarray for leaf in found.leaves):
        raise NeedsNumber("an array from outside is appended to a list")
    for y in within(x):
        if not isinstance(y, MutableArray):
            note_copied(y)
        elif y.builder is not current():
            raise NeedsNumber("an array from around is appended to a list")
        else:
            y.storage.is_kept = True
    return found


# -- how it changes --------------------------------------------------------------------------------


def append(x: list[Any], item: Any) -> None:
    """x.append(item)"""
    try:
        _append(x, item)
    except NeedsNumber:
        if current().region is not None:
            raise
        settle(x)
        x.append(item)


def _append(x: list[Any], item: Any) -> None:
    found, b = _item_apart(item), x[0]
    form = _common(found.form) if b.form is None else _common(b.form, found.form)
    if b.form is None:
        try:
            raise varies(x, form)
        except Varies as error:
            _vary(error)
        b = x[0]
    change(x)
    size, free = (b.size, b.free - 1) if b.free else (b.size + 1, 0)
    b = _cast(b, form, size)
    rows = _with(b, b.count, fitted_to(form, found))
    x[0] = Buffer(form, rows, _count(np.add(b.count, 1)), size, free)


def _cast(b: Buffer, form: Any, size: int) -> Buffer:
    """A buffer of other types, with room for so many."""
    whole = [Kind((size, *k.shape), k.dtype, False) for k in kinds(form)]
    rows = [fitted(padded(lift(current(), x), size), k) for x, k in zip(b.rows, whole, strict=True)]
    return Buffer(form, rows, lift(current(), b.count), size, b.free)


def _with(b: Buffer, place: Any, leaves: list[Any]) -> list[Value]:
    """The rows with another item at a place."""
    at = as_dtype(lift(current(), place), INT64)
    new = [fitted(x, k) for x, k in zip(leaves, kinds(b.form), strict=True)]
    return [st.scatter_set(x, at, y, apart=True) for x, y in zip(b.rows, new, strict=True)]


def _count(n: Any) -> Value:
    return fitted(n, COUNT)


def set_item(x: list[Any], index: Any, item: Any) -> None:
    """x[index] = item"""
    found, place = _item_apart(item), _place(x[0], index)
    change(x)
    form = _common(x[0].form, found.form)
    b = _cast(x[0], form, x[0].size)
    x[0] = Buffer(form, _with(b, place, fitted_to(form, found)), b.count, b.size, b.free)


def set_item_of(x: list[Any], index: Value, item: Any) -> None:
    """x[index] = item of a list of which is known how long it is."""
    count, found = len(x), made([_buffer(x, _item_apart(item).form)])
    set_item(found, index, item)
    x[:] = _items(found[0], count)


def pop(x: list[Any], index: Any = -1) -> Any:
    """x.pop(index)"""
    b, place = x[0], _place(x[0], index)
    item = _at(b, place)
    change(x)
    rows = b.rows
    if isinstance(index, Value) or index != -1:
        order = np.arange(b.size)
        moved = np.minimum(order + (order >= place), b.size - 1)
        rows = [st.gather(lift(current(), row), lift(current(), moved)) for row in rows]
    x[0] = Buffer(b.form, rows, _count(b.count - 1), b.size, b.free + 1)
    return item


def clear(x: list[Any]) -> None:
    """x.clear()"""
    b = x[0]
    change(x)
    x[0] = Buffer(b.form, b.rows, _count(0), b.size, b.free)  # so many as there were are no bound


def copied(x: list[Any]) -> list[Any]:
    """x.copy()"""
    return made([x[0]])


METHODS: dict[str, Callable[..., Any]] = {
    "append": append, "pop": pop, "clear": clear, "copy": copied
}  # fmt: skip
"""Methods of such a list, by name."""


# -- what it is asked ------------------------------------------------------------------------------


def _place(b: Buffer, index: Any) -> Any:
    """Where an item is in the buffer: beyond its end where there is none."""
    if b.form is None:
        raise IndexError("list index out of range")
    if isinstance(index, Value) and index.dtype.kind in "iu" and not index.shape:
        place: Any = np.where(index < 0, index + b.count, index)  # type: ignore[call-overload]  # traced
    else:
        k = operator.index(index)
        place = np.add(b.count, k) if k < 0 else k
    inside: Any = (place < b.count) & (np.int64(0) + place >= 0)
    if may_catch(IndexError) and not inside:
        raise IndexError("list index out of range")
    return np.where(inside, place, b.size)


def _at(b: Buffer, place: Any) -> Any:
    """The item at a place of the buffer."""
    at, leaves = as_dtype(lift(current(), place), INT64), []
    for x, k in zip(b.rows, kinds(b.form), strict=True):
        leaves.append(as_weak(st.gather(lift(current(), x), at), k.weak))
    return rebuilt(b.form, iter(leaves), as_copy=True, is_argument=True)


def item(x: list[Any], index: Any) -> Any:
    """x[index]"""
    b = x[0]
    if isinstance(index, slice):
        return _sliced(b, index)
    return _at(b, _place(b, index))


def items(x: list[Any]) -> tuple[Any, Any]:
    """How many there are, and what finds one by its place."""
    b = x[0]
    if b.form is None:
        return 0, None
    note_range(b.count, Sum(b.size - b.free))
    return b.count, partial(_at, b)


def sliced(x: list[Any], index: slice) -> list[Any]:
    """x[index] of a list, where bounds are traced."""
    try:
        return _sliced(x[0] if is_varying(x) else _buffer(x, None), index)
    except NeedsNumber:
        if current().region is not None:
            raise
        return made(x[index])


def _sliced(b: Buffer, index: slice) -> list[Any]:
    """x[start:stop:step]"""
    step = 1 if index.step is None else operator.index(index.step)
    if not step:
        raise ValueError("slice step cannot be zero")
    n: Any = b.count
    low, high = (0, n) if step > 0 else (-1, n - 1)

    def bound(k: Any, default: Any) -> Any:
        if k is None:
            return default
        k = np.where(np.less(k, 0), k + n, k) if isinstance(k, Value) else n + k if k < 0 else k
        return np.minimum(np.maximum(k, low), high)

    start = bound(index.start, low if step > 0 else high)
    stop = bound(index.stop, high if step > 0 else low)
    count = np.maximum((stop - start + step - (1 if step > 0 else -1)) // step, 0)
    if b.size:
        places = np.clip(start + step * np.arange(b.size), 0, b.size - 1)
        at = as_dtype(lift(current(), places), INT64)
        rows = [st.gather(lift(current(), x), at) for x in b.rows]
    else:
        rows = b.rows
    return made([Buffer(b.form, rows, _count(count), b.size, 0)])


def as_array(x: list[Any]) -> Any:
    """np.array(x)"""
    b = x[0]
    if b.form is None:
        return np.zeros(0)
    whole = _stacked(b.form, iter(b.rows))
    tape = current()
    return selected(lift(tape, whole), first_ones(lift(tape, b.count), b.size))


def taken(f: Any, x: Any, args: Any, kwargs: Any) -> Any:
    """An argument as f takes it, where that may be such a list: NumPy's functions an array."""
    if not is_varying(x):
        return x
    module = getattr(f, "__module__", None) or ""
    is_all = len(args) + len(kwargs) == 1 and f is not len and is_pythons(f)
    return as_array(x) if isinstance(f, np.ufunc) or module.startswith("numpy") or is_all else x


def goes_over(f: Any) -> bool:
    """Whether f goes over items one by one, or asks nothing of them."""
    return any(
        f is g for g in (zip, enumerate, reversed, iter, map, filter, isinstance, type, sorted)
    )


def made_of(f: Any, x: list[Any], *default: Any) -> Any:
    """list(x), or max and min of numbers with a default; None of others."""
    if f is list:
        return copied(x)
    if default and not x[0].size:
        return default[0]
    a = as_array(x) if default else None
    if type(a) is not Selected or a.ndim != 1 or a.dtype.kind != "f":
        return None
    found = np.max(a.filled(-np.inf)) if f is max else np.min(a.filled(np.inf))
    return np.where(np.greater(x[0].count, 0), found, *default)


def _stacked(form: Any, rows: Any) -> Value:
    if type(form) is Kind:
        return as_weak(lift(current(), next(rows)), False)
    if type(form) is not Node or form.kind not in (list, tuple) or not form.items:
        raise NeedsNumber("a list of objects is an array")
    return FUNCTIONS[np.stack]([_stacked(y, rows) for y in form.items], axis=1)


def settle(x: list[Any]) -> list[Any]:
    """Have a list be Python's own again: a path for each length that it may have."""
    if current().region is not None:
        raise NeedsNumber("how long a list becomes depends on traced values")
    x[:] = _items(x[0], int(x[0].count))
    return x


def _items(b: Buffer, n: int) -> list[Any]:
    """The first items of a buffer."""

    def one(k: int) -> Any:
        leaves = [Item(row, k, own.weak) for row, own in zip(b.rows, kinds(b.form), strict=True)]
        return rebuilt(b.form, iter(leaves), as_copy=True, is_argument=True)

    return [one(k) for k in range(n)]


def whole_in(x: Any) -> Any:
    """Have all such lists in x be Python's own again."""
    if is_varying(x):
        return settle(x)
    keyed.settle(x, whole_in)
    if type(x) in (list, tuple, dict):
        for y in parts_of(x):
            whole_in(y)
    return x
