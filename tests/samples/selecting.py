"""Calls of NumPy's functions that take parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import EMPTY, INTS, LONG, THIN, WIDE, Call, M, N, Q, S, T, V, by, call

SAMPLES: dict[Any, list[Call]] = {
    # triangles and diagonals
    np.tril: [call(M), call(Q, 1), call(T, -1), call(WIDE, 5)],
    np.triu: [call(M), call(Q, 1), call(T, -1), call(INTS)],
    np.diagonal: [
        call(Q),
        call(M, 1),
        call(N, -2),
        call(T, 0, 0, 2),
        call(T, 1, axis1=-1, axis2=0),
        call(M, 9),
        call(WIDE, -3),
        by(lambda x: x.diagonal(1), M),
    ],
    np.diag: [call(V), call(V, 2), call(V, -1), call(M), call(N, -1), call(EMPTY), call(LONG[:40])],
    np.diagflat: [call(M), call(S, 1)],
    np.trace: [call(M), call(T), call(T, 1, 1, 2), call(INTS), by(lambda x: x.trace(), Q)],
    # parts
    np.flip: [call(V), call(T), call(T, 1), call(T, (0, -1)), call(S), call(LONG), call(THIN)],
    np.split: [call(M, 2, axis=1), call(V, [1, 3]), call(V, [2, 2, 9])],
    np.array_split: [call(V, 3), call(M, 2)],
    np.roll: [
        call(V, 2),
        call(M, -3),
        call(M, 1, axis=0),
        call(T, (1, -1), axis=(0, 2)),
        call(T, 1, axis=(1, 2)),
        call(V, 12),
        call(EMPTY, 1),
    ],
}  # fmt: skip
