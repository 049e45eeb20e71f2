"""Paths through Python's branches: known ones are found, new ones traced, too many interpreted."""

from __future__ import annotations

import inspect
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numba
import numpy as np
import pytest
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
        assert len(traced) == 2


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
    return total + np.sum(x[x > 0.25] ** 3)


def slope(f: Callable[..., Any], x: np.ndarray, *rest: Any) -> np.ndarray:
    """The gradient by central differences."""
    h = 1e-6
    steps = h * np.eye(x.size)
    return np.array([(f(x + s, *rest) - f(x - s, *rest)) / (2 * h) for s in steps])


def points(count: int) -> Iterator[tuple[np.ndarray, float]]:
    rng = np.random.default_rng(5)
    for _ in range(count):
        yield rng.normal(size=3) * 1.5, float(rng.integers(0, 4)) + 0.5


def trees_of(function: Any) -> list[Tree]:
    return [tree for trees in function._trees.values() for tree in trees]


def test_every_path_in_random_order() -> None:
    value, gradient = jitad.jit(branchy), jitad.grad(branchy)
    for x, n in points(100):
        assert_allclose(value(x, n), branchy(x, n), rtol=1e-12)
        assert_allclose(gradient(x, n), slope(branchy, x, n), rtol=1e-5, atol=1e-6)
    for function in (value, gradient):
        (tree,) = trees_of(function)
        assert 15 < len(tree.paths) < MAX_PATHS
        assert len({path.guards for path in tree.paths}) == len(tree.paths)
        assert sum(path.calls for path in tree.paths) == 100


def shrinking(x: Any) -> Any:
    y = np.sum(x**2)
    while y > 2.0:
        y = y / 3.0
    return y**2 if x[0] > 0 else np.sum(x) * y


def hessian_by_hand(x: np.ndarray) -> np.ndarray:
    s, c, ones = np.sum(x**2), 1.0, np.ones(3)
    while c * s > 2.0:
        c = c / 3.0
    if x[0] > 0:
        return c**2 * (8 * np.outer(x, x) + 4 * s * np.eye(3))
    return c * (2 * np.outer(ones, x) + 2 * np.outer(x, ones) + 2 * np.sum(x) * np.eye(3))


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
            if k == 1200 and y > 0.0:
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
        if x < k:
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
    f.forget_recent()
    for x in np.random.default_rng(1).choice(order, 200):
        called.clear()
        assert f(x) == chain(x)
        assert len(set(called)) == len(called) <= 12


def test_paths_in_turn_do_not_change_places() -> None:
    f = jitad.jit(lambda x: x + 1 if x > 0 else x - 1)
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
    f.forget_recent()
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
        return factor * x if x > 0 else factor - x

    g = jitad.grad(f)
    for factor in (1.0, 2.0, 3.0, 1.0):
        for x in (1.0, -1.0, 1.0, -1.0):
            assert g(x) == (factor if x > 0 else -1.0)
    assert len(traced) == 6
    for k in range(30):
        factor = 100.0 + k
        assert g(1.0) == factor
    (trees,) = g._trees.values()
    assert len(trees) == launch.MAX_STATES


def test_kernels_say_which_branch_they_were_not_compiled_for() -> None:
    def f(x: Any) -> Any:
        y = x * 2 if x > 0 else x * 3
        return y if y < 8 else x  # here

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


def line_of(f: Callable[..., Any]) -> int:
    lines, start = inspect.getsourcelines(f)
    return next(start + k for k, text in enumerate(lines) if "# here" in text)


# -- more paths than are kept ----------------------------------------------------------------------


@contextmanager
def max_paths(count: int) -> Iterator[None]:
    before = jitad.set_max_paths(count)
    try:
        yield
    finally:
        jitad.set_max_paths(before)


def test_too_many_paths_are_interpreted() -> None:
    def f(x: Any, y: Any) -> Any:
        k = 0
        while x > k:  # here
            k += 1
        return {"k": k * x, "y": y[::-1] if k > 3 else y * k, "z": y[0] > 0, "same": y}

    g = jitad.jit(f)
    with max_paths(3):
        for x in (0.5, 1.5, 2.5):
            g(x, X)
        with pytest.warns(RuntimeWarning, match="more than 3 paths") as caught:
            g(7.5, X)
        text = str(caught[0].message)
        assert f'File "{__file__}", line {line_of(f)}' in text
        assert all(name in text for name in ("jitad.while_loop", "np.where", "set_max_paths"))
        assert caught[0].filename == __file__
        compiled = jitad.jit(lambda x, y: f(x, y))(7.5, X)  # paths are of one function each
        for x in (7.5, 4.5, 0.5, 7.5):
            got, want = g(x, X), f(np.float64(x), X)
            for name, value in want.items():
                assert_array_equal(got[name], value)
                assert type(got[name]) is type(compiled[name])
                assert got[name].dtype == compiled[name].dtype
            assert got["same"] is not X and got["y"].flags.c_contiguous and got["y"].base is None
        (tree,) = trees_of(g)
        assert (len(tree.paths), tree.interpreted) == (3, 4)
    g(7.5, X)
    assert len(tree.paths) == 4


def test_derivatives_of_interpreted_paths() -> None:
    with max_paths(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        rng = np.random.default_rng(4)
        for _ in range(10):
            x = rng.normal(size=3) * 2
            assert_allclose(jitad.grad(shrinking)(x), slope(shrinking, x), rtol=1e-5)
            value, pullback = jitad.vjp(shrinking, x)
            assert_allclose(value, shrinking(x))
            assert_allclose(pullback(2.0)[0], 2 * slope(shrinking, x), rtol=1e-5)
            assert_allclose(jitad.hessian(shrinking)(x), hessian_by_hand(x), atol=1e-9)


def test_errors_of_interpreted_paths() -> None:
    def f(x: Any, i: Any) -> Any:
        return x[i] if x[0] > 0 else np.sum(np.linalg.inv(np.outer(x, x))) + x[i]

    g = jitad.jit(f)
    with max_paths(1), pytest.warns(RuntimeWarning, match="more than 1 path"):
        g(X, np.array([0]))
        with pytest.raises(np.linalg.LinAlgError):
            g(-X, np.array([0]))
    h = jitad.jit(lambda x, i: x[i] if x[0] > 0 else -x[i])
    with max_paths(1), pytest.warns(RuntimeWarning):
        assert_array_equal(h(X, np.array([-1, 2])), [2.0, 2.0])
        assert_array_equal(h(-X, np.array([-1, 2])), [2.0, 2.0])
        for bad in (3, -4):
            with pytest.raises(jitad.ShapeError, match="out of bounds"):
                h(-X, np.array([bad]))


def test_a_path_is_interpreted_where_machine_code_rounds_otherwise() -> None:
    f = jitad.jit(lambda x: np.sum(np.sin(x) ** 2).__float__() * x)
    rng = np.random.default_rng(1)
    for _ in range(5):
        x = rng.normal(size=1000)
        assert_allclose(f(x), np.sum(np.sin(x) ** 2) * x, rtol=1e-12)
        assert_allclose(f(x), np.sum(np.sin(x) ** 2) * x, rtol=1e-12)
    assert len(trees_of(f)[0].paths) == 5


def test_the_number_of_paths_is_at_least_one() -> None:
    with pytest.raises(ValueError, match="at least one"):
        jitad.set_max_paths(0)


# -- numbers of Python's ---------------------------------------------------------------------------


def test_numbers_of_python_are_guarded() -> None:
    traced: list[None] = []

    def f(x: Any, n: Any) -> Any:
        traced.append(None)
        return x * n.__float__() + n[0].__complex__().imag

    g = jitad.grad(lambda x, n: np.sum(f(x, n)))
    for n in (3.0, 4.0, 3.0, -0.0, 0.0):
        assert_allclose(g(X, np.array([n])), np.full(3, n))
    assert len(traced) == 4
    assert jitad.jit(lambda k: k.__float__() / 2)(np.int64(3)) == 1.5
    assert jitad.jit(lambda x: x.__float__())(np.float32(0.1)) == np.float32(0.1)
    assert jitad.jit(lambda z: z.__complex__() * 1j)(2 + 1j) == 2j - 1
    assert jitad.jit(lambda x: x.__complex__() * 1j)(2.0) == 2j
    with pytest.raises(jitad.TraceError, match=r"x\.real"):
        jitad.jit(lambda x: x.__float__())(1j)
    with pytest.raises(jitad.TraceError, match=r"float\(x\[0\]\)"):
        jitad.jit(lambda x: x.__float__())(X)


def _of_number(x: Any) -> Any:
    return x * (x**2).__float__()  # here


def _of_complex(x: Any) -> Any:
    return x * x.__complex__().real  # here


@pytest.mark.parametrize("f", [_of_number, _of_complex])
@pytest.mark.parametrize(
    "derivative",
    [
        lambda f: jitad.grad(f)(2.0),
        lambda f: jitad.jacfwd(f)(2.0),
        lambda f: jitad.jvp(f, (2.0,), (1.0,)),
        lambda f: jitad.vjp(f, 2.0),
        lambda f: jitad.hessian(f)(2.0),
        lambda f: jitad.jit(lambda x: jitad.grad(f)(x))(2.0),
    ],
    ids=["grad", "jacfwd", "jvp", "vjp", "hessian", "jit"],
)
def test_a_derivative_that_would_be_lost_is_an_error(f: Any, derivative: Any) -> None:
    with pytest.raises(jitad.DifferentiationError, match=f"line {line_of(f)}:") as caught:
        derivative(f)
    assert "stop_gradient" in str(caught.value)
    assert jitad.jit(f)(2.0) == (8.0 if f is _of_number else 4.0)


def test_what_has_no_derivative_may_become_a_number() -> None:
    def f(x: Any) -> Any:
        scale = jitad.stop_gradient(x).__float__()
        return x * scale * np.floor(x).__float__() * (x > 1).__float__()

    assert jitad.grad(f)(2.5) == 5.0
    assert jitad.jvp(f, (2.5,), (1.0,))[1] == 5.0


def test_numbers_that_make_too_many_paths() -> None:
    f = jitad.jit(lambda x: x.__float__() * 2)
    with max_paths(2), pytest.warns(RuntimeWarning, match="use the value itself") as caught:
        assert [f(x) for x in (1.0, 2.0, 3.0, 4.0, 1.0)] == [2.0, 4.0, 6.0, 8.0, 2.0]
    assert len(caught) == 1


# -- explain ---------------------------------------------------------------------------------------


def test_explain_shows_the_paths_and_how_often_they_ran() -> None:
    def f(x: Any) -> Any:
        while x > 1.0:
            x = x * 0.5
        return x if x > 0.75 else x**2  # here

    g = jitad.grad(f)
    assert "== paths" not in jitad.explain(g, 7.0)
    for x in (7.0, 7.0, 5.0, 0.5):
        g(x)
    text = jitad.explain(g, 7.0).partition("== paths\n")[2]
    assert text.count("path ") == 3
    assert "path 1, run 2 times" in text
    assert "while x > 1.0: -> True, 3 times in a row" in text
    place = f'File "{__file__}", line {line_of(f)}: '
    assert text.count(place) == 3
    assert "path 3, run once" in text.partition("path 2, run once")[2]
    with max_paths(1), pytest.warns(RuntimeWarning):
        g(100.0)
    assert "run in NumPy once" in jitad.explain(g, 7.0)
    assert "== paths" not in jitad.explain(f, 7.0)
    jitad.jit(f)(7.0)
    assert "path 1, run once" in jitad.explain(f, 7.0)
