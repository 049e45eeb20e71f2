"""Paths through Python's branches: known ones are found, new ones traced, too many interpreted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numba
import numpy as np
import pytest
from branching import hessian_by_hand, line_of, shrinking, sign, slope, trees_of
from numpy.testing import assert_allclose, assert_array_equal

import jitad
from jitad.frontend.pytree import flatten
from jitad.runtime import launch
from jitad.runtime.paths import MAX_PATHS, Path, Tree

X = np.array([0.5, -1.25, 2.0])


# -- each path gives its own result ----------------------------------------------------------------


def test_branches_flip() -> None:
    traced: list[int] = []

    def f(x: Any) -> Any:
        traced.append(1)
        if x.sum() > 0:
            return np.sum(x**2)
        return np.sum(x**3)

    for g, up, down in (
        (jitad.jit(f), lambda x: np.sum(x**2), lambda x: np.sum(x**3)),
        (jitad.grad(f), lambda x: 2 * x, lambda x: 3 * x**2),
    ):
        traced.clear()
        for _ in range(3):
            assert_allclose(g(X), up(X))
            assert_allclose(g(-X), down(-X))
        assert len(traced) == 1


def test_loops_that_depend_on_values() -> None:
    def newton(x: Any) -> Any:
        y = x
        while abs(y * y - x) > 1e-12:
            y = 0.5 * (y + x / y)
        return y

    for x in (2.0, 9.0, 0.3):
        assert_allclose(jitad.jit(newton)(x), np.sqrt(x))
        assert_allclose(jitad.grad(newton)(x), 0.5 / np.sqrt(x), rtol=1e-6)

    def power(x: Any, n: Any) -> Any:
        result = 1.0
        for _ in range(n):
            result = result * x
        return result

    g = jitad.grad(power)
    for n in (3, 5, 3, 0):
        assert_allclose(g(2.0, n), n * 2.0 ** max(n - 1, 0))


def test_branches_inside_nested_transforms() -> None:
    def f(x: Any) -> Any:
        return x * x if x > 1.0 else 5 * x

    def g(x: Any) -> Any:
        return jitad.grad(f)(x) * x

    for x in (2.0, 0.5, 3.0, 0.25):
        expected = 4 * x if x > 1 else 5.0
        assert_allclose(jitad.grad(g)(x), expected)
        assert_allclose(jitad.jit(jitad.grad(jitad.jit(g)))(x), expected)
        assert_allclose(jitad.jvp(f, (x,), (1.0,))[1], 2 * x if x > 1 else 5.0)
        assert_allclose(jitad.vjp(f, x)[1](1.0)[0], 2 * x if x > 1 else 5.0)


def test_masks_and_places_that_depend_on_values() -> None:
    f = jitad.grad(lambda x: np.sum(x[x > 0] ** 2))
    for x in (X, -X, np.zeros(3), np.ones(3)):
        assert_allclose(f(x), np.where(x > 0, 2 * x, 0))
    g = jitad.grad(lambda x: x[np.argmax(x)] ** 2)
    for x in (X, -X):
        assert_allclose(g(x), np.where(x == x.max(), 2 * x, 0))
    h = jitad.jit(lambda x: np.ones(int(x)) * x)
    assert_allclose(h(3.5), [3.5, 3.5, 3.5])
    assert_allclose(h(1.5), [1.5])


def branchy(x: Any, n: Any) -> Any:
    """Early returns, a loop that is left, a mask, an integer, a chain of comparisons."""
    if x.sum() < -3:
        return np.sum(np.sin(x))
    total = 0.0 * x[0]
    for k in range(int(n)):
        if total > 4.0:
            break
        if x[k % 3] < 0:
            continue
        total = total + (k + 1) * x[k % 3] ** 2
    if 0.5 < total < 2.0:
        return total * np.max(x)
    return total + np.sum(x[x > 0.25][::-1] ** 3)


def points(count: int) -> Iterator[tuple[np.ndarray, float]]:
    rng = np.random.default_rng(5)
    for _ in range(count):
        yield rng.normal(size=3) * 1.5, float(rng.integers(0, 4)) + 0.5


def test_every_path_in_random_order() -> None:
    value, gradient = jitad.jit(branchy), jitad.grad(branchy)
    for x, n in points(100):
        assert_allclose(value(x, n), branchy(x, n), rtol=1e-12)
        assert_allclose(gradient(x, n), slope(branchy, x, n), rtol=1e-5, atol=1e-6)
    for function in (value, gradient):
        (tree,) = trees_of(function)
        assert 5 < len(tree.paths) < MAX_PATHS
        assert len({path.guards for path in tree.paths}) == len(tree.paths)
        assert sum(path.calls for path in tree.paths) == 100


@pytest.mark.parametrize(
    "times",
    [
        lambda f, x: jitad.grad(lambda y: np.sum(jitad.grad(f)(y) * x))(x),
        lambda f, x: jitad.vjp(jitad.grad(f), x)[1](x)[0],
        lambda f, x: jitad.jvp(jitad.jit(jitad.grad(f)), (x,), (x,))[1],
        lambda f, x: jitad.jit(lambda y: jitad.hessian(jitad.jit(f))(y) @ x)(x),
        lambda f, x: jitad.linearize(jitad.grad(f), x)[1](x),
        lambda f, x: jitad.hvp(f, (x,), (x,)),
        lambda f, x: jitad.jacrev(jitad.grad(f))(x) @ x,
    ],
    ids=["grad", "vjp", "jvp", "hessian", "linearize", "hvp", "jacrev"],
)
def test_the_hessian_times_x_in_random_order(times: Any) -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        x = rng.normal(size=3) * 2
        assert_allclose(times(shrinking, x), hessian_by_hand(x) @ x, rtol=1e-10)


def test_paths_differ_in_the_structure_of_their_results() -> None:
    def f(x: Any) -> Any:
        if x > 2:
            return {"large": x, "rest": (x * x, [1, x])}
        if x > 1:
            return x, x.astype(np.float32)
        return np.ones(2) * x if x > 0 else 7

    g = jitad.jit(f)
    for x in (3.0, 1.5, 0.5, -1.0, 1.5, 3.0, -1.0, 0.5):
        got, want = g(x), f(np.float64(x))
        assert type(got) is type(want) or isinstance(got, np.generic)
        leaves, structure = flatten(want)
        again, same = flatten(got)
        assert same == structure
        for a, b in zip(again, leaves, strict=True):
            assert_array_equal(a, b)


def test_guards_are_checked_in_pieces_of_a_long_program() -> None:
    def f(x: Any) -> Any:
        y = x
        for k in range(2500):
            y = np.sin(y) + x
            if k == 1200 and (y > 0.0).__bool__():
                y = y - 1.0
        return y if y < 10.0 else x

    g = jitad.grad(f)
    for x in (0.5, -0.5, 0.25, -0.25):
        h = 1e-6
        assert_allclose(g(x), (f(x + h) - f(x - h)) / (2 * h), rtol=1e-4, atol=1e-6)
    assert len(trees_of(g)[0].paths) == 2


def test_a_failed_guard_ends_the_kernel_at_once() -> None:
    def f(x: Any) -> Any:
        m = np.outer(x, x) + np.eye(3)
        if x[0] < 0:
            m = -m
        return np.sum(np.linalg.cholesky(m if x[0] > 0 else -m))

    g = jitad.jit(f)
    for x in (X, -X, X, -X):
        assert_allclose(g(x), f(x))
    seen: list[float] = []
    mask = jitad.jit(lambda x: np.sum(np.linalg.eigvals(np.diag(x[x > 0])).real))
    for x in (X, -X, X, np.ones(3)):
        seen.append(mask(x))
    assert_allclose(seen, [2.5, 1.25, 2.5, 3.0])


# -- which path is tried when ----------------------------------------------------------------------


def chain(x: Any) -> Any:
    """A path for each whole number up to 20."""
    for k in range(20):
        if (x < k).__bool__():  # the number itself is asked for
            return x * k
    return x


def watch(tree: Tree) -> list[Path]:
    """What is called of a tree from now on."""
    called: list[Path] = []

    def watched(path: Path) -> Callable[..., Any]:
        entry = path.kernel.entry

        def call(*args: Any) -> Any:
            called.append(path)
            return entry(*args)

        return call

    for path in tree.paths:
        path.entry = watched(path)
    return called


def test_no_path_is_tried_twice_and_few_are_tried() -> None:
    f = jitad.jit(chain)
    order = np.random.default_rng(0).permutation(21) - 0.5
    for x in order:
        f(x)
    (tree,) = trees_of(f)
    assert len(tree.paths) == 21
    called = watch(tree)
    f.known.forget_recent()
    for x in np.random.default_rng(1).choice(order, 200):
        called.clear()
        assert f(x) == chain(x)
        assert len(set(called)) == len(called) <= 12


def test_paths_in_turn_do_not_change_places() -> None:
    f = jitad.jit(lambda x: x + (1 if sign(x) == "up" else -1))
    f(-1.0), f(1.0)
    (tree,) = trees_of(f)
    down, up = tree.paths
    assert tree.first is up
    for _ in range(5):
        assert (f(1.0), f(-1.0)) == (2.0, -2.0)
        assert tree.first is up
    f(-1.0)
    assert tree.first is down
    called = watch(tree)
    f.known.forget_recent()
    f(-1.0), f(-1.0), f(1.0), f(-1.0)
    assert called == [down, down, down, up, down]
    assert (down.calls, up.calls) == (10, 7)


def test_guards_on_numbers_with_many_values() -> None:
    f = jitad.jit(lambda x, n: np.ones(int(n)) * x if x > 0 else np.zeros(int(n)))
    order = np.random.default_rng(3).integers(0, 8, 60)
    for k in order:
        for x in (0.5, -0.5):
            assert_array_equal(f(x, float(k)), np.full(k, max(x, 0.0)))
    (tree,) = trees_of(f)
    assert len(tree.paths) == 2 * len(set(order))


def test_threads_find_their_paths() -> None:
    f = jitad.jit(chain)
    wrong: list[float] = []

    def work(seed: int) -> None:
        for x in np.random.default_rng(seed).uniform(-1, 22, 200):
            if f(x) != chain(x):
                wrong.append(x)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    paths = [path.guards for path in trees_of(f)[0].paths]
    assert len(set(paths)) == len(paths)


def test_paths_belong_to_a_state_of_the_surroundings() -> None:
    factor = 1.0
    traced: list[None] = []

    def f(x: Any) -> Any:
        traced.append(None)
        return factor * x if sign(x) == "up" else factor - x

    g = jitad.grad(f)
    for factor in (1.0, 2.0, 3.0, 1.0):
        for x in (1.0, -1.0, 1.0, -1.0):
            assert g(x) == (factor if x > 0 else -1.0)
    assert len(traced) == 6
    for k in range(30):
        factor = 100.0 + k
        assert g(1.0) == factor
    (trees,) = g.known.trees.values()
    assert len(trees) == launch.MAX_STATES


def test_kernels_say_which_branch_they_were_not_compiled_for() -> None:
    def f(x: Any) -> Any:
        y = x * 2 if sign(x) == "up" else x * 3
        return y if f"{bool(y < 8)}" == "True" else x  # here

    kernel = jitad.compile(f, 1.0)
    assert kernel(2.0) == 4.0
    with pytest.raises(jitad.TraceError, match=f"line {line_of(f)}:"):
        kernel(5.0)

    inner = kernel.njit

    @numba.njit
    def twice(x: float) -> float:
        return inner(x) + inner(x)

    assert twice(2.0) == 8.0
    with pytest.raises(jitad.TraceError, match="another path"):
        twice(-5.0)
