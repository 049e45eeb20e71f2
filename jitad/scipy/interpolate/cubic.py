"""Cubic splines through points: their slopes there, of every kind.

Sources: de Boor, A Practical Guide to Splines, chapter IV; Fritsch & Butland, A method for
constructing local monotone piecewise cubic interpolants (1984); Akima, A new method of
interpolation (1970).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from jitad.scipy.interpolate.piecewise import PPoly, beside, floats


def _prepared(x: Any, y: Any, axis: int) -> Any:
    """The points as floats, their distances, and the values, the axis first."""
    if np.iscomplexobj(x):
        raise ValueError("`x` must contain real values.")
    x, y = np.asarray(x, dtype=float), floats(y)
    axis = axis % np.ndim(y)
    if np.ndim(x) != 1 or np.shape(x)[0] < 2:
        raise ValueError("`x` must be 1-dimensional, and contain at least 2 elements.")
    if np.shape(x)[0] != np.shape(y)[axis]:
        raise ValueError(f"The length of `y` along `axis`={axis} doesn't match the length of `x`")
    if not np.all(np.isfinite(x)):
        raise ValueError("`x` must contain only finite values.")
    if not np.all(np.isfinite(y)):
        raise ValueError("`y` must contain only finite values.")
    steps = np.diff(x)
    if np.any(steps <= 0):
        raise ValueError("`x` must be strictly increasing sequence.")
    y = np.moveaxis(y, axis, 0) if axis else y
    return x, beside(steps, np.ndim(y)), y, axis


def _coefficients(steps: Any, y: Any, slopes: Any) -> Any:
    """The coefficients of the cubics with these values and slopes at both ends."""
    rise = np.diff(y, axis=0) / steps
    bend = (slopes[:-1] + slopes[1:] - 2 * rise) / steps
    return np.stack([bend / steps, (rise - slopes[:-1]) / steps - bend, slopes[:-1], y[:-1]])


class CubicHermiteSpline(PPoly):
    """The cubics with these values and slopes."""

    def __init__(self, x: Any, y: Any, dydx: Any, axis: int = 0, extrapolate: Any = None) -> None:
        if np.shape(y) != np.shape(dydx):
            raise ValueError("The shapes of `y` and `dydx` must be identical.")
        x, steps, y, axis = _prepared(x, y, axis)
        slopes = floats(dydx)
        if not np.all(np.isfinite(slopes)):
            raise ValueError("`dydx` must contain only finite values.")
        slopes = np.moveaxis(slopes, axis, 0) if axis else slopes
        self._hold(
            _coefficients(steps, y, slopes), x, True if extrapolate is None else extrapolate, axis
        )


class PchipInterpolator(PPoly):
    """Cubics that are monotone where the values are."""

    def __init__(self, x: Any, y: Any, axis: int = 0, extrapolate: Any = None) -> None:
        x, steps, y, axis = _prepared(x, y, axis)
        if np.iscomplexobj(y):
            raise ValueError("`PchipInterpolator` only works with real values for `y`.")
        c = _coefficients(steps, y, _monotone(steps, y))
        self._hold(c, x, True if extrapolate is None else extrapolate, axis)


def _monotone(steps: Any, y: Any) -> Any:
    rise = np.diff(y, axis=0) / steps
    if np.shape(y)[0] == 2:
        return np.concatenate([rise, rise])
    sign = np.sign(rise)
    flat = (sign[1:] != sign[:-1]) | (rise[1:] == 0) | (rise[:-1] == 0)
    first, second = 2 * steps[1:] + steps[:-1], steps[1:] + 2 * steps[:-1]
    before, after = np.where(flat, 1.0, rise[:-1]), np.where(flat, 1.0, rise[1:])
    mean = (first / before + second / after) / (first + second)
    inner = np.where(flat, 0.0, 1.0 / mean)
    start = _at_end(steps[0], steps[1], rise[0], rise[1])
    end = _at_end(steps[-1], steps[-2], rise[-1], rise[-2])
    return np.concatenate([start[None], inner, end[None]])


def _at_end(h: Any, k: Any, rise: Any, other: Any) -> Any:
    """The slope of the parabola there, as far as that keeps the shape."""
    slope = ((2 * h + k) * rise - h * other) / (h + k)
    steep = (np.sign(rise) != np.sign(other)) & (np.abs(slope) > 3.0 * np.abs(rise))
    kept = np.where(steep, 3.0 * rise, slope)
    return np.where(np.sign(slope) != np.sign(rise), 0.0, kept)


def pchip_interpolate(xi: Any, yi: Any, x: Any, der: Any = 0, axis: int = 0) -> Any:
    """The value of a PchipInterpolator, or derivatives."""
    p = PchipInterpolator(xi, yi, axis=axis)
    if np.ndim(der):
        return [p(x, nu) for nu in der]
    return p(x, der)


class Akima1DInterpolator(PPoly):
    """Cubics whose slopes are means of those of near lines, weighted by how these turn."""

    def __init__(
        self, x: Any, y: Any, axis: int = 0, *, method: str = "akima", extrapolate: Any = None
    ) -> None:
        if method not in ("akima", "makima"):
            raise NotImplementedError(f"`method`={method} is unsupported.")
        x, steps, y, axis = _prepared(x, y, axis)
        if np.iscomplexobj(y):
            raise ValueError("`Akima1DInterpolator` only works with real values for `y`.")
        c = _coefficients(steps, y, _by_turns(steps, y, method))
        self._hold(c, x, False if extrapolate is None else extrapolate, axis)


def _by_turns(steps: Any, y: Any, method: str) -> Any:
    rise = np.diff(y, axis=0) / steps
    if np.shape(y)[0] == 2:
        return np.concatenate([rise, rise])
    before = 2.0 * rise[0] - rise[1]
    after = 2.0 * rise[-1] - rise[-2]
    ends = 2.0 * before - rise[0], 2.0 * after - rise[-1]
    m = np.concatenate([ends[0][None], before[None], rise, after[None], ends[1][None]])
    turns = np.abs(np.diff(m, axis=0))
    first, second = turns[2:], turns[:-2]
    if method == "makima":
        means = np.abs(m[1:] + m[:-1])
        first, second = first + 0.5 * means[2:], second + 0.5 * means[:-2]
    weight = first + second
    known = weight > 1e-9 * np.max(weight)
    mean = m[1:-2] + second / np.where(known, weight, 1.0) * (m[2:-1] - m[1:-2])
    return np.where(known, mean, 0.5 * (m[3:] + m[:-3]))


# -- twice differentiable --------------------------------------------------------------------------


class CubicSpline(PPoly):
    """The twice differentiable piecewise cubic, with conditions at the ends."""

    def __init__(
        self, x: Any, y: Any, axis: int = 0, bc_type: Any = "not-a-knot", extrapolate: Any = None
    ) -> None:
        x, steps, y, axis = _prepared(x, y, axis)
        start, end = _conditions(bc_type, y)
        if extrapolate is None:
            extrapolate = "periodic" if start == "periodic" else True
        slopes = _slopes(steps, y, start, end)
        self._hold(_coefficients(steps, y, slopes), x, extrapolate, axis)


_NAMED = {"clamped": 1, "natural": 2}


def _conditions(given: Any, y: Any) -> Any:
    """A condition for each end: a name, or the order and the value of a derivative."""
    if isinstance(given, str):
        if given == "periodic" and not np.all(
            np.abs(y[0] - y[-1]) <= 1e-15 + 1e-15 * np.abs(y[-1])
        ):
            raise ValueError(
                "The first and last `y` point must be identical (within machine precision) when "
                "bc_type='periodic'."
            )
        given = (given, given)
    elif len(given) != 2:
        raise ValueError("`bc_type` must contain 2 elements to specify start and end conditions.")
    elif any(isinstance(one, str) and one == "periodic" for one in given):
        raise ValueError("'periodic' `bc_type` is defined for both curve ends")
    return [_condition(one, y) for one in given]


def _condition(one: Any, y: Any) -> Any:
    if isinstance(one, str):
        if one in ("not-a-knot", "periodic"):
            return one
        if one not in _NAMED:
            raise ValueError(f"bc_type={one} is not allowed.")
        return (_NAMED[one], np.zeros(np.shape(y)[1:]))
    order, value = one
    if order not in (1, 2):
        raise ValueError("The specified derivative order must be 1 or 2.")
    if np.shape(value) != np.shape(y)[1:]:
        raise ValueError(
            f"`deriv_value` shape {np.shape(value)} is not the expected one {np.shape(y)[1:]}."
        )
    return (order, floats(value))


def _slopes(h: Any, y: Any, start: Any, end: Any) -> Any:
    """The slopes at the points, of the equations that the second derivatives are continuous."""
    n = np.shape(y)[0]
    rise = np.diff(y, axis=0) / h
    if n == 2:
        start = (1, rise[0]) if isinstance(start, str) else start
        end = (1, rise[0]) if isinstance(end, str) else end
    if n == 3 and isinstance(start, str) and isinstance(end, str):
        if start == "periodic":
            slope = np.sum(rise / h, axis=0) / np.sum(1.0 / h, axis=0)
            return np.stack([slope, slope, slope])
        return _parabola(h, rise)
    inner = 3 * (h[1:] * rise[:-1] + h[:-1] * rise[1:])
    if isinstance(start, str) and start == "periodic":
        return _periodic(h, rise, inner)
    flat = np.ravel(h)
    first, upper, b_first = _end_row(start, h[0], h[1:2], rise[0], rise[1:2], y[1] - y[0], 1.0)
    last, lower, b_last = _end_row(end, h[-1], h[-2:-1], rise[-1], rise[-2:-1], y[-1] - y[-2], -1.0)
    middle = 2 * (flat[:-1] + flat[1:])
    zero = np.zeros(1)
    bands = np.stack(
        [
            np.concatenate([zero, upper, flat[:-1]]),
            np.concatenate([first, middle, last]),
            np.concatenate([flat[1:], lower, zero]),
        ]
    )
    return _solved(bands, np.concatenate([b_first[None], inner, b_last[None]]))


def _end_row(
    condition: Any, h: Any, near: Any, rise: Any, other: Any, step: Any, sign: float
) -> Any:
    """The diagonal, the other element and the right-hand side of the row of an end."""
    h1 = np.reshape(h, (1,))
    if isinstance(condition, str):
        k, other = near[0], other[0]
        d = h + k
        right = ((h + 2 * d) * k * rise + h**2 * other) / d
        return np.reshape(k, (1,)), np.reshape(d, (1,)), right
    order, value = condition
    value = value + np.zeros_like(rise)
    if order == 1:
        return np.ones(1), np.zeros(1), value
    return 2 * h1, h1, -0.5 * sign * value * np.reshape(h, ()) ** 2 + 3 * step


def _parabola(h: Any, rise: Any) -> Any:
    """The slopes of the parabola through three points."""
    bend = (rise[1] - rise[0]) / (h[0] + h[1])
    return np.stack([rise[0] - h[0] * bend, rise[0] + h[0] * bend, rise[1] + h[1] * bend])


def _periodic(h: Any, rise: Any, inner: Any) -> Any:
    """The same of a periodic spline: the last unknown of the cyclic equations by itself."""
    g = np.ravel(h)
    n = np.shape(g)[0] + 1
    b_first = 3 * (h[0] * rise[-1] + h[-1] * rise[0])
    b_last = 3 * (h[-1] * rise[-2] + h[-2] * rise[-1])
    b = np.concatenate([b_first[None], inner[:-1]])
    zero = np.zeros(1)
    diagonal = np.concatenate([2 * (g[-1:] + g[:1]), 2 * (g[: n - 2] + g[1 : n - 1])])
    upper = np.concatenate([zero, g[-1:], g[: n - 3]])
    lower = np.concatenate([g[1 : n - 1], zero])
    bands = np.stack([upper[:-1], diagonal[:-1], lower[:-1]])
    ones = np.concatenate([-g[:1], np.zeros(n - 4), -g[n - 4 : n - 3]])
    first = _solved(bands, b)
    second = beside(_solved(bands, ones), np.ndim(b))
    shared = (b_last - g[-2] * first[0] - g[-1] * first[-1]) / (
        2 * (g[-1] + g[-2]) + g[-2] * second[0] + g[-1] * second[-1]
    )
    slopes = first + shared * second
    return np.concatenate([slopes, shared[None], slopes[:1]])


def _solved(bands: Any, b: Any) -> Any:
    """The solution of equations with three diagonals."""
    rows = np.shape(b)[0]
    found = scipy.linalg.solve_banded((1, 1), bands, np.reshape(b, (rows, -1)))
    return np.reshape(found, np.shape(b))
