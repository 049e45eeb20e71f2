"""NumPy's functions that add elements to arrays and remove them, on values.

What is removed, and where something is inserted, decides shapes: traced places are guarded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array, as_array_on, as_arrays
from jitad.frontend.operands import as_dtype, implements, innermost, normal_axes
from jitad.functions.arrays.shaping import broadcast_to, concatenate, moveaxis, ravel
from jitad.functions.arrays.taking import flattened, known, known_truth, pick, weave
from jitad.ir.builder import Builder
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.value import Value
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
    numbers = np.arange(x.shape[place])
    return pick(x, _edited(np.delete, numbers, _known_places(builder, obj)), place)


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
