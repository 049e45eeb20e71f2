"""NumPy's functions that apply a function of the user's to parts of a traced array."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array, as_array_on
from jitad.frontend.operands import as_dtype, implements, normal_axis
from jitad.functions.arrays.shaping import expand_dims, moveaxis, stack
from jitad.ir.errors import ShapeError
from jitad.ir.value import Value
from jitad.ops import structural as st


@implements(np.apply_along_axis)
def apply_along_axis(
    func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any
) -> Value:
    """The function is called once for each slice, as NumPy does it: each call is traced."""
    x = as_array(arr)
    place = normal_axis(axis, x.ndim)
    rows = moveaxis(x, place, -1)
    lead, length = rows.shape[:-1], rows.shape[-1]
    if 0 in lead:
        raise ShapeError(
            f"np.apply_along_axis over the other axes of an array of shape {x.shape}",
            remedy="an axis of length 0 leaves no slice to call the function with",
        )
    slices = st.reshape(rows, shape=(math.prod(lead), length))
    results = [as_array_on(x.builder, func1d(row, *args, **kwargs)) for row in slices]
    # The first call sets the dtype: NumPy stores the other results in an array made for it.
    first = results[0]
    table = stack([as_dtype(result, first.dtype) for result in results])
    table = st.reshape(table, shape=(*lead, *first.shape))
    inner = range(len(lead), table.ndim)
    return moveaxis(table, tuple(inner), tuple(range(place, place + first.ndim)))


@implements(np.apply_over_axes)
def apply_over_axes(func: Callable[..., Any], a: Any, axes: int | Iterable[int]) -> Any:
    result: Any = as_array(a)
    rank = result.ndim
    for axis in axes if isinstance(axes, Iterable) else (axes,):
        place = normal_axis(axis, rank)
        reduced = func(result, place)
        result = reduced if np.ndim(reduced) == rank else expand_dims(reduced, place)
        if result.ndim != rank:
            raise ShapeError(
                f"np.apply_over_axes: the function made {reduced.shape} of {rank} axes",
                remedy="the function keeps the axis, as one of length 1, or drops it",
            )
    return result
