"""Calls of NumPy's cross and Kronecker products, chains of matrices, and np.linalg's views."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import FLAGS, INTS, TALL, WIDE, Call, M, N, Q, S, T, U, V, W, array, call

SAMPLES: dict[Any, list[Call]] = {
    np.cross: [
        call(V[:3], W[:3]),
        call(N, N * V[:3]),
        call(N, V[:3]),
        call(M, M[:, ::-1].copy(), axis=0),
        call(M, array(3), axisa=0, axisc=0),
        call(array(3, 5), array(5, 3), axisa=0, axisb=1),
        call(INTS.T, [1, 2, 3]),
        call(array(2, 1, 3), array(4, 3)),
        call(array(400, 3), array(400, 3)),
    ],
    np.linalg.cross: [call(V[:3], W[:3]), call(M, array(3, 4), axis=0)],
    np.kron: [
        call(V, W),
        call(M, N),
        call(S, M),
        call(M, V),
        call(V, T),
        call(INTS, [[1, 2]]),
        call(V[:0], W),
        call(FLAGS, FLAGS),
        call(array(20, 3), array(4, 11)),
    ],
    np.linalg.multi_dot: [
        call([M, N]),
        call([M, N, M]),
        call([N, M, N, M]),
        call([V[:3], M, N]),
        call([M, N, V[:3]]),
        call([V[:3], M, N, V[:3]]),
        call([INTS, INTS.T, [1, 2, 3]]),
        call([WIDE, TALL, array(29, 2)]),
        call([array(2, 3), array(3, 9), array(9, 1), array(1, 7), array(7, 2)]),
    ],
    np.linalg.matrix_transpose: [call(T)],
    np.linalg.diagonal: [call(T), call(M, offset=1), call(U, offset=-1)],
    np.linalg.trace: [call(T), call(Q, offset=-1), call(INTS), call(INTS, dtype=float)],
}
