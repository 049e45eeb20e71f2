"""B-splines at points, by de Boor's algorithm; the splines of derivatives and integrals.

Source: de Boor, A Practical Guide to Splines, chapter X.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitad.ir.value import FUNCTIONS, Value


def interval(t: Any, k: int, at: Any) -> Any:
    """The knot to the left of each point, among those between which the spline is known."""
    n = t.shape[0] - k - 1
    return k + np.searchsorted(t[k + 1 : n], at, side="right")


def _taken(x: Any, i: Any) -> Any:
    """x[i] along the first axis, where either may be traced."""
    if isinstance(x, Value) or isinstance(i, Value):
        return FUNCTIONS[np.take](x, i, axis=0)
    return x[i]


def de_boor(d: Sequence[Any], t: Any, k: int, i: Any, at: Any, nu: int) -> Any:
    """The value, or a derivative, where the coefficients of the basis near each point are `d`, and
    `i` is the knot to its left."""
    if nu > k:
        return np.zeros_like(d[0])
    near = [_taken(t, i + m) for m in range(1 - k, k + 1)]
    shape = (-1,) + (1,) * (np.ndim(d[0]) - 1)
    d = list(d)
    for r in range(1, k + 1):
        for j in range(k, r - 1, -1):
            low, high = near[j - 1], near[j + k - r]
            width = np.reshape(high - low, shape)
            width = np.where(width == 0, 1.0, width)
            if r <= nu:
                d[j] = (k - r + 1) * (d[j] - d[j - 1]) / width
            else:
                share = np.reshape(at - low, shape) / width
                d[j] = (1 - share) * d[j - 1] + share * d[j]
    unknown = np.reshape(np.isnan(at), shape)
    return np.where(unknown, np.nan, d[k]) if nu == k else d[k]


def evaluated(t: Any, c: Any, k: int, at: Any, nu: int) -> Any:
    """A spline at points of one axis; the knots, or the coefficients, may be traced."""
    i = interval(t, k, at)
    d = [_taken(c, i - k + j) for j in range(k + 1)]
    return de_boor(d, t, k, i, at, nu)


def tensor(t: Sequence[Any], c: Any, k: Sequence[int], at: Sequence[Any], nu: Sequence[int]) -> Any:
    """A product of splines along the first axes of c, at points of one axis."""
    places = [interval(*parts) for parts in zip(t, k, at, strict=True)]

    def over(axis: int, index: tuple[Any, ...]) -> Any:
        if axis == len(t):
            flat = _flat(index, c.shape[: len(t)])
            return _taken(np.reshape(c, (-1, *c.shape[len(t) :])), flat)
        i, degree = places[axis], k[axis]
        d = [over(axis + 1, (*index, i - degree + j)) for j in range(degree + 1)]
        return de_boor(d, t[axis], degree, i, at[axis], nu[axis])

    return over(0, ())


def _flat(index: Sequence[Any], shape: Sequence[int]) -> Any:
    flat = index[0]
    for place, length in zip(index[1:], shape[1:], strict=True):
        flat = flat * length + place
    return flat


def derived(t: Any, c: Any, k: int, nu: int) -> tuple[Any, Any, int]:
    """The spline of the derivative."""
    for _ in range(nu):
        n = t.shape[0] - k - 1
        width = np.reshape(t[k + 1 : n + k] - t[1:n], (-1,) + (1,) * (np.ndim(c) - 1))
        c = (c[1:n] - c[: n - 1]) * k / width
        t, k = t[1:-1], k - 1
    return t, c, k


def integrated(t: Any, c: Any, k: int, nu: int) -> tuple[Any, Any, int]:
    """The spline of the integral from the first knot."""
    for _ in range(nu):
        n = t.shape[0] - k - 1
        width = np.reshape(t[k + 1 :] - t[:n], (-1,) + (1,) * (np.ndim(c) - 1))
        sums = np.cumsum(c[:n] * width, axis=0) / (k + 1)
        c = np.concatenate([np.zeros_like(sums[:1]), sums])
        t, k = np.concatenate([t[:1], t, t[-1:]]), k + 1
    return t, c, k


def rows(t: Any, k: int, i: Any, at: Any, nu: int) -> list[Any]:
    """The k + 1 functions of the basis that are not 0 near each point."""
    ones = np.ones_like(at)
    zeros = np.zeros_like(at)
    return [
        de_boor([ones if m == j else zeros for m in range(k + 1)], t, k, i, at, nu)
        for j in range(k + 1)
    ]
