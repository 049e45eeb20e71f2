"""Functions of matrices by their eigenvalues and singular values, where some of these are equal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import jitad
from cases import case

I3 = np.eye(3)
ROTATION = np.array([[2.0, -2, 1], [1, 2, 2], [2, 1, -2]]) / 3
TIED = ROTATION @ np.diag([1.0, 1.0, 2.0]) @ ROTATION.T
"""Two eigenvalues are equal but for rounding."""

E = np.array([[0.3, 1.0, -0.5], [1.0, -0.7, 0.2], [-0.5, 0.2, 0.4]])
F = np.array([[-0.1, 0.4, 0.6], [0.4, 0.9, -0.3], [0.6, -0.3, 0.5]])
G = np.array([[0.8, -0.2, 0.1], [-0.2, 0.3, 0.7], [0.1, 0.7, -0.6]])
EXPONENTIALS = np.exp([1.0, 1.0, 2.0])


def derivatives(f: Callable[..., Any], matrices: tuple[np.ndarray, ...]) -> np.ndarray:
    """Directional derivatives of first to third order, forwards, backwards, and of mixed modes."""

    def first(a: Any) -> Any:
        return jitad.jvp(f, (a,), (E,))[1]

    def second(a: Any) -> Any:
        return jitad.jvp(first, (a,), (F,))[1]

    def pulled(a: Any) -> Any:
        return np.sum(jitad.grad(f)(a) * E)

    def all_of_them(a: Any) -> Any:
        third = jitad.jvp(second, (a,), (G,))[1]
        return np.stack([first(a), pulled(a), second(a), jitad.jvp(pulled, (a,), (F,))[1], third])

    kernels = [jitad.jit(all_of_them), jitad.jit(lambda a: np.sum(jitad.grad(pulled)(a) * F))]
    return np.stack([np.hstack([kernel(a) for kernel in kernels]) for a in matrices])


def agree(f: Callable[..., Any], smooth: Callable[..., Any], *matrices: np.ndarray) -> Any:
    """Derivatives of f, and of the same written without eigenvalues."""
    return derivatives(f, matrices), derivatives(smooth, matrices)


EIGENVALUES = np.linalg.eigvalsh
MATRICES = (I3, 2 * I3, np.diag([1.0, 2.0, 2.0]), TIED)


@case
def eigenvalue_sum_hessian_at_identity() -> Any:
    def f(v: Any) -> Any:
        return np.sum(np.linalg.eigvalsh(v.reshape(2, 2)) ** 2)

    right = np.array([[2.0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 2]])
    return jitad.hessian(f)(np.eye(2).ravel()), right


@case
def cubes_of_eigenvalues() -> Any:
    return agree(lambda a: np.sum(EIGENVALUES(a) ** 3), lambda a: np.trace(a @ a @ a), *MATRICES)


@case
def inverses_of_eigenvalues() -> Any:
    f = lambda a: np.sum(1 / EIGENVALUES(a, UPLO="U"))  # noqa: E731
    return agree(f, lambda a: np.trace(np.linalg.inv(a)), *MATRICES)


@case
def logarithms_of_eigenvalues() -> Any:
    f = lambda a: np.log(np.linalg.eigh(a)[0]).sum()  # noqa: E731
    return agree(f, lambda a: np.log(np.linalg.det(a)), *MATRICES)


@case
def quotient_of_sums_of_eigenvalues() -> Any:
    def f(a: Any) -> Any:
        w = EIGENVALUES(a)
        share = w / np.sum(w)
        return np.sum(share**2)

    return agree(f, lambda a: np.trace(a @ a) / np.trace(a) ** 2, *MATRICES)


@case
def variance_and_norm_of_eigenvalues() -> Any:
    f = lambda a: np.var(EIGENVALUES(a)) + np.linalg.norm(EIGENVALUES(a))  # noqa: E731

    def smooth(a: Any) -> Any:
        square = np.trace(a @ a)
        return square / 3 - (np.trace(a) / 3) ** 2 + np.sqrt(square)

    return agree(f, smooth, *MATRICES)


@case
def sums_of_squares_of_singular_values() -> Any:
    f = lambda a: np.sum(np.linalg.svdvals(a) ** 4)  # noqa: E731
    return agree(f, lambda a: np.sum((a.T @ a) ** 2), *MATRICES, np.diag([1.0, -1.0, 1.0]))


@case
def logarithms_of_singular_values() -> Any:
    f = lambda a: np.sum(np.log(np.linalg.svd(a, compute_uv=False)))  # noqa: E731
    return agree(f, lambda a: np.linalg.slogdet(a)[1], *MATRICES, ROTATION)


@case
def nuclear_norm_of_a_rotation() -> Any:
    """Its Hessian in the direction X is the part of U^T X that is not symmetric, halved."""
    hessian = jitad.hessian(lambda a: np.linalg.norm(a, "nuc"))(ROTATION)
    x = E + np.arange(9.0).reshape(3, 3)
    inner = ROTATION.T @ x
    got = np.einsum("ijkl,kl->ij", hessian, x)
    return got, ROTATION @ (inner - inner.T) / 2


@case
def singular_values_of_a_tall_matrix() -> Any:
    tall = np.vstack([I3, 2 * E])

    def f(a: Any) -> Any:
        return np.sum(np.linalg.svdvals(np.concatenate([a, 2 * E])) ** 4)

    def smooth(a: Any) -> Any:
        gram = a.T @ a + 4 * E @ E
        return np.sum(gram * gram)

    assert tall.shape == (6, 3)
    return agree(f, smooth, I3, ROTATION)


@case
def schatten_norm() -> Any:
    f = lambda a: np.sum(np.linalg.svdvals(a) ** 4) ** 0.25  # noqa: E731
    return agree(f, lambda a: np.sum((a.T @ a) ** 2) ** 0.25, *MATRICES)


def _divided(tied: np.ndarray) -> np.ndarray:
    """exp[w_i, w_j] for w = 1, 1, 2, turned as TIED is."""
    quotient = EXPONENTIALS[2] - EXPONENTIALS[0]
    weights = np.array([[np.e, np.e, quotient], [np.e, np.e, quotient], [quotient] * 2 + [np.e**2]])
    return ROTATION @ (weights * (ROTATION.T @ tied @ ROTATION)) @ ROTATION.T


def _by_columns(a: Any) -> Any:
    w, v = np.linalg.eigh(a)
    return (v * np.exp(w)) @ v.T


def _by_rows(a: Any) -> Any:
    w, v = np.linalg.eigh(a)
    return v @ (np.exp(w)[:, None] * v.T)


def _by_diagonal(a: Any) -> Any:
    w, v = np.linalg.eigh(a)
    return v @ np.diag(np.exp(w)) @ v.T


def _by_einsum(a: Any) -> Any:
    w, v = np.linalg.eigh(a)
    return np.einsum("ij,j,kj->ik", v, np.exp(w), v)


def _by_roots(a: Any) -> Any:
    w, v = np.linalg.eigh(a)
    half = v * np.exp(w / 2)
    return half @ half.T


FORMS = (_by_columns, _by_rows, _by_diagonal, _by_einsum, _by_roots)


@case
def tangents_of_a_matrix_function() -> Any:
    got = [jitad.jvp(f, (TIED,), (E,))[1] for f in FORMS]
    return np.stack(got), np.stack([_divided(E)] * len(FORMS))


@case
def adjoints_of_a_matrix_function() -> Any:
    got = [jitad.vjp(f, TIED)[1](E)[0] for f in FORMS]
    return np.stack(got), np.stack([_divided(E)] * len(FORMS))


@case
def higher_derivatives_of_a_matrix_function() -> Any:
    """By the exponential's own rules, which know no eigenvalues."""
    f = lambda a: np.sum(_by_columns(a) * G)  # noqa: E731
    return agree(f, lambda a: np.sum(jitad.scipy.linalg.expm(a) * G), I3, TIED)


@case
def matrix_function_with_a_parameter() -> Any:
    """exp(t A) = Sum t^k A^k / k!, by t and A."""

    def f(t: Any, a: Any) -> Any:
        w, v = np.linalg.eigh(a)
        return np.sum(((v * np.exp(t * w)) @ v.T) * G)

    def tangent(t: Any, a: Any) -> Any:
        return jitad.jvp(f, (t, a), (1.0, E))[1]

    def smooth(t: Any, a: Any) -> Any:
        return np.sum(jitad.scipy.linalg.expm(t * a) * G)

    def right(t: Any, a: Any) -> Any:
        return jitad.jvp(smooth, (t, a), (1.0, E))[1]

    got = [jitad.grad(g, argnums=(0, 1))(0.7, TIED) for g in (tangent, right)]
    return tuple(got[0]), tuple(got[1])


@case
def stacks_of_matrices() -> Any:
    stack = np.stack([I3, TIED])

    def f(a: Any) -> Any:
        w, v = np.linalg.eigh(a)
        root = np.einsum("bij,bj,bkj->bik", v, np.sqrt(w), v)
        return np.sum(w**3) + np.sum(root @ root * G)

    def smooth(a: Any) -> Any:
        return np.sum(np.trace(a @ a @ a, axis1=1, axis2=2)) + np.sum(a * G)

    return jitad.hessian(f)(stack), _symmetric_hessian(jitad.hessian(smooth)(stack))


def _symmetric_hessian(h: np.ndarray) -> np.ndarray:
    """The Hessian of stacks of matrices, within symmetric ones."""
    h = (h + np.swapaxes(h, 1, 2)) / 2
    return (h + np.swapaxes(h, 4, 5)) / 2


@case
def vmap_of_a_matrix_function() -> Any:
    stack = np.stack([I3, TIED, 0 * I3])
    f = lambda a: jitad.jvp(_by_columns, (a,), (E,))[1]  # noqa: E731
    return jitad.vmap(f)(stack), np.stack([f(a) for a in stack])


@case
def single_precision() -> Any:
    f = lambda a: np.sum(EIGENVALUES(a) ** 3)  # noqa: E731
    h = jitad.hessian(f)(TIED.astype(np.float32))
    exact = jitad.hessian(f)(TIED)
    return np.round(h.astype(float), 3), np.round(exact, 3)


@case
def largest_singular_value_above_tied_ones() -> Any:
    """The gap to those below is a pole of its own; theirs is none."""
    h = jitad.hessian(lambda a: np.linalg.norm(a, 2))(np.diag([3.0, 1.0, 1.0]))
    x = E
    curvature = sum(
        (9 - 1) ** -1 * (3 * (x[0, j] ** 2 + x[j, 0] ** 2) + 2 * x[0, j] * x[j, 0]) for j in (1, 2)
    )
    return np.einsum("ijkl,ij,kl", h, x, x), curvature


@case
def products_of_eigenvalues() -> Any:
    f = lambda a: np.prod(EIGENVALUES(a) ** 2 + 1)  # noqa: E731
    return agree(f, lambda a: np.linalg.det(a @ a + I3), I3, TIED)


@case
def product_of_two_eigenvalues() -> Any:
    def f(v: Any) -> Any:
        w = EIGENVALUES(v.reshape(2, 2))
        return w[0] * w[1]

    points = np.array([[0.0, 0, 0, 0], [2, 0, 0, 2], [1, 0, 0, 0]])
    right = np.array([[0, 0, 0, 1], [0, -0.5, -0.5, 0], [0, -0.5, -0.5, 0], [1, 0, 0, 0]])
    return [*map(jitad.hessian(f), points), *jitad.vmap(jitad.hessian(f))(points)], [right] * 6


@case
def eigenvalues_one_by_one() -> Any:
    f = lambda a: sum(w**2 for w in EIGENVALUES(a)) + np.sum([1 / w for w in EIGENVALUES(a)])  # noqa: E731
    return agree(f, lambda a: np.trace(a @ a + np.linalg.inv(a)), *MATRICES)


@case
def eigenvalues_in_descending_order() -> Any:
    def f(a: Any) -> Any:
        w, v = np.linalg.eigh(a)
        w, v = w[::-1], v[:, ::-1]
        return np.sum(w**3) + np.sum((v * w**2) @ v.T * G)

    return agree(f, lambda a: np.trace(a @ a @ a) + np.sum(a @ a * G), *MATRICES)


@case
def sum_of_the_smaller_eigenvalues() -> Any:
    """Which of two equal ones stands where does not matter; the curvature is by the gap above."""
    f = lambda a: np.sum(EIGENVALUES(a)[:2])  # noqa: E731
    got = jitad.jvp(lambda a: jitad.jvp(f, (a,), (E,))[1], (TIED,), (E,))[1]
    p = ROTATION.T @ E @ ROTATION
    return got, -2 * (p[0, 2] ** 2 + p[1, 2] ** 2)


def _oriented(a: Any) -> Any:
    u, _, vh = np.linalg.svd(a)
    return u @ vh


def _inverted(a: Any) -> Any:
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return (vh.T / s) @ u.T


@case
def functions_with_singular_vectors() -> Any:
    """The orthogonal factor of A is A (A^T A)^(-1/2), of which the other function knows no ties."""
    pairs = ((_oriented, lambda a: jitad.scipy.linalg.polar(a)[0]), (_inverted, np.linalg.inv))
    got, right = [], []
    for f, smooth in pairs:
        for results, g in ((got, f), (right, smooth)):
            slope = lambda a, g=g: jitad.jvp(g, (a,), (E + F @ G,))[1]  # noqa: E731
            both = lambda a, g=g, s=slope: (s(a), jitad.vjp(g, a)[1](F @ E)[0])  # noqa: E731
            for a in (I3, ROTATION, TIED @ ROTATION):
                results.append(jitad.jvp(jitad.jit(both), (a,), (G @ E,)))
    return np.array(got), np.array(right)


@case
def eigenvalues_that_are_sorted() -> Any:
    def f(a: Any) -> Any:
        w = EIGENVALUES(a)
        return np.sum(np.sort(w) ** 2) + np.sum(np.sort(-w) ** 3)

    return agree(f, lambda a: np.trace(a @ a) - np.trace(a @ a @ a), *MATRICES)


@case
def functions_of_singular_values_that_are_0() -> Any:
    ranks = (np.zeros((3, 3)), np.diag([1.0, 1.0, 0.0]))

    def singular(g: Callable[..., Any]) -> Callable[..., Any]:
        return lambda a: np.sum(g(np.linalg.svdvals(a)))

    def rebuilt(a: Any) -> Any:
        u, s, vt = np.linalg.svd(a)
        return np.sum((u * (s + s**3)) @ vt * F)

    pairs = (
        (singular(np.square), lambda a: np.sum(a * a)),
        (singular(lambda s: np.log1p(s * s)), lambda a: np.log(np.linalg.det(np.eye(3) + a @ a.T))),
        (rebuilt, lambda a: np.sum((a + a @ a.T @ a) * F)),
    )
    found = [agree(f, smooth, *ranks) for f, smooth in pairs]
    return [got for got, _ in found], [right for _, right in found]
