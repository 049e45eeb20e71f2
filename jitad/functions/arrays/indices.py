"""NumPy's functions that give indices of elements, on values.

Places of elements that are not zero are selected, as x[mask] is: so many as there are. Whatever
depends on a shape alone is a plain array.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array, as_arrays
from jitad.frontend.operands import as_dtype, as_shape, as_value, broadcast_shape, implements
from jitad.frontend.selected import selected
from jitad.functions.arrays.shaping import ravel, sizes_of
from jitad.functions.arrays.taking import in_range, insist, known, known_truth
from jitad.functions.elementwise.ufuncs import truth
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import BOOL, INT64, Shape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st

# -- where elements are true -----------------------------------------------------------------------


@implements(np.nonzero)
def nonzero(a: Any) -> tuple[Value, ...]:
    """Along each axis the places, which are selected as elements are by x[mask]."""
    x = as_value(a)
    if x.ndim == 0:
        raise ShapeError("np.nonzero of a scalar", remedy="use np.nonzero(np.atleast_1d(x))")
    mask = truth(x)
    return tuple(selected(st.iota_on(mask, mask.shape, k), mask) for k in range(mask.ndim))


@implements(np.flatnonzero)
def flatnonzero(a: Any) -> Value:
    return nonzero(ravel(a))[0]


@implements(np.argwhere)
def argwhere(a: Any) -> np.ndarray:
    x = as_value(a)
    return np.argwhere(known_truth(x.builder, x))


@implements(np.ix_)
def ix_(*args: Any) -> tuple[Value, ...]:
    values = as_arrays(*args)
    if any(x.ndim != 1 for x in values):
        raise ShapeError("np.ix_ of arrays that are not one-dimensional", remedy="use np.ravel")
    builder = values[0].builder
    places = [
        as_arrays(x, np.flatnonzero(known(builder, x)))[1] if x.dtype == BOOL else x for x in values
    ]
    return tuple(
        st.reshape(x, shape=tuple(x.size if i == k else 1 for i in range(len(places))))
        for k, x in enumerate(places)
    )


# -- triangles and diagonals -----------------------------------------------------------------------


def _matrix_shape(arr: Any, name: str) -> Shape:
    shape = as_value(arr).shape
    if len(shape) != 2:
        raise ShapeError(f"np.{name} of an array of shape {shape}", remedy="give a matrix")
    return shape


@implements(np.tril_indices_from)
def tril_indices_from(arr: Any, k: int = 0) -> tuple[np.ndarray, ...]:
    rows, columns = _matrix_shape(arr, "tril_indices_from")
    return np.tril_indices(rows, k, columns)


@implements(np.triu_indices_from)
def triu_indices_from(arr: Any, k: int = 0) -> tuple[np.ndarray, ...]:
    rows, columns = _matrix_shape(arr, "triu_indices_from")
    return np.triu_indices(rows, k, columns)


@implements(np.diag_indices_from)
def diag_indices_from(arr: Any) -> tuple[np.ndarray, ...]:
    shape = as_value(arr).shape
    if len(shape) < 2 or len({*shape}) != 1:
        raise ShapeError(
            f"np.diag_indices_from of an array of shape {shape}",
            remedy="give an array of two axes or more, of equal lengths",
        )
    return np.diag_indices(shape[0], len(shape))


# -- one number for an index of several axes -------------------------------------------------------


def _steps(shape: Shape, order: str) -> list[int]:
    """How far apart neighbours along each axis are."""
    if order not in ("C", "F"):
        raise TraceError(f"there is no order {order!r}", remedy="use order='C' or order='F'")
    if order == "C":
        return [math.prod(shape[k + 1 :]) for k in range(len(shape))]
    return [math.prod(shape[:k]) for k in range(len(shape))]


def _integers(x: Value) -> Value:
    if x.dtype.kind != "i":
        raise TraceError(f"an array of dtype {x.dtype} as an index", remedy="use integers")
    return as_dtype(x, INT64)


def _within(i: Value, n: int, shape: Shape) -> None:
    insist(
        ew.logical_and(ew.ge(i, 0), ew.lt(i, n)),
        lambda: ShapeError(
            f"an index is out of bounds for an array of shape {shape}",
            remedy="bring it into range, or give np.ravel_multi_index mode='wrap' or 'clip'",
        ),
    )


@implements(np.unravel_index)
def unravel_index(indices: Any, shape: Any, order: str = "C") -> tuple[Value, ...]:
    i, sizes = _integers(as_array(indices)), sizes_of(shape)
    _within(i, math.prod(sizes), sizes)
    return tuple(
        ew.int_mod(ew.int_floor_divide(i, step), n)
        for step, n in zip(_steps(sizes, order), sizes, strict=True)
    )


@implements(np.ravel_multi_index)
def ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: str = "C") -> Value:
    sizes = sizes_of(dims)
    values = [_integers(x) for x in as_arrays(*multi_index)]
    modes = mode if isinstance(mode, tuple) else (mode,) * len(sizes)
    if not len(values) == len(sizes) == len(modes):
        raise ShapeError(
            f"np.ravel_multi_index of {len(values)} indices for {len(sizes)} axes",
            remedy="give one index and one mode for each axis",
        )
    shape = broadcast_shape(*(x.shape for x in values))
    total = values[0].builder.const(0, shape, INT64)
    for x, n, how, step in zip(values, sizes, modes, _steps(sizes, order), strict=True):
        if how == "raise":
            _within(x, n, sizes)
        place = as_shape(x if how == "raise" else in_range(x, n, how), shape)
        total = ew.add(total, ew.mul(place, step))
    return total
