"""Derivatives of NumPy's own values to third order, by differences over a wide grid of points.

Nine points a variable, h apart: the error is about h^6 and eps / h^3, below 1e-7 for functions that
are analytic within 4 h. Where two grids disagree, one of them off the middle, a function is not
smooth: it has no say there.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

import jitad

Index = tuple[int, ...]
"""By which operands is differentiated, in order: (0, 0, 1) is d^3 f / dy dx dx."""

REACH = 4
GRIDS = ((2.0**-5, 0), (2.0**-6, 1))
"""Two grids: the distance of their points, and by how many the point is off their middle."""


class Known(NamedTuple):
    """A derivative at points, its error, and where it exists."""

    value: np.ndarray
    error: np.ndarray
    smooth: np.ndarray


def _weights(shift: int) -> np.ndarray:
    """weights[n] @ values is h^n times the derivative of order n off the middle of nine values."""
    places = np.arange(-REACH, REACH + 1.0) + shift
    powers = np.vander(places, increasing=True).T
    factorials = np.array([1.0, 1.0, 2.0, 6.0])
    return np.linalg.solve(powers, np.eye(2 * REACH + 1)[:, :4] * factorials).T


def indices(active: Sequence[int], order: int = 3) -> list[Index]:
    """What may be differentiated by: to second order in every order of operands."""
    found: list[Index] = []
    for n in range(1, order + 1):
        found += itertools.product(active, repeat=n) if n <= 2 else (
            itertools.combinations_with_replacement(active, n)
        )  # fmt: skip
    return found


def _on_grid(
    f: Callable[..., Any], points: Sequence[np.ndarray], active: list[int], h: float, shift: int
) -> np.ndarray:
    """Values on the grids around the points: one axis an active operand, the points last."""
    operands = []
    for k, x in enumerate(points):
        if k in active:
            shape = [1] * (len(active) + 1)
            shape[active.index(k)] = 2 * REACH + 1
            step = np.reshape((np.arange(-REACH, REACH + 1) + shift) * h, shape)
            operands.append(x + step * np.maximum(1.0, np.abs(x) / 8))
        else:
            operands.append(x)
    with np.errstate(all="ignore"):
        return np.asarray(f(*np.broadcast_arrays(*operands)), float)


def derivatives(
    f: Callable[..., Any], points: Sequence[np.ndarray], active: Sequence[int], wanted: list[Index]
) -> dict[Index, Known]:
    """The derivatives of an elementwise function at points."""
    active = list(active)
    by_grid = []
    for h, shift in GRIDS:
        values, weights = _on_grid(f, points, active, h, shift), _weights(shift)
        sizes = [h * np.maximum(1.0, np.abs(points[k]) / 8) for k in active]
        by_grid.append({index: _one(values, weights, sizes, active, index) for index in wanted})
    found = {}
    for index in wanted:
        wide, narrow = (grid[index] for grid in by_grid)
        with np.errstate(all="ignore"):
            error = np.abs(wide - narrow)
            smooth = np.isfinite(error) & (error <= 1e-4 * np.maximum(1.0, np.abs(narrow)))
        found[index] = Known(wide, error, smooth)
    return found


def _one(
    values: np.ndarray,
    weights: np.ndarray,
    sizes: list[np.ndarray],
    active: list[int],
    index: Index,
) -> Any:
    scale: Any = 1.0
    for k, size in zip(active, sizes, strict=True):
        n = index.count(k)
        values = np.tensordot(weights[n], values, axes=1)
        scale = scale * size**n
    return values / scale


def _derivative(f: Callable[..., Any], k: int, mode: str) -> Callable[..., Any]:
    """The derivative of an elementwise function by operand k."""
    if mode == "r":
        return jitad.grad(lambda *xs: np.sum(f(*xs)), k)

    def tangent(*xs: Any) -> Any:
        def alone(x: Any) -> Any:
            return f(*xs[:k], x, *xs[k + 1 :])

        return jitad.jvp(alone, (xs[k],), (np.ones(xs[k].shape),))[1]

    return tangent


def nested(f: Callable[..., Any], index: Index, modes: str) -> Callable[..., Any]:
    """The derivative by operands in order, each by forward (f) or reverse (r) mode."""
    for k, mode in zip(index, modes, strict=False):
        f = _derivative(f, k, mode)
    return f
