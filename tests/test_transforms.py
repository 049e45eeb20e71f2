"""What the transforms mean: JAX's semantics, any nesting, pytrees, closures, branches, threads."""

from __future__ import annotations

import dataclasses
import pickle
import threading
from collections import OrderedDict
from typing import Any, NamedTuple

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


def vector(x: Any) -> Any:
    return np.stack([x[0] * x[1], np.sin(x[2]), x[0] ** 2, x[1]])


VECTOR_JACOBIAN = np.array(
    [[X[1], X[0], 0.0], [0.0, 0.0, np.cos(X[2])], [2 * X[0], 0.0, 0.0], [0.0, 1.0, 0.0]]
)


# -- arguments -------------------------------------------------------------------------------------


def test_argnums() -> None:
    by_x, by_y = 2 * X * 3.0, np.sum(X * X) + 6.0 * np.sin(0.3)
    assert_allclose(jitad.grad(mixed)(X, 3.0, 0.3), by_x)
    assert_allclose(jitad.grad(mixed, 1)(X, 3.0, 0.3), by_y)
    assert_allclose(jitad.grad(mixed, -2)(X, 3.0, 0.3), by_y)
    got = jitad.grad(mixed, (2, 0))(X, 3.0, 0.3)
    assert isinstance(got, tuple)
    assert_allclose(got[0], 9 * np.cos(0.3))
    assert_allclose(got[1], by_x)
    got = jitad.grad(mixed, [-1, -3])(X, 3.0, 0.3)
    assert_allclose(got[1], by_x)
    (single,) = jitad.grad(mixed, (1,))(X, 3.0, 0.3)
    assert_allclose(single, by_y)
    value, (gradient,) = jitad.value_and_grad(mixed, (0,))(X, 3.0, 0.3)
    assert_allclose(value, mixed(X, 3.0, 0.3))
    assert_allclose(gradient, by_x)
    with pytest.raises(jitad.ShapeError):
        jitad.grad(mixed, 3)(X, 3.0, 0.3)
    blocks = jitad.jacobian(mixed, (0, 1))(X, 3.0, 0.3)
    assert_allclose(blocks[0], by_x)
    assert_allclose(blocks[1], by_y)


def test_keyword_arguments() -> None:
    assert_allclose(jitad.grad(mixed)(X, y=3.0), 6 * X)
    assert_allclose(jitad.grad(mixed)(X, y=2.0, z=0.1), 4 * X)
    assert_allclose(jitad.jit(mixed)(X, z=0.5, y=2.0), mixed(X, 2.0, 0.5))
    assert_allclose(jitad.jit(mixed)(X, y=0.5, z=2.0), mixed(X, 0.5, 2.0))
    assert_allclose(jitad.jacfwd(mixed)(X, y=2.0, z=0.1), 4 * X)


def test_has_aux() -> None:
    def f(x: Any) -> Any:
        return np.sum(x * x), {"twice": 2 * x, "none": None, "count": 3}

    gradient, aux = jitad.grad(f, has_aux=True)(X)
    assert_allclose(gradient, 2 * X)
    assert_allclose(aux["twice"], 2 * X)
    assert aux["none"] is None
    assert aux["count"] == 3
    (value, aux), gradient = jitad.value_and_grad(f, has_aux=True)(X)
    assert_allclose((value, *gradient, *aux["twice"]), (np.sum(X * X), *2 * X, *2 * X))
    value, tangent, aux = jitad.jvp(f, (X,), (np.ones(3),), has_aux=True)
    assert_allclose((value, tangent, *aux["twice"]), (np.sum(X * X), np.sum(2 * X), *2 * X))
    value, pullback, aux = jitad.vjp(f, X, has_aux=True)
    assert_allclose(pullback(2.0)[0], 4 * X)
    assert_allclose(aux["twice"], 2 * X)
    for make in (jitad.jacfwd, jitad.jacrev, jitad.jacobian):
        jacobian, aux = make(f, has_aux=True)(X)
        assert_allclose(jacobian, 2 * X)
        assert_allclose(aux["twice"], 2 * X)
    hessian, aux = jitad.hessian(f, has_aux=True)(X)
    assert_allclose(hessian, 2 * np.eye(3))
    assert_allclose(aux["twice"], 2 * X)


# -- pytrees ---------------------------------------------------------------------------------------


class Pair(NamedTuple):
    w: Any
    b: Any


@dataclasses.dataclass(frozen=True)
class Model:
    layers: list[Any]
    scale: Any
    note: Any = None


def test_pytrees_in_and_out() -> None:
    model = Model([Pair(A, np.ones(2)), {"w": X, "more": (2.0, None)}], 0.5)

    def loss(m: Any, x: Any) -> Any:
        hidden = np.tanh(m.layers[0].w @ x + m.layers[0].b)
        return m.scale * np.sum(hidden) + np.sum(m.layers[1]["w"] ** 2) * m.layers[1]["more"][0]

    value, gradient = jitad.value_and_grad(loss)(model, X)
    assert_allclose(value, loss(model, X))
    assert isinstance(gradient, Model)
    assert isinstance(gradient.layers[0], Pair)
    assert gradient.note is None
    assert gradient.layers[1]["more"][1] is None
    hidden = np.tanh(A @ X + 1)
    assert_allclose(gradient.scale, np.sum(hidden))
    assert_allclose(gradient.layers[0].b, 0.5 * (1 - hidden**2))
    assert_allclose(gradient.layers[0].w, np.outer(0.5 * (1 - hidden**2), X))
    assert_allclose(gradient.layers[1]["w"], 4 * X)
    assert_allclose(gradient.layers[1]["more"][0], np.sum(X**2))


def test_pytrees_of_results() -> None:
    def f(t: Any) -> Any:
        return OrderedDict(p=Pair(t["a"] * t["b"], [t["a"]]), n=None)

    tree = {"a": X, "b": np.float64(2.0)}
    got = jitad.jit(f)(tree)
    assert isinstance(got, OrderedDict)
    assert_allclose(got["p"].w, 2 * X)
    value, tangent = jitad.jvp(f, (tree,), ({"a": np.ones(3), "b": 0.0},))
    assert_allclose(tangent["p"].w, [2, 2, 2])
    assert_allclose(value["p"].b[0], X)
    value, pullback = jitad.vjp(f, tree)
    (adjoint,) = pullback(OrderedDict(p=Pair(np.ones(3), [np.zeros(3)]), n=None))
    assert_allclose(adjoint["a"], [2, 2, 2])
    assert_allclose(adjoint["b"], np.sum(X))
    for make in (jitad.jacfwd, jitad.jacrev):
        blocks = make(f)(tree)
        assert_allclose(blocks["p"].w["a"], 2 * np.eye(3))
        assert_allclose(blocks["p"].w["b"], X)
        assert_allclose(blocks["p"].b[0]["b"], np.zeros(3))
    hessian = jitad.hessian(lambda t: np.sum(t["a"] ** 2) * t["b"])(tree)
    assert_allclose(hessian["a"]["a"], 4 * np.eye(3))
    assert_allclose(hessian["a"]["b"], 2 * X)
    assert_allclose(hessian["b"]["a"], 2 * X)
    assert_allclose(hessian["b"]["b"], 0)


def test_python_numbers_and_lists() -> None:
    assert_allclose(jitad.grad(lambda x: x[0] * x[1])([2.0, 3.0]), [3.0, 2.0])
    assert jitad.grad(lambda x: x * x)(3.0) == 6.0
    assert jitad.jit(lambda x, n: x * n)(2.0, 3) == 6.0
    assert jitad.jit(lambda x: ())(2.0) == ()
    assert jitad.jit(lambda x: None)(2.0) is None
    assert jitad.jit(lambda x: 3)(2.0) == 3
    assert jitad.jit(lambda: np.sum(X))() == np.sum(X)


# -- the transforms agree --------------------------------------------------------------------------


def test_jacobians() -> None:
    for make in (jitad.jacfwd, jitad.jacrev, jitad.jacobian):
        assert_allclose(make(vector)(X), VECTOR_JACOBIAN)
    for mode in ("forward", "reverse", "auto"):
        assert_allclose(jitad.jacobian(vector, mode=mode)(X), VECTOR_JACOBIAN)
    linear = jitad.jacobian(lambda x: A @ x)
    assert_allclose(linear(X), A)
    matrix = np.arange(6.0).reshape(2, 3)
    for make in (jitad.jacfwd, jitad.jacrev):
        block = make(lambda m: m.T * 2)(matrix)
        assert block.shape == (3, 2, 2, 3)
        assert_allclose(block, 2 * np.einsum("ia,jb->jiab", np.eye(2), np.eye(3)))


def test_linearize_and_vjp() -> None:
    value, linear = jitad.linearize(vector, X)
    assert_allclose(value, vector(X))
    assert_allclose(np.stack([linear(e) for e in np.eye(3)], axis=1), VECTOR_JACOBIAN)
    value, pullback = jitad.vjp(vector, X)
    assert_allclose(np.stack([pullback(e)[0] for e in np.eye(4)]), VECTOR_JACOBIAN)
    _, pullback = jitad.vjp(lambda x, n: x * n, X, 2)
    assert_allclose(pullback(np.ones(3))[0], [2, 2, 2])


def test_many_tangents_equal_single_ones() -> None:
    directions = np.random.default_rng(0).normal(size=(5, 3))
    value, tangents = jitad.jvp(vector, (X,), (directions,))
    assert_allclose(value, vector(X))
    assert_allclose(tangents, [jitad.jvp(vector, (X,), (d,))[1] for d in directions])
    products = jitad.hvp(cube, (X,), (directions,))
    assert_allclose(products, [jitad.hvp(cube, (X,), (d,)) for d in directions])
    assert_allclose(products, directions * 6 * X)

    def f(m: Any, s: Any) -> Any:
        y = np.tanh(m @ m.T) * s
        return {"y": y[[1, 0]], "z": np.cumsum(m, axis=1), "k": np.max(m, axis=0)}

    ms, ss = np.random.default_rng(1).normal(size=(4, 2, 3)), np.arange(4.0)
    _, many = jitad.jvp(f, (A, 0.5), (ms, ss))
    for k in range(4):
        _, one = jitad.jvp(f, (A, 0.5), (ms[k], ss[k]))
        for name in one:
            assert_allclose(many[name][k], one[name])


def test_hessians() -> None:
    assert_allclose(jitad.hessian(cube)(X), np.diag(6 * X))
    assert_allclose(jitad.jacrev(jitad.jacrev(cube))(X), np.diag(6 * X))
    assert_allclose(jitad.jacrev(jitad.jacfwd(cube))(X), np.diag(6 * X))
    assert_allclose(jitad.hvp(cube, (X,), (np.ones(3),)), 6 * X)
    blocks = jitad.hessian(lambda x, y: np.sum(x * y) ** 2, (0, 1))(X, X + 1)
    s = np.sum(X * (X + 1))
    assert_allclose(blocks[0][1], 2 * np.outer(X + 1, X) + 2 * s * np.eye(3))


def test_stop_gradient() -> None:
    assert_allclose(jitad.grad(lambda x: np.sum(x * jitad.stop_gradient(x)))(X), X)
    tree = jitad.stop_gradient({"a": X, "b": 1})
    assert_array_equal(tree["a"], X)
    f = jitad.grad(lambda t: np.sum(jitad.stop_gradient(t)["a"] * t["a"]))
    assert_allclose(f({"a": X})["a"], X)
    twice = jitad.grad(jitad.grad(lambda x: jitad.stop_gradient(x) * x**2))
    assert_allclose(twice(3.0), 6.0)


# -- nesting ---------------------------------------------------------------------------------------


def test_higher_derivatives() -> None:
    f = np.sin
    for expected in (np.cos(0.7), -np.sin(0.7), -np.cos(0.7), np.sin(0.7)):
        f = jitad.grad(f)
        assert_allclose(f(0.7), expected)
    g = np.exp
    for _ in range(3):
        g = _by_jvp(g)
    assert_allclose(jitad.jit(g)(0.3), np.exp(0.3))
    third = jitad.jacfwd(jitad.hessian(cube))(X)
    expected = np.zeros((3, 3, 3))
    expected[range(3), range(3), range(3)] = 6
    assert_allclose(third, expected)


def _by_jvp(f: Any) -> Any:
    return lambda x: jitad.jvp(f, (x,), (1.0,))[1]


def test_modes_nest_in_every_order() -> None:
    def by_vjp(f: Any) -> Any:
        return lambda x: jitad.vjp(f, x)[1](1.0)[0]

    def by_linearize(f: Any) -> Any:
        return lambda x: jitad.linearize(f, x)[1](1.0)

    ways = (_by_jvp, by_vjp, by_linearize, jitad.grad, jitad.jacfwd, jitad.jacrev)

    def f(x: Any) -> Any:
        return np.sin(x) * np.exp(x) / (1 + x * x)

    reference = jitad.grad(jitad.grad(f))(0.4)
    h = 1e-4
    assert_allclose(reference, (f(0.4 + h) - 2 * f(0.4) + f(0.4 - h)) / h**2, rtol=1e-5)
    for outer in ways:
        for inner in ways:
            assert_allclose(outer(inner(f))(0.4), reference, rtol=1e-12)
            assert_allclose(jitad.jit(outer(jitad.jit(inner(jitad.jit(f)))))(0.4), reference)


def test_no_perturbation_confusion() -> None:
    """The classic cases of Siskind & Pearlmutter, Perturbation confusion (IFL 2005)."""
    d = jitad.grad
    assert d(lambda x: x * d(lambda y: x + y)(1.0))(1.0) == 1.0
    assert d(lambda x: x * d(lambda y: x * y)(2.0))(3.0) == 6.0
    assert d(lambda x: d(lambda y: x * y * y)(3.0))(2.0) == 6.0

    for outer in (d, _by_jvp):
        for inner in (d, _by_jvp):
            assert outer(lambda x, inner=inner: x * inner(lambda y: x + y)(1.0))(1.0) == 1.0
            got = outer(lambda x, inner=inner: inner(lambda y: x**2 * y**3)(x))(2.0)
            assert_allclose(got, 12 * 2.0**3)
            got = outer(lambda x, inner=inner: inner(lambda y: y * jitad.stop_gradient(x))(x))(2.0)
            assert got == 0.0


def test_a_function_that_calls_grad_has_a_hessian() -> None:
    def inner(y: Any) -> Any:
        return np.sum(np.sin(y) * y)

    def f(x: Any) -> Any:
        return np.sum(jitad.grad(inner)(x) ** 2)

    def by_hand(x: Any) -> Any:
        return np.sum((np.cos(x) * x + np.sin(x)) ** 2)

    assert_allclose(f(X), by_hand(X))
    assert_allclose(jitad.grad(f)(X), jitad.grad(by_hand)(X))
    assert_allclose(jitad.hessian(f)(X), jitad.hessian(by_hand)(X), atol=1e-12)


def test_closures_over_values_of_an_outer_trace() -> None:
    def f(x: Any) -> Any:
        w = np.exp(x)
        inner = jitad.jit(lambda y: np.sum(w * y))
        return inner(x) + np.sum(jitad.grad(lambda y: np.sum(w * y * y))(x))

    def by_hand(x: Any) -> Any:
        return np.sum(np.exp(x) * x) + np.sum(2 * np.exp(x) * x)

    for x in (X, X + 1):
        assert_allclose(f(x), by_hand(x))
        assert_allclose(jitad.grad(f)(x), jitad.grad(by_hand)(x))
        assert_allclose(jitad.jit(f)(x), by_hand(x))
    value, pullback = jitad.vjp(lambda x: jitad.vjp(lambda y: x * y, x)[1](x)[0], X)
    assert_allclose(value, X * X)
    assert_allclose(pullback(np.ones(3))[0], 2 * X)


def test_jit_inside_and_outside() -> None:
    inner = jitad.jit(cube)
    assert_allclose(jitad.grad(inner)(X), 3 * X**2)
    assert_allclose(jitad.jit(jitad.grad(cube))(X), 3 * X**2)
    assert_allclose(jitad.jit(lambda x: jitad.value_and_grad(inner)(x)[1] * 2)(X), 6 * X**2)
    assert_allclose(jitad.jit(jitad.jit(cube))(X), cube(X))


# -- closures --------------------------------------------------------------------------------------


def test_arrays_are_closed_over_by_reference() -> None:
    w = np.array([1.0, 2.0, 3.0])
    f = jitad.jit(lambda x: np.sum(w * x))
    gradient = jitad.grad(lambda x: np.sum(w * x))
    assert f(X) == np.sum(w * X)
    assert_array_equal(gradient(X), w)
    w[0] = -7.0
    assert f(X) == np.sum(w * X)
    assert_array_equal(gradient(X), w)
    w *= 2
    assert_array_equal(gradient(X), w)
    flat = np.arange(6.0)
    part = flat.reshape(2, 3).T
    g = jitad.jit(lambda x: x @ part)
    assert_allclose(g(X), X @ part)
    flat[3] = 100.0
    assert_allclose(g(X), X @ part)


def test_arguments_are_never_changed_or_aliased() -> None:
    x = X.copy()
    result = jitad.jit(lambda x: x)(x)
    result[0] = 99.0
    assert_array_equal(x, X)
    a, b = jitad.jit(lambda x: (x, x))(x)
    a[0] = 99.0
    assert_array_equal(b, X)
    w = np.ones(3)
    out = jitad.jit(lambda x: w)(x)
    out[0] = 99.0
    assert w[0] == 1.0
    saved, pullback = jitad.vjp(lambda x: x * x, x)
    x[0] = 50.0
    assert_allclose(pullback(np.ones(3))[0], 2 * X)
    assert_allclose(saved, X * X)


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
    with pytest.raises(jitad.TraceError, match=">f8"):
        f(base.astype(">f8"))


# -- branches --------------------------------------------------------------------------------------


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
    with pytest.raises(jitad.TraceError):
        kernel(-X)


def test_methods_and_unhashable_functions() -> None:
    class Thing:
        scale = 2.0

        def __call__(self, x: Any) -> Any:
            return np.sum(x * self.scale)

        __hash__ = None  # type: ignore[assignment]

    assert_allclose(jitad.grad(Thing())(X), [2, 2, 2])


def test_speelpenning() -> None:
    """The product of n numbers, whose gradient is prod / x_i (Speelpenning 1980)."""

    def product(x: Any) -> Any:
        result = x[0]
        for i in range(1, len(x)):
            result = result * x[i]
        return result

    x = np.linspace(0.5, 1.5, 20)
    assert_allclose(jitad.grad(product)(x), np.prod(x) / x, rtol=1e-13)
    assert_allclose(jitad.grad(np.prod)(x), np.prod(x) / x, rtol=1e-13)
