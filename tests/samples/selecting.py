"""Calls of NumPy's triangles, diagonals and shifts."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import EMPTY, INTS, LONG, THIN, WIDE, Call, M, N, Q, S, T, V, by, call

SAMPLES: dict[Any, list[Call]] = {
    # triangles and diagonals
    np.tril: [call(M), call(Q, 1), call(T, -1), call(WIDE, 5), call(V), call(THIN)],
    np.triu: [
        call(M),
        call(Q, 1),
        call(T, -1),
        call(INTS),
        by(lambda x: np.triu(x, np.argmax(x[0]) - 1), M),
    ],
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
    np.trace: [
        call(M),
        call(T),
        call(T, 1, 1, 2),
        call(INTS),
        call(M, dtype=np.float32),
        by(lambda x: x.trace(), Q),
    ],
    # shifts and turns
    np.flip: [call(V), call(T), call(T, 1), call(T, (0, -1)), call(S), call(LONG), call(THIN)],
    np.flipud: [call(M), call(V)],
    np.fliplr: [call(M), call(T)],
    np.rot90: [
        call(M),
        call(M, 2),
        call(M, -1),
        call(M, 4),
        call(T, 1, (1, 2)),
        call(T, 3, axes=(-1, 0)),
        call(WIDE),
    ],
    np.roll: [
        call(V, 2),
        call(M, -3),
        call(M, 1, axis=0),
        call(T, (1, -1), axis=(0, 2)),
        call(T, 1, axis=(1, 2)),
        call(V, 12),
        call(EMPTY, 1),
        call(M, [1, 2], 1),
        call(M, np.array([1, -1]), (0, 1)),
        call(M, 5, (0, 1)),
        by(lambda x: np.roll(x, np.argmax(x)), V),
        by(lambda x: np.roll(x, -np.argmax(x[0]), axis=1), M),
        call(LONG, 300),
    ],
}  # fmt: skip
