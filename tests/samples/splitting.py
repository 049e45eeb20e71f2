"""Calls of NumPy's functions that cut arrays into pieces."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import EMPTY, INTS, LONG, THIN, Call, M, T, V, call

SAMPLES: dict[Any, list[Call]] = {
    np.split: [
        call(M, 2, axis=1),
        call(V, [1, 3]),
        call(V, [2, 2, 9]),
        call(T, [1, -1], -1),
        call(T, np.int64(2)),
        call(THIN, 3),
        call(INTS, np.array([1, 2]), axis=1),
    ],
    np.array_split: [
        call(V, 3),
        call(M, 2),
        call(V, 7),
        call(M, (1, 2), axis=1),
        call(EMPTY, 2),
        call(LONG, 4),
    ],
    np.hsplit: [call(M, 2), call(V, [2]), call(T, 3)],
    np.vsplit: [call(M, 3), call(T, [1])],
    np.dsplit: [call(T, 2), call(T, [1, 3])],
}

if "unstack" in vars(np):
    SAMPLES[np.unstack] = [call(M), call(T, axis=-1), call(V), call(THIN, axis=1)]
