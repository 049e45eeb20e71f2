"""NumPy's functions that add elements to arrays and remove them, on values.

What is removed, and where something is inserted, decides shapes: traced places are guarded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array, as_array_on, as_arrays
from jitad.frontend.exceptions import check_bounds
from jitad.frontend.operands import as_dtype, implements, innermost, lift, normal_axes
from jitad.frontend.slices import NOWHERE
from jitad.frontend.sums import is_within
from jitad.functions.arrays.shaping import broadcast_to, concatenate, moveaxis, ravel
from jitad.functions.arrays.taking import flattened, known, known_truth, pick, weave
from jitad.ir.builder import Builder
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import INT64
from jitad.ir.value import FUNCTIONS, Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st


@implements(np.append)
def append(arr: Any, values: Any, axis: Any = None) -> Value:
    x, more = as_arrays(arr, values)
    if axis is None:
        return concatenate([ravel(x), ravel(more)])
    return concatenate([x, more], axis=axis)


# -- deletion --------------------------------------------------------------------------------------


@implements(np.delete)
def delete(arr: Any, obj: Any, axis: Any = None) -> Value:
    builder = innermost((arr, obj))
    x, place = flattened(as_array_on(builder, arr), axis)
    if _is_traced(obj) and x.shape[place] > 1:
        return _without(x, lift(builder, obj), place)
    numbers = np.arange(x.shape[place])
    return pick(x, _edited(np.delete, numbers, _known_places(builder, obj)), place)


def _is_traced(obj: Any) -> bool:
    """Whether one place is given, which data says."""
    return isinstance(obj, Value) and not obj.shape and obj.dtype.kind in "iu"


def _at(order: Value, i: Value, n: int, last: int, axis: int) -> tuple[Value, Value | None]:
    """Place i along an axis of n elements, for each of the numbers of an order; and where that is
    one up to the last, if it may be another one."""
    i = as_dtype(i, INT64)
    inside: Value | None = None
    if not is_within(i, 0, last):
        check_bounds(i, n, axis)
        i = ew.where(ew.lt(i, 0), ew.add(i, n), i)
        inside = ew.logical_and(ew.ge(i, 0), ew.le(i, last))
        inside = st.broadcast(inside, shape=order.shape)
    return st.broadcast(i, shape=order.shape), inside


def _taken(x: Value, places: Value, inside: Value | None, axis: int = 0) -> Value:
    """Elements at places along an axis: out of bounds where a place that was asked for is."""
    if inside is not None:
        places = ew.where(inside, places, NOWHERE)
    return FUNCTIONS[np.take](x, places, axis=axis)


def _without(x: Value, place: Value, axis: int) -> Value:
    """An array without one place along an axis."""
    n = x.shape[axis]
    order = st.iota_on(place, (n - 1,), 0)
    i, inside = _at(order, place, n, n - 1, axis)
    later = ew.cast(ew.ge(order, i), dtype=INT64)
    return _taken(x, ew.add(order, later), inside, axis)


def _with(x: Value, place: Value, new: Value) -> Value:
    """A vector with one more element before a place."""
    n = x.shape[0]
    order = st.iota_on(place, (n + 1,), 0)
    i, inside = _at(order, place, n, n, 0)
    shifted = ew.maximum(ew.sub(order, 1), 0)
    kept = _taken(x, ew.where(ew.lt(order, i), ew.minimum(order, n - 1), shifted), inside)
    return ew.where(ew.eq(order, i), st.broadcast(new, shape=(n + 1,)), kept)


def _known_places(builder: Builder, obj: Any) -> Any:
    """A slice, an int or an array that says where: concrete, and as an index has it."""
    if isinstance(obj, slice):
        return obj
    places = known(builder, obj)
    # An empty list is one of integers, as in indexing.
    empty = places.size == 0 and not isinstance(obj, np.ndarray)
    return places.astype(np.int64) if empty else places


def _edited(function: Any, numbers: np.ndarray, *more: Any) -> np.ndarray:
    """What a NumPy function makes of the numbers of the places along an axis."""
    try:
        return function(numbers, *more)
    except (IndexError, ValueError, TypeError) as error:
        raise ShapeError(
            f"np.{function.__name__} for an axis of length {numbers.size}: {error}",
            remedy="give an int, a slice, a list of ints, or a mask of the length of the axis",
        ) from error


# -- insertion -------------------------------------------------------------------------------------


@implements(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Value:
    builder = innermost((arr, obj, values))
    x, place = flattened(as_array_on(builder, arr), axis)
    if _is_traced(obj) and x.ndim == 1 and x.size and not np.ndim(values):
        new = as_dtype(as_array_on(builder, values), x.dtype)
        return _with(x, lift(builder, obj), new)
    places = _known_places(builder, obj)
    if isinstance(places, slice):
        places = np.arange(*places.indices(x.shape[place]))
    elif places.dtype == bool:
        places = np.flatnonzero(places)
    new = as_dtype(as_array_on(builder, values), x.dtype)
    new = st.reshape(new, shape=(*(1,) * (x.ndim - new.ndim), *new.shape))
    if places.ndim == 0:
        # One int inserts a whole block, whose first axis stands for the one it is inserted along.
        new = moveaxis(new, 0, place)
    count = new.shape[place] if places.size == 1 else places.size
    # As NumPy's assignments do it: leading axes of length 1 go.
    extra = new.ndim - x.ndim
    if extra > 0 and set(new.shape[:extra]) == {1}:
        new = st.reshape(new, shape=new.shape[extra:])
    new = broadcast_to(new, tuple(count if i == place else n for i, n in enumerate(x.shape)))
    n = x.shape[place]
    at = places.item() if places.size == 1 else places
    order = _edited(np.insert, np.arange(n), at, n + np.arange(count))
    return weave(x, new, order, place)


# -- zeros at the ends -----------------------------------------------------------------------------


@implements(np.trim_zeros)
def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Value:
    x = as_array(filt)
    sides = trim.lower()
    if sides not in ("fb", "bf", "f", "b"):
        raise TraceError(f"np.trim_zeros has no trim={trim!r}", remedy="use 'f', 'b' or 'fb'")
    mask = known_truth(x.builder, x)
    axes = normal_axes(axis, x.ndim)
    for place in axes:
        others = tuple(i for i in range(x.ndim) if i != place)
        used = np.flatnonzero(mask.any(axis=others))
        n = x.shape[place]
        first = (int(used[0]) if used.size else n) if "f" in sides else 0
        last = (int(used[-1]) + 1 if used.size else 0) if "b" in sides else n
        x = pick(x, np.arange(first, max(first, last)), place)
    return x
