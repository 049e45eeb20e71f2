"""NumPy's functions of arrays as long as data says: made, joined, sorted, and solved for."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from jitad.frontend.mutable import mutable
from jitad.frontend.mutable_functions import OF_SELECTED
from jitad.frontend.operands import array_dtype, innermost, lift
from jitad.frontend.present import all_alike
from jitad.frontend.selected import Selected, elementwise, of_masks
from jitad.frontend.slices import first_ones, length_of
from jitad.frontend.sums import at_most, sum_of
from jitad.functions.arrays.leading import are_counted
from jitad.functions.arrays.selections import check_any
from jitad.functions.reductions.reductions import highest
from jitad.ir.value import FUNCTIONS, Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.affine import Sum

# -- joined ----------------------------------------------------------------------------------------


def _concatenate(arrays: Any, axis: Any = 0) -> Any:
    """np.concatenate"""
    parts = list(arrays)
    ranks = {np.ndim(x) for x in parts}
    if len(ranks) != 1 or not isinstance(axis, int) or ranks == {0}:
        return NotImplemented
    (rank,) = ranks
    axis %= rank
    if not all(_is_counted_along(x, axis) for x in parts if type(x) is Selected):
        return _joined_by_masks(parts) if rank == 1 else NotImplemented
    counts = [x.count(axis) if type(x) is Selected else np.shape(x)[axis] for x in parts]
    ends = [*itertools.accumulate(counts)]
    values = [_whole(x) for x in parts]
    room = int(max(sum_of(end).most() for end in ends))
    shape = tuple(room if k == axis else n for k, n in enumerate(np.shape(values[0])))
    builder = innermost(parts)
    joined = mutable(builder, builder.const(0, shape, array_dtype(*values)))
    before = (slice(None),) * axis
    for x, start, end in zip(parts, [0, *ends], ends, strict=False):
        joined[(*before, slice(start, end))] = x
    total = sum_of(ends[-1])
    return joined if not total.terms else joined[(*before, slice(ends[-1]))]


def _whole(x: Any) -> Value:
    whole = x.whole if type(x) is Selected else x
    return lift(innermost((whole,)), whole) if isinstance(whole, Value) else np.asarray(whole)  # type: ignore[return-value]  # of which a shape and a dtype are asked


def _is_counted_along(x: Selected, axis: int) -> bool:
    """Whether its elements along an axis are the first ones, and all are there along others."""
    if x.whole is None or any(mask is not None for k, mask in enumerate(x.masks) if k != axis):
        return False
    mask = x.masks[axis]
    return mask is None or length_of(mask) is not None


def _joined_by_masks(parts: Sequence[Any]) -> Any:
    """Vectors one after the other, of which masks say what there is."""
    if any(type(x) is Selected and (x.whole is None or x.ndim != 1) for x in parts):
        return NotImplemented
    wholes: list[Any] = [x.whole if type(x) is Selected else x for x in parts]
    masks = [
        np.ones(len(x), bool) if type(x) is not Selected or x.masks[0] is None else x.masks[0]
        for x in parts
    ]
    if any(np.ndim(mask) != 1 for mask in masks):
        return NotImplemented
    mask = np.concatenate(masks)
    joined: Any = np.concatenate(wholes)
    return Selected(joined, (lift(innermost(wholes), mask),))


OF_SELECTED[np.concatenate] = _concatenate


def _append(arr: Any, values: Any, axis: Any = None) -> Any:
    """np.append"""
    if axis is not None or np.ndim(arr) != 1 or np.ndim(values) > 1:
        return NotImplemented
    return _concatenate((arr, values if np.ndim(values) else np.reshape(values, (1,))))


OF_SELECTED[np.append] = _append
OF_SELECTED[np.hstack] = lambda tup: _concatenate(
    tup, axis=0 if all(np.ndim(x) == 1 for x in tup) else 1
)


def _delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    """np.delete of a vector, at one place"""
    if np.ndim(arr) != 1 or np.ndim(obj) or isinstance(obj, slice) or axis not in (None, 0, -1):
        return NotImplemented
    place = _place(arr, obj, 1)
    return NotImplemented if place is None else _concatenate((arr[:place], arr[place + 1 :]))


def _insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    """np.insert into a vector, at one place"""
    if np.ndim(arr) != 1 or np.ndim(obj) or isinstance(obj, slice) or axis not in (None, 0, -1):
        return NotImplemented
    if np.ndim(values) > 1:
        return NotImplemented
    place = _place(arr, obj, 0)
    if place is None:
        return NotImplemented
    new = values if np.ndim(values) else np.reshape(values, (1,))
    return _concatenate((arr[:place], new, arr[place:]))


def _place(x: Any, i: Any, least: int) -> Any:
    """A place that may be counted from the end, which so many elements follow at least; None where
    that is not known."""
    n = x.count(0) if type(x) is Selected else len(x)
    place = i if at_most(0, i) else np.add(i, n) if at_most(i, -1) else None
    is_inside = (
        place is not None and at_most(0, place) and at_most(sum_of(place).plus(Sum(least)), n)
    )
    return place if is_inside else None


OF_SELECTED[np.delete] = _delete
OF_SELECTED[np.insert] = _insert

# -- in order --------------------------------------------------------------------------------------


def _last(x: Selected) -> Any:
    """What comes last in order: of floating point NaN, which stands behind infinity."""
    return math.nan if x.dtype.kind == "f" else highest(x.dtype)


def _is_row(x: Any) -> bool:
    """Whether x is a selection of real numbers in one row."""
    return type(x) is Selected and x.ndim == 1 and x.whole is not None and x.dtype.kind in "fiu"


def _first_of(y: Value, x: Selected) -> Selected:
    """The first elements of y, as many as x has."""
    n = lift(y.builder, x.count(0))
    return Selected(y, (first_ones(n, y.shape[0]),))


def _ordered(function: Any) -> Any:
    def record(x: Any, axis: int = -1, kind: Any = None) -> Any:
        if not _is_row(x) or (function is np.argsort and not x.is_counted):
            return NotImplemented
        if x.masks[0].ndim != 1:
            return NotImplemented
        return _first_of(FUNCTIONS[function](x.filled(_last(x))), x)

    return record


for _function in (np.sort, np.argsort):
    OF_SELECTED[_function] = _ordered(_function)


def _ranked(function: Any) -> Any:
    """A function of the numbers in order, by the one that leaves NaN out."""

    def record(x: Any, *args: Any, axis: Any = None, **kwargs: Any) -> Any:
        if not _is_row(x) or not kwargs.keys() <= {"method"} or axis not in (None, 0, -1):
            return NotImplemented
        if any(np.ndim(q) > 1 for q in args):
            return NotImplemented
        numbers: Any = np.ravel(x.filled(0)).astype(float)
        there = np.ravel(lift(numbers.builder, x.mask((0,))))
        found = function(np.where(there, numbers, math.nan), *args, **kwargs)
        return np.where(np.any(np.isnan(numbers)), math.nan, found)

    return record


for _function, _without in (
    (np.median, np.nanmedian),
    (np.quantile, np.nanquantile),
    (np.percentile, np.nanpercentile),
):
    OF_SELECTED[_function] = _ranked(_without)


def _extreme_place(function: Any, worst: float) -> Any:
    def record(x: Any, axis: Any = None) -> Any:
        if not _is_row(x) or x.masks[0].ndim != 1 or axis not in (None, 0, -1):
            return NotImplemented
        name = function.__name__
        check_any(x.masks[0], f"attempt to get {name} of an empty sequence")
        filler = worst
        if x.dtype.kind != "f":
            limits = np.iinfo(x.dtype)
            filler = limits.min if worst < 0 else limits.max
        place = FUNCTIONS[function](x.filled(x.dtype.type(filler)))
        if x.is_counted:
            return place
        return np.cumsum(x.masks[0])[place] - 1

    return record


OF_SELECTED[np.argmax] = _extreme_place(np.argmax, -math.inf)
OF_SELECTED[np.argmin] = _extreme_place(np.argmin, math.inf)


def _searchsorted(x: Any, v: Any, side: str = "left") -> Any:
    """np.searchsorted of one number: how many stand before it"""
    if not _is_row(x) or np.ndim(v) or side not in ("left", "right"):
        return NotImplemented
    return np.count_nonzero(np.less(x, v) if side == "left" else np.less_equal(x, v))


OF_SELECTED[np.searchsorted] = _searchsorted


def _where(condition: Any, *sides: Any) -> Any:
    """np.where"""
    if not sides:
        return _nonzero(condition)
    found = elementwise(np.where, (condition, *sides))
    return NotImplemented if found is None else found


def _roll(x: Any, shift: Any) -> Any:
    """np.roll of a vector"""
    if type(x) is not Selected or x.ndim != 1 or not x.is_counted or np.ndim(shift):
        return NotImplemented
    whole: Any = x.whole
    n = lift(whole.builder, x.count(0))
    k = st.iota_on(whole, whole.shape, 0)
    moved = np.mod(k - shift, np.maximum(n, 1))
    at = ew.where(ew.lt(k, st.broadcast(n, shape=k.shape)), moved, k)
    return Selected(st.gather(whole, at), x.masks)


OF_SELECTED[np.roll] = _roll


def _nonzero(a: Any) -> Any:
    """np.nonzero of a vector"""
    if type(a) is not Selected or a.ndim != 1 or not a.is_counted or a.whole is None:
        return NotImplemented
    there = a.filled(0)
    mask: Any = there if there.dtype.kind == "b" else np.not_equal(there, 0)
    return (Selected(st.iota_on(mask, mask.shape, 0), (lift(mask.builder, mask),)),)


OF_SELECTED[np.nonzero] = _nonzero
OF_SELECTED[np.flatnonzero] = lambda a: (
    NotImplemented if (found := _nonzero(a)) is NotImplemented else found[0]
)
OF_SELECTED[np.where] = _where


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0) -> Any:
    """np.trapezoid of vectors"""
    if np.ndim(y) != 1 or (x is not None and np.ndim(x) != 1):
        return NotImplemented
    steps = dx if x is None else x[1:] - x[:-1]
    return np.sum(0.5 * steps * (y[1:] + y[:-1]))


OF_SELECTED[np.trapezoid] = _trapezoid

# -- other shapes ----------------------------------------------------------------------------------


def _ravel(a: Any, order: str = "C") -> Any:
    """np.ravel of a vector, which it is"""
    return a if type(a) is Selected and a.ndim == 1 else NotImplemented


def _reshape(a: Any, /, shape: Any = None, order: str = "C") -> Any:
    """np.reshape of a vector to one, or to a column or a row"""
    if type(a) is not Selected or a.ndim != 1:
        return NotImplemented
    key = {(-1,): slice(None), (-1, 1): (slice(None), None), (1, -1): (None, slice(None))}
    wanted = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    return a[key[wanted]] if wanted in key else NotImplemented


def _stack(arrays: Any, axis: int = 0) -> Any:
    """np.stack along a new first axis"""
    parts = list(arrays)
    if axis or len({np.ndim(x) for x in parts}) != 1 or np.ndim(parts[0]) == 0:
        return NotImplemented
    return elementwise(lambda *rows: np.stack(rows), parts, before=1)


OF_SELECTED[np.ravel], OF_SELECTED[np.reshape], OF_SELECTED[np.stack] = _ravel, _reshape, _stack
OF_SELECTED[np.vstack] = lambda tup: _stack(tup) if np.ndim(tup[0]) == 1 else _concatenate(tup)


def _einsum(spec: Any, *operands: Any) -> Any:
    """np.einsum, of labels that have one length each"""
    if not isinstance(spec, str) or "->" not in spec or "." in spec:
        return NotImplemented
    terms, result = spec.replace(" ", "").split("->")
    labels = terms.split(",")
    masks: dict[str, Any] = {}
    wholes: list[Any] = []
    for term, x in zip(labels, operands, strict=True):
        if len(set(term)) < len(term) or (type(x) is Selected and not are_counted(x)):
            return NotImplemented
        own = x.masks if type(x) is Selected else (None,) * len(term)
        for label, mask in zip(term, own, strict=True):
            if label in masks and not all_alike((masks[label],), (mask,)):
                return NotImplemented
            masks[label] = mask
        summed = [k for k, label in enumerate(term) if label not in result]
        wholes.append(x.filled(0, summed) if type(x) is Selected else x)
    return of_masks(np.einsum(spec, *wholes), [masks[label] for label in result])


OF_SELECTED[np.einsum] = _einsum
