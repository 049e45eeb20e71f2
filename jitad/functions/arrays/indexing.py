"""Indexing of values: basic (ints, slices), integer arrays, boolean masks, and their mixtures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.frontend.exceptions import check_bounds
from jitad.frontend.guards import guard_array
from jitad.frontend.mutable import by_mask
from jitad.frontend.operands import (
    as_dtype,
    as_shape,
    as_value,
    broadcast_shape,
    innermost,
    lift,
    supported,
)
from jitad.frontend.present import all_alike
from jitad.frontend.selected import Selected, selected
from jitad.frontend.slices import is_traced_slice, spread_out
from jitad.frontend.sums import is_within
from jitad.functions.arrays.selections import select
from jitad.ir.errors import OutOfBoundsError, ShapeError, TraceError
from jitad.ir.op import INT64
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st


def getitem(x: Value, key: Any) -> Value:
    """x[key] as NumPy has it."""
    if type(key) is int and len(x.shape) == 1:
        return st.index(x, slots=(_integer(key, x.shape[0]),))
    key = by_mask(key, x.shape)
    selection = select(x, key)
    if selection is None:
        selection = _at_selected(x, key)
    if selection is not None:
        return selection
    items = _expand(key if isinstance(key, tuple) else (key,), x)
    x = lift(innermost((x, *items)), x)  # an outer array may be read at an index of a loop
    if any(is_traced_slice(item) for item in items):
        return _sliced(x, items)
    if any(_is_array(item) for item in items):
        return _advanced(x, items)
    return _basic(x, items)


def part_of(x: Any, key: Any, axis: int) -> Any:
    """x[..., key, ...] with the key at that axis."""
    return getitem(x, (*(slice(None),) * axis, key))


def _at_selected(x: Value, key: Any) -> Value | None:
    """x at places along its first axes that are selected, all by one mask; None of other keys."""
    items = key if isinstance(key, tuple) else (key,)
    first = items[0] if items else None
    if type(first) is not Selected or first.ndim != 1 or first.masks[0] is None:
        return None
    for i in items:
        if type(i) is not Selected or not all_alike(i.masks, first.masks):
            return None
        if i.whole is None or i.dtype.kind not in "iu":
            return None
    y = getitem(x, tuple([i.filled(0) for i in items]))
    return selected(y, first.masks[0])


def _is_array(item: Any) -> bool:
    return isinstance(item, (np.ndarray, list, Value))


def _expand(key: tuple[Any, ...], x: Value) -> list[Any]:
    """The key with one item for each axis (and None for each new one)."""
    items: list[Any] = []
    for item in key:
        if isinstance(item, (bool, np.bool_)):
            item = np.asarray(item)
        elif isinstance(item, Value) and item.shape == () and item.dtype.kind == "i":
            item = st.reshape(item, shape=())
        elif isinstance(item, np.ndarray) and item.dtype.kind in "iu":
            item = item.astype(np.int64, copy=False) if item.shape else int(item)
        elif isinstance(item, list):
            item = _list_index(item)
        elif not (item is None or item is Ellipsis or isinstance(item, (slice, np.ndarray, Value))):
            try:
                item = item.__index__()
            except AttributeError as error:
                raise TraceError(
                    f"{item!r} is not an index", remedy="use ints, slices, arrays, None or ..."
                ) from error
        items.append(item)
    used = sum(_axes_of(item) for item in items)
    if x.weak and used:
        raise TraceError("a Python number has no items", remedy="give an array, or drop the index")
    if used > x.ndim:
        raise OutOfBoundsError(
            f"too many indices for an array of shape {x.shape}",
            remedy="give at most one index for each axis",
        )
    dots = [i for i, item in enumerate(items) if item is Ellipsis]
    if len(dots) > 1:
        raise ShapeError(
            "an index can have only one ...",
            remedy="spell out the other one with :",
        )
    place = dots[0] if dots else len(items)
    items[place : place + len(dots)] = [slice(None)] * (x.ndim - used)
    return items


def _list_index(items: list[Any]) -> Any:
    if any(isinstance(item, Value) for item in items):
        return as_value(items)
    array = np.asarray(items)
    return array if array.size else array.astype(np.int64)


def _axes_of(item: Any) -> int:
    if item is None or item is Ellipsis:
        return 0
    if isinstance(item, (np.ndarray, Value)) and item.dtype.kind == "b":
        return item.ndim
    return 1


def _integer(item: int, n: int) -> int:
    if not -n <= item < n:
        raise OutOfBoundsError(
            f"index {item} is out of bounds for an axis of length {n}",
            remedy="count from 0, or from -1 backwards",
        )
    return item % n


def _slot(item: Any, n: int) -> st.Slot:
    if isinstance(item, slice):
        start, stop, step = item.indices(n)
        length = len(range(start, stop, step))
        return (start if length else 0, length, step if length > 1 else 1)
    return _integer(item, n)


def _basic(x: Value, items: list[Any]) -> Value:
    real = [item for item in items if item is not None]
    slots = tuple(_slot(item, n) for item, n in zip(real, x.shape, strict=True))
    result = x
    if any(s != (0, n, 1) for s, n in zip(slots, x.shape, strict=True)):
        result = st.index(x, slots=slots)
    if len(real) == len(items):
        return result
    return _with_new_axes(result, items)


def _sliced(x: Value, items: list[Any]) -> Value:
    """Slices whose bounds are traced, as places along their axes; before arrays of indices."""
    if any(_is_array(item) and item.shape for item in items):
        real = [item for item in items if item is not None]
        slices = [item if isinstance(item, slice) else slice(None) for item in real]
        rest = [slice(None) if is_traced_slice(item) else item for item in items]
        return getitem(x, tuple(slices))[tuple(rest)]
    real = [item for item in items if item is not None]
    found, masks = spread_out(x.builder.recording, real, x.shape)
    y = _advanced(x, found)
    if len(real) < len(items):
        y = _with_new_axes(y, items)
    if all(mask is None for mask in masks):
        return y
    left = iter(masks)
    kept = [item for item in items if item is None or isinstance(item, slice)]
    return Selected(y, tuple(None if item is None else next(left) for item in kept))


def _with_new_axes(x: Value, items: list[Any]) -> Value:
    """The result of an index, of integers and slices, with the new axes that it asks for."""
    sizes = iter(x.shape)
    kept = [item for item in items if item is None or isinstance(item, slice)]
    return st.reshape(x, shape=tuple(1 if item is None else next(sizes) for item in kept))


def _advanced(x: Value, items: list[Any]) -> Value:
    """Basic items first, then one gather over the axes that arrays index."""
    x, items = _whole_masks(x, items)
    items = _masks_to_places(x, items)
    basic = [slice(None) if _is_array(item) else item for item in items]
    # Ints beside arrays broadcast with them, in NumPy: they become arrays of one element.
    arrays = {k: item for k, item in enumerate(items) if _is_array(item)}
    for k, item in enumerate(items):
        if isinstance(item, int):
            place = _integer(item, x.shape[_axis_at(items, k)])
            arrays[k] = x.builder.recording.const(place, (), INT64)
            basic[k] = slice(None)
    y = _basic(x, basic)
    places = sorted(arrays)
    together = places == list(range(places[0], places[-1] + 1))
    axes = places
    values = [lift(x.builder, arrays[k]) for k in places]
    values = [as_dtype(i, INT64) if i.dtype.kind in "iu" else i for i in values]
    for value in values:
        if value.dtype.kind != "i":
            raise TraceError(
                f"an array of dtype {value.dtype} as an index", remedy="use integers or booleans"
            )
    shape = broadcast_shape(*(value.shape for value in values))
    flat = _flat_index(values, [y.shape[a] for a in axes], shape)
    others = [a for a in range(y.ndim) if a not in axes]
    order = (*axes, *others)
    rows = y if order == tuple(range(y.ndim)) else st.transpose(y, perm=order)
    merged = math.prod(y.shape[a] for a in axes)
    rest = tuple(y.shape[a] for a in others)
    result = st.gather(st.reshape(rows, shape=(merged, *rest)), flat)
    if not together or axes[0] == 0:
        return result
    lead = axes[0]
    k = len(shape)
    perm = (*range(k, k + lead), *range(k), *range(k + lead, result.ndim))
    return st.transpose(result, perm=perm)


def _whole_masks(x: Value, items: list[Any]) -> tuple[Value, list[Any]]:
    """0-d masks as indices into new axes of length 1: of place 0 where true, else of none."""
    result: list[Any] = []
    axis = 0
    for item in items:
        if _is_array(item) and item.dtype.kind == "b" and item.ndim == 0:
            count = int(guard_array(lift(x.builder, item)))
            x = st.reshape(x, shape=(*x.shape[:axis], 1, *x.shape[axis:]))
            item = np.zeros(count, np.int64)
        result.append(item)
        axis += _axes_of(item)
    return x, result


def _axis_at(items: list[Any], k: int) -> int:
    return sum(_axes_of(item) for item in items[:k])


def _masks_to_places(x: Value, items: list[Any]) -> list[Any]:
    """Boolean masks become the integer arrays of their True places, under a guard."""
    result: list[Any] = []
    axis = 0
    for item in items:
        if _is_array(item) and item.dtype.kind == "b":
            expected = x.shape[axis : axis + item.ndim]
            if item.shape != expected:
                raise ShapeError(
                    f"a mask of shape {item.shape} for axes of shape {expected}",
                    remedy="a mask has the shape of the axes that it picks from",
                )
            mask = guard_array(lift(x.builder, item))
            result += [np.asarray(place, np.int64) for place in np.nonzero(mask)]
        else:
            result.append(item)
        axis += _axes_of(item)
    return result


def _flat_index(values: list[Value], sizes: list[int], shape: tuple[int, ...]) -> Value:
    """One index into the merged axes; negative ones count from the end."""
    flat: Value | None = None
    for axis, (value, n) in enumerate(zip(values, sizes, strict=True)):
        i = as_shape(as_dtype(value, INT64), shape)
        if not is_within(value, 0, n - 1):
            check_bounds(i, n, axis)
            i = ew.where(ew.lt(i, 0), ew.add(i, n), i)
        if len(values) > 1 and not is_within(value, 0, n - 1):
            # Out of bounds in one axis must not land inside another one's rows.
            inside = ew.logical_and(ew.ge(i, 0), ew.lt(i, n))
            i = ew.where(inside, i, -(2**40))
        flat = i if flat is None else ew.add(ew.mul(flat, n), i)
    assert flat is not None
    return flat


def as_supported(x: Value, dtype: Any) -> Value:
    """`x.astype(dtype)`."""
    return as_dtype(x, supported(dtype))
