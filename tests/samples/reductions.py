"""Calls of NumPy's reductions."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import (
    EMPTY,
    FLAGS,
    INTS,
    THIN,
    Call,
    M,
    S,
    T,
    array,
    axes,
    by,
    call,
    places,
)

EMPTY_SUMS = [call(EMPTY), call(THIN), call(THIN, axis=1), call(THIN, axis=(1, 2), keepdims=True)]

SAMPLES: dict[Any, list[Call]] = {
    np.sum: [
        *axes(),
        *EMPTY_SUMS,
        call(INTS, axis=0),
        call(INTS.astype(np.int32)),
        call(FLAGS),
        call(M, dtype=np.float32),
        call(M, axis=0, where=FLAGS, initial=S),
        call(T, where=FLAGS[0], initial=2.5, keepdims=True),
        call(INTS, axis=1, where=FLAGS, initial=3),
        by(lambda x: x.sum(axis=-1), M),
        by(lambda x: np.sum(x, axis=0, where=x > 0), M),
    ],
    np.prod: [
        *axes(),
        *EMPTY_SUMS,
        call(INTS, axis=0),
        call(array(7)),
        call(np.array([2.0, 0.0, 3.0])),
        call(np.array([2.0, 0.0, 0.0, 3.0])),
        call(M, axis=0, where=FLAGS, initial=S),
        call(INTS, axis=1, dtype=np.float32),
        by(lambda x: x.prod(axis=0), M),
    ],
    np.max: [
        *axes(),
        call(INTS, axis=1),
        call(FLAGS, axis=0),
        call(M, axis=0, where=FLAGS, initial=-9.0),
        call(T, axis=(0, 2), initial=S, keepdims=True),
        call(INTS, where=FLAGS, initial=-1),
        call(THIN, axis=1, initial=2.0),
        by(lambda x: x.max(1), M),
    ],
    np.min: [
        *axes(),
        call(INTS, axis=1),
        call(FLAGS, axis=0),
        call(M, axis=0, where=FLAGS, initial=9.0),
        by(lambda x: x.min(1), M),
    ],
    np.ptp: [call(M), call(T, axis=(0, 2)), call(T, 1, keepdims=True), call(INTS, axis=1)],
    np.any: [
        *axes(),
        *EMPTY_SUMS,
        call(FLAGS, axis=0),
        call(INTS, axis=1, where=FLAGS),
        by(lambda x: (x > 0).any(axis=0), M),
    ],
    np.all: [
        *axes(),
        *EMPTY_SUMS,
        call(FLAGS, axis=0),
        call(INTS, axis=1, where=FLAGS, keepdims=True),
        by(lambda x: (x > -9).all(), M),
    ],
    np.argmax: places(),
    np.argmin: places(),
    np.count_nonzero: [call(INTS, axis=0), call(FLAGS), call(M, axis=1, keepdims=True)],
}
