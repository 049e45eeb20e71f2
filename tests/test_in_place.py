"""What a join alone reads is computed where the join has it: the same results, without a copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as some

import jitad
import jitad.numpy as jnp
from jitad.ops.views import np_slots, stretch

_rng = np.random.default_rng(0)
LONG, OTHER = _rng.normal(size=(2, 5000))
SQUARE = _rng.normal(size=(40, 40))


def sorted_parts(x: Any, y: Any) -> Any:
    return np.concatenate([np.sort(x), np.cos(y), np.sort(y)])


def products(x: Any, y: Any) -> Any:
    return np.stack([x @ x, x.T @ x]) * 1.0, np.stack([x @ x, x.T @ x])


def nested(x: Any, y: Any) -> Any:
    inner = np.concatenate([np.cumsum(x), x])
    return np.concatenate([y, inner, np.cumsum(y)])


def reshaped(x: Any, y: Any) -> Any:
    both = np.stack([np.cumsum(x), np.cumsum(y)])
    return np.concatenate([both.ravel(), x]).reshape(3, -1)


def updated(x: Any, y: Any) -> Any:
    z = jnp.array(np.cumsum(x))
    z[10:20] *= 3.0
    z[::7] = y[::7]
    return np.concatenate([z, y])


def then_updated(x: Any, y: Any) -> Any:
    z = jnp.array(np.concatenate([np.cumsum(x), np.cumsum(y)]))
    z[4990:5010] = 0.0
    return z


def read_twice(x: Any, y: Any) -> Any:
    """An operand that is a result too, or twice an operand, is copied."""
    z, w = np.sort(x), np.sort(y)
    return np.concatenate([z, z, w]), w


def sums_too(x: Any, y: Any) -> Any:
    z = np.cumsum(x)
    return np.concatenate([z, y]), z


def by_columns(x: Any, y: Any) -> Any:
    return np.concatenate([np.sort(x)[:, None], np.sort(y)[:, None]], axis=1)


def short(x: Any, y: Any) -> Any:
    return np.stack([np.sum(x), np.max(y)]), np.concatenate([np.sum(x)[None], np.sort(y)])


FUNCTIONS = (
    sorted_parts, nested, reshaped, updated, then_updated, read_twice, sums_too, by_columns, short,
)  # fmt: skip


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("f", FUNCTIONS)
def test_results(f: Any, parallel: bool) -> None:
    want, got = f(LONG, OTHER), jitad.jit(f, parallel=parallel)(LONG, OTHER)
    for x, y in zip(*((z if isinstance(z, tuple) else (z,)) for z in (want, got)), strict=True):
        np.testing.assert_allclose(y, x, rtol=1e-12)


def test_products() -> None:
    want = products(SQUARE, SQUARE)
    for x, y in zip(jitad.jit(products)(SQUARE, SQUARE), want, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-11)


def test_loops() -> None:
    """What a loop stacks stands where it is joined to what it was joined to."""

    def f(x: Any) -> Any:
        def step(carry: Any, y: Any) -> Any:
            return np.sin(carry + y), carry * y

        last, rows = jitad.scan(step, x[0], x)
        return np.concatenate([x[0][None], rows, last[None]])

    x = _rng.normal(size=(30, 50))
    rows, carry = [x[0]], x[0]
    for y in x:
        rows.append(carry * y)
        carry = np.sin(carry + y)
    kernel = jitad.compile(f, x)
    np.testing.assert_allclose(kernel(x), np.stack([*rows, carry]), rtol=1e-12)
    assert kernel.code.arena < x.nbytes
    jitad.check_grads(lambda x: np.sum(f(x) ** 2), (x,), order=1)


@pytest.mark.parametrize("f", [nested, reshaped, updated, then_updated])
def test_no_memory_but_the_results(f: Any) -> None:
    assert jitad.compile(f, LONG, OTHER).code.arena == 0


def test_without_copies_of_blocks() -> None:
    """The Jacobian of a sum of squares in compressed rows: blocks, then a column."""

    def f(points: Any) -> Any:
        at = jitad.vmap(jitad.jacrev(lambda p: np.stack([np.sin(p[0]) * p[1], p[2] / p[0]])))
        return np.concatenate([at(points).ravel(), points[:, 0]])

    points = _rng.uniform(1, 2, size=(1000, 3))
    kernel = jitad.compile(f, points)
    x, y, z = points.T
    zero = np.zeros_like(x)
    blocks = np.stack([np.cos(x) * y, np.sin(x), zero, -z / x**2, zero, 1 / x], axis=1)
    np.testing.assert_allclose(kernel(points), np.concatenate([blocks.ravel(), x]), rtol=1e-12)
    assert kernel.code.arena == 0


@some.composite
def boxes(draw: Any) -> tuple[tuple[int, ...], tuple[Any, ...]]:
    shape = tuple(draw(some.lists(some.integers(1, 4), min_size=1, max_size=4)))
    slots: list[Any] = []
    for n in shape:
        start = draw(some.integers(0, n - 1))
        step = draw(some.sampled_from([1, 1, 2, -1]))
        most = (n - 1 - start) // step + 1 if step > 0 else start + 1
        slots.append(draw(some.one_of(
            some.just(start), some.just((0, n, 1)),
            some.integers(1, most).map(lambda k, a=start, s=step: (a, k, s)),
        )))  # fmt: skip
    return shape, tuple(slots)


@given(boxes())
@example(((3, 1, 4), ((0, 3, 1), (0, 1, 1), (0, 2, 1))))
def test_stretches(box: Any) -> None:
    """A basic index covers a stretch of memory if its elements' numbers are consecutive."""
    shape, slots = box
    numbers = np.arange(np.prod(shape)).reshape(shape)[np_slots(slots)].ravel()
    consecutive = np.array_equal(numbers, numbers[0] + np.arange(numbers.size))
    want = (numbers[0], numbers[-1] + 1) if consecutive else None
    assert stretch(slots, shape) == want
