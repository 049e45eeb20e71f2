"""Images at points between samples, of order 0 and 1.

Source: Burger & Burge, Digital Image Processing, chapter 22.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.ndimage

from jitad.frontend.operands import as_dtype, implements
from jitad.ir.errors import TraceError
from jitad.ir.op import FLOAT64
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


def _looked_up(x: Any, coordinates: Sequence[Any], order: int, mode: str, cval: Any) -> Any:
    """Products of lines between the samples, or the nearest samples."""
    sides, known = [], None
    for c, n in zip(coordinates, x.shape, strict=True):
        if mode == "constant":
            inside = (c >= 0) & (c <= n - 1)
            known = inside if known is None else known & inside
        c = _wrapped(c, n) if mode == "wrap" else c
        c = np.clip(c, 0, n - 1) if mode == "nearest" else c
        c = _index(c, n, mode) if mode == "mirror" else c
        low = np.floor(c + 0.5 if order == 0 else c)
        place = low.astype(np.int64)
        ways = [(place, None)] if order == 0 else [(place, 1 - (c - low)), (place + 1, c - low)]
        sides.append([(_index(i, n, mode), (i >= 0) & (i < n), weight) for i, weight in ways])
    total: Any = 0.0
    for corner in itertools.product(*sides):
        found = x[tuple(place for place, _, _ in corner)]
        if mode == "grid-constant":
            found = np.where(
                functools.reduce(lambda a, b: a & b, [k for _, k, _ in corner]), found, cval
            )
        for _, _, weight in corner:
            found = found if weight is None else found * weight
        total = total + found
    return total if known is None else np.where(known, total, cval)


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


def _sampled(
    name: str, x: Any, coordinates: Sequence[Any], options: tuple[Any, int, str, Any]
) -> Any:
    output, order, mode, cval = options
    if mode not in _MODES:
        raise RuntimeError("boundary mode not supported")
    found = _looked_up(as_dtype(x, FLOAT64), coordinates, order, mode, cval)
    return result(name, found, x, output)


def _check_order(name: str, order: int) -> None:
    if order not in (0, 1):
        raise TraceError(
            f"scipy.ndimage.{name}(..., order={order}) of traced values",
            remedy="use order=1; or scipy.interpolate.RectBivariateSpline for a smooth surface",
        )


@implements(scipy.ndimage.map_coordinates)
def _map_coordinates(
    input: Any, coordinates: Any, output: Any = None, order: int = 3, mode: str = "constant",
    cval: Any = 0.0, prefilter: bool = True,
) -> Any:  # fmt: skip
    _check_order("map_coordinates", order)
    x, at = taken("map_coordinates", input, coordinates)
    if at.ndim < 2 or at.shape[0] != x.ndim:
        raise RuntimeError("invalid shape for coordinate array")
    points = [at[k] for k in range(x.ndim)]
    return _sampled("map_coordinates", x, points, (output, order, mode, cval))


@implements(scipy.ndimage.shift)
def _shift(
    input: Any, shift: Any, output: Any = None, order: int = 3, mode: str = "constant",
    cval: Any = 0.0, prefilter: bool = True,
) -> Any:  # fmt: skip
    _check_order("shift", order)
    x, by = taken("shift", input, shift)
    by = np.broadcast_to(by, (x.ndim,))
    points = [place - by[k] for k, place in enumerate(np.indices(x.shape, float))]
    return _sampled("shift", x, points, (output, order, mode, cval))


@implements(scipy.ndimage.zoom)
def _zoom(
    input: Any, zoom: Any, output: Any = None, order: int = 3, mode: str = "constant",
    cval: Any = 0.0, prefilter: bool = True, *, grid_mode: bool = False,
) -> Any:  # fmt: skip
    _check_order("zoom", order)
    (x,) = taken("zoom", input)
    shape = [round(n * float(z)) for n, z in zip(x.shape, sequence(zoom, x.ndim), strict=True)]
    points = []
    for n, m, place in zip(x.shape, shape, np.indices(shape, float), strict=True):
        if grid_mode:
            points.append((place + 0.5) * (n / m if m else 1.0) - 0.5)
        else:
            points.append(place * ((n - 1) / (m - 1) if m > 1 else 1.0))
    return _sampled("zoom", x, points, (output, order, mode, cval))
