"""Calls of NumPy's products of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import (
    FLAGS,
    INTS,
    LONG,
    TALL,
    WIDE,
    Call,
    M,
    N,
    Q,
    S,
    T,
    U,
    V,
    W,
    array,
    by,
    call,
)

SAMPLES: dict[Any, list[Call]] = {
    # products
    np.dot: [
        call(V, W), call(M, N), call(M, V[:4]), call(V[:3], M), call(S, M), call(2.0, M),
        call(T, N), call(T, U), call(T, V[:4]), call(M[:, :0], N[:0]), call(WIDE, TALL),
        call(INTS, INTS.T), call(INTS, N), by(lambda x: x.dot(x), V),
    ],
    np.vdot: [call(V, W), call(M, N), call(S, S), call(LONG, LONG[::-1].copy())],
    np.inner: [call(V, W), call(M, Q), call(T, M), call(S, V), call(V[:4], T)],
    np.outer: [call(V, W), call(M, V), call(S, V), call(LONG[:40], V)],
    np.linalg.outer: [call(V, W), call(INTS[0], V[:0])],
    np.tensordot: [
        call(M, N, 1), call(T, T, 3), call(V, W, 0), call(T, U, axes=([0, 2], [0, 1])),
        call(T, N, axes=(-1, 0)), call(T, array(4, 3), axes=([1, 2], [1, 0])), call(M, M),
        call(M[:, :0], N[:0], 1), call(FLAGS, FLAGS.T, 1),
    ],
    np.linalg.tensordot: [call(T, U, axes=([0, 2], [0, 1])), call(M, M), call(M, N, axes=1)],
    np.matmul: [
        call(V, W), call(M, N), call(M, V[:4]), call(V[:3], M), call(T, U), call(T, N),
        call(M, U), call(T, V[:4]), call(V[:3], T), call(array(3, 1, 2, 4), array(2, 4, 3)),
        call(array(1, 2, 3), array(5, 3, 2)), call(array(2, 1, 3, 4), array(1, 3, 4, 2)),
        call(array(1, 1, 2), array(1, 2, 1)), call(M[:, :0], N[:0]), call(M[:0], N),
        call(array(0, 2, 3), array(3, 2)), call(array(3, 1), array(1, 4)), call(WIDE, TALL),
        call(array(9, 20, 5), array(5, 7)), call(WIDE, LONG[:53]), call(LONG[:37], WIDE),
        call(INTS, INTS.T), call(M.astype(np.float32), N), by(lambda x: x @ x @ x, Q),
        by(lambda x: x.T @ x, WIDE), by(lambda x: [1.0, 2.0, 3.0] @ x, M),
        call(T, U, axes=[(1, 2), (1, 2), (0, 1)]),
        call(T, V[:2], axes=[(1, 0), 0, -1]),
    ],
    np.linalg.matmul: [call(M, N), call(T, V[:4]), call(INTS, INTS.T)],
    np.vecdot: [
        call(V, W), call(M, V[:4]), call(T, M[:1, None]), call(INTS, INTS), call(V[:0], V[:0]),
        call(WIDE, LONG[:53]), call(array(3, 1, 4), array(1, 2, 4)),
        call(T, T * 2, axis=1), call(M, M * 3, axis=0, keepdims=True), call(T, V[:3], axes=[1, 0]),
        call(M, V[:4], keepdims=True), call(M, M, axes=[0, 0, 0], keepdims=True),
    ],
    np.linalg.vecdot: [call(V, W), call(T, T), call(T, T * 2, axis=1)],
    np.matvec: [
        call(M, V[:4]), call(T, V[:4]), call(M, array(2, 1, 4)), call(T, array(2, 4)),
        call(INTS, INTS[0]), call(WIDE, LONG[:53]), call(M[:0], V[:4]),
        call(T, V[:2], axes=[(1, 0), 0, -1]),
    ],
    np.vecmat: [
        call(V[:3], M), call(V[:3], T), call(array(2, 1, 3), M), call(array(2, 3), T),
        call(INTS[:, 0], M), call(LONG[:37], WIDE), call(V[:0], M[:0]),
    ],
}  # fmt: skip
