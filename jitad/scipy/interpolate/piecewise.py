"""Piecewise polynomials in powers of the distance from the breakpoint to the left.

At a breakpoint the piece to its right holds, so for derivatives, and at the last one that to its
left.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.frontend.stand_ins import StandIn


def floats(x: Any) -> Any:
    """x as an array of floating point."""
    return np.asarray(x, dtype=complex if np.iscomplexobj(x) else float)


def beside(factor: Any, ndim: int) -> Any:
    """Numbers of one axis, which is the first of an array of `ndim` axes."""
    return np.reshape(factor, (-1,) + (1,) * (ndim - 1))


def within(x: Any, first: Any, last: Any, extrapolate: Any) -> Any:
    """Points where a function is known between two ends and repeated, if it is."""
    return first + (x - first) % (last - first) if extrapolate == "periodic" else x


def outside(x: Any, first: Any, last: Any) -> Any:
    """Whether points are beyond the ends, or NaN."""
    return np.logical_not((x >= first) & (x <= last))


class PPoly(StandIn):
    """sum_j c[j, i] (x - x_i)^(k - j) for x_i <= x < x_{i+1}, as SciPy's of that name."""

    def __init__(self, c: Any, x: Any, extrapolate: Any = None, axis: int = 0) -> None:
        c, x = floats(c), np.asarray(x, dtype=float)
        if np.ndim(c) < 2:
            raise ValueError("Coefficients array must be at least 2-dimensional.")
        if not 0 <= axis < np.ndim(c) - 1:
            raise ValueError(f"axis={axis} must be between 0 and {np.ndim(c) - 1}")
        if axis:
            c = np.moveaxis(c, (axis, axis + 1), (0, 1))
        if np.ndim(x) != 1 or np.shape(x)[0] < 2 or np.shape(c)[1] != np.shape(x)[0] - 1:
            raise ValueError("x must be 1-dimensional, and len(x) - 1 the number of coefficients")
        if not np.shape(c)[0]:
            raise ValueError("polynomial must be at least of order 0")
        steps = np.diff(x)
        if not (np.all(steps >= 0) or np.all(steps <= 0)):
            raise ValueError("`x` must be strictly increasing or decreasing.")
        self._hold(c, x, True if extrapolate is None else extrapolate, axis)

    def _hold(self, c: Any, x: Any, extrapolate: Any, axis: int) -> None:
        self.c, self.x, self.extrapolate, self.axis = c, x, extrapolate, axis

    def _with(self, c: Any, extrapolate: Any) -> Any:
        return _piecewise(c, self.x, extrapolate, self.axis)

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        """The value, or a derivative, at points of any shape."""
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        x = np.asarray(x, dtype=float)
        first, last = self.x[0], self.x[-1]
        at = within(np.reshape(x, (-1,)), first, last, extrapolate)
        found = _evaluated(self.c, self.x, at, nu)
        if extrapolate is False or extrapolate == "periodic":
            sign = _direction(self.x)
            beyond = outside(sign * at, sign * first, sign * last)
            found = np.where(beside(beyond, np.ndim(found)), np.nan, found)
        return turned(found, np.shape(x), self.axis)

    def derivative(self, nu: int = 1) -> Any:
        """The derivative, which has lower degree."""
        if nu < 0:
            return self.antiderivative(-nu)
        return self._with(_derived(self.c, nu), self.extrapolate)

    def antiderivative(self, nu: int = 1) -> Any:
        """The integral from the first breakpoint."""
        if nu <= 0:
            return self.derivative(-nu)
        c, steps = self.c, np.diff(self.x)
        for _ in range(nu):
            degrees = np.arange(np.shape(c)[0], 0, -1)
            c = c / beside(degrees, np.ndim(c))
            pieces = _power_sum(c, beside(steps, np.ndim(c) - 1)) * beside(steps, np.ndim(c) - 1)
            start = np.concatenate([np.zeros_like(pieces[:1]), np.cumsum(pieces, axis=0)[:-1]])
            c = np.concatenate([c, start[None]])
        return self._with(c, False if self.extrapolate == "periodic" else self.extrapolate)

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        """The integral from a to b, numbers."""
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        whole = self.antiderivative()
        if extrapolate == "periodic":
            return _periodic_area(whole, b) - _periodic_area(whole, a)
        if extrapolate is False:
            return whole(b, extrapolate=False) - whole(a, extrapolate=False)
        return whole(b, extrapolate=True) - whole(a, extrapolate=True)


def _piecewise(c: Any, x: Any, extrapolate: Any, axis: int) -> Any:
    """One of known parts, which need not be looked at."""
    made = _Plain()
    made._hold(c, x, extrapolate, axis)
    return made


class _Plain(PPoly):
    def __init__(self) -> None:
        pass


def of_piecewise(x: Any) -> Any:
    """The stand-in of one of SciPy's."""
    return _piecewise(x.c, x.x, x.extrapolate, x.axis)


def _direction(knots: Any) -> Any:
    return np.where(knots[-1] >= knots[0], 1.0, -1.0)


def _power_sum(c: Any, step: Any) -> Any:
    """The polynomials at these distances."""
    total = c[0]
    for j in range(1, np.shape(c)[0]):
        total = total * step + c[j]
    return total


def _evaluated(c: Any, knots: Any, at: Any, nu: int) -> Any:
    sign = _direction(knots)
    place = np.searchsorted(sign * knots, sign * at, side="right") - 1
    place = np.clip(place, 0, np.shape(knots)[0] - 2)
    degree = np.shape(c)[0] - 1
    step = beside(at - knots[place], np.ndim(c) - 1)
    total = np.zeros_like(c[0][place]) + np.where(np.isnan(step), np.nan, 0.0)
    for j in range(degree - nu + 1):
        total = total * step + c[j][place] * math.perm(degree - j, nu)
    return total


def _derived(c: Any, nu: int) -> Any:
    count = np.shape(c)[0]
    if nu >= count:
        return np.zeros_like(c[:1])
    factors = [math.perm(count - 1 - j, nu) for j in range(count - nu)]
    return c[: count - nu] * beside(np.array(factors, float), np.ndim(c))


def turned(found: Any, shape: Any, axis: int) -> Any:
    """Values at points of one axis as those at points of that shape, which stand where the axis
    was along which is interpolated."""
    rest = np.shape(found)[1:]
    found = np.reshape(found, (*shape, *rest))
    if axis == 0:
        return found
    points = len(shape)
    inner = range(points, points + axis)
    order = (*inner, *range(points), *range(points + axis, points + len(rest)))
    return np.transpose(found, order)


def _periodic_area(whole: Any, b: Any) -> Any:
    first, last = whole.x[0], whole.x[-1]
    turns = np.floor((b - first) / (last - first))
    return turns * whole(last) + whole(b - turns * (last - first))
