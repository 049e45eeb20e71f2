"""Structured control flow at its edges: dtypes, no turns, traced bounds, indices, surroundings."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracle
import pytest
from unrolled import Plain, either

import jitad
import jitad.numpy

X = np.array([0.5, -1.25, 2.0, 0.75])


def as_plain(f: Any, *args: Any) -> None:
    """Values, dtypes and shapes are those of plain Python, traced or called with arrays."""
    want = oracle.leaves(f(Plain, *args))
    oracle.assert_same(jitad.jit(lambda *xs: f(jitad, *xs))(*args), want)
    oracle.assert_same(f(jitad, *args), want)


# -- dtypes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", (np.float64, np.float32, np.complex128, np.int64, np.int32))
def test_carries_keep_their_dtype(dtype: Any) -> None:
    """Also beside Python's numbers."""
    x = np.arange(1, 5).astype(dtype)

    def f(lax: Any, x: Any) -> Any:
        init = (x[0], x, 1, 0)
        return lax.scan(lambda c, v: ((c[0] * v - 2, c[1] + 3 * v, c[2] * v, c[3] + v), c), init, x)

    leaves = jitad.jit(lambda x: f(jitad, x))(x)
    want = oracle.leaves(f(Plain, x))
    # The stacked first carries are Python numbers in plain Python, of which np.stack knows less.
    for got, expected in zip(oracle.leaves(leaves), want, strict=True):
        assert got.dtype == dtype
        np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_flags() -> None:
    def f(lax: Any, x: Any) -> Any:
        return lax.scan(lambda c, v: ((c[0] ^ (v > 0), ~c[1] | (x > v)), c), (x[0] > 1, x > 1), x)

    as_plain(f, X)


def test_complex_carries() -> None:
    """The gradient of a real result at a complex argument, and the holomorphic derivative."""
    z = (X + 1j * X[::-1]) / 4

    def f(lax: Any, a: Any, z: Any) -> Any:
        return lax.scan(lambda c, v: (np.sin(c * v) + a, c * c), a, z)

    as_plain(f, 0.5 - 0.25j, z)
    loops, unrolled = (
        jitad.grad(lambda a, z, lax=lax: np.abs(np.sum(f(lax, a, z)[1])), (0, 1))
        for lax in (jitad, Plain)
    )
    oracle.assert_same(loops(0.5 - 0.25j, z), oracle.leaves(unrolled(0.5 - 0.25j, z)), 1e-12)
    slope = jitad.grad(lambda a: f(jitad, a, z)[0], holomorphic=True)(0.5 - 0.25j)
    step = 1e-5
    ahead, behind = (f(Plain, 0.5 - 0.25j + s, z)[0] for s in (step, -step))
    np.testing.assert_allclose(slope, (ahead - behind) / (2 * step), rtol=1e-8)


def test_python_numbers_stay_weak() -> None:
    """A counter that nothing but Python's numbers meets does not widen float32."""
    x = X.astype(np.float32)

    def f(x: Any, a: Any) -> Any:
        count, _ = jitad.scan(lambda c, v: (c + 1, None), 0.0, x)
        scaled, ys = jitad.scan(lambda c, v: (c * a, c * v), x[0], x)
        either_one = jitad.cond(x[0] > 0, lambda x: x, lambda x: 0.0, x[1])
        kept = jitad.checkpoint(lambda v: (v * 2, 3.0))(x)
        turns, _ = jitad.while_loop(lambda s: s[1] < 9, lambda s: (s[0] + 1, s[1] * 2), (0, x[2]))
        return count * x, scaled, ys, either_one, kept[0], kept[1] * x, turns * x

    results = oracle.leaves(jitad.jit(f)(x, 2.0))
    assert {y.dtype for y in results} == {np.dtype(np.float32)}
    np.testing.assert_allclose(results[0], 4 * x)
    np.testing.assert_allclose(results[-1], 3 * x)


def test_python_numbers_take_the_dtype_of_a_turn() -> None:
    for dtype in (np.float32, np.complex64, np.float64):
        x = X.astype(dtype)
        total, _ = jitad.scan(lambda c, v: (c + v, None), 0, x)
        assert total.dtype == dtype
        zero, _ = jitad.scan(lambda c, v: (0, None), x[0], x)
        assert zero.dtype == dtype


# -- how many turns --------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", (None, "binomial", "sqrt", 1))
@pytest.mark.parametrize("count", (0, 1))
def test_few_turns(count: int, policy: Any) -> None:
    def f(a: Any, rows: Any) -> Any:
        return jitad.scan(lambda c, r: (c * r.sum(), c * r), a, rows, checkpoint=policy)

    a, rows = 1.5, np.full((count, 2), 3.0)
    c, ys = f(a, rows)
    assert c == 1.5 * 6**count
    assert ys.shape == (count, 2)
    slopes = jitad.grad(lambda a, rows: f(a, rows)[0], (0, 1))(a, rows)
    assert slopes[0] == 6**count
    np.testing.assert_array_equal(slopes[1], np.full((count, 2), 1.5))
    assert jitad.jacrev(lambda a: f(a, rows)[1])(a).shape == (count, 2)
    assert jitad.hessian(lambda a: f(a * a, rows)[0])(a) == 2 * 6**count


def test_nothing_to_carry_or_to_stack() -> None:
    assert jitad.scan(lambda c, x: (c, None), None, length=3) == (None, None)
    assert jitad.scan(lambda c, x: (c, None), None, length=0) == (None, None)
    assert jitad.map(lambda x: None, X) is None
    np.testing.assert_array_equal(jitad.scan(lambda c, _: (c, 2.0), None, length=3)[1], [2, 2, 2])


@pytest.mark.parametrize("bounds", ((0, 4), (2, 5), (-3, 2), (3, 3), (5, 1)), ids=str)
def test_traced_bounds(bounds: tuple[int, int]) -> None:
    """One kernel serves all bounds, in both modes and to second order."""

    def f(lax: Any, a: Any, low: Any, high: Any) -> Any:
        return lax.fori_loop(low, high, lambda i, c: np.sin(c) * a + i, a * a)

    for transform in (jitad.jit, jitad.grad, jitad.jacfwd, jitad.hessian):
        loops = transform(lambda a, low, high: f(jitad, a, low, high))
        loops(0.7, 0, 1)
        got = loops(0.7, *bounds)
        want = transform(lambda a: f(Plain, a, *bounds))(0.7)
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(f(jitad, 0.7, *map(np.asarray, bounds)), f(Plain, 0.7, *bounds))


def test_a_bound_that_is_computed() -> None:
    def f(x: Any) -> Any:
        return jitad.fori_loop(0, (2 * x).astype(int), lambda i, c: c * x + i, 1.0)

    assert jitad.value_and_grad(f)(1.75) == pytest.approx((1.75**3 + 1.75 + 2, 3 * 1.75**2 + 1))


def test_while_loops_of_other_lengths() -> None:
    """Stacks grow: the same kernel for a few and for many turns, and for none."""
    f = jitad.value_and_grad(
        lambda a, n: jitad.while_loop(lambda s: s[0] < n, lambda s: (s[0] + 1, s[1] * a), (0, 1.0))[
            1
        ]
    )
    for n in (3, 0, 1000, 65, 129, 2):
        value, slope = f(1.001, n)
        assert value == pytest.approx(1.001**n)
        assert slope == pytest.approx(n * 1.001 ** (n - 1))


def test_a_batch_of_while_loops() -> None:
    """Tangents share the turns of their value; many points each stop at their own turn."""

    def f(lax: Any, a: Any) -> Any:
        return lax.while_loop(lambda y: np.sum(y) < 30, lambda y: y * a, a)

    a = np.array([1.5, 2.0, 1.25])
    _, tangents = jitad.jvp(lambda a: f(jitad, a), (a,), (np.eye(3),))
    np.testing.assert_allclose(tangents.T, jitad.jacfwd(lambda a: f(Plain, a))(a), rtol=1e-13)
    np.testing.assert_allclose(
        jitad.jacrev(lambda a: f(jitad, a))(a), jitad.jacrev(lambda a: f(Plain, a))(a), rtol=1e-13
    )


# -- arrays and indices ----------------------------------------------------------------------------


def test_arrays_updated_in_place() -> None:
    """A carry of 100,000 elements, of which a turn writes one: it must not be copied each time."""
    n = 100_000
    x = np.linspace(-1, 1, n)

    def f(x: Any) -> Any:
        def body(i: Any, out: Any) -> Any:
            return out.at[i].set(np.sin(x[i]) * out[i - 1])

        return jitad.fori_loop(1, n, body, np.ones(n) * x[0])

    want = np.ones(n) * x[0]
    for i in range(1, n):
        want[i] = np.sin(x[i]) * want[i - 1]
    np.testing.assert_allclose(jitad.jit(f)(x), want, rtol=1e-12)  # a unit a turn


def test_small_arrays_updated() -> None:
    def f(lax: Any, x: Any) -> Any:
        def body(i: Any, out: Any) -> Any:
            out = out.at[i].set(x[i] ** 2 * out[i - 1])
            return out.at[(i + 2) % 4].add(out[i] * x[i])

        return lax.fori_loop(0, 4, body, x + 2) if lax is jitad else plain_updates(x)

    def plain_updates(x: Any) -> Any:
        out = x + 2
        for i in range(4):
            out = out.at[i].set(x[i] ** 2 * out[i - 1])
            out = out.at[(i + 2) % 4].add(out[i] * x[i])
        return out

    for transform in (jitad.jit, jitad.jacfwd, jitad.jacrev):
        got, want = (transform(lambda x, lax=lax: f(lax, x))(X) for lax in (jitad, Plain))
        np.testing.assert_allclose(got, want, rtol=1e-12)
    second = [
        jitad.hessian(lambda x, lax=lax: np.sum(np.sin(f(lax, x))))(X) for lax in (jitad, Plain)
    ]
    np.testing.assert_allclose(*second, rtol=1e-11, atol=1e-13)


def test_arrays_written_within_a_turn() -> None:
    def f(x: Any) -> Any:
        def step(carry: Any, v: Any) -> Any:
            carry = carry.copy()
            carry += v
            row = jitad.numpy.zeros(3)
            row[0] = v
            row[1:] = carry[0] * v
            return carry, row

        return either.scan(step, x[:2] * 0, x)

    if_plain = jitad.jacrev(lambda x: oracle.flatten(f(x))[0])
    oracle.check_value(f, [X])
    jacobian = if_plain(X)
    want = oracle.difference(lambda x: f(x), [X], [np.ones(4)])
    for block, slope in zip(jacobian, want, strict=True):
        np.testing.assert_allclose(block.sum(-1), slope, rtol=1e-9, atol=1e-9)


def test_an_index_beyond_the_end() -> None:
    def f(x: Any) -> Any:
        return jitad.scan(lambda k, _: (k + 1, x[k]), 2, length=4)[1]

    with pytest.raises(jitad.ShapeError, match="out of bounds"):
        jitad.jit(f)(X)


def test_a_singular_matrix_in_some_turn() -> None:
    def f(x: Any) -> Any:
        return jitad.scan(
            lambda c, v: (np.linalg.solve(np.diag(c) * v, c), None), x[:2], np.array([1.0, 0.0])
        )[0]

    with pytest.raises(jitad.LinearAlgebraError, match="singular"):
        jitad.jit(f)(X)


# -- what surrounds a function ---------------------------------------------------------------------


def test_closures_are_seen_anew() -> None:
    """Outside of a trace too, where the loop itself is what is compiled and kept."""
    factor = 2.0
    table = X.copy()

    def step(carry: Any, v: Any) -> Any:
        return carry * factor + table @ (v * table), None

    def by_hand() -> float:
        carry = 1.0
        for v in X:
            carry = carry * factor + v * (table @ table)
        return carry

    traced = jitad.jit(lambda x: jitad.scan(step, 1.0, x)[0])
    for change in (2.0, 3.0, 2.0):
        factor = change
        table[1] += change
        assert jitad.scan(step, 1.0, X)[0] == pytest.approx(by_hand())
        assert traced(X) == pytest.approx(by_hand())
    table = np.ones(4)
    assert jitad.scan(step, 1.0, X)[0] == pytest.approx(by_hand())
    assert traced(X) == pytest.approx(by_hand())


def test_values_of_outer_traces() -> None:
    """Loops in derivatives of loops close over values of every level."""

    def f(lax: Any, a: Any, x: Any) -> Any:
        def outer(c: Any, v: Any) -> Any:
            def slope(b: Any) -> Any:
                return lax.scan(lambda d, u: (np.sin(d * u * b) + a * c, None), v, x)[0]

            return c + jitad.grad(slope)(a), c * v

        return lax.scan(outer, a, x)

    for transform in (jitad.jacfwd, jitad.jacrev):
        got, want = (
            transform(lambda a, x, lax=lax: f(lax, a, x), (0, 1))(0.5, X) for lax in (jitad, Plain)
        )
        oracle.assert_same(got, oracle.leaves(want), 1e-11)


def test_python_decides_in_what_runs_once() -> None:
    """In branches and blocks, where the trace sees the values."""

    def inner(y: Any) -> Any:
        return y * y if y > 1 else 3 * y

    kept = jitad.grad(lambda x: jitad.checkpoint(inner)(2 * x))
    branch = jitad.grad(lambda x: jitad.cond(x > 0, inner, lambda y: y, 2 * x))
    for x in (1.0, 0.25, -1.0, 2.0, 0.5):
        y = 2 * x
        assert kept(x) == (4 * y if y > 1 else 6)
        assert branch(x) == (2 if x <= 0 else 4 * y if y > 1 else 6)


def test_nothing_flows_through_stop_gradient() -> None:
    def f(a: Any) -> Any:
        return jitad.scan(lambda c, v: (jitad.stop_gradient(c) * a * v, None), a, X)[0]

    last = f(1.5)
    assert jitad.grad(f)(1.5) == pytest.approx(last / 1.5)
    assert jitad.jacfwd(f)(1.5) == pytest.approx(last / 1.5)
