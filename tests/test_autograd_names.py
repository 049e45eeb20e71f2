"""The operators that HIPS autograd has beside JAX's, and what its users pass to functions."""

from __future__ import annotations

import copy
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import jitad

X = np.array([0.5, -1.25, 2.0])
V = np.array([1.0, 0.5, -2.0])


def cubes(x: Any) -> Any:
    return np.sum(x**3) + x[0] * x[1]


HESSIAN = np.diag(6 * X) + np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
GRADIENT = 3 * X**2 + np.array([X[1], X[0], 0.0])


def test_elementwise_derivatives() -> None:
    assert_allclose(jitad.elementwise_grad(np.tanh)(X), 1 - np.tanh(X) ** 2, rtol=1e-14)
    assert_allclose(jitad.elementwise_grad(lambda y, x: y * x**2, 1)(2.0, X), 4 * X)
    assert_allclose(jitad.elementwise_grad(jitad.elementwise_grad(np.sin))(X), -np.sin(X))
    assert jitad.deriv is jitad.autograd.elementwise_grad
    assert_allclose(jitad.holomorphic_grad(lambda z: z**2)(1 + 1j), 2 + 2j)


def test_products_with_hessians_and_jacobians() -> None:
    product, gradient = jitad.make_hvp(cubes)(X)
    assert_allclose(product(V), HESSIAN @ V)
    assert_allclose(gradient, GRADIENT)
    assert_allclose(jitad.hessian_vector_product(cubes)(X, V), HESSIAN @ V)
    assert_allclose(jitad.hessian_tensor_product(lambda a, x: a * cubes(x), 1)(2.0, X, V),
                    2 * HESSIAN @ V)  # fmt: skip
    matrix = np.arange(6.0).reshape(2, 3)
    map_ = jitad.vector_jacobian_product(lambda x: matrix @ x)
    assert_allclose(map_(X, V[:2]), V[:2] @ matrix)
    pullback, value = jitad.make_vjp(lambda x: matrix @ x)(X)
    assert_allclose(value, matrix @ X)
    assert_allclose(pullback(V[:2]), V[:2] @ matrix)
    value, tangent = jitad.make_jvp(lambda x: matrix @ x)(X)(V)
    assert_allclose(tangent, matrix @ V)
    gauss_newton = jitad.make_ggnvp(lambda x: matrix @ x**2)(X)
    jacobian = matrix * (2 * X)
    assert_allclose(gauss_newton(V), jacobian.T @ (jacobian @ V))


def test_gradients_by_name_and_with_aux() -> None:
    def loss(weights: Any, bias: Any = 2.0) -> Any:
        return np.sum(weights**2) * bias

    named = jitad.multigrad_dict(loss)(X)
    assert_allclose(named["weights"], 4 * X)
    assert_allclose(named["bias"], np.sum(X**2))
    gradient, aux = jitad.grad_and_aux(lambda x: (np.sum(x**2), x[0]))(X)
    assert_allclose(gradient, 2 * X)
    assert aux == X[0]


def test_trees_become_vectors_and_come_back() -> None:
    tree = {"a": X, "b": [np.ones((2, 2)), 3.0]}
    vector, back = jitad.autograd.flatten_tree(tree)
    assert vector.shape == (8,)
    again = back(vector)
    assert_allclose(again["b"][0], np.ones((2, 2)))

    def total(values: Any) -> Any:
        parts = back(values)
        return np.sum(parts["a"] ** 2) * parts["b"][1]

    assert_allclose(jitad.grad(total)(vector)[:3], 6 * X)
    assert jitad.autograd.flatten_tree([])[1](np.zeros(0)) == []


def test_arguments_that_are_no_numbers_are_constants() -> None:
    def f(x: Any, kind: str, options: dict[str, Any]) -> Any:
        scaled = options["function"](x) * options["factor"]
        return np.sum(scaled if kind == "sum" else scaled**2)

    gradient = jitad.grad(f)
    one = {"function": np.sin, "factor": 2.0, "note": None}
    assert_allclose(gradient(X, "sum", one), 2 * np.cos(X))
    assert_allclose(gradient(X, "square", one), 8 * np.sin(X) * np.cos(X))
    assert_allclose(gradient(X, "sum", {**one, "function": np.exp}), 2 * np.exp(X))
    assert_allclose(gradient(X, "sum", {**one, "factor": 3.0}), 3 * np.cos(X))
    with pytest.raises(jitad.DifferentiationError, match="str"):
        jitad.grad(f, 1)(X, "sum", one)
    with pytest.raises(jitad.TraceError, match="set"):
        gradient(X, {"sum"}, one)


def test_copies_of_traced_arrays() -> None:
    def f(x: Any) -> Any:
        y = copy.deepcopy(x)
        y[0] = 1.0
        return np.sum(copy.copy(y) * x)

    assert_allclose(jitad.grad(f)(X), [1.0, 2 * X[1], 2 * X[2]])


IMPORTS = """
import sys
import jitad.numpy as np
import jitad.numpy.random as npr
import jitad.numpy.linalg
from jitad import scipy
assert npr is __import__("numpy").random
assert "scipy.special" not in sys.modules
assert scipy.special.gamma(5.0) == 24.0
assert jitad.grad(lambda a: np.linalg.det(a))(np.eye(2)).shape == (2, 2)
import jitad.scipy.stats.multivariate_normal as mvn
import jitad.scipy.stats.norm as norm
from jitad.scipy.stats import t
assert norm is jitad.scipy.stats.norm
assert jitad.grad(lambda x: norm.logpdf(x) + t.logpdf(x, 3.0))(0.0) == 0.0
assert mvn.logpdf(np.zeros(2), np.zeros(2), np.eye(2)) < -1.8
"""


def test_modules_are_imported_as_from_autograd() -> None:
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)


SHARED = [1.0]


def _doubled(x: Any) -> Any:
    """The shared number times x, doubled until it is large: a loop as long as the data say."""
    while np.sum(x) < 50.0:
        x = x * 2
    return x * SHARED[0]


def _sum_of_doubled(x: Any) -> Any:
    return np.sum(_doubled(x))


@pytest.mark.parametrize(
    "run",
    [
        lambda: jitad.map(_doubled, np.ones(2)),
        lambda: jitad.elementwise_grad(_doubled)(1.0),
        lambda: jitad.multigrad_dict(_sum_of_doubled)(1.0)["x"],
        lambda: jitad.make_vjp(_sum_of_doubled)(1.0)[1],
    ],
    ids=["map", "elementwise_grad", "multigrad_dict", "make_vjp"],
)
def test_functions_read_what_is_outside_of_them_as_it_is_now(run: Any) -> None:
    for SHARED[0] in (1.0, 3.0, 2.0):
        assert_allclose(run(), 64.0 * SHARED[0])
