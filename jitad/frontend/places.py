"""A traced index of a view -> where in the array's memory the elements are, as a traced array.

And whether what is assigned to elements fits them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jitad.frontend.exceptions import check_bounds
from jitad.frontend.operands import as_dtype, as_shape, broadcast_shape, lift
from jitad.frontend.slices import NOWHERE, is_full, is_traced_slice, spread_out
from jitad.frontend.storage import Places, Storage
from jitad.frontend.sums import is_within
from jitad.ir.builder import Builder
from jitad.ir.errors import ShapeError
from jitad.ir.op import BOOL, INT64, Shape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st


class Rows(NamedTuple):
    """Where elements are: rows of memory by their numbers, each of elements of the shape `row`;
    all are `apart` where no place stands twice; perhaps only some are asked for, as data says."""

    at: Value
    row: Shape
    apart: bool = False
    is_whole: bool = True

    @property
    def shape(self) -> Shape:
        """The shape of the elements."""
        return (*self.at.shape, *self.row)

    def elements(self) -> Value:
        """The place of each element."""
        if not self.row:
            return self.at
        size, lead = math.prod(self.row), (1,) * len(self.row)
        starts = st.reshape(ew.mul(self.at, size), shape=(*self.at.shape, *lead))
        order = lift(self.at.builder, np.arange(size).reshape(self.row))
        return ew.add(st.broadcast(starts, shape=self.shape), as_shape(order, self.shape))


def places_of(storage: Storage, places: Places, index: Any) -> Rows:
    """The places of the elements of `view[index]`."""
    items = spelled_out(index if isinstance(index, tuple) else (index,), places.ndim)
    apart, is_whole = items is not None and not any(map(np.ndim, items)), True
    if items is not None and any(map(is_traced_slice, items)):
        whole = (*items, *[slice(None)] * (places.ndim - len(items)))
        found, masks = spread_out(storage.builder.recording, whole, places.shape)
        items, is_whole = tuple(found), all(mask is None for mask in masks)
    key = storage.key(places)
    if key is None or items is None:
        return Rows(lift(storage.builder.recording, np.ascontiguousarray(places))[index], ())
    return _from_integers(storage, places, items, key)._replace(apart=apart, is_whole=is_whole)


class Element(NamedTuple):
    """An element at a traced place, as it is until something is written."""

    at: Value
    now: Value

    def added(self, x: Value) -> Value | None:
        """What is added to the element, where x is a sum of it and this."""
        instr = x.builder.instrs[x.index]
        if x.builder is not self.now.builder or self.now.index not in instr.args:
            return None
        place = instr.args.index(self.now.index)
        if instr.op is ew.sub and not place:
            return ew.neg(x.builder.value(instr.args[1]))
        return x.builder.value(instr.args[1 - place]) if instr.op is ew.add else None


def element_of(storage: Storage, places: Places, index: Any) -> Element | None:
    """The element of `view[index]`, where that is an integer for each axis: read once, so that what
    is read, added to and written back is known to be added to."""
    items = index if isinstance(index, tuple) else (index,)
    is_one = len(items) == places.ndim and are_integers(items) and not any(map(np.ndim, items))
    if not is_one or storage.root is not storage:
        return None
    named = [(x.builder, x.index) if isinstance(x, Value) else int(x) for x in items]
    key = storage.builder.recording, storage.key(places), *named
    known: Any = storage.frozen.get(key)
    if known is None:
        at = places_of(storage, places, index).at
        known = Element(at, storage.gather(at))
        storage.frozen[key] = known
    return known


def spelled_out(items: tuple[Any, ...], ndim: int) -> tuple[Any, ...] | None:
    """An index of integers and slices without `...`, or of integers and arrays of them for the
    first axes; else None."""
    if any(item is Ellipsis for item in items):
        place = next(k for k, item in enumerate(items) if item is Ellipsis)
        rest = items[place + 1 :]
        items = (*items[:place], *[slice(None)] * (ndim - len(items) + 1), *rest)
    integers = tuple(item for item in items if not isinstance(item, slice))
    if len(items) > ndim or not are_integers(integers):
        return None
    return items if len(integers) == len(items) or is_view(integers) else None


def mask_of(key: Any) -> tuple[Value | None, tuple[Any, ...]]:
    """The traced mask that a key begins with, and the key of the other axes, where that is of ints
    and slices that are known; None for other keys."""
    items: tuple[Any, ...] = key if isinstance(key, tuple) and key else (key,)
    mask, *rest = items
    if not all(type(item) in (int, slice) for item in rest):
        return None, ()
    if not isinstance(mask, Value) or mask.dtype != BOOL or not mask.shape:
        return None, ()
    mask = mask.freeze()
    return mask, (*[slice(None)] * mask.ndim, *rest) if rest else ()


def are_integers(index: Any) -> bool:
    """Whether an index has integers and arrays of them only."""
    return all(map(_is_integer, index if isinstance(index, tuple) else (index,)))


def is_view(index: Any) -> bool:
    """Whether NumPy would give a view, or an element, of an array at this index: no copy."""
    items = index if isinstance(index, tuple) else (index,)
    others = (x for x in items if x is not None and not isinstance(x, slice))
    return not any(np.ndim(x) or getattr(x, "dtype", None) == BOOL for x in others)


def is_all(index: Any) -> bool:
    """Whether an index of an array is of all of it."""
    items = index if isinstance(index, tuple) else (index,)
    return all(x is Ellipsis or is_full(x) for x in items)


def leaves_axes(index: Any, ndim: int) -> bool:
    """Whether an index of integers and slices leaves axes of an array of so many."""
    items = index if isinstance(index, tuple) else (index,)
    return len(items) < ndim or not are_integers(index)


def _is_integer(item: Any) -> bool:
    if isinstance(item, (bool, np.bool_)):
        return False
    if isinstance(item, (Value, np.ndarray)):
        return item.dtype.kind == "i"
    return isinstance(item, (int, np.integer))


def _from_integers(storage: Storage, places: Places, items: Any, key: Any) -> Rows:
    """Products of integers, or arrays of them, with the steps of their axes, and a sum."""
    offset, _, steps = key
    axes = [k for k, item in enumerate(items) if not isinstance(item, slice)]
    rest = places[tuple(item if isinstance(item, slice) else 0 for item in items)]
    steps = tuple(steps[k] for k in axes)
    row = _row(rest - offset, (offset, *steps))
    if row:
        offset, steps = offset // rest.size, tuple(step // rest.size for step in steps)
    builder = storage.builder.recording
    values = [_number(builder, items[k]) for k in axes]
    shape = broadcast_shape(*(value.shape for value in values))
    total: Value | None = None
    valid: Value | None = None
    alone = places.shape == storage.order.shape and offset == 0 and steps == (1,)
    for value, axis, step in zip(values, axes, steps, strict=True):
        n = places.shape[axis]
        i = as_shape(value, shape)
        if not is_within(value, 0, n - 1):
            check_bounds(i, n, axis)
            i = ew.where(ew.lt(i, 0), ew.add(i, n), i)
        if alone:
            return Rows(i, ())
        if not is_within(value, 0, n - 1):
            inside = ew.logical_and(ew.ge(i, 0), ew.lt(i, n))
            valid = inside if valid is None else ew.logical_and(valid, inside)
        term = ew.mul(i, step)
        total = term if total is None else ew.add(total, term)
    assert total is not None
    found = ew.add(total, offset)
    if valid is not None:
        found = ew.where(valid, found, NOWHERE)
    if row or rest.shape == ():
        return Rows(found, row)
    full = (*shape, *rest.shape)
    spread = st.broadcast(st.reshape(found, shape=(*shape, *(1,) * rest.ndim)), shape=full)
    within = as_shape(lift(builder, np.ascontiguousarray(rest - offset)), full)
    return Rows(ew.add(spread, within), ())


def _number(builder: Builder, item: Any) -> Value:
    """An integer or an array of them; of a known one the tape knows it too."""
    if isinstance(item, (int, np.integer)):
        return builder.const(int(item), (), INT64)
    return as_dtype(lift(builder, item), INT64)


def _row(rest: Places, steps: Sequence[int]) -> Shape:
    """The shape of what an index of the first axes leaves, where this is a row of memory."""
    size = rest.size
    whole = size > 1 and np.array_equal(rest.ravel(), np.arange(size))
    return rest.shape if whole and all(step % size == 0 for step in steps) else ()


def fitting(x: Any, shape: tuple[int, ...]) -> Any:
    """x without leading axes of length 1, which NumPy drops in assignments, if it fits then."""
    extra = max(0, len(x.shape) - len(shape))
    kept = x.shape[extra:]
    wanted = shape[len(shape) - len(kept) :]
    if any(n != 1 for n in x.shape[:extra]) or any(
        n not in (1, m) for n, m in zip(kept, wanted, strict=True)
    ):
        raise ShapeError(
            f"an array of shape {x.shape} does not broadcast to the elements of shape {shape} "
            "that it is assigned to",
            remedy="assign as many elements as there are, or one for all",
        )
    return x.reshape(kept) if extra else x
