"""Laplacians by one forward sweep: traces of Hessians, of closed forms and of every kind of op."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import jitad

_random = np.random.default_rng(3)
FIRST, SECOND = _random.normal(size=(3, 8)), _random.normal(size=8)


def network(x: Any) -> Any:
    return np.tanh(np.tanh(x @ FIRST) * 0.5) @ SECOND


def by_branches(x: Any) -> Any:
    s = 0.0
    for i in range(x.size):
        s += np.sin(x[i] * x[0]) if x[i] > 0 else x[i] ** 3 * x[1]
    return s


def by_turns(x: Any) -> Any:
    y = x[0] ** 2 + 1.0
    while y < 10:
        y = y * (1.5 + x[1] ** 2 * x[2])
    return y


def hydrogen(x: Any) -> Any:
    """exp(-r), whose Laplacian is (1 - 2 / r) exp(-r)."""
    return np.exp(-np.linalg.norm(x))


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "network": network,
    "powers": lambda x: np.sum(x**3),
    "product": np.prod,
    "linear": lambda x: np.sum(x) + 1.0,
    "norm": lambda x: np.linalg.norm(x) ** 2,
    "hydrogen": hydrogen,
    "branches": by_branches,
    "turns": by_turns,
    "determinant": lambda x: np.linalg.slogdet(np.outer(x, x) + np.eye(3))[1],
    "solution": lambda x: np.linalg.solve(np.outer(x, x) + np.eye(3), x**2).sum(),
    "matrices": lambda x: np.sum(np.outer(x, x) @ np.outer(x, x)),
    "running": lambda x: np.sum(np.cumsum(x) ** 3),
    "gathered": lambda x: np.sum(x[[0, 1, 0]] ** 3),
    "largest": lambda x: np.max(x) ** 3,
    "written": lambda x: np.concatenate([x[1:] * x[:-1], x[:1] ** 2]).sum(),
    "several": lambda x: np.exp(x) * x[0],
    "constant": lambda x: np.floor(x).sum(),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_the_trace_of_the_hessian(name: str) -> None:
    f = FUNCTIONS[name]
    for x in (np.array([0.8, -0.5, 1.25]), np.array([-0.3, 0.7, 0.2])):
        whole = np.trace(jitad.hessian(f)(x), axis1=-2, axis2=-1)
        assert_allclose(jitad.laplacian(f)(x), whole, rtol=1e-9, atol=1e-9)
        value, second = jitad.value_and_laplacian(f)(x)
        assert_allclose(value, f(x), rtol=1e-12)
        assert_allclose(second, whole, rtol=1e-9, atol=1e-9)


def test_closed_form() -> None:
    x = np.array([0.3, -0.4, 1.2])
    r = np.linalg.norm(x)
    assert_allclose(jitad.laplacian(hydrogen)(x), (1 - 2 / r) * np.exp(-r), rtol=1e-12)


def test_arguments_aux_and_trees() -> None:
    def f(x: Any, d: Any) -> Any:
        return np.sum(x**2) * d["a"] ** 3, np.sum(x)

    x, d = np.array([1.0, 2.0]), {"a": 2.0}
    found, aux = jitad.laplacian(f, (0, 1), has_aux=True)(x, d)
    assert_allclose((found, aux), (2 * 2 * 8.0 + 5.0 * 12.0, 3.0))
    assert_allclose(jitad.laplacian(lambda x, d: f(x, d)[0])(x, d), 32.0)

    def many(x: Any, y: Any) -> Any:
        return np.sum(x**2) * np.sum(y**3)

    y = np.arange(1.0, 4.0)
    for places in ((0, 1), (1, 0)):
        assert_allclose(jitad.laplacian(many, places)(x, y), 4 * 36.0 + 5 * 36.0)
    assert_allclose(jitad.laplacian(lambda t: t**4)(1.5), 12 * 1.5**2)
    assert jitad.laplacian(lambda x: np.sum(x**3))(x.astype(np.float32)).dtype == np.float32


def test_points_compiled_code_and_derivatives() -> None:
    points = _random.normal(size=(5, 3))
    wanted = [jitad.laplacian(network)(x) for x in points]
    assert_allclose(jitad.vmap(jitad.laplacian(network))(points), wanted, rtol=1e-12)
    kernel = jitad.compile(jitad.laplacian(network), points[0])
    assert_allclose(kernel.njit(points[1]), wanted[1], rtol=1e-12)
    jitad.check_grads(jitad.laplacian(network), (points[0],), order=1)


@pytest.mark.parametrize("argument", [3, 1.0 + 2.0j])
def test_what_has_no_laplacian(argument: Any) -> None:
    with pytest.raises(jitad.DifferentiationError):
        jitad.laplacian(lambda z: z * z)(argument)
