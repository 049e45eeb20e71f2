"""Second derivatives with what they are made from, and derivatives as matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from numpy.testing import assert_allclose

import jitad
from jitad.textbook import cos, exp, log, sin, sqrt, tanh
from jitad.textbook.dual import Dual, VectorDual

_random = np.random.default_rng(7)
X, V = _random.uniform(0.5, 1.5, 4), _random.normal(size=4)


def by_turns(x: Any) -> Any:
    y = 0.0
    for i in range(3):
        y += np.sin(x[i] * x[i + 1]) if x[i] > 0.8 else x[i] ** 3 * x[0]
    return y


SCALARS: dict[str, Callable[[Any], Any]] = {
    "sum": lambda x: np.sum(np.exp(x) * x[::-1]) ** 2,
    "turns": by_turns,
    "norm": lambda x: np.cos(np.linalg.norm(x - X)),
    "equations": lambda x: np.linalg.slogdet(np.outer(x, x) + np.eye(4))[1],
    "linear": lambda x: np.sum(x) * 2.0,
}


@pytest.mark.parametrize("name", SCALARS)
def test_hessians_with_values_and_gradients(name: str) -> None:
    f = SCALARS[name]
    expected = jitad.value_and_grad(f)(X), jitad.hessian(f)(X)
    value, gradient, hessian = jitad.value_grad_hess(f)(X)
    assert_allclose(value, expected[0][0], rtol=1e-14)
    assert_allclose(gradient, expected[0][1], rtol=1e-13, atol=1e-15)
    assert_allclose(hessian, expected[1], rtol=1e-12, atol=1e-14)
    assert_allclose(jitad.hessian_diagonal(f)(X), np.diag(expected[1]), rtol=1e-12, atol=1e-13)
    value, gradient, product = jitad.value_grad_hvp(f, (X,), (V,))
    assert_allclose(gradient, expected[0][1], rtol=1e-13, atol=1e-15)
    assert_allclose(product, expected[1] @ V, rtol=1e-12, atol=1e-13)


def test_pytrees_several_arguments_and_aux() -> None:
    def f(w: Any, s: Any) -> Any:
        return np.sum(w["a"] ** 2 * w["b"]) * s**3, w["b"]

    w = {"a": X, "b": np.float64(2.0)}
    (value, aux), gradient, hessian = jitad.value_grad_hess(f, (0, 1), has_aux=True)(w, 1.5)
    assert value == f(w, 1.5)[0]
    assert aux == 2.0
    assert_allclose(gradient[0]["a"], 2 * X * 2 * 1.5**3)
    assert_allclose(hessian[0]["a"][0]["a"], np.diag([4 * 1.5**3] * 4))
    assert_allclose(hessian[0]["a"][1], 12 * X * 1.5**2)
    assert_allclose(hessian[1][0]["b"], 3 * 1.5**2 * np.sum(X**2))
    diagonal = jitad.hessian_diagonal(lambda w: f(w, 1.5)[0])(w)
    assert_allclose(diagonal["a"], [4 * 1.5**3] * 4)
    assert diagonal["b"] == 0.0


def residuals(x: Any) -> Any:
    return {"a": np.tanh(x[1:] * x[:-1]), "b": x[0] * np.exp(x[2])}


def test_gauss_newton() -> None:
    jacobian = jitad.jacobian(residuals)(X)
    stacked = np.vstack([jacobian["a"], jacobian["b"]])
    assert_allclose(jitad.gauss_newton(residuals)(X), stacked.T @ stacked, rtol=1e-13)
    (product,) = jitad.gauss_newton_product(residuals, (X,), (V,))
    assert_allclose(product, stacked.T @ (stacked @ V), rtol=1e-12)
    blocks = jitad.gauss_newton(lambda w: w[0] * w[1])([X, np.float64(2.0)])
    assert_allclose(blocks[0][0], 4 * np.eye(4))
    assert_allclose(blocks[0][1], 2 * X)
    assert_allclose(blocks[1][1], X @ X)
    assert_allclose(jitad.jit(jitad.gauss_newton(residuals))(X), stacked.T @ stacked, rtol=1e-13)


def test_errors() -> None:
    with pytest.raises(jitad.DifferentiationError, match="scalar"):
        jitad.hessian_diagonal(lambda x: x)(X)
    with pytest.raises(jitad.DifferentiationError, match="scalar"):
        jitad.value_grad_hess(lambda x: x)(X)
    with pytest.raises(jitad.DifferentiationError, match="complex"):
        jitad.gauss_newton(lambda x: x * 1j)(X)


# -- the extended system ---------------------------------------------------------------------------

SYSTEMS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "lecture": (
        lambda x, y: (np.sin(x / y) + x / y - np.exp(y)) * (x / y - np.exp(y)), (1.5, 0.5)
    ),
    "vector": (lambda x: np.stack([x[0] * x[1], np.sin(x[1]), x[1], x[0] * 0 + 3.0]), (X[:2],)),
    "turns": (by_turns, (X,)),
    "identity": (lambda x: x, (X,)),
    "constant": (lambda x: np.ones(2), (X,)),
    "whole numbers": (lambda x, n: x**n * n, (X, np.array(3))),
}  # fmt: skip


STEPS = ("{a} + {b}", "{a} * {b}", "np.sin({a})", "{a} / (2 + {b} * {b})", "np.tanh({a} - {b})")


def _random_program(seed: int) -> Callable[[Any], Any]:
    """Sums, products, quotients and functions of earlier values, drawn by chance."""
    draws = np.random.default_rng(seed).integers(0, 1 << 30, (12, 3)).tolist()
    lines = ["def program(x):", *(f"    v{k} = x[{k}]" for k in range(4))]
    for k, (kind, i, j) in enumerate(draws, 4):
        step = STEPS[kind % 5].format(a=f"v{i % k}", b=f"v{j % k}")
        lines.append(f"    v{k} = {step}")
    scope: dict[str, Any] = {"np": np}
    exec("\n".join([*lines, "    return np.stack([v13, v14, v15])"]), scope)
    return scope["program"]


SYSTEMS.update({f"random {seed}": (_random_program(seed), (X,)) for seed in range(4)})


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_extended_jacobian_has_the_jacobian_in_it(name: str) -> None:
    f, args = SYSTEMS[name]
    extended = jitad.trace(f, *args).extended_jacobian()
    active = tuple(k for k, x in enumerate(args) if np.asarray(x).dtype.kind == "f")
    jacobian = jitad.jacobian(f, argnums=active)(*args)
    size = sum(np.size(args[k]) for k in active)
    pairs = zip(jacobian, active, strict=True)
    expected = np.hstack([np.reshape(j, (-1, np.size(args[k]))) for j, k in pairs])
    assert expected.shape == (extended.outputs, size)
    assert extended.inputs == size
    c = extended.matrix.toarray()
    assert_allclose(np.triu(c), -np.eye(len(extended.labels)))
    assert_allclose(extended.jacobian(), expected, rtol=1e-12, atol=1e-14)
    assert_allclose(extended.product(), expected, rtol=1e-12, atol=1e-14)
    b, lower, r, t = extended.blocks()
    inner = len(extended.labels) - extended.inputs - extended.outputs
    assert lower.shape == (inner, inner)
    assert b.shape == (inner, extended.inputs)
    assert t.shape == (extended.outputs, inner)
    assert r.shape == expected.shape


def test_long_programs_have_no_extended_jacobian() -> None:
    with pytest.raises(jitad.TraceError, match="long arrays"):
        jitad.trace(np.sin, np.ones(1000)).extended_jacobian()


# -- dual numbers as matrices ----------------------------------------------------------------------

FUNCTIONS: dict[str, tuple[Any, Any]] = {
    "sin": (sin, scipy.linalg.sinm),
    "cos": (cos, scipy.linalg.cosm),
    "exp": (exp, scipy.linalg.expm),
    "log": (log, scipy.linalg.logm),
    "sqrt": (sqrt, scipy.linalg.sqrtm),
    "tanh": (tanh, scipy.linalg.tanhm),
}
PAIRS = [
    (Dual(1.5, 0.5), Dual(0.5, -2.0)),
    (VectorDual(1.5, [0.5, 1.0, 0.0]), VectorDual(0.5, [-2.0, 0.25, 1.0])),
]


@pytest.mark.parametrize(("x", "y"), PAIRS)
def test_what_dual_numbers_do_their_matrices_do(x: Any, y: Any) -> None:
    a, b = np.array(x.matrix()), np.array(y.matrix())
    assert_allclose((x + y).matrix(), a + b, rtol=1e-15)
    assert_allclose((x - y).matrix(), a - b, rtol=1e-15)
    assert_allclose((x * y).matrix(), a @ b, rtol=1e-15)
    assert_allclose((x / y).matrix(), a @ np.linalg.inv(b), rtol=1e-14)
    assert_allclose((x**3).matrix(), a @ a @ a, rtol=1e-14)
    for name, (f, of_matrix) in FUNCTIONS.items():
        assert_allclose(f(x).matrix(), of_matrix(a), rtol=1e-9, atol=1e-9, err_msg=name)
