"""What the transforms mean: JAX's semantics, any nesting, pytrees, closures."""

from __future__ import annotations

import dataclasses
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


def test_products_as_scipy_takes_them() -> None:
    def f(x: Any, a: Any = 2.0) -> Any:
        return a * np.sum(x**3) + np.prod(x)

    p = np.array([1.0, -2.0, 0.5])
    product = jitad.hvp(f)
    assert_allclose(product(X, p), jitad.hessian(f)(X) @ p)
    assert_allclose(product(X, p, 3.0), jitad.hessian(f)(X, 3.0) @ p)
    with pytest.raises(jitad.JitadError, match="no tangents"):
        jitad.hvp(f, (X,), None)  # pyright: ignore[reportCallIssue, reportArgumentType]
    with pytest.raises(jitad.JitadError, match="hvp"):
        jitad.hvp(f, argnums=1)  # pyright: ignore[reportCallIssue]


def test_tangents_of_matrices() -> None:
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


STEPS = {
    "extremes": ("a = np.sqrt(a*a + b)", "b = np.where(a > b, a, .5)", "a = np.maximum(a, b*.5)",
                 "b = a*b + .1", "a = np.sin(a) + b"),
    "views": ("y = np.where(m, 1 / (1 + y), y[::-1])", "y = np.sqrt(np.roll(y, 1))",
              "y = np.where(y > .2, y**1.5, .1)"),
    "masks": ("y = y * 1.0; y[m] = np.sqrt(y[m])", "y = y[::-1] * .9",
              "y = y + .1; y[y > .3] = 1 / y[y > .3]"),
}  # fmt: skip


@pytest.mark.parametrize("kind", STEPS)
def test_long_programs_without_loops(kind: str) -> None:
    """What may be 0 for sure is a long story after many steps: it is told once, and in turn."""
    random = np.random.default_rng(0)
    lines = ["def f(x):", "    y, m, a, b = x, x > .25, x[0], x[1]"]
    lines += [f"    {random.choice(STEPS[kind])}" for _ in range(60)]
    names: dict[str, Any] = {"np": np}
    exec("\n".join([*lines, "    return np.sum(np.where(m, y, 0.)) + a*b"]), names)
    x = np.array([0.3, 0.2, 0.5, 1.1])
    gradient = jitad.grad(names["f"])(x)
    assert_allclose(gradient, jitad.jacfwd(names["f"])(x), rtol=1e-7, atol=1e-12)
