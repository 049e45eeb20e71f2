"""NumPy's evenly spaced numbers and grids, on values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.frontend.conversion import as_arrays
from jitad.frontend.operands import (
    PYTHON_NUMBERS,
    as_dtype,
    as_shape,
    broadcast_shape,
    common_dtype,
    implements,
    innermost,
    lift,
    supported,
)
from jitad.functions.arrays.creation import most_of
from jitad.functions.arrays.shaping import expand_dims, moveaxis, sizes_of
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import FLOAT64, is_differentiable
from jitad.ir.value import UFUNCS, Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st


def _count(num: Any) -> int:
    (count,) = sizes_of(num)
    if count < 0:
        raise ShapeError(f"a range of {count} numbers", remedy="num= must not be negative")
    return count


def _ends(*ends: Any, least: Any = bool) -> list[Value]:
    """The ends of a range on one tape, of one dtype of floating point and one shape."""
    builder = innermost(ends)
    values = [lift(builder, x) for x in ends]
    dtype = np.result_type(common_dtype(*values), least)
    dtype = supported(dtype if is_differentiable(dtype) else FLOAT64)
    shape = broadcast_shape(*(x.shape for x in values))
    return [as_shape(as_dtype(x, dtype), shape) for x in values]


def _finished(y: Value, dtype: Any, axis: int) -> Value:
    """A range whose numbers lie along the first axis."""
    if dtype is not None:
        y = as_dtype(y, supported(np.dtype(dtype)))
    return moveaxis(y, 0, axis)


@implements(np.linspace)
def linspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: bool = False,
    dtype: Any = None, axis: int = 0, *, device: Any = None,
) -> Any:  # fmt: skip
    if isinstance(num, Value) and not (retstep or axis or dtype or most_of(num) is None):
        return _counted(start, stop, num, endpoint)
    low, high = _ends(start, stop)
    count = _count(num)
    gaps = count - 1 if endpoint else count
    gap = ew.sub(high, low)
    step = ew.div(gap, float(gaps)) if gaps > 0 else None
    shape = (count, *low.shape)
    place = st.iota_on(low, shape, 0)
    number = as_dtype(place, low.dtype)
    y = ew.mul(number, as_shape(gap if step is None else step, shape))
    y = ew.add(y, as_shape(low, shape))
    if endpoint and count > 1:
        # The last number is the end itself, whatever rounding makes of the steps to it.
        y = ew.where(ew.eq(place, count - 1), as_shape(high, shape), y)
    if dtype is not None and np.dtype(dtype).kind in "iu":
        y = ew.floor(y)
    y = _finished(y, dtype, axis)
    return (y, math.nan if step is None else step) if retstep else y


def _counted(start: Any, stop: Any, num: Value, endpoint: bool) -> Any:
    """So many numbers as data says, at equal distances."""
    k = st.iota_on(num, (max(1, most_of(num) or 0),), 0)
    gaps = ew.maximum(ew.sub(num, 1) if endpoint else num, 1)
    found = np.add(start, np.multiply(k, np.divide(np.subtract(stop, start), gaps)))
    if endpoint:
        is_last = ew.logical_and(ew.gt(k, 0), ew.eq(k, st.broadcast(ew.sub(num, 1), shape=k.shape)))
        found = np.where(is_last, stop, found)
    return found[:num]


@implements(np.logspace)
def logspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0,
    dtype: Any = None, axis: int = 0,
) -> Value:  # fmt: skip
    builder = innermost((start, stop, base))
    operands = [lift(builder, x) for x in (start, stop)]
    power: Any = base
    if not isinstance(base, PYTHON_NUMBERS):
        power = lift(builder, base)
        # Each base has its own range: its axes are those of the ends.
        ndim = max(power.ndim, *(x.ndim for x in operands))
        if power.ndim:
            operands = [st.reshape(x, shape=(*(1,) * (ndim - x.ndim), *x.shape)) for x in operands]
            power = expand_dims(st.reshape(power, shape=(*(1,) * (ndim - power.ndim),
                                                         *power.shape)), axis)  # fmt: skip
    y = linspace(*operands, num, endpoint=endpoint, axis=axis)
    result = UFUNCS[np.power](power, y)
    return result if dtype is None else as_dtype(result, supported(np.dtype(dtype)))


@implements(np.geomspace)
def geomspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Value:
    """The ends must not be 0, which is not known while tracing: such a range is not a number."""
    low, high = _ends(start, stop, least=float if dtype is None else dtype)
    # Of complex numbers all is turned so that the first one is positive.
    sign: Any = np.divide(low, np.absolute(low)) if low.dtype.kind == "c" else np.sign(low)
    ends = [np.log10(np.divide(x, sign)) for x in (low, high)]
    count = _count(num)
    shape = (count, *low.shape)
    y = as_dtype(np.power(10.0, linspace(*ends, count, endpoint=endpoint)), low.dtype)
    y = ew.mul(y, as_shape(sign, shape))
    place = st.iota_on(low, shape, 0)
    y = ew.where(ew.eq(place, 0), as_shape(low, shape), y)
    if endpoint and count > 1:
        y = ew.where(ew.eq(place, count - 1), as_shape(high, shape), y)
    return _finished(y, dtype, axis)


@implements(np.meshgrid)
def meshgrid(
    *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[Value, ...]:
    if indexing not in ("xy", "ij"):
        raise TraceError(
            f"np.meshgrid with indexing={indexing!r}", remedy="use indexing='xy' or 'ij'"
        )
    values = as_arrays(*xi)
    axes = [*range(len(values))]
    if indexing == "xy" and len(axes) > 1:
        axes[:2] = 1, 0
    sizes = [values[k].size for k in axes]
    grids = [
        st.reshape(x, shape=tuple(n if i == axis else 1 for i, n in enumerate(sizes)))
        for x, axis in zip(values, axes, strict=True)
    ]
    return tuple(grids if sparse else (as_shape(x, tuple(sizes)) for x in grids))
