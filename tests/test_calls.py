"""Which kernel a call takes: new shapes, dtypes and layouts, threads, pickling."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import jitad

X = np.array([0.5, -1.25, 2.0])
A = np.array([[1.0, 2.0, -1.0], [0.5, 0.25, 3.0]])


def cube(x: Any) -> Any:
    return np.sum(x**3)


def mixed(x: Any, y: Any, z: Any = 1.0) -> Any:
    return np.sum(x * x) * y + np.sin(z) * y**2


# -- shapes, dtypes, memory layouts ----------------------------------------------------------------


def test_new_shapes_and_dtypes_are_traced_again() -> None:
    traced: list[Any] = []

    def f(x: Any) -> Any:
        traced.append((x.shape, x.dtype))
        return np.sum(x * x)

    g = jitad.grad(f)
    for _ in range(2):
        for x in (X, np.ones((2, 2)), X.astype(np.float32), np.float64(2.0), 2.0):
            got = g(x)
            assert_allclose(got, 2 * x)
            assert np.asarray(got).dtype == np.asarray(x).dtype
            assert np.shape(got) == np.shape(x)
    assert len(traced) == 5


def test_weak_numbers_do_not_share_a_kernel_with_strong_ones() -> None:
    f = jitad.jit(lambda x, k: x * k)
    single = X.astype(np.float32)
    for _ in range(2):
        assert f(single, 2.0).dtype == np.float32
        assert f(single, np.float64(2.0)).dtype == np.float64
        assert f(single, 2).dtype == np.float32
        assert f(single, np.int64(2)).dtype == np.float64
        assert f(2.0, 2) == 4.0
        assert f(True, 2) == 2


def test_memory_layouts() -> None:
    base = np.arange(24.0).reshape(4, 6)
    f = jitad.jit(lambda x: x * 2 + x.sum())
    views = (base, base.T, base[::2], base[:, ::-3], np.asfortranarray(base), base[1:, 1:])
    for x in (*views, base[:0]):
        assert_allclose(f(x), x * 2 + x.sum())
    readonly = base.copy()
    readonly.flags.writeable = False
    assert_allclose(f(readonly), base * 2 + base.sum())
    unaligned = np.zeros(8 * 3 + 1, np.uint8)[1:].view(float)
    assert_allclose(f(unaligned), [0, 0, 0])
    assert_allclose(f(base.astype(">f8")), base * 2 + base.sum())


# -- kernels ---------------------------------------------------------------------------------------


def test_threads_call_one_kernel_at_once() -> None:
    f = jitad.value_and_grad(lambda x: np.sum(np.sin(x @ x.T)))
    inputs = [np.random.default_rng(k).normal(size=(40, 40)) for k in range(8)]
    expected = [f(x) for x in inputs]
    fresh = jitad.value_and_grad(lambda x: np.sum(np.sin(x @ x.T)))
    wrong: list[Any] = []

    def work(k: int) -> None:
        for _ in range(20):
            value, gradient = fresh(inputs[k])
            if value != expected[k][0] or not np.array_equal(gradient, expected[k][1]):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_threads_take_different_branches() -> None:
    f = jitad.grad(lambda x: x * x if x > 0 else -x)
    wrong: list[Any] = []

    def work(k: int) -> None:
        for _ in range(200):
            x = float(k if k % 2 else -k)
            if f(x) != (2 * x if x > 0 else -1.0):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_pickle() -> None:
    kernel = jitad.compile(jitad.grad(cube), X)
    for thing in (kernel, jitad.grad(cube), jitad.jit(cube), jitad.hessian(cube)):
        again = pickle.loads(pickle.dumps(thing))
        assert_array_equal(again(X), thing(X))
    with_options = pickle.loads(pickle.dumps(jitad.value_and_grad(mixed, (0, 1))))
    assert_allclose(with_options(X, 3.0)[1][0], 6 * X)
    captured = jitad.compile(lambda x: np.sum(A @ x), X)
    assert_array_equal(pickle.loads(pickle.dumps(captured))(X), np.sum(A @ X))


def test_kernel_refuses_what_it_was_not_compiled_for() -> None:
    kernel = jitad.compile(lambda x: x if x.sum() > 0 else -x, X)
    assert_array_equal(kernel(X), X)
    for bad in (X[:2], X.astype(np.float32), A):
        with pytest.raises(jitad.ShapeError):
            kernel(bad)
    assert_array_equal(kernel(-X), X)  # one kernel for all data


def test_methods_and_unhashable_functions() -> None:
    class Thing:
        scale = 2.0

        def __call__(self, x: Any) -> Any:
            return np.sum(x * self.scale)

        __hash__ = None  # type: ignore[assignment]

    assert_allclose(jitad.grad(Thing())(X), [2, 2, 2])


def test_trees_of_arguments_go_straight_to_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    scale = {"by": 2.0}

    def f(p: Any, *, shift: Any = 0.0) -> Any:
        leaves = p.values() if isinstance(p, dict) else p
        return {"sum": sum(leaves) * scale["by"] + shift}

    g = jitad.jit(f)
    x = np.arange(3.0)
    trees: list[Any] = [{"a": x, "b": 1.0}, [x, 1.0], (x, 1.0), [x], {"b": x, "a": x}]
    for tree in trees:
        np.testing.assert_array_equal(g(tree)["sum"], f(tree)["sum"])
    slow: list[Any] = []
    run = type(g).run
    monkeypatch.setattr(type(g), "run", lambda *args: slow.append(args) or run(*args))
    for _ in range(3):
        for tree in trees[1:]:
            np.testing.assert_array_equal(g(tree)["sum"], f(tree)["sum"])
    assert not slow
    np.testing.assert_array_equal(g(trees[0], shift=x)["sum"], f(trees[0], shift=x)["sum"])
    np.testing.assert_array_equal(g([x.astype(np.float32), 1.0])["sum"], 2 * x + 2)
    assert len(slow) == 2
    scale["by"] = 3.0
    np.testing.assert_array_equal(g([x, 1.0])["sum"], 3 * x + 3)
    assert len(slow) == 3
