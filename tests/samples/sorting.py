"""Calls of NumPy's sorting."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import EMPTY, FLAGS, INTS, LONG, ONE, THIN, WIDE, Call, M, S, T, V, W, by, call


def spaced(*shape: int) -> np.ndarray:
    """Numbers in disorder, so far apart that small steps leave their order."""
    count = int(np.prod(shape))
    return np.reshape((np.arange(count) * 7 % count - count // 3) / 4 + 0.125, shape)


ROW, GRID, CUBE, MANY = spaced(5), spaced(3, 4), spaced(2, 3, 5), spaced(1000)

SAMPLES: dict[Any, list[Call]] = {
    np.sort: [
        call(ROW),
        call(GRID),
        call(CUBE, axis=1),
        call(CUBE, axis=None),
        call(S, axis=None),
        call(GRID, axis=0, kind="stable"),
        call(INTS, axis=0),
        call(FLAGS),
        call(EMPTY),
        call(THIN, axis=0),
        call(ONE),
        call(MANY),
        call(spaced(40, 33), axis=0),
        by(lambda x: np.sort(x)[::-1] * np.arange(5.0), ROW),
        by(lambda x: np.sort(np.sort(x, axis=0) * np.abs(x), axis=1), GRID),
    ],
    np.argsort: [
        call(V),
        call(T, axis=0),
        call(M, axis=None),
        call(INTS, stable=True),
        call(INTS.astype(np.int32), axis=0, kind="stable"),
        call(FLAGS, axis=1, stable=True),
        call(THIN, axis=1),
        call(LONG),
        call(WIDE),
    ],
    np.partition: [
        by(lambda x: np.partition(x, 2)[2], ROW),
        by(lambda x: np.partition(x, (1, -1), axis=0)[1:], GRID),
        by(lambda x: np.partition(x, -3, axis=None)[-3], GRID),
    ],
    np.argpartition: [
        by(lambda x: np.argpartition(x, 2)[2], ROW),
        by(lambda x: x[np.argpartition(x, [0, 4])][0], ROW),
    ],
    np.lexsort: [
        call((V, W)),
        call((V[:4], INTS[0])),
        call(np.stack([INTS[0] % 2, INTS[1]])),
        call((M, INTS), axis=0),
        call((LONG, np.arange(1001) % 5)),
    ],
    np.unique: [
        call(ROW),
        call(GRID, return_index=True, return_inverse=True, return_counts=True),
        call(INTS, return_index=True, return_inverse=True, return_counts=True),
        call(EMPTY, return_inverse=True),
        call(ROW, axis=0),
        call(np.array([1, 1, 0]), equal_nan=False, return_index=True),
        by(lambda x: np.unique(np.round(x)), GRID),
        call(MANY),
    ],
    np.unique_values: [by(lambda x: np.sort(np.unique_values(x)), GRID), call(INTS[0] * 0)],
}
