"""Images at points between samples: the nearest ones, and splines through them of degree 1 to 5.

Sources: Burger & Burge, Digital Image Processing, chapter 22; Unser, Splines: a perfect fit for
signal and image processing, IEEE Signal Processing Magazine 16 (1999).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.ndimage
import scipy.special as sp

from jitad.frontend.operands import as_dtype, implements, normal_axis
from jitad.ir.errors import TraceError
from jitad.ir.op import FLOAT64
from jitad.ir.value import FUNCTIONS, Value
from jitad.scipy.ndimage.filters import result, sequence, taken


def _index(i: Any, n: int, mode: str) -> Any:
    """The sample that stands at a place beyond the edges."""
    if mode in ("reflect", "grid-mirror"):
        i = np.mod(i, 2 * n)
        return np.minimum(i, 2 * n - 1 - i)
    if mode == "mirror":
        if n == 1:
            return i * 0
        i = np.mod(i, 2 * n - 2)
        return np.minimum(i, 2 * n - 2 - i)
    return np.mod(i, n) if mode == "grid-wrap" else np.clip(i, 0, n - 1)


def _wrapped(x: Any, n: int) -> Any:
    """Coordinates of mode "wrap", whose period is that between the first and the last sample."""
    size = n - 1
    if not size:
        return x * 0.0
    low = x + size * (np.trunc(-x / size) + 1)
    return np.where(x < 0, low, np.where(x > size, x - size * np.trunc(x / size), x))


def _spline_weights(t: Any, order: int) -> list[Any]:
    """The splines of that degree that are not 0 on [0, 1), by Cox' and de Boor's formula."""
    found: list[Any] = [1.0]
    for d in range(1, order + 1):
        below = [0.0, *found, 0.0]
        found = [
            ((t + (d - m)) * below[m] + (m + 1 - t) * below[m + 1]) * (1.0 / d)
            for m in range(d + 1)
        ]
    return found


def _looked_up(x: Any, coordinates: Sequence[Any], order: int, mode: str, cval: Any) -> Any:
    """Products of splines in the coefficients x, along its first axes."""
    sides, known = [], None
    inner = "mirror" if mode in ("constant", "wrap") else mode
    for c, n in zip(coordinates, x.shape, strict=False):
        if mode == "constant":
            inside = (c >= 0) & (c <= n - 1)
            known = inside if known is None else known & inside
        c = _wrapped(c, n) if mode == "wrap" else c
        c = np.clip(c, 0, n - 1) if mode == "nearest" else c
        c = _index(c, n, mode) if mode == "mirror" else c
        c = c if order % 2 else c + 0.5
        low = np.floor(c)
        first = low.astype(np.int64) - order // 2
        weights = _spline_weights(c - low, order) if order else [None]
        ways = [(first + m, weight) for m, weight in enumerate(weights)]
        sides.append([(_index(i, n, inner), (i >= 0) & (i < n), w) for i, w in ways])
    rest = (...,) + (None,) * (x.ndim - len(coordinates))
    total: Any = 0.0
    for corner in itertools.product(*sides):
        found = x[tuple(place for place, _, _ in corner)]
        if mode == "grid-constant":
            there = functools.reduce(lambda a, b: a & b, [k for _, k, _ in corner])
            found = np.where(there[rest], found, cval)
        for _, _, weight in corner:
            found = found if weight is None else found * weight[rest]
        total = total + found
    return total if known is None else np.where(known[rest], total, cval)


_MODES = (
    "reflect",
    "grid-mirror",
    "constant",
    "grid-constant",
    "nearest",
    "mirror",
    "grid-wrap",
    "wrap",
)


_MARGIN = 12
"""Samples that are added at each edge before coefficients of modes without a formula there."""


def _coefficients(x: Any, axes: Sequence[int], order: int, mode: str) -> Any:
    """The coefficients of the spline through samples: a filter, whose matrix SciPy gives."""
    for axis in axes if order > 1 else ():
        n = x.shape[axis]
        if n > 1:
            matrix = scipy.ndimage.spline_filter1d(np.eye(n), order, axis=0, mode=mode)
            x = np.moveaxis(np.tensordot(matrix, x, axes=(1, axis)), 0, axis)
    return x


def _check(name: str, order: Any, mode: str) -> None:
    if order not in range(6):
        raise RuntimeError("spline order not supported")
    if mode not in _MODES:
        raise RuntimeError("boundary mode not supported")


def _sampled(name: str, x: Any, coordinates: Sequence[Any], options: tuple[Any, ...]) -> Any:
    """The first axes of x, as many as there are coordinates, at points; the others are kept."""
    output, order, mode, cval, prefilter = options
    _check(name, order, mode)
    c, axes = as_dtype(x, FLOAT64), range(len(coordinates))
    if prefilter and order > 1:
        margin = _MARGIN if mode in ("nearest", "grid-constant") else 0
        if margin:
            margins = [(margin * (k in axes),) * 2 for k in range(x.ndim)]
            fill = {"constant_values": cval} if mode == "grid-constant" else {}
            c = FUNCTIONS[np.pad](c, margins, mode="constant" if fill else "edge", **fill)
            coordinates = [at + float(margin) for at in coordinates]
        c = _coefficients(c, axes, order, mode)
    found = _looked_up(c, coordinates, order, mode, cval)
    target = x.dtype if output is None or isinstance(output, (Value, np.ndarray)) else output
    if np.dtype(target).kind in "iu":
        found = np.trunc(found + np.where(found > 0, 0.5, -0.5))
    return result(name, found, x, output)


@implements(scipy.ndimage.spline_filter1d)
def _spline_filter1d(
    input: Any, order: int = 3, axis: int = -1, output: Any = np.float64, mode: str = "mirror"
) -> Any:
    _check("spline_filter1d", order, mode)
    (x,) = taken("spline_filter1d", input)
    axis = normal_axis(axis, x.ndim)
    return result(
        "spline_filter1d", _coefficients(as_dtype(x, FLOAT64), [axis], order, mode), x, output
    )


@implements(scipy.ndimage.spline_filter)
def _spline_filter(
    input: Any, order: int = 3, output: Any = np.float64, mode: str = "mirror"
) -> Any:
    if order not in range(2, 6):
        raise RuntimeError("spline order not supported")
    (x,) = taken("spline_filter", input)
    found = _coefficients(as_dtype(x, FLOAT64), range(x.ndim), order, mode)
    return result("spline_filter", found, x, output)


@implements(scipy.ndimage.map_coordinates)
def _map_coordinates(
    input: Any, coordinates: Any, output: Any = None, order: int = 3, mode: str = "constant",
    cval: Any = 0.0, prefilter: bool = True,
) -> Any:  # fmt: skip
    x, at = taken("map_coordinates", input, coordinates)
    if at.ndim < 2 or at.shape[0] != x.ndim:
        raise RuntimeError("invalid shape for coordinate array")
    points = [at[k] for k in range(x.ndim)]
    return _sampled("map_coordinates", x, points, (output, order, mode, cval, prefilter))


@implements(scipy.ndimage.shift)
def _shift(
    input: Any, shift: Any, output: Any = None, order: int = 3, mode: str = "constant",
    cval: Any = 0.0, prefilter: bool = True,
) -> Any:  # fmt: skip
    x, by = taken("shift", input, shift)
    by = np.broadcast_to(by, (x.ndim,))
    points = [place - by[k] for k, place in enumerate(np.indices(x.shape, float))]
    return _sampled("shift", x, points, (output, order, mode, cval, prefilter))


@implements(scipy.ndimage.zoom)
def _zoom(
    input: Any, zoom: Any, output: Any = None, order: int = 3, mode: str = "constant",
    cval: Any = 0.0, prefilter: bool = True, *, grid_mode: bool = False,
) -> Any:  # fmt: skip
    (x,) = taken("zoom", input)
    shape = [round(n * float(z)) for n, z in zip(x.shape, sequence(zoom, x.ndim), strict=True)]
    points = []
    for n, m, place in zip(x.shape, shape, np.indices(shape, float), strict=True):
        if grid_mode:
            points.append((place + 0.5) * (n / m if m else 1.0) - 0.5)
        else:
            points.append(place * ((n - 1) / (m - 1) if m > 1 else 1.0))
    return _sampled("zoom", x, points, (output, order, mode, cval, prefilter))


@implements(scipy.ndimage.affine_transform)
def _affine_transform(
    input: Any, matrix: Any, offset: Any = 0.0, output_shape: Any = None, output: Any = None,
    order: int = 3, mode: str = "constant", cval: Any = 0.0, prefilter: bool = True,
) -> Any:  # fmt: skip
    x, a, b = taken("affine_transform", input, matrix, offset)
    n = x.ndim
    if a.shape in ((n, n + 1), (n + 1, n + 1)):
        a, b = a[:n, :n], a[:n, n]
    if a.ndim not in (1, 2) or a.shape[0] != n or a.shape[-1] != n:
        raise RuntimeError("improper affine matrix")
    b = np.broadcast_to(b, (n,))
    places = np.indices(x.shape if output_shape is None else output_shape, float)
    points = [
        b[k] + (a[k] * places[k] if a.ndim == 1 else sum(a[k, j] * places[j] for j in range(n)))
        for k in range(n)
    ]
    return _sampled("affine_transform", x, points, (output, order, mode, cval, prefilter))


@implements(scipy.ndimage.rotate)
def _rotate(
    input: Any, angle: Any, axes: Any = (1, 0), reshape: bool = True, output: Any = None,
    order: int = 3, mode: str = "constant", cval: Any = 0.0, prefilter: bool = True,
) -> Any:  # fmt: skip
    x, turn = taken("rotate", input, angle)
    first, second = sorted(normal_axis(axis, x.ndim) for axis in axes)
    sides = np.array([x.shape[first], x.shape[second]])
    if reshape and isinstance(angle, Value):
        raise TraceError(
            "scipy.ndimage.rotate by a traced angle, on which the shape depends",
            remedy="give reshape=False",
        )
    c, s = sp.cosdg(turn), sp.sindg(turn)
    shape = sides
    if reshape:
        turned = np.array([[sp.cosdg(angle), sp.sindg(angle)], [-sp.sindg(angle), sp.cosdg(angle)]])
        corners = turned @ [[0, 0, sides[0], sides[0]], [0, sides[1], 0, sides[1]]]
        shape = (np.ptp(corners, axis=1) + 0.5).astype(int)
    (i, j), (u, v) = np.indices(tuple(shape), float), (shape - 1) / 2
    i, j = i - u, j - v
    points = [(sides[0] - 1) / 2 + c * i + s * j, (sides[1] - 1) / 2 - s * i + c * j]
    whole = np.moveaxis(x, (first, second), (0, 1))
    options = (output, order, mode, cval, prefilter)
    return np.moveaxis(_sampled("rotate", whole, points, options), (0, 1), (first, second))
