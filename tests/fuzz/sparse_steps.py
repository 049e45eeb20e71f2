"""The statements of random sparse programs: arrays of one variable or several -> an array.

Each is `(x, y, i, k)`: two arrays of the pool, an argument of integers, a number that it makes of
what it likes. `EXACT` are those whose entries are other than 0 at nearly every point: all weights
are odd numbers, so that no two entries cancel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import jitad

Step = Callable[[Any, Any, Any, int], Any]

MOST = 60
"""Elements of the largest array that is kept."""


def _weights(shape: tuple[int, ...], k: int) -> Any:
    return np.random.default_rng(k).uniform(0.4, 1.6, shape)


def _captured(n: int, k: int) -> Any:
    return np.random.default_rng(k).integers(-n, n, k % 5 + 1)


def _both(x: Any, y: Any, k: int) -> Any:
    """The arrays of one shape: y, or a number of it."""
    if x.shape == y.shape:
        return _weights(x.shape, k) * x + y * (0.31 + 0.07 * (k % 5))
    return x * 0.83 + np.sum(y * _weights(y.shape, k)) * 0.21


def _times(x: Any, y: Any, k: int) -> Any:
    return x * (y if x.shape == y.shape else y.ravel()[k % y.size]) * 0.71


def _sliced(x: Any, k: int) -> Any:
    n, step = x.shape[0], (1, 2, 3, -1, -2)[k % 5]
    first = (None, k % n, -1 - k % n)[k // 5 % 3]
    return x[first::step] * 0.9


def _shifted(x: Any) -> Any:
    if x.shape[0] == 1:
        return x * 1.3
    return x[1:] * 1.3 - x[:-1] * x[1:] * 0.7


def _set(x: Any, y: Any, k: int) -> Any:
    out = np.zeros(x.shape)
    out[:] = x
    out[k % x.shape[0] :: k % 3 + 1] = np.sin(y.ravel()[k % y.size]) * 0.6
    return out


def _added(x: Any, y: Any, k: int) -> Any:
    out = x * 0.77
    out[_captured(x.shape[0], k)] += y.ravel()[k % y.size] * 0.43
    return out


def _set_at(x: Any, i: Any) -> Any:
    out = np.ones(9)
    out[i % 9] = np.sin(x.ravel()[i % x.size])
    return out


def _added_at(x: Any, i: Any) -> Any:
    out = np.full(7, 0.9)
    np.add.at(out, i % 7, x.ravel()[i % x.size] ** 2 * 0.37)
    return out


def _joined(x: Any, y: Any, k: int) -> Any:
    if x.shape == y.shape and k % 2:
        return np.stack([x * 1.1, y * 0.7], axis=k % 3 % (x.ndim + 1))
    return np.concatenate([x.ravel()[: k % 9 + 1], np.ones(k % 3), y.ravel()[::-2]]) * 0.93


def _product(x: Any, y: Any, k: int) -> Any:
    if x.ndim == 2 and y.ndim == 2 and x.shape[1] == y.shape[1]:
        return x @ y.T * 0.3 if k % 2 else np.einsum("ij,kj->ki", x, y * 0.3)
    if x.ndim == 2 and y.ndim == 1 and x.shape[1] == y.shape[0]:
        return x @ y * 0.3
    if x.ndim == 1:
        return _weights((k % 4 + 1, x.shape[0]), k) @ x * 0.4
    return np.einsum("i...->...", x * _weights(x.shape, k)) * 0.3


def _padded(x: Any, k: int) -> Any:
    padded = np.pad(x, k % 2 + 1)
    return np.roll(padded, k % 5 - 2, axis=k % x.ndim) * 0.9 + np.pad(
        np.cos(x), k % 2 + 1, constant_values=0.5
    )


def _chosen(x: Any) -> Any:
    number = np.arange(x.size).reshape(x.shape)
    return np.where(number % 3 < 2, x * 0.6, np.sin(x[::-1]))


def _listed(x: Any, k: int) -> Any:
    v = x.ravel()
    last = v.size - 1
    return np.array([v[j] * v[min(j + 1, last)] * 0.8 for j in range(0, v.size, k % 2 + 1)])


def _cells(x: Any) -> Any:
    v = x.ravel()
    out = np.zeros(v.size)
    for j in range(v.size):
        s = np.sin(v[j]) * 0.9
        if j > 0:
            s += 0.7 * v[j - 1] * v[j]
        if j < v.size - 2:
            s -= 0.3 * v[j + 2]
        out[j] = s
    return out


def _cells_of_two(x: Any) -> Any:
    if x.ndim != 2:
        return x * 0.6
    out = np.zeros(x.shape)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = 0.9 * np.cos(x[i, j])
            if i > 0 and j > 0:
                out[i, j] += 0.4 * x[i - 1, j] * x[i, j - 1]
    return out


def _sides(x: Any) -> Any:
    """A branch that each cell takes by its own value."""
    v = x.ravel()
    out = np.zeros(v.size)
    for j in range(v.size):
        if v[j] > 0.1:
            out[j] = 0.4 * v[j] ** 2
        else:
            out[j] = 0.7 * v[v.size - 1 - j]
    return out


def _roots(x: Any) -> Any:
    v = x.ravel()
    out = np.zeros(v.size)
    for j in range(v.size):
        y = 0.5
        while abs(y**3 + y - v[j]) > 1e-12:
            y = y - (y**3 + y - v[j]) / (3 * y * y + 1)
        out[j] = y
    return out


def _recurrence(x: Any) -> Any:
    out = np.zeros(x.size)
    v = x.ravel()
    for j in range(1, x.size):
        out[j] = 0.5 * out[j - 1] + v[j] * 0.9
    return out


def _total_of_cells(x: Any) -> Any:
    total = 0.0
    for j in range(x.shape[0] - 1):
        total += np.sum((x[j] * 0.8 - x[j + 1] ** 2) * 0.3)
    return np.array([total, total * total * 0.2])


def _assembled(x: Any, i: Any) -> Any:
    """Elements between two nodes: what one node is given, the other loses."""
    v = x.ravel()
    out = np.zeros(v.size)
    for e in range(5):
        a, b = i[e] % v.size, (i[e] + e + 1) % v.size
        force = 0.6 * np.sin(v[b] - 0.3 * v[a])
        out[a] += force
        out[b] -= force * 0.9
    return out


def _sum_of_sides(x: Any) -> Any:
    """Sums that a branch leads to, of which one takes away."""
    v = x.ravel()
    up, down = 0.0, 0.0
    for j in range(v.size):
        if v[j] > 0.2:
            up += 0.3 * v[j] ** 2
        elif j % 2 == 0:
            down -= 0.4 * v[j] * v[(j + 1) % v.size]
    return np.array([up, down, up * down * 0.1])


def _solved_by_elements(x: Any) -> Any:
    """A system of two equations for each element."""
    v = x.ravel()
    out = np.zeros(v.size + 1)
    for e in range(v.size):
        b = v[v.size - 1 - e]
        stiffness = np.array([[2.0 + v[e] ** 2, 0.3], [0.2 * b, 3.0]])
        y = np.linalg.solve(stiffness, np.array([v[e], 0.5 * b]))
        out[e] += y[0]
        out[e + 1] -= y[1] * 0.8
    return out


def _row(r: Any) -> Any:
    return np.sin(r) * 0.4 + r[0] * 0.3


def _solved(x: Any) -> Any:
    v = np.resize(x.ravel()[:3], 3) if x.size > 2 else np.ones(3) * x.ravel()[0]
    return np.linalg.solve(np.outer(v, v) * 0.2 + 2 * np.eye(3), np.sin(v))


EXACT: dict[str, Step] = {
    "sin": lambda x, y, i, k: np.sin(x),
    "exp": lambda x, y, i, k: np.exp(x * 0.3),
    "square": lambda x, y, i, k: x**2 * 0.4,
    "constant": lambda x, y, i, k: _weights(x.shape, k) * x + 1.0,
    "both": lambda x, y, i, k: _both(x, y, k),
    "times": lambda x, y, i, k: _times(x, y, k),
    "outer": lambda x, y, i, k: np.outer(x, x * 0.3),
    "slice": lambda x, y, i, k: _sliced(x, k),
    "last": lambda x, y, i, k: x[..., -1] * 1.1,
    "inner": lambda x, y, i, k: x[..., :: (-1, 2, -2)[k % 3]],
    "ends": lambda x, y, i, k: x[[0, -1, 0]] * 0.9,
    "shifted": lambda x, y, i, k: _shifted(x),
    "captured": lambda x, y, i, k: x[_captured(x.shape[0], k)] * 0.8,
    "asked": lambda x, y, i, k: x.ravel()[i % x.size] * 0.8,
    "set": lambda x, y, i, k: _set(x, y, k),
    "added": lambda x, y, i, k: _added(x, y, k),
    "set at": lambda x, y, i, k: _set_at(x, i),
    "added at": lambda x, y, i, k: _added_at(x, i),
    "joined": lambda x, y, i, k: _joined(x, y, k),
    "flat": lambda x, y, i, k: x.reshape(-1),
    "transposed": lambda x, y, i, k: x.T * 0.9,
    "folded": lambda x, y, i, k: x.reshape(2, -1) if x.size % 2 == 0 else x.reshape(-1, 1),
    "spread": lambda x, y, i, k: x[..., None] * _weights((2,), k),
    "sums": lambda x, y, i, k: np.sum(x * _weights(x.shape, k), axis=k % x.ndim, keepdims=True),
    "product": lambda x, y, i, k: _product(x, y, k),
    "padded": lambda x, y, i, k: _padded(x, k),
    "running": lambda x, y, i, k: np.cumsum(x * 0.6, axis=k % x.ndim),
    "listed": lambda x, y, i, k: _listed(x, k),
    "cells": lambda x, y, i, k: _cells(x),
    "cells of two": lambda x, y, i, k: _cells_of_two(x),
    "total of cells": lambda x, y, i, k: _total_of_cells(x),
    "points": lambda x, y, i, k: jitad.vmap(_row)(x) if x.ndim == 2 else np.sin(x),
}

LOOSE: dict[str, Step] = {
    "chosen": lambda x, y, i, k: _chosen(x),
    "abs": lambda x, y, i, k: np.abs(x),
    "floor": lambda x, y, i, k: np.floor(x * 3) * 0.1 + x * 0.7,
    "where": lambda x, y, i, k: np.where(x > 0.1, x**2 * 0.5, x[::-1] * 0.8),
    "root": lambda x, y, i, k: np.where(x > 0, np.sqrt(np.abs(x)), 0.0),
    "largest": lambda x, y, i, k: np.max(x, axis=k % x.ndim, keepdims=True),
    "maximum": lambda x, y, i, k: np.maximum(x, y.ravel()[k % y.size]),
    "sorted": lambda x, y, i, k: np.sort(x.ravel()),
    "sides": lambda x, y, i, k: _sides(x),
    "roots": lambda x, y, i, k: _roots(x),
    "recurrence": lambda x, y, i, k: _recurrence(x),
    "solved": lambda x, y, i, k: _solved(x),
    "assembled": lambda x, y, i, k: _assembled(x, i),
    "sum of sides": lambda x, y, i, k: _sum_of_sides(x),
    "solved by elements": lambda x, y, i, k: _solved_by_elements(x),
    "norm": lambda x, y, i, k: x / np.sqrt(1 + np.sum(x * x)),
}

STEPS = EXACT | LOOSE


def is_allowed(x: Any) -> bool:
    """Whether a statement may read an array first."""
    return x.ndim > 0
