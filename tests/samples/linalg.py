"""Calls of numpy.linalg's equations, decompositions and norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import INTS, Call, M, N, S, T, V, W, array, by, call
from samples.complex_numbers import complex_array

A, B, C = array(3, 3), array(4, 4), array(5, 5)
STACK, PAIR = array(2, 3, 3), array(2, 1, 4, 4)
LARGE = array(20, 20) + 8 * np.eye(20)
Z = complex_array(3, 3)
WHOLE = INTS[:3, :3] + 7 * np.eye(3, dtype=int)
SPREAD = np.diag(np.arange(1, 4) * 12.0)
"""What makes the eigenvalues of a small matrix real and apart."""


def definite(x: Any) -> Any:
    """A symmetric positive definite matrix, made of any matrix."""
    return x @ x.swapaxes(-1, -2) + 2 * np.eye(x.shape[-1], dtype=x.dtype)


def of_definite(function: Any, *arrays: np.ndarray, **kwargs: Any) -> list[Call]:
    """The calls on positive definite matrices that are made of these arrays."""
    return [by(lambda x: function(definite(x), **kwargs), x) for x in arrays]


def _orders(x: np.ndarray, *orders: Any, **kwargs: Any) -> list[Call]:
    return [call(x, order, **kwargs) for order in orders]


def _completed(x: Any) -> Any:
    """What does not depend on which vectors complete the bases."""
    u, s, vh = np.linalg.svd(x)
    return u[:, 2:] @ u[:, 2:].T, s, vh[2:].T @ vh[2:], np.abs(u[:, :2])


INF = np.inf
_linalg = np.linalg

SAMPLES: dict[Any, list[Call]] = {
    np.linalg.solve: [
        call(A, V[:3]), call(B, N), call(STACK, N[:3]), call(A, T[:, :, :2].copy()), call(B, T.mT),
        call(PAIR, array(3, 4, 2)), call(WHOLE, [1, 2, 3]), call(A[:0, :0], V[:0]),
        call(A, N[:3, :0]), call(LARGE, array(20)), call(Z, V[:3]), call(Z, complex_array(3, 2)),
        by(lambda x: np.linalg.solve(x + np.eye(3), np.ones(3)), A),
    ],
    np.linalg.inv: [call(A), call(STACK), call(WHOLE), call(A[:0, :0]), call(A[:1, :1]), call(Z)],
    np.linalg.det: [
        call(S.reshape(1, 1)), call(A[:2, :2]), call(A), call(STACK), call(C), call(PAIR),
        call(WHOLE), call(A[:0, :0]), call(Z), call(complex_array(4, 4)),
    ],
    np.linalg.slogdet: [
        call(A), call(-A), call(STACK), call(C), call(WHOLE), call(np.zeros((2, 2), int)),
        call(A[:0, :0]), by(lambda x: np.linalg.slogdet(x)[1], LARGE),
        by(lambda x: np.linalg.slogdet(x).sign * x, B),
    ],
    np.linalg.matrix_power: [
        *(call(A, n) for n in (0, 1, 2, 5, -1, -3)), call(STACK, 3), call(INTS[:3, :3], 3),
        call(Z, 3),
    ],
    np.linalg.tensorsolve: [
        call(array(2, 3, 6), M[:2, :3]), call(array(6, 2, 3), array(2, 3), (0,)),
    ],
    np.linalg.tensorinv: [call(array(2, 3, 6)), call(array(4, 2, 2), ind=1)],
    np.linalg.cholesky: [
        *of_definite(_linalg.cholesky, A, STACK, S.reshape(1, 1), LARGE),
        *of_definite(_linalg.cholesky, B, upper=True),
        call(WHOLE + WHOLE.T), call(WHOLE + WHOLE.T, upper=True), call(A[:0, :0]),
    ],
    np.linalg.qr: [
        call(A), call(N), call(T), call(M), call(N, "complete"), call(M, mode="complete"),
        by(lambda x: (q := np.linalg.qr(x, "complete")[0][:, 2:]) @ q.T, array(5, 2)),
        call(N, "r"), call(T, "r"), call(INTS), call(A[:, :0]),
        call(A[:, :0], "complete"), call(array(40, 20)),
    ],
    np.linalg.eigh: [
        *of_definite(_linalg.eigh, A, STACK),
        *of_definite(_linalg.eigh, B, UPLO="U"),
        by(lambda x: np.linalg.eigh(x + x.T).eigenvalues, LARGE),
        by(lambda x: np.linalg.eigh(x + x.T).eigenvectors ** 2, B),
        call(WHOLE), call(WHOLE, "U"), call(A[:0, :0]),
    ],
    np.linalg.eigvalsh: [
        *of_definite(_linalg.eigvalsh, A, STACK), *of_definite(_linalg.eigvalsh, B, UPLO="U"),
        call(WHOLE), call(A[:0, :0]),
    ],
    np.linalg.svd: [
        call(A), call(N), call(M), call(T), by(_completed, array(5, 2)),
        by(_completed, array(2, 5)),
        call(N, full_matrices=False), call(M, False), call(T, False), call(N, compute_uv=False),
        by(lambda x: np.linalg.svd(x + x.T, hermitian=True), A),
        by(lambda x: np.linalg.svd(x + x.mT, hermitian=True, compute_uv=False), STACK),
        call(INTS), call(A[:, :0]), call(A[:, :0], False),
        by(lambda x: np.linalg.svd(x, False).S, array(30, 20)),
    ],
    np.linalg.svdvals: [call(A), call(N), call(T), call(INTS), call(A[:, :0])],
    np.linalg.eig: [
        by(lambda x: np.linalg.eig(x + SPREAD), A), by(lambda x: np.linalg.eig(x + SPREAD), STACK),
        call(Z), call(complex_array(2, 3, 3)), call(WHOLE * 1.0), call(A[:0, :0]),
    ],
    np.linalg.eigvals: [
        by(lambda x: np.linalg.eigvals(x + SPREAD), A), call(Z), call(complex_array(2, 3, 3)),
        by(lambda x: np.linalg.eigvals(x + SPREAD), STACK),
    ],
    np.linalg.pinv: [
        call(M), call(N), call(T), call(A), call(INTS), call(N, rtol=None), call(A[:, :0]),
        by(lambda x, y: np.linalg.pinv(x @ y, rcond=1e-4), array(4, 2), array(2, 3)),
        by(lambda x: np.linalg.pinv(x + x.T, hermitian=True), A), call(T, rtol=np.full(2, 1e-6)),
    ],
    np.linalg.lstsq: [
        call(N, V[:4]), call(N, B), call(M, V[:3]), call(M, A, rcond=-1), call(INTS, [1, 2, 3]),
        by(lambda x, y: np.linalg.lstsq(x, y)[0], N, V[:4]),
        by(lambda x, y: np.linalg.lstsq(x, y)[0], M, V[:3]),
        by(lambda x, y: np.linalg.lstsq(x, y)[1], array(20, 3), array(20, 2)),
        by(lambda x, y, b: np.linalg.lstsq(x @ y, b, rcond=1e-4)[0],
           array(4, 2), array(2, 3), array(4)),
    ],
    np.linalg.norm: [
        *_orders(V, None, 1, 2, 3, 0, -1, -2, 2.5, INF, -INF),
        *_orders(N, None, "fro", "nuc", 1, -1, 2, -2, INF, -INF),
        *_orders(T, None, 1, 2, 3.5, axis=1), *_orders(T, "nuc", 2, INF, axis=(2, 0)),
        call(T, keepdims=True), call(T, axis=-1, keepdims=True), call(T, axis=(0, -1)),
        call(T, "fro", (0, 1), True), call(S), call(INTS), call(V[:0]), call(INTS[0], 3),
        call(Z, 1, axis=0), call(Z, INF), call(array(40, 30), axis=0),
    ],
    np.linalg.matrix_norm: [
        call(T), call(T, ord=2, keepdims=True), call(N, ord="nuc"), call(T, ord=-1), call(INTS),
    ],
    np.linalg.vector_norm: [
        call(T), call(T, axis=1), call(T, axis=(0, 2), ord=3, keepdims=True), call(T, ord=INF),
        call(INTS, ord=1), call(V, ord=-INF),
    ],
    np.linalg.cond: [call(A), call(N), call(STACK), *_orders(A, 2, -2, 1, -1, INF, -INF, "fro")],
    np.linalg.matrix_rank: [
        call(A), call(T), call(INTS), call(V), call(np.zeros(3)), call(np.zeros((2, 2), int)),
        call(T, 1.5), call(T, tol=np.array([0.5, 2.0])), call(N, rtol=0.5),
        by(lambda x: np.linalg.matrix_rank(x + x.T, hermitian=True), A),
        by(lambda x: np.linalg.matrix_rank(np.outer(x, x)), W),
    ],
}  # fmt: skip
