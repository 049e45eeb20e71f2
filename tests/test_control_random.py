"""Random recurrences, compared with the same in plain Python; policies that keep few states; sizes.

Compile time does not depend on the number of turns: neither does the tape nor its machine code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unrolled import Plain

import jitad
from jitad.runtime.compile import lower

# -- random recurrences ----------------------------------------------------------------------------

SIZE = 3

UNARY: list[Callable[[Any], Any]] = [
    np.sin, np.tanh, np.cos, lambda a: a * a / (1 + a * a), lambda a: -a, lambda a: a[::-1],
    np.cumsum, lambda a: np.sum(a) * np.ones(SIZE), np.sort, lambda a: np.where(a > 0, a, a / 2),
]  # fmt: skip

BINARY: list[Callable[[Any, Any], Any]] = [
    np.add, np.subtract, np.multiply, np.maximum, lambda a, b: a * np.dot(a, b),
    lambda a, b: np.outer(a, b) @ a, np.hypot, lambda a, b: np.roll(a, 1) + b,
]  # fmt: skip


@st.composite
def recurrences(draw: Any) -> Any:
    """The plan of a body: steps over registers, and which of these are the next carries."""
    registers = 4  # two carries, the row, and what the function closes over
    steps: list[tuple[Any, ...]] = []
    for k in range(draw(st.integers(1, 6))):
        place = st.integers(0, registers + k - 1)
        if draw(st.booleans()):
            steps.append((draw(st.sampled_from(UNARY)), draw(place)))
        else:
            steps.append((draw(st.sampled_from(BINARY)), draw(place), draw(place)))
    total = registers + len(steps)
    results = tuple(draw(st.integers(0, total - 1)) for _ in range(3))
    return steps, results


def run(plan: Any, lax: Any, options: dict[str, Any], a: Any, rows: Any, closed: Any) -> Any:
    steps, results = plan

    def body(carry: Any, row: Any) -> Any:
        found = [*carry, row, closed]
        for function, *places in steps:
            found.append(np.tanh(function(*(found[k] for k in places))))
        first, second, y = (found[k] for k in results)
        return (first, second), (y, np.sum(y) * first)

    return lax.scan(body, (a, 2 * a), rows, **options)


@given(
    plan=recurrences(),
    turns=st.integers(1, 9),
    reverse=st.booleans(),
    policy=st.sampled_from([None, "binomial", "sqrt", 1, 2, 3, 20]),
    seed=st.integers(0, 100),
)
@settings(max_examples=40)
def test_as_unrolled(plan: Any, turns: int, reverse: bool, policy: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, rows, closed = rng.normal(size=SIZE), rng.normal(size=(turns, SIZE)), rng.normal(size=SIZE)
    options = {"reverse": reverse, "checkpoint": policy}
    everything = []
    for lax in (jitad, Plain):

        def f(a: Any, rows: Any, closed: Any, lax: Any = lax) -> Any:
            return run(plan, lax, options, a, rows, closed)

        def energy(*xs: Any, f: Any = f) -> Any:
            return sum(np.sum(np.sin(y)) for y in oracle.flatten(f(*xs))[0])

        def all_of_it(*xs: Any, f: Any = f, energy: Any = energy) -> Any:
            _, tangent = jitad.jvp(f, xs, xs)
            gradient, second = jitad.jvp(jitad.grad(energy, (0, 1, 2)), xs, xs)
            return f(*xs), tangent, gradient, second

        everything.append(jitad.jit(all_of_it)(a, rows, closed))
    oracle.assert_same(everything[0], oracle.leaves(everything[1]), 1e-12)


# -- few states kept -------------------------------------------------------------------------------


def recurrence(a: Any, rows: Any, **options: Any) -> Any:
    def step(c: Any, row: Any) -> Any:
        h, count = c
        h = np.tanh(h * row + a[::-1]) + row[0]
        return (h, count + 1), (np.sum(h * h) * count, h[1])

    (h, count), ys = jitad.scan(step, (a, 0), rows, **options)
    return np.sum(h) + count * h[0] + np.sum(ys[0]) + np.prod(ys[1][:3])


@pytest.mark.parametrize("reverse", (False, True))
@pytest.mark.parametrize("count", (2, 3, 7, 31, 100))
@pytest.mark.parametrize("policy", ("binomial", "sqrt", 1, 2, 5, 1000))
def test_policies(policy: Any, count: int, reverse: bool) -> None:
    """The same gradient, whatever is kept of the states."""
    rng = np.random.default_rng(count)
    a, rows = rng.normal(size=4), rng.normal(size=(count, 4))
    gradients = [
        jitad.value_and_grad(lambda *xs, o=o: recurrence(*xs, reverse=reverse, **o), (0, 1))(
            a, rows
        )
        for o in ({}, {"checkpoint": policy})
    ]
    oracle.assert_same(gradients[1], oracle.leaves(gradients[0]), 1e-12)


@pytest.mark.parametrize("policy", ("binomial", 3))
def test_second_derivatives_of_policies(policy: Any) -> None:
    rng = np.random.default_rng(7)
    a, rows = rng.normal(size=4), rng.normal(size=(20, 4))
    for outer, inner in ((jitad.jacfwd, jitad.jacrev), (jitad.jacrev, jitad.jacrev)):
        got, want = (
            outer(inner(lambda a, o=o: recurrence(a, rows, **o)))(a)
            for o in ({"checkpoint": policy}, {})
        )
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-10)


def test_a_policy_within_a_policy() -> None:
    rng = np.random.default_rng(8)
    a, rows = rng.normal(size=4), rng.normal(size=(6, 5, 4))

    def f(a: Any, rows: Any, *, policy: Any) -> Any:
        def outer(c: Any, block: Any) -> Any:
            c, ys = jitad.scan(
                lambda c, row: (np.tanh(c * row) + a, c @ row), c, block, checkpoint=policy
            )
            return c, np.sum(ys * ys)

        return np.sum(jitad.scan(outer, a, rows, checkpoint=policy)[1])

    few, every = (jitad.grad(lambda *xs, p=p: f(*xs, policy=p), (0, 1))(a, rows) for p in (2, None))
    oracle.assert_same(few, oracle.leaves(every), 1e-12)


def test_few_states_take_little_memory() -> None:
    """What a kernel sets aside for intermediate values."""
    rows = np.ones((10_000, 4))
    sizes = {}
    for policy in (None, "sqrt", "binomial"):
        f = jitad.value_and_grad(lambda a, rows, p=policy: recurrence(a, rows, checkpoint=p))
        sizes[policy] = jitad.compile(f, np.ones(4), rows).code.arena
    assert sizes["sqrt"] < 0.25 * sizes[None]
    assert sizes["binomial"] < 0.25 * sizes[None]


# -- sizes -----------------------------------------------------------------------------------------


def scanned(n: int) -> tuple[Any, tuple[Any, ...]]:
    def f(a: Any, x: Any) -> Any:
        return jitad.scan(lambda c, v: (np.sin(c * v) + a, c * c), a, x)[1].sum()

    return f, (0.5, np.ones(n))


def in_order(n: int) -> tuple[Any, tuple[Any, ...]]:
    return lambda a: jitad.fori_loop(0, n, lambda i, c: np.sin(c) * a + i, a), (0.5,)


def mapped(n: int) -> tuple[Any, tuple[Any, ...]]:
    return lambda a, x: np.sum(jitad.map(lambda v: np.tanh(v @ v * a), x)), (0.5, np.ones((n, 3)))


def few_states(n: int) -> tuple[Any, tuple[Any, ...]]:
    return lambda a, x: recurrence(a, x, checkpoint=8), (np.ones(4), np.ones((n, 4)))


@pytest.mark.parametrize("make", (scanned, in_order, mapped, few_states), ids=lambda f: f.__name__)
def test_code_is_of_one_size(make: Any) -> None:
    """For 3,000 and for 10,000 turns: of the value, the tangent, the gradient and its tangent.

    Loops of many more turns ask now and then whether they are interrupted.
    """
    lengths = []
    for n in (3000, 10_000):
        f, args = make(n)
        gradient = jitad.grad(f)
        functions = [jitad.jit(f), gradient]
        functions += [jitad.jit(lambda *xs, g=g: jitad.jvp(g, xs, xs)) for g in (f, gradient)]
        lowered = [lower(function.plan(*args).tape) for function in functions]
        lengths.append([(len(tape), code.text.count("\n")) for tape, code in lowered])
    assert lengths[0] == lengths[1]


# -- beside JAX ------------------------------------------------------------------------------------


def test_as_jax() -> None:
    """Order of stacks, indices out of range, bounds that leave no turn, dtypes of counters."""
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    x = np.array([0.5, -1.25, 2.0])

    def f(lax: Any, module: Any, x: Any) -> Any:
        def step(c: Any, v: Any) -> Any:
            return module.sin(c * v), (c, {"twice": 2 * v})

        forth = lax.scan(step, x[0], x)
        back = lax.scan(step, x[0], x, reverse=True)
        switched = [lax.switch(k, [module.sin, module.cos], x) for k in (-3, 0, 1, 9)]
        none = lax.fori_loop(5, 2, lambda i, c: c + i, x)
        some = lax.fori_loop(2, 5, lambda i, c: c * i + x, x)
        while_ = lax.while_loop(lambda s: s[0] < 5, lambda s: (s[0] + 1, s[1] * x), (0, x))
        chosen = lax.cond(x[0] > 0, lambda a, b: a * b, lambda a, b: a - b, x, 2.0)
        return forth, back, switched, none, some, while_, chosen, lax.map(lambda v: (v, v * v), x)

    want = jax.tree_util.tree_leaves(f(jax.lax, jax.numpy, jax.numpy.asarray(x)))
    got = oracle.leaves(jitad.jit(lambda x: f(jitad, np, x))(x))
    assert [np.shape(y) for y in got] == [np.shape(y) for y in want]
    for a, b in zip(got, want, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-14)

    def loss(lax: Any, module: Any) -> Any:
        return lambda x: sum(module.sum(y) for y in oracle.flatten(f(lax, module, x)[:3])[0])

    by_jax = jax.grad(loss(jax.lax, jax.numpy))(x)
    np.testing.assert_allclose(jitad.grad(loss(jitad, np))(x), by_jax, rtol=1e-13)
