"""np.interp on values: the interval of each point by bisection, and the line over it."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array_on
from jitad.frontend.operands import as_dtype, implements, innermost
from jitad.functions.arrays.shaping import concatenate
from jitad.functions.reductions.counting import bisect
from jitad.functions.reductions.sorting import argsort
from jitad.ir.errors import ShapeError
from jitad.ir.op import FLOAT64
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st


@implements(np.interp)
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Value:
    """The slope at a knot is that of the interval to its right, and at the last one to its left."""
    operands = (x, xp, fp, left, right, period)
    builder = innermost(operands)
    at, knots = (as_dtype(as_array_on(builder, v), FLOAT64) for v in (x, xp))
    heights = as_array_on(builder, fp)
    heights = as_dtype(heights, np.dtype(np.result_type(heights.dtype, FLOAT64)))
    if knots.ndim != 1 or heights.shape != knots.shape or not knots.size:
        raise ShapeError(
            f"np.interp with xp of shape {knots.shape} and fp of shape {heights.shape}",
            remedy="both are of one axis, equally long, and not empty",
        )
    if period is not None:
        return _line(*_repeated(at, knots, heights, period), None, None)
    return _line(at, knots, heights, left, right)


def _line(at: Value, knots: Value, heights: Value, left: Any, right: Any) -> Any:
    n = knots.shape[0]
    after = bisect(ew.stop_gradient(knots), ew.stop_gradient(at), right=True)
    i = ew.maximum(ew.sub(after, 1), 0)  # the last knot that is not beyond, or the first
    low = ew.minimum(i, max(n - 2, 0))
    high = ew.minimum(ew.add(low, 1), n - 1)
    width = ew.sub(st.gather(knots, high), st.gather(knots, low))
    rise = ew.sub(st.gather(heights, high), st.gather(heights, low))
    flat = ew.eq(width, 0.0)
    width = as_dtype(ew.where(flat, 1.0, width), heights.dtype)
    slope = ew.where(flat, 0.0, ew.div(rise, width))
    # From knot i, which is the last one at the right end: there the height is exact.
    offset = as_dtype(ew.sub(at, st.gather(knots, i)), heights.dtype)
    inside = ew.add(st.gather(heights, i), ew.mul(slope, offset))
    below = heights[0] if left is None else as_dtype(as_array_on(at.builder, left), heights.dtype)
    above = (
        heights[-1] if right is None else as_dtype(as_array_on(at.builder, right), heights.dtype)
    )
    result = np.where(np.less(at, knots[0]), below, inside)
    return np.where(np.greater(at, knots[-1]), above, result)


def _repeated(at: Any, knots: Any, heights: Value, period: Any) -> tuple[Any, Any, Any]:
    """The points within one period, and the knots there in order, with one more at each end."""
    size = np.abs(period)
    if not isinstance(period, Value) and not size:
        raise ShapeError("np.interp with period=0", remedy="give a period that is not 0")
    at, knots = np.mod(at, size), np.mod(knots, size)
    order = argsort(ew.stop_gradient(knots))
    knots, heights = st.gather(knots, order), st.gather(heights, order)
    knots = concatenate([knots[-1:] - size, knots, knots[:1] + size])
    return at, knots, concatenate([heights[-1:], heights, heights[:1]])
