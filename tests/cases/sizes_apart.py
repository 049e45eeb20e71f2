"""Second derivatives of functions of sizes that are joined, or cross the edge of a body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import jitad
from cases import case
from cases.seams import ORDERS, Z, hessians

POINTS = np.array([[1.0, 2.0], [1.0, 2.0], [0.0, 1.0]])
"""Two of them are one."""

WEIGHTS = np.cos(np.arange(9.0)).reshape(3, 3)


def _as_lists(a: Any) -> Any:
    return np.array([[np.linalg.norm(p - q) for q in a] for p in a])


def _in_a_table(a: Any) -> Any:
    r = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            r[i, j] = np.sqrt(np.sum((a[i] - a[j]) ** 2))
    return r


def _in_a_symmetric_table(a: Any) -> Any:
    r = np.zeros((n := len(a), n))
    for i in range(n):
        for j in range(i):
            r[i, j] = np.linalg.norm(a[i] - a[j])
            r[j, i] = r[i, j]
    return r


def _mapped(a: Any) -> Any:
    return jitad.map(lambda p: jitad.map(lambda q: np.linalg.norm(p - q), a), a)


def _joined(a: Any) -> Any:
    columns = [np.linalg.norm(a - q, axis=1) for q in a]
    return np.concatenate([np.stack(columns[:2], axis=1), columns[2][:, None]], axis=1)


def _of_other_sizes(a: Any) -> Any:
    """|x| and numbers stand between norms."""
    sizes = _in_a_table(a)
    flat = [sizes[0, 1], np.abs(a[0, 0] - a[1, 0]), 0.5, np.hypot(a[0, 0] - a[1, 0], 0.25)]
    return np.array(flat)


def _right(f: Callable[..., Any], squares: Callable[[Any], Any]) -> list[Any]:
    return hessians(lambda a: f(squares(a)), POINTS)


@case
def kernels_of_tables_of_distances() -> Any:
    """exp(-r^2 / 2) where r is put together in one way or another."""
    squares = _right(
        lambda s: np.sum(WEIGHTS * np.exp(-s / 2)),
        lambda a: np.sum((a[:, None] - a[None]) ** 2, axis=-1),
    )
    tables = (_as_lists, _in_a_table, _mapped, _joined)
    got = [
        hessians(lambda a, t=t: np.sum(WEIGHTS * np.exp(-np.square(t(a)) / 2)), POINTS)
        for t in tables
    ]
    return got, [squares] * len(tables)


@case
def kernels_of_tables_that_loops_fill() -> Any:
    """The same of so many points that loops stay loops."""
    points = np.concatenate([POINTS, POINTS[:2] + 0.5, POINTS[1:]])
    weights = np.cos(np.arange(49.0)).reshape(7, 7)

    def of_squares(a: Any) -> Any:
        return np.sum(weights * np.exp(-np.sum((a[:, None] - a[None]) ** 2, axis=-1) / 2))

    def of_sizes(a: Any) -> Any:
        return np.sum(weights * np.exp(-(_in_a_symmetric_table(a) ** 2) / 2))

    return hessians(of_sizes, points), hessians(of_squares, points)


@case
def sizes_among_other_numbers() -> Any:
    def squares(a: Any) -> Any:
        x, y = a[0] - a[1]
        return np.stack([x * x + y * y, x * x, x * 0 + 0.25, x * x + 0.0625])

    right = _right(lambda s: np.sum(np.exp(-s) * np.arange(1.0, 5.0)), squares)
    f = lambda a: np.sum(np.exp(-(_of_other_sizes(a) ** 2)) * np.arange(1.0, 5.0))  # noqa: E731
    return hessians(f, POINTS), right


@case
def norms_of_norms() -> Any:
    functions = (
        lambda x: np.linalg.norm([np.linalg.norm(x), 1.0]),
        lambda x: np.linalg.norm(np.stack([np.linalg.norm(x[:1]), x[1]])) ** 2 / 2,
    )
    return [hessians(f) for f in functions], [[np.eye(2)] * len(ORDERS)] * 2


@case
def sizes_that_branches_and_loops_are_given() -> Any:
    def huber(x: Any) -> Any:
        r = np.linalg.norm(x)
        return r * r / 2 if r < 1 else r - 0.5

    def scanned(x: Any) -> Any:
        r = np.linalg.norm(x)
        return jitad.fori_loop(0, 3, lambda i, total: total + r * r / 6, 0.0)

    def rows(x: Any) -> Any:
        return jitad.scan(lambda total, r: (total + r * r / 2, None), 0.0, np.abs(x))[0]

    def block(x: Any) -> Any:
        return jitad.checkpoint(lambda r: 1 - np.cos(r))(np.linalg.norm(x))

    functions = (huber, scanned, rows, block)
    return [hessians(f) for f in functions], [[np.eye(2)] * len(ORDERS)] * len(functions)


@case
def sizes_that_branches_and_loops_give() -> Any:
    def chosen(x: Any) -> Any:
        return jitad.cond(x[0] >= 0, np.linalg.norm, lambda x: np.sqrt(x @ x), x) ** 2 / 2

    def rows(x: Any) -> Any:
        return np.sum(jitad.map(np.abs, x) ** 2) / 2

    def block(x: Any) -> Any:
        return 1 - np.cos(jitad.checkpoint(np.linalg.norm)(x))

    functions = (chosen, rows, block)
    return [hessians(f) for f in functions], [[np.eye(2)] * len(ORDERS)] * len(functions)


@case
def sizes_of_multiples_of_one_point() -> Any:
    norm = np.linalg.norm
    functions = (
        lambda x: norm(2 * x) * norm(x) / 4,
        lambda x: norm(x) * norm(-x / 3) * 1.5,
        lambda x: norm(x - 1) * norm(1 - x) / 2,
        lambda x: norm(x + x) * norm(x) / 4,
        lambda x: np.sum(np.abs(3 * x) * np.abs(x)) / 6,
    )
    at = [Z, Z, np.ones(2), Z, Z]
    got = [hessians(f, x) for f, x in zip(functions, at, strict=True)]
    scale = np.array([0.0, 0.0, 2.0])
    got.append([
        h[:2, :2] for h in hessians(lambda z: norm(z[:2] / z[2]) * norm(z[:2]), scale)
    ])  # fmt: skip
    return got, [[np.eye(2)] * len(ORDERS)] * 6


@case
def powers_of_0_in_a_loop() -> Any:
    """The derivatives of 1 + x + ... + x^4 at 0 where the exponents are a loop's numbers."""
    f = lambda x: jitad.fori_loop(0, 5, lambda k, total: total + x**k, 0.0)  # noqa: E731
    second = [float(order(f)(0.0)) for order in ORDERS]
    return [jitad.grad(f)(0.0), *second], [1.0, 2.0, 2.0, 2.0, 2.0]


@case
def a_long_sum_of_products_of_sizes() -> Any:
    def f(x: Any) -> Any:
        r = np.abs(x)
        return sum(r[k % 2] * r[k % 2] for k in range(600))

    return jitad.jacfwd(jitad.jacfwd(f))(Z), 600 * np.eye(2)
