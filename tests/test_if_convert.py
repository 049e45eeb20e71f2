"""Points that take branches of their own: all at once where the branches are short."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from oracle import compiled

import jitad

POINTS = np.random.default_rng(5).uniform(-2.5, 2.5, (300, 3))


def nested(p: Any) -> Any:
    y = p[0] * 1.5
    if p[0] > 0:
        if p[1] > 0:
            return y * math.log(p[0])
        if p[1] < -1:
            y = math.exp(y)
    elif p[2] < -1:
        y = y**3
    return y + p[2]


def counted(p: Any) -> Any:
    """Of some of the paths the number that is asked for stands in the code before as well."""
    y = math.exp(p[0]) if p[0] > 0 else p[0] ** 3
    return y * int(p[2]) - p[1] * 3.0


def nowhere_defined(p: Any) -> Any:
    """Each branch is NaN, or infinite, where the other is taken."""
    return math.log(p[0]) / math.sqrt(p[0]) if p[0] > 0 else math.sqrt(-p[0]) * p[1]


def many(p: Any) -> Any:
    """More paths than are computed of all points."""
    k = int(abs(p[0]) * 8)
    y = p[1]
    for _ in range(k % 13):
        y = math.sin(y) * p[2] + k
    return y


def looked_up(p: Any) -> Any:
    """A place that is out of bounds for a point on the other branch."""
    if p[0] < 0:
        return p[2] * p[1]
    return jitad.numpy.array([1.0, -2.0, 0.5])[np.trunc(p[0]).astype(int)] * p[1]


def one_path(p: Any) -> Any:
    return p[1] * math.sin(p[0]) if p[0] < 100 else p[2]


def has_loop(f: Callable[..., Any], *args: Any) -> bool:
    """Whether what is compiled goes from point to point."""
    return "loop(" in compiled(f, *args)


def differences(f: Callable[..., Any], p: np.ndarray) -> list[float]:
    steps = 1e-6 * np.eye(len(p))
    return [float((f(p + h) - f(p - h)) / 2e-6) for h in steps]


@pytest.mark.parametrize("f", [nested, counted, nowhere_defined, many, looked_up, one_path])
@pytest.mark.parametrize("parallel", [False, True])
def test_every_point_takes_its_own_branch(f: Any, parallel: bool) -> None:
    kernel = jitad.compile(jitad.vmap(jitad.value_and_grad(f)), POINTS, parallel=parallel)
    value, gradient = kernel(POINTS)
    np.testing.assert_allclose(value, [f(p) for p in POINTS], rtol=1e-12)
    # No point stands within 1e-6 of where branches part.
    expected = [differences(f, p) for p in POINTS]
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-6)
    total = jitad.grad(lambda x: np.sum(jitad.vmap(f)(x) ** 2))(POINTS)
    np.testing.assert_allclose(total, 2 * value[:, None] * gradient, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("f", [nested, nowhere_defined, looked_up, one_path])
def test_short_branches_are_no_jumps(f: Any) -> None:
    assert not has_loop(jitad.vmap(jitad.grad(f)), POINTS)


def test_long_branches_are() -> None:
    assert has_loop(jitad.vmap(many), POINTS)


def test_a_place_that_is_out_of_bounds_where_it_is_taken() -> None:
    kernel = jitad.compile(jitad.vmap(looked_up), POINTS)
    kernel(POINTS)
    with pytest.raises(jitad.JitadError, match="out of bounds"):
        kernel(np.concatenate([POINTS, [[7.0, 1.0, 1.0]]])[1:])


def test_a_branch_that_no_point_took_before() -> None:
    kernel = jitad.jit(jitad.vmap(nested))
    above = np.abs(POINTS)
    for points in (above, POINTS, above[:40], -above, POINTS[:17]):
        np.testing.assert_allclose(kernel(points), [nested(p) for p in points], rtol=1e-12)
