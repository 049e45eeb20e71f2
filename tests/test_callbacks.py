"""Functions that Python runs, and meanings that users give to those of libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special.cython_special import elliprf

import jitad

X = np.array([0.5, 1.25, 2.0])


def _plain(x: Any, y: Any) -> tuple[Any, Any]:
    assert type(x) is np.ndarray and x.dtype == np.float64
    return np.sin(x) * y, np.array([[x @ x]])


LIKE = (np.zeros(3), np.zeros((1, 1)))


def _both(f: Any) -> Any:
    def total(x: Any, y: Any) -> Any:
        first, second = f(x, y)
        return np.sum(first**2) + second[0, 0]

    return total


def _with_jvp() -> Any:
    f = jitad.callback(_plain, LIKE)

    @f.defjvp
    def rule(primals: Any, tangents: Any) -> Any:
        (x, y), (dx, dy) = primals, tangents
        moved = np.cos(x) * y * dx + np.sin(x) * dy
        return f(x, y), (moved, np.reshape(2 * (x @ dx), (1, 1)))

    return f


def _with_vjp() -> Any:
    f = jitad.callback(_plain, LIKE)
    f.defvjp(
        lambda x, y: (f(x, y), (x, y)),
        lambda kept, bar: (
            np.cos(kept[0]) * kept[1] * bar[0] + 2 * kept[0] * bar[1][0, 0],
            np.sum(np.sin(kept[0]) * bar[0]),
        ),
    )
    return f


@pytest.mark.parametrize(("make", "modes"), [(_with_jvp, ("fwd", "rev")), (_with_vjp, ("rev",))])
def test_rules_of_callbacks(make: Any, modes: Any) -> None:
    total = _both(make())
    np.testing.assert_allclose(jitad.jit(total)(X, 1.5), _both(_plain)(X, np.float64(1.5)))
    jitad.check_grads(total, (X, 1.5), order=2, modes=modes)
    xs = np.stack([X, X[::-1]])
    rows = [_both(_plain)(x, np.float64(1.5)) for x in xs]
    np.testing.assert_allclose(jitad.vmap(total, (0, None))(xs, 1.5), rows)


def test_differences() -> None:
    f = jitad.callback(lambda x: np.array([x @ x, x[0] ** 3]), (2,), derivative="differences")
    want = np.array([2 * X, [3 * X[0] ** 2, 0, 0]])
    for jacobian in (jitad.jacfwd, jitad.jacrev):
        np.testing.assert_allclose(jacobian(f)(X), want, rtol=1e-9, atol=1e-9)
    second = jitad.hessian(lambda x: f(x)[1])(X)
    np.testing.assert_allclose(second, np.diag([6 * X[0], 0, 0]), atol=1e-5)


def test_dtypes_and_structures_of_callbacks() -> None:
    f = jitad.callback(
        lambda x: {"n": np.int64(3), "z": x + 1j}, lambda x: {"n": np.int64(0), "z": x + 0j}
    )
    found = jitad.jit(f)(X)
    assert found["n"] == 3 and found["n"].dtype == np.int64
    np.testing.assert_array_equal(found["z"], X + 1j)


def test_a_callback_without_a_rule_has_no_derivative() -> None:
    f = jitad.callback(np.sin, lambda x: x)
    with pytest.raises(jitad.DifferentiationError, match="no derivative"):
        jitad.grad(lambda x: np.sum(f(x)))(X)
    assert jitad.grad(lambda x: x[0] * np.sum(jitad.stop_gradient(f(x))))(X)[0] == np.sum(np.sin(X))


@pytest.mark.parametrize("wrong", [lambda x: x[:2], lambda x: x + 1j, lambda x: (x, x)])
def test_what_is_not_as_declared_is_an_error(wrong: Any) -> None:
    with pytest.raises(jitad.ShapeError, match="declared"):
        jitad.jit(jitad.callback(wrong, (3,)))(X)


def test_extend() -> None:
    @jitad.extend(elliprf)
    def rule(x: Any, y: Any, z: Any) -> Any:
        return 1 / np.sqrt((x + y + z) / 3)

    def f(x: Any) -> Any:
        return elliprf(x, x, x)

    np.testing.assert_allclose(jitad.jit(f)(2.0), f(2.0))
    jitad.check_grads(f, (2.0,), order=2)
    for known in (np.sin, elliprf):
        with pytest.raises(jitad.TraceError, match="has a meaning"):
            jitad.extend(known)(rule)
    with pytest.raises(jitad.TraceError, match="is no function"):
        jitad.extend(3)
