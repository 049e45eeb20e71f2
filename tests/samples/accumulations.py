"""Calls of NumPy's running sums and products."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import (
    EMPTY,
    FLAGS,
    INTS,
    LONG,
    ONE,
    THIN,
    WIDE,
    Call,
    M,
    S,
    T,
    V,
    array,
    by,
    call,
)
from samples.sorting import MANY

SAMPLES: dict[Any, list[Call]] = {
    np.cumsum: [
        call(S),
        call(V),
        call(M),
        call(M, axis=0),
        call(T, axis=-2),
        call(INTS, axis=1),
        call(FLAGS),
        call(EMPTY),
        call(THIN, axis=1),
        call(ONE, axis=1),
        call(LONG),
        call(WIDE, axis=0),
        call(M, axis=1, dtype=np.float32),
        by(lambda x: x.cumsum(axis=0), M),
    ],
    np.cumprod: [
        call(S),
        *(call(array(n)) for n in (1, 2, 4, 5, 6, 7, 9)),
        call(np.array([2.0, 0.0, 3.0, 0.0, 0.5, 1.5, 4.0])),
        call(M),
        call(T, axis=-2),
        call(INTS.astype(np.int32), axis=1),
        call(THIN, axis=1),
        call(WIDE / 2, axis=0),
        call(INTS, axis=1, dtype=np.float32),
    ],
    np.cumulative_sum: [call(V), call(M, axis=0, include_initial=True), call(INTS, axis=-1)],
    np.cumulative_prod: [call(V, include_initial=True), call(M, axis=1), call(INTS, axis=0)],
    # the methods of ufuncs
    np.multiply.accumulate: [call(M), call(M, axis=1), call(INTS)],
    np.maximum.accumulate: [call(V), call(M, axis=1), call(INTS, axis=1), call(MANY)],
    np.minimum.accumulate: [call(M, axis=1)],
    np.logaddexp.accumulate: [call(V), call(M, axis=-1)],
    np.subtract.accumulate: [call(M)],
    np.logaddexp.reduce: [
        call(V),
        call(T, axis=(0, 2)),
        call(M, axis=1, keepdims=True),
        call(LONG),
    ],
    np.hypot.reduce: [call(M, axis=(0, 1))],
    np.divide.reduce: [call(M)],
}
