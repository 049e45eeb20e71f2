"""Calls of NumPy's reductions and running sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.pytree import flatten
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
        by(lambda x: x.sum(axis=-1), M),
    ],
    np.mean: [*axes(), call(INTS, axis=0), call(FLAGS), by(lambda x: x.mean(), M)],
    np.prod: [
        *axes(),
        *EMPTY_SUMS,
        call(INTS, axis=0),
        call(array(7)),
        call(np.array([2.0, 0.0, 3.0])),
        call(np.array([2.0, 0.0, 0.0, 3.0])),
        by(lambda x: x.prod(axis=0), M),
    ],
    np.var: [*axes(), call(T, axis=1, ddof=1), call(INTS), by(lambda x: x.var(axis=0), M)],
    np.std: [
        *[c for c in axes() if flatten(c.args)[0][0].size > 1 and c.kwargs.get("axis") != ()
          and c.args[0] is not ONE],
        call(ONE, axis=1),
        call(T, axis=(0, 1), ddof=1, keepdims=True),
    ],
    np.max: [*axes(), call(INTS, axis=1), call(FLAGS, axis=0), by(lambda x: x.max(1), M)],
    np.min: [*axes(), call(INTS, axis=1), call(FLAGS, axis=0), by(lambda x: x.min(1), M)],
    np.any: [*axes(), *EMPTY_SUMS, call(FLAGS, axis=0), by(lambda x: (x > 0).any(axis=0), M)],
    np.all: [*axes(), *EMPTY_SUMS, call(FLAGS, axis=0), by(lambda x: (x > -9).all(), M)],
    np.argmax: places(),
    np.argmin: places(),
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
        by(lambda x: x.cumsum(axis=0), M),
    ],
    np.count_nonzero: [call(INTS, axis=0), call(FLAGS), call(M, axis=1, keepdims=True)],
    np.diff: [call(V), call(M), call(M, axis=0), call(T, n=2, axis=1), call(V, n=0), call(LONG)],
}  # fmt: skip
