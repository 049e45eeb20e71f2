"""What a sweep keeps of arrays that loops change: nothing of elements that stay as they were."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from oracle import compiled

import jitad

N = 12


def factorised(x: Any) -> Any:
    """Elimination without exchanges, by elements."""
    a = x.copy()
    s = 0.0
    for k in range(N):
        for i in range(k + 1, N):
            f = a[i, k] / a[k, k]
            for j in range(k + 1, N):
                a[i, j] -= f * a[k, j]
        s += math.log(abs(a[k, k]))
    return s


def lower_triangle(x: Any) -> Any:
    """Cholesky's factor, by rows."""
    c = np.zeros((N, N))
    s = 0.0
    for i in range(N):
        for j in range(i):
            t = x[i, j]
            for k in range(j):
                t -= c[i, k] * c[j, k]
            c[i, j] = t / c[j, j]
        t = x[i, i]
        for k in range(i):
            t -= c[i, k] * c[i, k]
        c[i, i] = math.sqrt(t)
        s += math.log(c[i, i])
    return s


def lower_triangle_by_slices(x: Any) -> Any:
    """Cholesky's factor, by columns, of which each is one statement."""
    c = np.zeros((N, N))
    for j in range(N):
        c[j, j] = np.sqrt(x[j, j] - c[j, :j] @ c[j, :j])
        c[j + 1 :, j] = (x[j + 1 :, j] - c[j + 1 :, :j] @ c[j, :j]) / c[j, j]
    return np.sum(np.log(np.diag(c)))


def table(x: Any) -> Any:
    """A dynamic program that reads what it has filled."""
    d = np.ones((N + 1, N + 1))
    for i in range(N):
        for j in range(N):
            d[i + 1, j + 1] = x[i, j] * d[i, j + 1] * d[i, j] / (1.0 + d[i + 1, j] ** 2)
    return d[N, N]


def swept_over(x: Any) -> Any:
    """Elements that later turns change again: what they were must be kept."""
    a = x.copy()
    for _ in range(3):
        for i in range(1, N):
            for j in range(N):
                a[i, j] = a[i, j] * a[i - 1, j] + 0.3 * a[i, (j + 1) % N]
    return np.sum(a)


def rows_of_elements(x: Any) -> Any:
    """A row is read as one, and then changed by elements."""
    a = x.copy()
    s = 0.0
    for i in range(1, N):
        s += np.sum(np.sin(a[i]) * a[i])
        for j in range(N):
            a[i, j] = a[i - 1, j] * a[i, j]
    return s


def sample() -> np.ndarray:
    a = np.random.default_rng(3).uniform(0.1, 0.9, (N, N))
    return a @ a.T + np.eye(N)


def largest(f: Callable[..., Any]) -> int:
    """The elements of the largest array in the compiled gradient."""
    shapes = re.findall(r"f64\[([\d,]+)\]", compiled(jitad.grad(f), sample()))
    return max(math.prod(map(int, shape.split(","))) for shape in shapes)


STAYS = [factorised, lower_triangle, lower_triangle_by_slices, table]


@pytest.mark.parametrize("f", STAYS)
def test_nothing_is_kept_of_what_stays(f: Callable[..., Any]) -> None:
    assert largest(f) <= (N + 1) ** 2


@pytest.mark.parametrize("f", [*STAYS, swept_over, rows_of_elements])
def test_gradients(f: Callable[..., Any]) -> None:
    x, h = sample(), 1e-6
    direction = np.random.default_rng(4).normal(size=(N, N))
    expected = (f(x + h * direction) - f(x - h * direction)) / (2 * h)
    assert np.sum(jitad.grad(f)(x) * direction) == pytest.approx(expected, rel=1e-6)
    slope = jitad.hvp(f, (x,), (direction,))
    gradients = [jitad.grad(f)(x + t * direction) for t in (1e-5, -1e-5)]
    np.testing.assert_allclose(slope, (gradients[0] - gradients[1]) / 2e-5, rtol=1e-4, atol=1e-5)
