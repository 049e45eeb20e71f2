"""Jacobians by elimination: values against other modes and differences, counts, what is refused."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import jitad
from benchmarks.elimination import PROGRAMS, counts
from jitad import DifferentiationError
from jitad.transforms.orders import orders


def _differences(function: Any, x: Any) -> Any:
    columns = []
    for k in range(x.size):
        step = 1e-6 * np.eye(x.size)[k].reshape(x.shape)
        columns.append((np.ravel(function(x + step)) - np.ravel(function(x - step))) / 2e-6)
    return np.stack(columns, axis=-1).reshape(*np.shape(function(x)), *x.shape)


@pytest.mark.parametrize("name", PROGRAMS)
def test_elimination_agrees_and_multiplies_least(name: str) -> None:
    over, x = PROGRAMS[name]
    function = over(np)
    found = jitad.jacobian(function, mode="eliminate")(x)
    scale = np.max(np.abs(found))
    np.testing.assert_allclose(found, jitad.jacfwd(function)(x), rtol=1e-12, atol=1e-13 * scale)
    np.testing.assert_allclose(found, _differences(function, x), rtol=1e-6, atol=1e-7 * scale)
    known = counts(name)
    assert list(known) == ["forward", "reverse", "Markowitz", "relative Markowitz", "search"]
    assert known["search"] == min(known.values())


def _steps(x: Any) -> Any:
    y = 1.0
    for _ in range(4):
        y = y - (y**3 + y - x[0]) / (3 * y * y + x[1])
    return np.stack([y, y * x[1]])


def _sides(x: Any) -> Any:
    if x[0] > 0:
        return x[0] * x[1]
    if x[1] > 1:
        y = x[1]
        for _ in range(3):
            y = y + x[0] * 0
        return y
    return np.sin(x[0])


_X, _ROOT = np.array([0.5, 2.0]), np.sqrt
_TIES = np.array([1.0, 1.0])

EDGES: dict[str, tuple[Any, Any, Any]] = {
    "one_number": (lambda x: x**3, 2.0, 12.0),
    "itself": (lambda x: x, _X, np.eye(2)),
    "itself_long": (lambda x: x, np.arange(20.0), np.eye(20)),
    "itself_and_more": (lambda x: np.stack([x[0], x[0] * x[1]]), _X, [[1.0, 0.0], [2.0, 0.5]]),
    "result_of_a_result": (lambda x: np.stack([x[0] ** 2, np.exp(x[0] ** 2)]), np.array([0.0]),
                           [[0.0], [0.0]]),
    "constant": (lambda x: np.stack([np.floor(x[0]), 3.0 + 0 * x[1]]), _X, np.zeros((2, 2))),
    "all_constant": (lambda x: np.ones(3), _X, np.zeros((3, 2))),
    "twice": (lambda x: x * x, 3.0, 6.0),
    "vector_of_one": (lambda x: np.stack([np.log1p(x[0]), x[0]]), np.array([0.0]), [[1.0], [1.0]]),
    "nothing_left": (lambda x: np.stack([x[0] - x[0], x[1] * (x[0] - x[0])]), _X, np.zeros((2, 2))),
    "cancels": (lambda x: (x + 1.0) - x + 0 * x, 3.0, 0.0),
    "sums": (lambda x: np.sum(x) + x, _X, [[2.0, 1.0], [1.0, 2.0]]),
    "matrix": (lambda a: a @ a, np.array([[1.0, 2.0], [3.0, 4.0]]), None),
    "product": (lambda x: np.prod(x), np.array([2.0, 0.0, 3.0]), [0.0, 6.0, 0.0]),
    "loop": (_steps, _X, None),
    "branch": (lambda x: x[0] * 2 if x[0] > 0 else x[1], _X, [2.0, 0.0]),
    "branches_in_branches": (_sides, np.array([-0.5, 2.0]), [0.0, 1.0]),
    "branch_not_taken": (lambda x: _ROOT(x) if x > 0 else 3 * x, 0.0, 3.0),
    "not_taken": (lambda x: np.where(x > 0, _ROOT(x), 0.0), 0.0, 0.0),
    "not_taken_behind": (lambda x: np.where(x > 0, np.exp(_ROOT(x)) * x, x), 0.0, 1.0),
    "not_taken_inside": (
        lambda x: np.where(x[0] > 0, np.where(x[1] > 0, np.log(x[1]), x[0]) * _ROOT(x[0]), x[1]),
        np.zeros(2), [0.0, 1.0],
    ),
    "neither_taken": (
        lambda x: np.where(x > 0, _ROOT(x), 0.0) + np.where(x > 0, np.log(x), 0.0), 0.0, 0.0,
    ),
    "one_taken": (lambda x: np.where(x > 0, _ROOT(x), 0.0) + 2 * x, 0.0, 2.0),
    "clipped": (lambda x: _ROOT(np.maximum(x, 0.0)), -1.0, 0.0),
    "ties": (lambda x: np.maximum(x[0], x[1]) * np.abs(x[0] - x[1]) + np.max(x), _TIES, [0.5, 0.5]),
    "norm_at_zero": (lambda x: np.linalg.norm(x) * np.ones(2), np.zeros(2), None),
    "stopped": (lambda x: jitad.stop_gradient(x) * x, 3.0, 3.0),
    "root_of_a_power": (lambda x: np.sqrt((x**2) ** 2), np.array([0.0, -2.0]), [[0, 0], [0, -4]]),
    "size_of_a_size": (lambda x: np.hypot(np.hypot(x[0], x[1]), x[0]) ** 2, np.array([3.0, -4.0]),
                       [12.0, -8.0]),
    "powers_at_zero": (lambda x: x[0] ** 2 + x[1] ** 0, np.zeros(2), [0.0, 0.0]),
    "single": (lambda x: np.exp(np.sin(x)), np.array([1.0, 2.0], np.float32), None),
    "both_precisions": (
        lambda x: np.exp(np.sin(x).astype(np.float64)), np.array([1.0, 2.0], np.float32), None,
    ),
    "infinite_partial": (lambda x: np.stack([_ROOT(x), 2 * _ROOT(x)]), 0.0, [np.inf, np.inf]),
}  # fmt: skip


@pytest.mark.parametrize("name", EDGES)
def test_values_where_rules_meet(name: str) -> None:
    function, x, wanted = EDGES[name]
    found = jitad.jacobian(function, mode="eliminate")(x)
    other = jitad.jacobian(function, mode="forward")(x)
    np.testing.assert_allclose(found, other if wanted is None else wanted, rtol=1e-6, atol=1e-14)
    assert np.shape(found) == np.shape(other) and found.dtype == other.dtype


def test_trees_of_arguments_and_results() -> None:
    def function(p: Any, x: Any) -> Any:
        return {"a": p["k"] * x, "b": np.sum(x) * p["k"] ** 2}, x[0]

    given = {"k": 3.0}, np.array([1.0, 2.0])
    options: dict[str, Any] = {"argnums": (0, 1), "has_aux": True}
    found, aux = jitad.jacobian(function, mode="eliminate", **options)(*given)
    wanted, _ = jitad.jacobian(function, mode="reverse", **options)(*given)
    assert aux == 1.0
    for name in ("a", "b"):
        np.testing.assert_allclose(found[name][0]["k"], wanted[name][0]["k"])
        np.testing.assert_allclose(found[name][1], wanted[name][1])


def test_what_is_found_is_an_ordinary_program() -> None:
    over, x = PROGRAMS["lecture function, 2 outputs"]
    function = over(np)
    derivative, wanted = jitad.jacobian(function, mode="eliminate"), jitad.jacfwd(function)
    points = np.stack([x, 2 * x, x + 1])
    kernel = jitad.compile(derivative, x)
    np.testing.assert_allclose(kernel.njit(x), wanted(x), rtol=1e-13)
    np.testing.assert_allclose(
        jitad.vmap(derivative)(points), np.stack([wanted(p) for p in points]), rtol=1e-12
    )
    for mode in ("fwd", "rev", "eliminate"):
        second = jitad.jacobian(derivative, mode=mode)(x)
        np.testing.assert_allclose(second, jitad.jacfwd(wanted)(x), rtol=1e-11)
    tangent = jitad.jvp(derivative, (x,), (np.ones(2),))[1]
    np.testing.assert_allclose(tangent, jitad.jvp(wanted, (x,), (np.ones(2),))[1], rtol=1e-11)


def _long(x: Any) -> Any:
    for _ in range(100_000):
        x = np.sin(x)
    return x


@pytest.mark.parametrize(
    ("function", "x", "said"),
    [
        (lambda x: np.linalg.solve(np.outer(x, x) + np.eye(2), x), _X, "not spelt out"),
        (lambda x: np.sort(x), _X, "not spelt out"),
        (_long, 0.5, "not spelt out"),
        (lambda x: x[np.array([0, 1, 1])[np.array([1, 2])]] * x, _X, "not spelt out"),
        (lambda x: np.real(np.exp(1j * x)), 0.5, "complex"),
        (lambda x: np.exp(np.sin(x)), np.ones(9000), "20000 at most"),
        (lambda x: x**2, np.ones(0), "of an empty array"),
        (lambda x: x > 0, 1.0, "bool"),
    ],
)
def test_what_cannot_be_eliminated_is_said(function: Any, x: Any, said: str) -> None:
    with pytest.raises(DifferentiationError, match=said):
        jitad.jacobian(function, mode="eliminate")(x)


def _counted(edges: dict[int, dict[int, float]], order: tuple[int, ...]) -> int:
    """Multiplications, by the rule as it is written: NaN is a number that is not known yet."""
    rows, count = {i: dict(row) for i, row in edges.items()}, 0
    for j in order:
        row = rows.pop(j)
        for users in rows.values():
            if (c := users.pop(j, None)) is not None:
                for k, d in row.items():
                    count += np.isnan(c * d) and abs(c) != 1 and abs(d) != 1
                    users[k] = users[k] + c * d if k in users else c * d
    return count


@pytest.mark.parametrize("seed", range(12))
def test_the_best_order_of_a_small_graph_is_found(seed: int) -> None:
    random = np.random.default_rng(seed)
    weights = [np.nan, np.nan, np.nan, 1.0, -1.0, 2.0]
    edges: dict[int, dict[int, float]] = {}
    for i in range(2, 8):
        below = random.choice(i, size=min(i, random.integers(1, 4)), replace=False)
        edges[i] = {int(k): float(random.choice(weights)) for k in below}
    edges |= {-1: {7: 1.0, 5: np.nan}, -2: {6: np.nan}}
    between = [i for i in edges if i >= 0 and any(i in row for row in edges.values())]
    edges = {i: row for i, row in edges.items() if i < 0 or i in between}
    known = orders(edges)
    assert [order.multiplications for order in known] == [
        _counted(edges, tuple(order.vertices)) for order in known
    ]
    least = min(_counted(edges, order) for order in itertools.permutations(known[0].vertices))
    assert known[-1].multiplications == least
