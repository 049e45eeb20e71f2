"""NumPy's functions that repeat elements and arrays, on values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array_on
from jitad.frontend.operands import implements, innermost
from jitad.functions.arrays.indexing import part_of
from jitad.functions.arrays.shaping import sizes_of
from jitad.functions.arrays.taking import flattened, known
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import Shape
from jitad.ir.value import Value
from jitad.ops import structural as st


@implements(np.repeat)
def repeat(a: Any, repeats: Any, axis: Any = None) -> Value:
    builder = innermost((a, repeats))
    x, place = flattened(as_array_on(builder, a), axis)
    counts = known(builder, repeats)
    if counts.dtype.kind not in "iub" and counts.size:
        raise TraceError(
            f"np.repeat by numbers of {counts.dtype}", remedy="give how often as integers"
        )
    if np.any(counts < 0) or counts.ndim > 1 or counts.size not in (1, x.shape[place]):
        raise ShapeError(
            f"np.repeat of an axis of length {x.shape[place]} by {counts.tolist()}",
            remedy="give one number, or one for each place along the axis, none negative",
        )
    if counts.size == 1:
        return _each_repeated(x, int(counts.item()), place)
    places = np.repeat(np.arange(counts.size), counts)
    return part_of(x, places, place)


def _each_repeated(x: Value, count: int, axis: int) -> Value:
    lead, n, rest = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    aligned = st.reshape(x, shape=(*lead, n, 1, *rest))
    copies = st.broadcast(aligned, shape=(*lead, n, count, *rest))
    return st.reshape(copies, shape=(*lead, n * count, *rest))


@implements(np.tile)
def tile(A: Any, reps: Any) -> Value:
    builder = innermost((A, reps))
    x = as_array_on(builder, A)
    counts = sizes_of(known(builder, reps))
    if any(n < 0 for n in counts):
        raise ShapeError(f"np.tile by {counts}", remedy="give numbers that are not negative")
    shape = (*(1,) * (len(counts) - x.ndim), *x.shape)
    return tiled(st.reshape(x, shape=shape), (*(1,) * (x.ndim - len(counts)), *counts))


def tiled(x: Value, counts: Shape) -> Value:
    """x so often along each of its axes."""
    split = [(count, n) if count != 1 else (n,) for count, n in zip(counts, x.shape, strict=True)]
    apart = [(1, n) if count != 1 else (n,) for count, n in zip(counts, x.shape, strict=True)]
    copies = st.broadcast(
        st.reshape(x, shape=tuple(n for axis in apart for n in axis)),
        shape=tuple(n for axis in split for n in axis),
    )
    return st.reshape(copies, shape=tuple(math.prod(axis) for axis in split))
