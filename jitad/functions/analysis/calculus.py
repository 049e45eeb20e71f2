"""NumPy's differences, slopes on grids, integrals of samples and unwrapped phases, on values."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array_on, as_arrays
from jitad.frontend.operands import as_dtype, implements, innermost, normal_axes, normal_axis
from jitad.functions.arrays.indexing import part_of
from jitad.functions.arrays.shaping import broadcast_to, concatenate
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import FLOAT64
from jitad.ir.value import Value

# -- differences -----------------------------------------------------------------------------------


@implements(np.diff)
def diff(
    a: Any, n: int = 1, axis: int = -1, prepend: Any = np._NoValue, append: Any = np._NoValue
) -> Any:
    if n < 0:
        raise ShapeError(f"np.diff of order {n}", remedy="give an order n of 0 or more")
    if n == 0:
        return a
    ends = [prepend, append]
    given = [x for x in ends if x is not np._NoValue]
    builder = innermost((a, *given))
    x = as_array_on(builder, a)
    if x.ndim == 0:
        raise ShapeError("np.diff of a scalar", remedy="use an array of one axis or more")
    place = normal_axis(axis, x.ndim)
    if given:
        line = tuple(1 if i == place else n for i, n in enumerate(x.shape))
        pieces: list[Any] = [x]
        for at, end in ((0, prepend), (2, append)):
            if end is not np._NoValue:
                value = as_array_on(builder, end)
                pieces.insert(at, value if value.ndim else broadcast_to(value, line))
        x = concatenate(pieces, axis=place)
    differ = np.not_equal if x.dtype.kind == "b" else np.subtract
    for _ in range(n):
        x = differ(part_of(x, slice(1, None), place), part_of(x, slice(None, -1), place))
    return x


@implements(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Value:
    given = [x for x in (to_end, to_begin) if x is not None]
    builder = innermost((ary, *given))
    x = as_array_on(builder, ary).reshape(-1)
    pieces: list[Value] = [np.subtract(x[1:], x[:-1])]
    for at, end in ((0, to_begin), (2, to_end)):
        if end is None:
            continue
        value = as_array_on(builder, end)
        if not np.can_cast(value.dtype, x.dtype, "same_kind"):
            raise TraceError(
                f"np.ediff1d of {x.dtype} with an end of {value.dtype}",
                remedy=f"cast the end with astype({x.dtype})",
            )
        pieces.insert(at, as_dtype(value, x.dtype).reshape(-1))
    return concatenate(pieces)


# -- gradients on grids: Fornberg, Mathematics of Computation 51 (1988), 699-706 -------------------


@implements(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    builder = innermost((f, *varargs))
    y = as_array_on(builder, f)
    axes = (
        tuple(range(y.ndim))
        if axis is None
        else tuple(normal_axis(i, y.ndim) for i in (axis if np.iterable(axis) else (axis,)))
    )
    normal_axes(axes, y.ndim)
    if edge_order not in (1, 2):
        raise ShapeError(f"np.gradient of edge_order={edge_order}", remedy="use 1 or 2")
    result_dtype = y.dtype if y.dtype.kind in "fc" else FLOAT64
    y = as_dtype(y, FLOAT64) if y.dtype.kind == "i" else y
    steps = _steps(y, axes, varargs)
    slopes: list[Value] = []
    for place, step in zip(axes, steps, strict=True):
        if y.shape[place] < edge_order + 1:
            raise ShapeError(
                f"np.gradient along an axis of {y.shape[place]} elements",
                remedy=f"at least {edge_order + 1} are needed for edge_order={edge_order}",
            )
        slope = _slope(y, place, step, edge_order)
        slopes.append(as_dtype(slope, result_dtype))
    return slopes[0] if len(axes) == 1 else tuple(slopes)


def _steps(y: Value, axes: tuple[int, ...], varargs: tuple[Any, ...]) -> list[Any]:
    """For each axis the step of its grid: a number, or an array of the gaps between its points."""
    if not varargs:
        return [1.0] * len(axes)
    if len(varargs) == 1 and np.ndim(varargs[0]) == 0:
        return list(varargs) * len(axes)
    if len(varargs) != len(axes):
        raise ShapeError(
            f"np.gradient along {len(axes)} axes with {len(varargs)} spacings",
            remedy="give none, one number, or a number or the coordinates for each axis",
        )
    steps: list[Any] = []
    for place, spacing in zip(axes, varargs, strict=True):
        if np.ndim(spacing) == 0:
            steps.append(spacing)
            continue
        points = as_array_on(y.builder, spacing)
        if points.shape != y.shape[place : place + 1]:
            raise ShapeError(
                f"np.gradient with coordinates of shape {points.shape} along an axis of "
                f"{y.shape[place]}",
                remedy="coordinates are one number for each element of the axis",
            )
        points = as_dtype(points, FLOAT64) if points.dtype.kind == "i" else points
        steps.append(diff(points))
    return steps


def _slope(y: Value, axis: int, step: Any, edge_order: int) -> Any:
    """Central differences inside, and one-sided ones at the two ends."""

    def at(start: int, stop: int | None) -> Any:
        return part_of(y, slice(start, stop), axis)

    n = y.shape[axis]
    if np.ndim(step) == 0:
        inside = (at(2, None) - at(0, -2)) / (2.0 * step)
        first, last = (step, step), (step, step)
    else:
        shape = [-1 if i == axis else 1 for i in range(y.ndim)]
        g = np.reshape(step, shape)
        h, k = part_of(g, slice(0, -1), axis), part_of(g, slice(1, None), axis)
        inside = at(2, None) * (h / (k * (h + k))) - at(0, -2) * (k / (h * (h + k)))
        inside = inside + at(1, -1) * ((k - h) / (h * k))
        first, last = (step[0], step[1 % (n - 1)]), (step[n - 2], step[(n - 3) % (n - 1)])
    if edge_order == 1:
        left, right = (at(1, 2) - at(0, 1)) / first[0], (at(n - 1, n) - at(n - 2, n - 1)) / last[0]
    else:
        left = _end([at(i, i + 1) for i in (0, 1, 2)], *first)
        # Seen from the other end the axis runs backwards: the slope changes its sign.
        right = -_end([at(i, i + 1) for i in (n - 1, n - 2, n - 3)], *last)
    return concatenate([left, inside, right], axis=axis)


def _end(y: list[Any], h: Any, k: Any) -> Any:
    """The slope at the first of three points, of gaps h and k, of the parabola through them."""
    both = h + k
    weights = (-(h + both) / (h * both), both / (h * k), -h / (k * both))
    return weights[0] * y[0] + weights[1] * y[1] + weights[2] * y[2]


# -- integrals and phases --------------------------------------------------------------------------


@implements(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    if x is None:
        values: Any = as_array_on(innermost((y, dx)), y)
        gap = dx
        place = normal_axis(axis, values.ndim)
    else:
        values, points = as_arrays(y, x)
        place = normal_axis(axis, values.ndim)
        if points.ndim == 1:
            gap = np.reshape(diff(points), [-1 if i == place else 1 for i in range(values.ndim)])
        else:
            gap = diff(points, axis=axis)
    pairs = part_of(values, slice(1, None), place) + part_of(values, slice(None, -1), place)
    return np.sum(gap * pairs / 2.0, axis=place)
