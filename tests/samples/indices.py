"""Calls of NumPy's functions that give indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import FLAGS, INTS, PLACES, Call, M, Q, S, T, V, by, call

SAMPLES: dict[Any, list[Call]] = {
    np.nonzero: [call(INTS), call(FLAGS), by(lambda x: x[np.nonzero(x > 0)] ** 2, M)],
    np.flatnonzero: [call(INTS), by(lambda x: x.ravel()[np.flatnonzero(x > 0)], M)],
    np.argwhere: [call(INTS), by(lambda x: np.argwhere(x > 0), M), by(lambda x: np.argwhere(x), S)],
    np.ix_: [
        call(np.array([0, 2]), [1, 3, 3]),
        by(lambda x: x[np.ix_(x[:, 0] > 0, [0, 2])], M),
        by(lambda x: x[np.ix_([1, 0], np.argsort(x[0, :, 0]), [3])], T),
    ],
    np.tril_indices_from: [by(lambda x: x[np.tril_indices_from(x, -1)], M)],
    np.triu_indices_from: [by(lambda x: x[np.triu_indices_from(x, 1)] ** 2, M)],
    np.diag_indices_from: [by(lambda x: x[np.diag_indices_from(x)], Q)],
    np.unravel_index: [
        call(INTS, (2, 4)),
        call(INTS, (2, 2, 2), order="F"),
        call(INTS, 7),
        by(lambda x: x[np.unravel_index(np.argmax(x), x.shape)], M),
    ],
    np.ravel_multi_index: [
        call((INTS % 3, INTS % 2), (3, 2)),
        call((INTS % 3, 1, INTS % 2), (3, 2, 4), order="F"),
        call((PLACES + 1, PLACES), (3, 2), mode="wrap"),
        call((PLACES + 5, PLACES), (3, 2), mode=("clip", "wrap")),
        by(lambda x: x.ravel()[np.ravel_multi_index((np.argmax(x, 0), np.arange(4)), (3, 4))], M),
        by(lambda x, i: x[np.ravel_multi_index(i, (2, 2))], V, INTS[:2] % 2),
    ],
}  # fmt: skip
