"""Filters: sums over windows of an array that is continued beyond its edges.

Source: Burger & Burge, Digital Image Processing, chapter 5.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.ndimage

from jitad.frontend.conversion import as_array_on
from jitad.frontend.mutable import MutableArray
from jitad.frontend.operands import as_dtype, implements, innermost, normal_axis
from jitad.ir.errors import TraceError
from jitad.ir.op import FLOAT64
from jitad.ir.value import FUNCTIONS, Value

_PADDING = {
    "reflect": "symmetric",
    "grid-mirror": "symmetric",
    "mirror": "reflect",
    "nearest": "edge",
    "wrap": "wrap",
    "grid-wrap": "wrap",
    "constant": "constant",
    "grid-constant": "constant",
}
"""How np.pad continues an array, by the modes here."""

_FEW = 48
"""Elements of a window whose products are added one by one."""


def taken(name: str, x: Any, *others: Any) -> list[Any]:
    """Operands as values on one tape; weights as floats."""
    builder = innermost((x, *others))
    values = [as_array_on(builder, v) for v in (x, *others)]
    if any(v.dtype.kind == "c" for v in values):
        raise TraceError(
            f"scipy.ndimage.{name} of complex traced values",
            remedy="filter the real and the imaginary part, each by itself",
        )
    return [values[0], *(as_dtype(v, FLOAT64) for v in values[1:])]


def result(name: str, found: Any, x: Any, output: Any) -> Any:
    """The result in SciPy's dtype: that of the input, unless another is asked for."""
    if output is None:
        return as_dtype(found, x.dtype)
    if isinstance(output, MutableArray):
        output[...] = as_dtype(found, output.dtype)
        return output
    if isinstance(output, (Value, np.ndarray)):
        raise TraceError(
            f"scipy.ndimage.{name}(..., output=) of a traced value", remedy="use the result"
        )
    return as_dtype(found, np.dtype(output))


def continued(x: Any, margins: Sequence[tuple[int, int]], mode: str, cval: Any) -> Any:
    if mode not in _PADDING:
        raise RuntimeError("boundary mode not supported")
    if not any(map(any, margins)):
        return x
    options = {"constant_values": cval} if _PADDING[mode] == "constant" else {}
    return FUNCTIONS[np.pad](x, margins, mode=_PADDING[mode], **options)


def _check_origin(origin: int, length: int) -> None:
    if not -(length // 2) <= origin <= (length - 1) // 2:
        raise ValueError(
            "Invalid origin; origin must satisfy -(len(weights) // 2) <= origin <= "
            "(len(weights)-1) // 2"
        )


def margins_of(shape: Sequence[int], origins: Sequence[int]) -> list[tuple[int, int]]:
    """How many samples a window of that shape needs beyond both edges of each axis."""
    margins = []
    for origin, length in zip(origins, shape, strict=True):
        _check_origin(origin, length)
        before = length // 2 + origin
        margins.append((before, length - 1 - before))
    return margins


def _correlated(x: Any, w: Any, mode: str, cval: Any, origins: Sequence[int]) -> Any:
    """sum_k w[k] x[i + k - size // 2 - origin], with as many axes in w."""
    margins = margins_of(w.shape, origins)
    whole = continued(as_dtype(x, FLOAT64), margins, mode, cval)
    if w.size > _FEW:
        axes = tuple(range(x.ndim))
        windows = FUNCTIONS[np.lib.stride_tricks.sliding_window_view](whole, w.shape, axes)
        return np.sum(windows * w, axis=tuple(range(x.ndim, 2 * x.ndim)))
    terms = []
    for place in itertools.product(*map(range, w.shape)):
        part = whole[tuple(slice(k, k + n) for k, n in zip(place, x.shape, strict=True))]
        terms.append(part * w[place])
    return functools.reduce(lambda a, b: a + b, terms)


def _along(x: Any, w: Any, axis: int, mode: str, cval: Any, origin: int) -> Any:
    """The same along one axis."""
    shape = [1] * x.ndim
    shape[axis] = w.shape[0]
    origins = [0] * x.ndim
    origins[axis] = origin
    return _correlated(x, np.reshape(w, shape), mode, cval, origins)


@implements(scipy.ndimage.correlate1d)
def _correlate1d(
    input: Any, weights: Any, axis: int = -1, output: Any = None, mode: str = "reflect",
    cval: Any = 0.0, origin: int = 0,
) -> Any:  # fmt: skip
    x, w = taken("correlate1d", input, weights)
    if w.ndim != 1 or not w.size:
        raise RuntimeError("no filter weights given")
    found = _along(x, w, normal_axis(axis, x.ndim), mode, cval, origin)
    return result("correlate1d", found, x, output)


@implements(scipy.ndimage.convolve1d)
def _convolve1d(
    input: Any, weights: Any, axis: int = -1, output: Any = None, mode: str = "reflect",
    cval: Any = 0.0, origin: int = 0,
) -> Any:  # fmt: skip
    even = 1 - len(weights) % 2
    return _correlate1d(input, weights[::-1], axis, output, mode, cval, -origin - even)


def sequence(x: Any, count: int) -> list[Any]:
    if isinstance(x, str) or not np.iterable(x):
        return [x] * count
    found = list(x)
    if len(found) != count:
        raise RuntimeError("sequence argument must have length equal to input rank")
    return found


def places_of(axes: Any, ndim: int) -> tuple[int, ...]:
    if axes is None:
        return tuple(range(ndim))
    return tuple(normal_axis(a, ndim) for a in (axes if np.iterable(axes) else (axes,)))


def _over_kernel(name: str, turned: bool) -> Callable[..., Any]:
    def record(
        input: Any, weights: Any, output: Any = None, mode: str = "reflect", cval: Any = 0.0,
        origin: Any = 0, *, axes: Any = None,
    ) -> Any:  # fmt: skip
        x, w = taken(name, input, weights)
        places = places_of(axes, x.ndim)
        if w.ndim != len(places):
            raise RuntimeError(f"weights.ndim ({w.ndim}) must match len(axes) ({len(places)})")
        given = sequence(origin, len(places))
        w = w[(slice(None, None, -1),) * w.ndim] if turned else w
        shape, origins = [1] * x.ndim, [0] * x.ndim
        for place, length, k in zip(places, w.shape, given, strict=True):
            shape[place] = length
            origins[place] = -k - (1 - length % 2) if turned else k
        found = _correlated(x, np.reshape(w, shape), mode, cval, origins)
        return result(name, found, x, output)

    return record


FUNCTIONS[scipy.ndimage.correlate] = _over_kernel("correlate", turned=False)
FUNCTIONS[scipy.ndimage.convolve] = _over_kernel("convolve", turned=True)


# -- filters that are given by a few numbers -------------------------------------------------------


def _gaussian_weights(sigma: Any, order: int, radius: int) -> Any:
    """The Gaussian's, or those of its derivative: q(x) exp(-x^2 / 2 sigma^2), by q' - x q / s^2."""
    if order < 0:
        raise ValueError("order must be non-negative")
    x = np.arange(-radius, radius + 1)
    bell = np.exp(-0.5 / (sigma * sigma) * x**2)
    bell = bell / np.sum(bell)
    q = [1.0] + [0.0] * order
    for _ in range(order):
        raised = [0.0, *(-c / (sigma * sigma) for c in q[:-1])]
        lowered = [*((k + 1) * c for k, c in enumerate(q[1:])), 0.0]
        q = [a + b for a, b in zip(raised, lowered, strict=True)]
    return sum(c * x**k for k, c in enumerate(q)) * bell


@implements(scipy.ndimage.gaussian_filter1d)
def _gaussian_filter1d(
    input: Any, sigma: Any, axis: int = -1, order: int = 0, output: Any = None,
    mode: str = "reflect", cval: Any = 0.0, truncate: float = 4.0, *, radius: Any = None,
) -> Any:  # fmt: skip
    if isinstance(sigma, Value) and radius is None:
        raise TraceError(
            "scipy.ndimage.gaussian_filter1d with a traced sigma, on which the number of weights "
            "depends",
            remedy="give radius=, how many samples there are on each side, as int(4 * largest + 1)",
        )
    size: int = int(truncate * sigma + 0.5) if radius is None else radius  # type: ignore[operator]
    if size < 0:
        raise ValueError("Radius must be a nonnegative integer.")
    weights = _gaussian_weights(sigma, order, size)[::-1]
    return _correlate1d(input, weights, axis, output, mode, cval)


@implements(scipy.ndimage.gaussian_filter)
def _gaussian_filter(
    input: Any, sigma: Any, order: Any = 0, output: Any = None, mode: Any = "reflect",
    cval: Any = 0.0, truncate: float = 4.0, *, radius: Any = None, axes: Any = None,
) -> Any:  # fmt: skip
    places = places_of(axes, np.ndim(input))
    count = len(places)
    given = [sequence(x, count) for x in (sigma, order, mode, radius)]
    for axis, s, k, m, r in zip(places, *given, strict=True):
        if isinstance(s, Value) or s > 1e-15:
            input = _gaussian_filter1d(input, s, axis, k, output, m, cval, truncate, radius=r)
    return input


@implements(scipy.ndimage.uniform_filter1d)
def _uniform_filter1d(
    input: Any, size: int, axis: int = -1, output: Any = None, mode: str = "reflect",
    cval: Any = 0.0, origin: int = 0,
) -> Any:  # fmt: skip
    if size < 1:
        raise RuntimeError("incorrect filter size")
    return _correlate1d(input, np.full(size, 1.0 / size), axis, output, mode, cval, origin)


@implements(scipy.ndimage.uniform_filter)
def _uniform_filter(
    input: Any, size: Any = 3, output: Any = None, mode: Any = "reflect", cval: Any = 0.0,
    origin: Any = 0, *, axes: Any = None,
) -> Any:  # fmt: skip
    places = places_of(axes, np.ndim(input))
    given = [sequence(x, len(places)) for x in (size, mode, origin)]
    for axis, n, m, k in zip(places, *given, strict=True):
        if n > 1:
            input = _uniform_filter1d(input, int(n), axis, output, m, cval, k)
    return input


def _edges(name: str, smooth: Sequence[int]) -> Callable[..., Any]:
    """A difference along an axis, smoothed along the others."""

    def record(
        input: Any, axis: int = -1, output: Any = None, mode: Any = "reflect", cval: Any = 0.0
    ) -> Any:
        ndim = np.ndim(input)
        axis, modes = normal_axis(axis, ndim), sequence(mode, ndim)
        found = _correlate1d(input, np.array([-1, 0, 1]), axis, output, modes[axis], cval)
        for k in range(ndim):
            if k != axis:
                found = _correlate1d(found, np.array(smooth), k, output, modes[k], cval)
        return found

    return record


FUNCTIONS[scipy.ndimage.sobel] = _edges("sobel", (1, 2, 1))
FUNCTIONS[scipy.ndimage.prewitt] = _edges("prewitt", (1, 1, 1))


@implements(scipy.ndimage.laplace)
def _laplace(
    input: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, *, axes: Any = None
) -> Any:
    places = places_of(axes, np.ndim(input))
    modes = sequence(mode, len(places))
    terms = [
        _correlate1d(input, np.array([1, -2, 1]), axis, output, m, cval)
        for axis, m in zip(places, modes, strict=True)
    ]
    return functools.reduce(lambda a, b: a + b, terms)


def _by_axes(
    input: Any, sigma: Any, order: int, output: Any, mode: Any, cval: Any, rest: Any
) -> Any:
    """The Gaussian filters of which each differentiates along one axis."""
    ndim = np.ndim(input)
    for axis in range(ndim):
        orders = [order if k == axis else 0 for k in range(ndim)]
        yield _gaussian_filter(input, sigma, orders, output, mode, cval, **rest)


@implements(scipy.ndimage.gaussian_laplace)
def _gaussian_laplace(
    input: Any, sigma: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0,
    *, axes: Any = None, **rest: Any,
) -> Any:  # fmt: skip
    _check_all_axes("gaussian_laplace", axes)
    parts = _by_axes(input, sigma, 2, output, mode, cval, rest)
    return functools.reduce(lambda a, b: a + b, parts)


@implements(scipy.ndimage.gaussian_gradient_magnitude)
def _gaussian_gradient_magnitude(
    input: Any, sigma: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0,
    *, axes: Any = None, **rest: Any,
) -> Any:  # fmt: skip
    _check_all_axes("gaussian_gradient_magnitude", axes)
    parts = list(_by_axes(input, sigma, 1, output, mode, cval, rest))
    return FUNCTIONS[np.linalg.norm](np.stack(parts), axis=0)


def _check_all_axes(name: str, axes: Any) -> None:
    if axes is not None:
        raise TraceError(
            f"scipy.ndimage.{name}(..., axes=) of a traced value",
            remedy="leave it out, or use gaussian_filter with order= for each axis",
        )
