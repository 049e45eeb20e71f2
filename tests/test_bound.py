"""`Kernel.bind`: a kernel's call with its arrays and results bound, as a function of nothing."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest
from branching import sign

import jitad

X = np.linspace(0.5, 1.5, 10)


def rosenbrock(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def test_arrays_are_read_at_each_call() -> None:
    x = X.copy()
    call = jitad.compile(jitad.value_and_grad(rosenbrock), x).bind(x)
    for _ in range(5):
        value, gradient = call()
        assert value[()] == pytest.approx(rosenbrock(x))
        np.testing.assert_allclose(gradient, jitad.grad(rosenbrock)(x), rtol=1e-12)
        x -= 1e-3 * gradient


def test_results_are_written_into_the_arrays_that_are_given() -> None:
    out = {"a": np.zeros(10), "b": [np.zeros(())]}
    kernel = jitad.compile(lambda x, s: {"a": x * s, "b": [np.sum(x)]}, X, 2.0)
    scale = np.array(3.0)
    call = kernel.bind(X, scale, out=out)
    assert call() is out
    np.testing.assert_array_equal(out["a"], 3 * X)
    assert out["b"][0] == pytest.approx(np.sum(X))
    scale[()] = -1.0
    call()
    np.testing.assert_array_equal(out["a"], -X)


def test_numbers_stay_as_they_are_and_captured_arrays_are_read() -> None:
    weights = np.ones(10)
    call = jitad.compile(lambda x, k: x * weights * k, X, 4).bind(X, 4)
    np.testing.assert_array_equal(call(), 4 * X)
    weights[:] = 2.0
    np.testing.assert_array_equal(call(), 8 * X)


def test_all_that_is_bound_lives_as_long_as_the_function() -> None:
    large = np.linspace(0, 1, 100_000)
    call = jitad.compile(lambda x: np.sum(np.sort(np.sin(x))[::2]) + np.cumsum(x)[-1], large).bind(
        large.copy()
    )
    gc.collect()
    expected = np.sum(np.sin(large)[::2]) + np.sum(large)
    assert call()[()] == pytest.approx(expected)
    assert call()[()] == pytest.approx(expected)


def test_another_path_is_an_error() -> None:
    x = X.copy()
    call = jitad.compile(lambda x: x * 2 if sign(x[0]) == "up" else x, x).bind(x)
    np.testing.assert_array_equal(call(), 2 * X)
    x[0] = -1.0
    with pytest.raises(jitad.TraceError, match="another path"):
        call()
    x[0] = 1.0
    assert call()[0] == 2.0


def test_what_a_library_refuses_is_an_error() -> None:
    a = np.eye(3)
    call = jitad.compile(lambda a: np.linalg.cholesky(a), a).bind(a)
    np.testing.assert_array_equal(call(), np.eye(3))
    a[0, 0] = -1.0
    with pytest.raises(np.linalg.LinAlgError):
        call()


@pytest.mark.parametrize(
    ("args", "out", "message"),
    [
        ((np.zeros((10, 2))[:, 0],), None, "side by side"),
        ((np.broadcast_to(1.0, 10),), None, "side by side"),
        ((X, X), None, "compiled for the arguments"),
        ((X.astype(np.float32),), None, "was compiled for"),
        ((X[:5],), None, "was compiled for"),
        ((X,), X, "shares memory"),
        ((X,), np.zeros(11), "does not fit"),
    ],
)
def test_what_does_not_fit_is_refused(args: Any, out: Any, message: str) -> None:
    kernel = jitad.compile(jitad.grad(rosenbrock), X)
    with pytest.raises(jitad.ShapeError, match=message):
        kernel.bind(*args, out=out)


def test_read_only_arrays_may_be_bound() -> None:
    x = X.copy()
    x.flags.writeable = False
    call = jitad.compile(rosenbrock, x).bind(x)
    assert call()[()] == pytest.approx(rosenbrock(X))
