"""Calls of NumPy's functions that repeat."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import EMPTY, INTS, LONG, THIN, WIDE, Call, M, S, T, V, by, call

SAMPLES: dict[Any, list[Call]] = {
    np.repeat: [
        call(M, 2),
        call(S, 3),
        call(M, 3, axis=0),
        call(T, 2, axis=-2),
        call(M, [1, 0, 2], axis=0),
        call(V, np.array([0, 2, 1, 0, 3])),
        call(M, [2], 1),
        call(M, 0, 1),
        call(THIN, 2, 0),
        call(INTS, np.array([1, 2, 0, 1]), 1),
        call(WIDE, 2, axis=1),
        by(lambda x: x.repeat(1 + (x > 0)), V),
    ],
    np.tile: [
        call(V, 2),
        call(M, (2, 3)),
        call(M, 2),
        call(V, (2, 1, 2)),
        call(T, (1, 2)),
        call(S, (2, 2)),
        call(M, (0, 1)),
        call(M, np.array([1, 2])),
        call(EMPTY, 3),
        call(LONG, 2),
    ],
    np.resize: [
        call(M, (2, 3)),
        call(M, (5, 4)),
        call(V, 13),
        call(S, (2, 2)),
        call(M, ()),
        call(EMPTY, (2, 2)),
        call(INTS, 25),
    ],
}
