"""Calls with complex numbers: every ufunc that takes them, and the functions that move and sum."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.functions.elementwise.ufuncs import COMPLEX
from samples.arrays import FLAGS, INTS, Call, M, S, V, array, by, call


def complex_array(*shape: int) -> np.ndarray:
    """Random complex numbers, none near an axis."""
    return array(*shape) + 1j * array(*shape)


Z, Y = complex_array(5), complex_array(5)
A, B = complex_array(3, 4), complex_array(4, 3)
K = complex_array(2, 3, 4)
LARGE = complex_array(31, 37)


def _positive(z: Any) -> Any:
    """A Hermitian matrix, positive definite."""
    return z @ z.T.conj() + 4 * np.eye(3, dtype=z.real.dtype)


SAMPLES: dict[Any, list[Call]] = {
    ufunc: [call(*(Z, Y)[: ufunc.nin]), call(*(LARGE, LARGE[:1])[: ufunc.nin])] for ufunc in COMPLEX
}

for _function, _calls in {
    np.power: [
        *(by(lambda z, k=k: z**k, Z) for k in (-2, 0, 1, 2, 3, 0.5, 2.5, 1.5 - 1j)),
        by(lambda z: 2.0**z, Z),
        by(lambda x, z: np.abs(x) ** z, V, Z),
    ],
    np.add: [
        by(lambda z: z + 1, Z),
        by(lambda z: 2j * z - 1 / z, Z),
        by(lambda x: x + 1j, V),
        by(lambda x: (x * (1 + 2j)).real, V),
        by(lambda x, z: x + z, V, Z),
        by(lambda i, z: i + z, INTS, A),
        by(lambda z: -z + +z - abs(z), Z),
        by(lambda z: z.real + z.imag * z.conj() - z.conjugate(), A),
        by(lambda z: z.astype(np.complex64), Z),
        by(lambda z: z[z.real > 0] * 2, Z),
        by(lambda z: (z == z[0]) | (z != 0), Z),
    ],
    np.angle: [call(Z), call(Z, deg=True), call(V), call(INTS + 1)],
    np.real: [call(Z), call(V), by(lambda x: (x * 1j).real, V)],
    np.imag: [call(Z), call(V), call(INTS)],
    np.sum: [call(Z), call(K, axis=(0, 2)), call(K, axis=1, keepdims=True), call(LARGE, axis=0)],
    np.prod: [call(Z), call(K, axis=1)],
    np.mean: [call(Z), call(K, axis=1)],
    np.var: [call(Z), call(K, axis=1, ddof=1), call(K, keepdims=True)],
    np.std: [call(A, axis=0)],
    np.cumsum: [call(Z), call(K, axis=1), call(LARGE, axis=0)],
    np.cumprod: [call(Z)],
    np.any: [call(Z), call(A, axis=0)],
    np.where: [call(FLAGS, A, 2 * A), call(FLAGS, A, 0), call(FLAGS, A, M)],
    np.reshape: [call(A, (2, 6))],
    np.transpose: [call(K, (1, 2, 0)), by(lambda z: z.T @ z, A)],
    np.concatenate: [call([Z, Y]), call([Z, V])],
    np.stack: [by(lambda z: np.stack([z[0], 1.0, z[1]]), Z)],
    np.flip: [call(A, 1)],
    np.roll: [call(A, 1, axis=1)],
    np.triu: [call(A)],
    np.diag: [call(Z), call(A)],
    np.trace: [call(A)],
    np.take: [call(A, [0, 2, 2], axis=0)],
    np.nan_to_num: [call(Z)],
    np.dot: [call(Z, Y), call(A, B), call(A, M[0]), call(S, A)],
    np.vdot: [call(Z, Y), call(V, Z), call(A, B)],
    np.inner: [call(A, A)],
    np.outer: [call(Z, Y)],
    np.matmul: [
        call(A, B), call(A, complex_array(4)), call(K, B), call(LARGE, LARGE.T.copy()),
        call(M, B), call(complex_array(7, 20, 15), complex_array(7, 15, 20)),
    ],
    np.einsum: [call("ij,jk->ik", A, B), call("kij,kij->", K, K), call("i,i->i", Z, Y)],
    np.tensordot: [call(A, B, 1)],
    np.linalg.norm: [call(Z), call(A), call(A, axis=0)],
    np.linalg.solve: [
        by(lambda z, y: np.linalg.solve(_positive(z), y), A, complex_array(3)),
    ],
    np.linalg.inv: [by(lambda z: np.linalg.inv(_positive(z)), A)],
    np.linalg.det: [by(lambda z: np.linalg.det(_positive(z)), A)],
}.items():  # fmt: skip
    SAMPLES.setdefault(_function, []).extend(_calls)
