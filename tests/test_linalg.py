"""Linear algebra beyond the table of calls: stacks, special matrices, errors, conventions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.testing import assert_allclose, assert_array_equal
from samples.arrays import array
from samples.linalg import SPREAD, definite

import jitad
from jitad.frontend.trace import trace
from jitad.ir.builder import evaluate, inline
from jitad.scipy import linalg
from jitad.transforms.batch import batch
from jitad.transforms.forward import forward
from jitad.transforms.reverse import reverse

SQUARES = array(4, 3, 3)
MIDDLE = np.array([[0.0], [9.0], [0.0]])


def _triangle(x: Any) -> Any:
    return linalg.solve_triangular(x + SPREAD, np.ones((3, 2)), lower=True)


def _banded(x: Any) -> Any:
    return linalg.solve_banded((1, 1), x + MIDDLE, np.ones(3))


FUNCTIONS: list[Callable[..., Any]] = [
    np.linalg.inv,
    np.linalg.det,
    lambda x: np.linalg.det(np.kron(x, np.eye(2))),
    lambda x: np.linalg.slogdet(x).logabsdet,
    lambda x: np.linalg.solve(x, np.ones(3)),
    lambda x: np.linalg.cholesky(definite(x)),
    lambda x: np.linalg.eigh(definite(x)).eigenvectors,
    lambda x: np.linalg.eigvalsh(definite(x)),
    lambda x: np.linalg.svd(x).Vh,
    np.linalg.svdvals,
    lambda x: np.linalg.qr(x).Q,
    lambda x: np.linalg.eig(x + SPREAD).eigenvectors,
    lambda x: np.linalg.eigvals(x + SPREAD),
    np.linalg.pinv,
    _triangle,
    _banded,
    lambda x: linalg.solve_sylvester(x, x + SPREAD, np.ones((3, 3))),
    lambda x: linalg.sqrtm(definite(x)),
    lambda x: linalg.logm(definite(x)),
    lambda x: linalg.lu(x)[1],
]


@pytest.mark.parametrize("f", FUNCTIONS)
def test_a_batch_is_each_alone(f: Callable[..., Any]) -> None:
    """Values, adjoints and their tangents of a batch: compiled, and by the interpreter."""
    traced = trace(lambda v: f(v[0]), [SQUARES[0]], ["x"])
    results = range(len(traced.tape.outputs))
    tape = forward(reverse(traced.tape, [0], results), [0])
    shapes = [tape.instrs[i].shape for i in tape.inputs]
    captured = dict(enumerate(traced.captured, 1))
    mapped = [k for k in range(len(shapes)) if k not in captured]
    wide = batch(tape, mapped, len(SQUARES), range(len(tape.outputs)))
    arrays = [captured.get(k, array(len(SQUARES), *shape)) for k, shape in enumerate(shapes)]
    arrays[0] = SQUARES

    def alone(k: int) -> list[np.ndarray]:
        return evaluate(tape, [x[k] if i in mapped else x for i, x in enumerate(arrays)])

    compiled = jitad.jit(lambda *xs: tuple(inline(xs[0].builder, wide, xs)))(*arrays)
    each = zip(*map(alone, range(len(SQUARES))), strict=True)
    for one, many, stack in zip(compiled, evaluate(wide, arrays), each, strict=True):
        limit = 1e-9 * max(1.0, float(np.abs(stack).max()))
        assert_allclose(one, np.stack(stack), atol=limit)
        assert_allclose(many, np.stack(stack), atol=limit)


@pytest.mark.parametrize("f", FUNCTIONS)
def test_jacobians_of_both_modes_agree(f: Callable[..., Any]) -> None:
    forwards, backwards = jitad.jacfwd(f)(SQUARES[0]), jitad.jacrev(f)(SQUARES[0])
    assert_allclose(forwards, backwards, rtol=1e-9, atol=1e-9)


# -- determinants of singular matrices -------------------------------------------------------------


def _cofactors(a: np.ndarray) -> np.ndarray:
    n = len(a)
    minors = [
        (-1) ** (i + j) * np.linalg.det(np.delete(np.delete(a, i, 0), j, 1))
        for i in range(n)
        for j in range(n)
    ]
    return np.reshape(minors, (n, n))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("missing", [0, 1, 2, 3])
def test_determinants_of_any_rank(n: int, missing: int) -> None:
    rank = max(0, n - missing)
    a = array(n, rank) @ array(rank, n)
    value, gradient = jitad.value_and_grad(np.linalg.det)(a)
    assert_allclose(value, np.linalg.det(a), atol=1e-12)
    assert_allclose(gradient, _cofactors(a), rtol=1e-10, atol=1e-10)
    direction = array(n, n)
    ahead, behind = (_cofactors(a + h * direction) for h in (1e-4, -1e-4))
    second = jitad.hvp(np.linalg.det, (a,), (direction,))
    assert_allclose(second, (ahead - behind) / 2e-4, rtol=1e-5, atol=1e-5)


def test_slogdet_of_a_negative_determinant() -> None:
    a = np.diag([2.0, -3.0, 4.0, 5.0])
    assert_allclose(jitad.grad(lambda x: np.linalg.slogdet(x)[1])(a), np.linalg.inv(a).T)
    assert jitad.jit(np.linalg.slogdet)(a) == (-1.0, np.log(120))
    exchanged = np.array([[0.0, 2.0], [3.0, 4.0]])
    assert_allclose(jitad.jit(np.linalg.slogdet)(exchanged), (-1.0, np.log(6)))
    singular = np.ones((4, 4))
    assert jitad.jit(np.linalg.slogdet)(singular) == np.linalg.slogdet(singular)


# -- equal eigenvalues and singular values ---------------------------------------------------------


def test_functions_of_equal_eigenvalues() -> None:
    one = np.eye(3)
    assert_allclose(jitad.grad(lambda x: np.sum(np.linalg.eigvalsh(x) ** 2))(one), 2 * one)
    assert_allclose(jitad.grad(lambda x: np.linalg.norm(x, "nuc"))(one), one)
    assert_allclose(jitad.grad(lambda x: np.sum(np.linalg.eigvals(x).real))(one), one)
    for f in (lambda x: np.linalg.eigh(x)[1], lambda x: np.linalg.svd(x)[0]):
        assert np.all(np.isfinite(jitad.jacfwd(f)(one)))
        assert np.all(np.isfinite(jitad.jacrev(f)(np.zeros((3, 3)))))

    def rebuilt(x: Any) -> Any:
        w, v = np.linalg.eigh(x)
        return np.sum((v * w) @ v.T * np.arange(9.0).reshape(3, 3))

    weights = np.arange(9.0).reshape(3, 3)
    assert_allclose(jitad.grad(rebuilt)(np.diag([1.0, 2.0, 4.0])), (weights + weights.T) / 2)


def test_inverses_do_not_compare_singular_values() -> None:
    weights = np.arange(9.0).reshape(3, 3)
    gradient = jitad.grad(lambda x: np.sum(np.linalg.pinv(x) * weights))(np.eye(3))
    assert_allclose(gradient, -weights, atol=1e-12)
    rotated = jitad.grad(lambda x: np.sum(linalg.polar(x)[1] * weights))(np.eye(3))
    assert_allclose(rotated, (weights + weights.T) / 2, atol=1e-12)


def test_gradients_within_symmetric_matrices_are_symmetric() -> None:
    a = definite(array(4, 4))
    for f in (np.linalg.cholesky, np.linalg.eigvalsh, lambda x: np.linalg.eigh(x)[1]):
        gradient = jitad.grad(lambda x, f=f: np.sum(f(x) * np.arange(4.0)))(a)
        assert_allclose(gradient, gradient.T)


# -- norms at 0 ------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [None, 1, 2, 3, 2.5])
def test_norms_at_zero_have_gradient_zero(order: Any) -> None:
    def f(x: Any) -> Any:
        return np.linalg.norm(x, order)

    assert_array_equal(jitad.grad(f)(np.zeros(4)), np.zeros(4))
    assert np.all(np.isfinite(jitad.hessian(f)(np.zeros(4))))
    assert_array_equal(jitad.grad(lambda x: np.linalg.norm(x[0] - x[1]))(np.ones((2, 3))), 0)


# -- what depends on the rank ----------------------------------------------------------------------


def test_least_squares_follow_the_rank() -> None:
    x, y = array(5, 2), array(5)
    f = jitad.jit(np.linalg.lstsq)
    for a in (x, x[:, :1] * [1.0, 2.0], x):
        for got, expected in zip(f(a, y), np.linalg.lstsq(a, y), strict=True):
            assert_allclose(got, expected, atol=1e-12)
    gradient = jitad.grad(lambda y: np.sum(np.linalg.lstsq(x, y)[0]))(y)
    assert_allclose(gradient, np.linalg.pinv(x).sum(0))


# -- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (np.linalg.inv, np.ones((3, 3))),
        (lambda x: np.linalg.solve(x, np.ones(3)), np.zeros((3, 3))),
        (np.linalg.cholesky, -np.eye(3)),
        (lambda x: linalg.solve_triangular(x, np.ones(3)), np.zeros((3, 3))),
        (np.linalg.eig, np.array([[0.0, -1.0], [1.0, 0.0]])),
        (lambda x: linalg.sqrtm(x), -np.eye(2)),
        (lambda x: linalg.solve_sylvester(x, -x, x), np.eye(3)),
    ],
)
def test_matrices_that_lapack_refuses(f: Callable[..., Any], x: np.ndarray) -> None:
    with pytest.raises(np.linalg.LinAlgError):
        jitad.jit(f)(x)


def test_the_users_line_is_named() -> None:
    def f(x: Any) -> Any:
        return np.linalg.inv(x)  # here

    with pytest.raises(jitad.LinearAlgebraError, match=r"np\.linalg\.inv\(x\)  # here"):
        jitad.jit(f)(np.zeros((3, 3)))


@pytest.mark.parametrize(
    ("f", "shapes", "words"),
    [
        (np.linalg.inv, [(2, 3)], "not square"),
        (np.linalg.inv, [(3,)], "shape \\(3,\\)"),
        (np.linalg.solve, [(3, 3), (4,)], "right-hand sides of 4"),
        (lambda x: np.linalg.qr(x, "raw"), [(3, 3)], "mode='raw'"),
        (lambda x: linalg.qr(x, pivoting=True), [(3, 3)], "pivoting=True"),
        (lambda x: np.linalg.norm(x, "fro"), [(3,)], "ord='fro'"),
        (lambda x: np.linalg.norm(x, 3), [(3, 3)], "ord=3"),
        (lambda x: np.linalg.norm(x, 1), [(3, 3, 3)], "3 axes"),
        (lambda x: np.linalg.matrix_power(x, 0.5), [(3, 3)], "power of type float"),
        (lambda x: np.linalg.cholesky(x + 0j), [(3, 3)], "complex"),
        (linalg.schur, [(3, 3)], "schur"),
        (lambda x: linalg.eigh(x, subset_by_value=[0, 1]), [(3, 3)], "subset_by_value"),
        (lambda x: linalg.solve(x, x, assume_a="odd"), [(3, 3)], "assume_a='odd'"),
        (lambda x, y: linalg.solve_banded((1, 1), x, y), [(2, 3), (3,)], "diagonals"),
        (scipy.linalg.expm, [(3, 3)], "jitad.scipy.linalg.expm"),
    ],
)
def test_errors_teach(f: Callable[..., Any], shapes: Any, words: str) -> None:
    with pytest.raises(jitad.JitadError, match=words):
        jitad.jit(f)(*(array(*shape) for shape in shapes))


# -- random matrices -------------------------------------------------------------------------------


@given(
    n=some.integers(1, 6), k=some.integers(1, 4), lead=some.integers(0, 3), seed=some.integers(0)
)
def test_derivatives_of_solutions(n: int, k: int, lead: int, seed: int) -> None:
    """A X = B gives dA X + A dX = dB."""
    rng = np.random.default_rng(seed)
    shape = (2,) * lead
    a, da = rng.normal(size=(2, *shape, n, n)) + 3 * np.eye(n)
    b, db = rng.normal(size=(2, n, k))
    x, dx = jitad.jvp(np.linalg.solve, (a, b), (da, db))
    scale = np.abs(dx).max() * np.abs(a).max() + np.abs(da @ x).max()
    assert_allclose(da @ x + a @ dx, np.broadcast_to(db, dx.shape), atol=1e-11 * scale)


@settings(max_examples=20)
@given(some.integers(1, 6), some.integers(0))
def test_derivatives_of_factors(n: int, seed: int) -> None:
    """Products of factors have the derivative of what was factored."""
    rng = np.random.default_rng(seed)
    a, da = rng.normal(size=(2, n, n))
    products = (
        lambda x: (lambda q, r: q @ r)(*np.linalg.qr(x)),
        lambda x: (lambda u, s, vh: u * s @ vh)(*np.linalg.svd(x)),
        lambda x: (lambda p, low, up: p @ low @ up)(*linalg.lu(x)),
        lambda x: np.linalg.inv(np.linalg.inv(x)),
    )
    limit = 1e-10 * np.linalg.cond(a) ** 2 * max(1, 1 / np.abs(np.diff(_values(a))).min(initial=1))
    for f in products:
        assert_allclose(jitad.jvp(f, (a,), (da,))[1], da, atol=limit)


def _values(a: np.ndarray) -> np.ndarray:
    return np.linalg.svd(a)[1]
