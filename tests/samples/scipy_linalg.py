"""Calls of scipy.linalg."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from jitad.scipy import linalg
from samples.arrays import INTS, Call, M, N, S, V, array, by, call
from samples.complex_numbers import complex_array
from samples.linalg import SPREAD, STACK, WHOLE, A, B, C, Z, definite, of_definite

BANDS, PAIR = array(4, 6), array(2, 3, 6)
BANDS[2] += 5 * np.sign(BANDS[2])
PAIR[:, 1] += 5 * np.sign(PAIR[:, 1])
HALF = array(3, 6)
HALF[2] = abs(HALF[2]) + 6
SMALL = array(3, 3) / 8


def _near_identity(x: Any) -> Any:
    """A matrix whose eigenvalues are positive, made of a small one."""
    return x + np.eye(x.shape[-1], dtype=x.dtype)


def _projector(function: Any) -> Any:
    """What does not depend on the choice of the vectors."""

    def project(x: Any) -> Any:
        q = function(x)
        return q @ q.T

    return project


SAMPLES: dict[Any, list[Call]] = {
    linalg.solve_triangular: [
        call(A, V[:3]), call(A, N[:3], lower=True), call(A, N[:3], 1), call(A, N[:3], "N"),
        call(A, V[:3], trans="T", lower=True), call(A, V[:3], 2, True, True),
        call(A, N[:3], trans="C", unit_diagonal=True), call(WHOLE, [1, 2, 3]),
        call(A, N[:3, :0]), call(Z, V[:3], lower=True),
        call(array(20, 20) / 8 + 3 * np.eye(20), array(20, 3), lower=True),
    ],
    linalg.solve: [
        call(A, V[:3]), call(B, N), call(A, N[:3], transposed=True), call(WHOLE, [1, 2, 3]),
        call(A, V[:3], assume_a="sym"), call(A, N[:3], assume_a="sym", lower=True),
        call(A, V[:3], assume_a="upper triangular"),
        by(lambda x, y: linalg.solve(definite(x), y, assume_a="pos"), A, V[:3]),
        by(lambda x, y: linalg.solve(definite(x), y, assume_a="pos", lower=True), A, N[:3]),
    ],
    linalg.inv: [
        call(A), call(WHOLE),
    ],
    linalg.det: [by(lambda x: linalg.det(x).astype(x.dtype), C), call(WHOLE)],
    linalg.norm: [
        by(lambda x: linalg.norm(x) * x, V), call(A), call(A, "nuc"),
        call(N, 1, axis=1, keepdims=True),
    ],
    linalg.cholesky: [
        *of_definite(linalg.cholesky, A), *of_definite(linalg.cholesky, A, lower=True),
    ],
    linalg.cho_factor: [by(lambda x: np.triu(linalg.cho_factor(definite(x))[0]), A)],
    linalg.cho_solve: [
        by(lambda x, y: linalg.cho_solve(linalg.cho_factor(definite(x)), y), A, V[:3]),
        by(lambda x, y: linalg.cho_solve(linalg.cho_factor(definite(x), lower=True), y), A, N[:3]),
        call((A, True), V[:3]),
    ],
    linalg.lu: [
        call(A), call(C), call(N), call(M), call(A, permute_l=True), call(N, p_indices=True),
        call(WHOLE), call(array(12, 12)),
    ],
    linalg.lu_factor: [call(A), call(WHOLE), by(lambda x: linalg.lu_factor(x)[0], C)],
    linalg.lu_solve: [
        by(lambda x, y: linalg.lu_solve(linalg.lu_factor(x), y), C, V),
        by(lambda x, y: linalg.lu_solve(linalg.lu_factor(x), y, trans=1), B, N),
        by(lambda x, y: linalg.lu_solve(linalg.lu_factor(x), y, 2), B, V[:4]),
        call((C, np.array([3, 1, 4, 3, 4], np.int32)), array(5, 2)),
    ],
    linalg.qr: [
        call(A), call(N, mode="economic"), call(M, mode="economic"), call(N, mode="r"), call(M),
        call(INTS),
    ],
    linalg.svd: [
        call(A), call(N, full_matrices=False), call(M), call(N, compute_uv=False),
    ],
    linalg.svdvals: [call(A), call(N)],
    linalg.orth: [by(_projector(linalg.orth), N), by(_projector(linalg.orth), M)],
    linalg.null_space: [by(_projector(linalg.null_space), M), by(_projector(linalg.null_space), N)],
    linalg.eigh: [
        by(lambda x: np.abs(linalg.eigh(definite(x))[1]), A),
        by(lambda x: linalg.eigh(definite(x))[0], A),
        by(lambda x: np.abs(linalg.eigh(definite(x), subset_by_index=[1, 2])[1]), B),
        by(lambda x, y: linalg.eigh(x + x.T, definite(y))[0], A, SMALL),
        by(lambda x, y: np.abs(linalg.eigh(x + x.T, definite(y), lower=False)[1]), A, SMALL),
        *of_definite(linalg.eigh, A, eigvals_only=True, lower=False),
    ],
    linalg.eigvalsh: [
        *of_definite(linalg.eigvalsh, A),
        by(lambda x, y: linalg.eigvalsh(x, definite(y)), A, SMALL),
        *of_definite(linalg.eigvalsh, B, subset_by_index=[0, 1]),
    ],
    linalg.eig: [
        by(lambda x: linalg.eig(x + SPREAD), A), call(Z),
        by(lambda x: linalg.eig(x, right=False), A),
        by(lambda x, y: linalg.eig(x + SPREAD, _near_identity(y))[0].sum(), SMALL, SMALL / 4),
    ],
    linalg.eigvals: [
        call(A), call(Z), by(lambda x, y: linalg.eigvals(x, _near_identity(y)), A, SMALL),
    ],
    linalg.pinv: [
        call(N), call(M, return_rank=True), call(A, rtol=1e-3), call(A, atol=0.01), call(INTS),
    ],
    linalg.pinvh: [
        by(lambda x: linalg.pinvh(x + x.T), A), call(A), call(A, lower=False, return_rank=True),
    ],
    linalg.lstsq: [
        call(N, V[:4]), call(N, B), call(M, V[:3]),
        by(lambda x, y: linalg.lstsq(x, y)[:2], N, V[:4]),
    ],
    linalg.polar: [call(A), call(A, side="left"), call(N), call(M), call(M, "left")],
    linalg.solve_banded: [
        call((1, 2), BANDS, array(6)), call((2, 1), BANDS[::-1].copy(), array(6, 2)),
        call((1, 1), PAIR[0], array(6)), call((0, 0), BANDS[2:3], array(6)),
        call((1, 1), np.arange(9).reshape(3, 3) + 5, [1, 2, 3]),
    ],
    linalg.solveh_banded: [call(HALF, array(6)), call(HALF[::-1].copy(), array(6, 2), lower=True)],
    linalg.solve_toeplitz: [
        call(V * [4, 1, 1, 1, 1], array(5)), call((V * [4, 1, 1, 1, 1], array(5)), array(5, 2)),
    ],
    linalg.matmul_toeplitz: [call(V, array(5)), call((V, array(3)), array(3, 2))],
    linalg.toeplitz: [call(V), call(V, array(3)), call(S), call(INTS[0]), call(complex_array(3))],
    linalg.hankel: [call(V), call(V, array(3)), call(INTS[0], V)],
    linalg.circulant: [call(V), call(INTS[0])],
    linalg.companion: [call(V), call(INTS[0] + 1)],
    linalg.block_diag: [call(A, V, S, M[:, :0]), call(A), call(INTS, M)],
    linalg.khatri_rao: [call(A, N), call(INTS, M)],
    linalg.solve_sylvester: [
        call(A, B, array(3, 4)), call(A, A, A), call(C, array(2, 2), array(5, 2)),
    ],
    linalg.solve_continuous_lyapunov: [call(A, array(3, 3)), call(B, definite(B))],
    linalg.solve_lyapunov: [call(A, array(3, 3))],
    linalg.solve_discrete_lyapunov: [
        *(
            by(
                lambda x, y, k=k: linalg.solve_discrete_lyapunov(x, y, method=k).astype(x.dtype),
                *arrays,
            )
            for k, arrays in (
                (None, (SMALL, A)),
                ("bilinear", (SMALL, A)),
                (None, (array(11, 11) / 9, array(11, 11))),
            )
        ),
    ],
    linalg.expm: [
        call(A), call(SMALL), call(STACK), call(8 * A), call(S.reshape(1, 1)), call(A[:0, :0]),
        call(INTS[:3, :3]), call(Z),
    ],
    linalg.sqrtm: [
        by(lambda x: linalg.sqrtm(_near_identity(x)).real, SMALL), *of_definite(linalg.sqrtm, B),
    ],
    linalg.logm: [
        by(lambda x: linalg.logm(_near_identity(x.astype(float))), SMALL),
        by(lambda x: linalg.logm(definite(x.astype(float))), A),
    ],
    linalg.cosm: [call(A), call(SMALL)],
    linalg.sinm: [call(A)],
    linalg.tanm: [call(SMALL)],
    linalg.coshm: [call(A)],
    linalg.sinhm: [call(A)],
    linalg.tanhm: [call(SMALL)],
}  # fmt: skip

if np.lib.NumpyVersion(scipy.__version__) >= "1.17.0":  # where inv has assume_a=
    SAMPLES[linalg.inv] += [*of_definite(linalg.inv, A, assume_a="pos"), call(A, assume_a="sym")]
