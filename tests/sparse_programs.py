"""Functions with sparse Jacobians and Hessians, as people write them; what is known of each.

`entries` is how many entries the matrix has that may be other than 0, counted by hand; None where
the pattern that is found may have more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import jitad


class Program(NamedTuple):
    """A function, its arguments, and how many entries its matrix has."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    entries: int | None


_random = np.random.default_rng(5)


def _x(*shape: int) -> Any:
    return _random.normal(size=shape)


def broyden(x: Any) -> Any:
    padded = np.concatenate((np.zeros(1), x, np.zeros(1)))
    return (3 - 2 * x) * x - padded[:-2] - 2 * padded[2:] + 1


def broyden_by_loop(x: Any) -> Any:
    out = np.zeros_like(x)
    for i in range(x.size):
        s = (3 - 2 * x[i]) * x[i] + 1
        if i > 0:
            s -= x[i - 1]
        if i < x.size - 1:
            s -= 2 * x[i + 1]
        out[i] = s
    return out


def broyden_by_list(x: Any) -> Any:
    padded = [0.0, *x, 0.0]
    return np.array(
        [(3 - 2 * b) * b - a - 2 * c + 1 for a, b, c in zip(padded, x, padded[2:], strict=False)]
    )


def stencil_by_roll(u: Any) -> Any:
    around = np.roll(u, 1, 0) + np.roll(u, -1, 0) + np.roll(u, 1, 1) + np.roll(u, -1, 1)
    return 4 * u - around + np.exp(u)


def stencil_by_slices(u: Any) -> Any:
    out = np.zeros_like(u)
    out[1:-1, 1:-1] = (
        4 * u[1:-1, 1:-1] - u[:-2, 1:-1] - u[2:, 1:-1] - u[1:-1, :-2] - u[1:-1, 2:]
    ) * u[1:-1, 1:-1]
    return out


def stencil_by_pad(u: Any) -> Any:
    p = np.pad(u, 1)
    return 4 * u - p[:-2, 1:-1] - p[2:, 1:-1] - p[1:-1, :-2] - p[1:-1, 2:] + u**3


def stencil_by_cells(u: Any) -> Any:
    out = np.zeros(u.shape)
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            out[i, j] = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] * u[i, j + 1] - 4 * u[i, j] ** 2
    return out


def roots_of_cells(x: Any) -> Any:
    out = np.zeros_like(x)
    for i in range(x.size):
        y = 1.0
        while abs(y**3 + y - x[i]) > 1e-13:
            y = y - (y**3 + y - x[i]) / (3 * y * y + 1)
        out[i] = y
    return out


def newton_steps(x: Any) -> Any:
    out = np.zeros_like(x)
    for i in range(x.size):
        y = 1.0
        for _ in range(8):
            y = y - (y**3 + y - x[i]) / (3 * y * y + 1)
        out[i] = y
    return out


def either_side(x: Any, p: float) -> Any:
    if p > 0:
        return x[1:] * x[:-1]
    return x[1:] ** 2


def summed_at(x: Any, i: Any) -> Any:
    out = np.zeros(6)
    np.add.at(out, i, x**2)
    return out


def observed(x: Any, i: Any, j: Any) -> Any:
    """Errors of observations, each of one camera and one point."""
    camera, point = x[:6].reshape(2, 3)[i], x[6:12].reshape(3, 2)[j]
    q = (camera[:, :2] - point) * camera[:, 2:]
    return q * np.sum(q * q, axis=1)[:, None]


def orbit(x: Any) -> Any:
    """Nothing but recurrences: a lower triangle."""
    out = np.zeros_like(x)
    for i in range(1, x.size):
        out[i] = 0.5 * out[i - 1] + x[i]
    return out


def two_results(x: Any, y: Any) -> Any:
    return {"product": x * y, "sum": np.sum(x)}


def elements(u: Any, table: Any) -> Any:
    total = 0.0
    for t in table:
        total += (u[t[1]] - u[t[0]]) ** 2 * u[t[2]]
    return total


def squared_elements(u: Any, table: Any) -> Any:
    total = 0.0
    for i in range(len(table)):
        total = u[table[i, 0]] * u[table[i, 1]] + total
    return total**2


_EDGES = np.array([(i, i + 1, (i * 7) % 70) for i in range(69)])


def of_edges(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function of an array that the constant table is closed over."""
    return lambda u: f(u, _EDGES)


def among_edges(*pairs: tuple[int, int]) -> int:
    """How many entries elements have whose vertices meet in these pairs."""
    met = {(t[a], t[b]) for t in _EDGES.tolist() for a, b in pairs}
    return len(met | {(b, a) for a, b in met})


_INDEX = np.array([2, 0, 1, 1, 4])
_BAND = np.diag(np.ones(5)) + np.diag(np.ones(4), 1)

JACOBIANS = {
    "broyden": Program(broyden, (_x(7),), 19),
    "broyden_one": Program(broyden, (_x(1),), 1),
    "broyden_none": Program(broyden, (_x(0),), 0),
    "broyden_by_loop": Program(broyden_by_loop, (_x(40),), 118),
    "broyden_by_short_loop": Program(broyden_by_loop, (_x(5),), 13),
    "broyden_by_list": Program(broyden_by_list, (_x(30),), 88),
    "float32": Program(broyden, (_x(7).astype(np.float32),), 19),
    "fortran": Program(stencil_by_pad, (np.asfortranarray(_x(4, 5)),), 82),
    "stencil_by_roll": Program(stencil_by_roll, (_x(5, 6),), 150),
    "stencil_by_slices": Program(stencil_by_slices, (_x(5, 6),), 60),
    "stencil_by_pad": Program(stencil_by_pad, (_x(4, 5),), 82),
    "stencil_by_cells": Program(stencil_by_cells, (_x(5, 6),), 60),
    "stencil_by_many_cells": Program(stencil_by_cells, (_x(20, 21),), 5 * 18 * 19),
    "roots_of_cells": Program(roots_of_cells, (_x(30),), 30),
    "newton_steps": Program(newton_steps, (_x(30),), 30),
    "one_side": Program(either_side, (_x(5), 1.0), 8),
    "gathered": Program(lambda x: x[_INDEX] * x[1], (_x(5),), 8),
    "gathered_by_argument": Program(lambda x, i: x[i] * x[1], (_x(5), _INDEX), 8),
    "summed_at": Program(summed_at, (_x(5), _INDEX), 5),
    "observed": Program(observed, (_x(12), np.array([0, 1, 1, 0]), np.array([2, 0, 1, 1])), 40),
    "masked": Program(lambda x: np.where(np.arange(6) % 2 == 0, x**2, 1.0), (_x(6),), 6),
    "selected": Program(lambda x: np.where(x > 0, x**2, x[::-1]), (_x(6),), 12),
    "row_of_a_sum": Program(lambda x: np.sum(x**2), (_x(6),), 6),
    "sums_of_rows": Program(lambda a: np.sum(a**2, axis=1), (_x(3, 4),), 12),
    "largest_of_rows": Program(lambda a: np.max(a, axis=1), (_x(3, 4),), 12),
    "product": Program(lambda x: _BAND @ x, (_x(5),), 25),
    "product_of_itself": Program(lambda a: a @ a.T, (_x(3, 4),), 60),
    "outer": Program(lambda x: np.outer(x, x), (_x(4),), 28),
    "running": Program(np.cumsum, (_x(5),), 15),
    "differences": Program(np.diff, (_x(6),), 10),
    "both_signs": Program(lambda x: (x[1:] - x[:-1]) * np.exp(x[:-1] - x[1:]), (_x(6),), 10),
    "one_sign_less": Program(lambda x: x[1:] - (x[:-1] - 2 * x[1:]) + x[:-1], (_x(6),), None),
    "turned_and_sorted": Program(lambda x: np.sort(-x), (_x(5),), 25),
    "turned_and_solved": Program(lambda x: np.linalg.solve(_BAND, -x), (_x(5),), 25),
    "turned_recurrence": Program(lambda x: -orbit(x[::-1] - x), (_x(20),), None),
    "turned_in_a_branch": Program(
        lambda x: jitad.cond(np.sum(x) > 0, lambda y: -y, lambda y: y - y[::-1], -x), (_x(4),), 8
    ),
    "corners_of_cells": Program(
        lambda x: np.sin(x.reshape(9, 11)[1:, 1:] - x.reshape(9, 11)[:-1, :-1]).ravel(),
        (_x(99),),
        160,
    ),
    "root_of_a_power": Program(lambda x: np.sqrt((x**2) ** 2), (np.array([0.0, 1.0, -2.0]),), 3),
    "sorted": Program(np.sort, (_x(5),), 25),
    "solved": Program(lambda x: np.linalg.solve(_BAND + np.outer(x, x), x), (_x(5),), 25),
    "recurrence": Program(orbit, (_x(20),), 190),
    "nothing": Program(lambda x: np.ones(3) * np.floor(x), (_x(3),), 0),
    "constant_rows": Program(lambda x: np.concatenate((np.ones(2), x[:1])), (_x(4),), 1),
    "points": Program(lambda p: jitad.vmap(lambda q: q[0] * q[1])(p), (_x(20, 2),), 40),
    "at_zero": Program(lambda x: np.sqrt(np.maximum(x, 0.0)), (np.array([-1.0, 2.0, 3.0]),), 3),
    "sum_of_elements": Program(of_edges(elements), (_x(70),), 70),
    "not_taken": Program(
        lambda x: np.where(x > 0, np.sqrt(np.abs(x)), 0.0), (np.array([-1.0, 2.0]),), 2
    ),
}


def rosenbrock(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_by_loop(x: Any) -> Any:
    total = 0.0
    for i in range(x.size - 1):
        total += 100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
    return total


def minimal_surface(u: Any) -> Any:
    d, e = u[1:, 1:] - u[:-1, :-1], u[1:, :-1] - u[:-1, 1:]
    return np.sum(np.sqrt(1 + (d**2 + e**2) / 2))


HESSIANS = {
    "elements": Program(
        of_edges(elements), (_x(70),), among_edges((0, 0), (1, 1), (0, 1), (0, 2), (1, 2))
    ),
    "elements_of_ones": Program(
        of_edges(elements), (np.ones(70),), among_edges((0, 0), (1, 1), (0, 1), (0, 2), (1, 2))
    ),
    "squared_elements": Program(of_edges(squared_elements), (_x(70),), 70 * 70),
    "few_elements": Program(lambda u: elements(u, _EDGES[:3]), (_x(70),), None),
    "sides_of_the_origin": Program(
        lambda x: np.sum(np.sqrt(x**2) * x + np.hypot(x, 0) ** 2), (np.array([0.0, 1.0, -1.0]),), 3
    ),
    "norms_of_rows": Program(
        lambda x: np.sum(np.linalg.norm(x, axis=1) ** 4), (np.array([[0.0, 0.0], [1.0, 2.0]]),), 8
    ),
    "rosenbrock": Program(rosenbrock, (_x(7),), 19),
    "rosenbrock_by_loop": Program(rosenbrock_by_loop, (_x(7),), 19),
    "rosenbrock_by_long_loop": Program(rosenbrock_by_loop, (_x(60),), 178),
    "minimal_surface": Program(minimal_surface, (_x(4, 5),), None),
    "flat_surface": Program(lambda x: minimal_surface(x.reshape(9, 11)), (_x(99),), None),
    "small_surface": Program(lambda x: minimal_surface(x.reshape(2, 2)), (_x(4),), 16),
    "line_of_a_surface": Program(lambda x: minimal_surface(x.reshape(1, 4)), (_x(4),), 0),
    "separable": Program(lambda x: np.sum(np.exp(x)), (_x(5),), 5),
    "linear": Program(lambda x: np.sum(x), (_x(5),), 0),
    "products": Program(lambda x: np.sum(x[1:] * x[:-1]), (_x(5),), 8),
    "full": Program(lambda x: np.sum(x) ** 2, (_x(4),), 16),
    "sizes_of_rows": Program(
        lambda x: np.sum(np.abs(x)[0] * 0.8 - np.abs(x)[1] ** 2), (_x(2, 3),), None
    ),
    "norm": Program(lambda x: np.linalg.norm(x) ** 2, (np.zeros(3),), None),
    "log_det": Program(lambda a: np.linalg.slogdet(a @ a.T + np.eye(3))[1], (_x(3, 3),), 81),
}
