"""Calls of NumPy's means, variances and covariances."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.pytree import flatten
from samples.arrays import (
    FLAGS,
    INTS,
    LONG,
    ONE,
    WIDE,
    Call,
    M,
    N,
    T,
    V,
    W,
    array,
    axes,
    by,
    call,
)

COUNTS = np.array([1, 3, 2, 4])
RELATIVE = [0.5, 1.0, 2.0, 0.25]

SAMPLES: dict[Any, list[Call]] = {
    np.mean: [
        *axes(),
        call(INTS, axis=0),
        call(FLAGS),
        call(INTS, axis=1, dtype=int),
        call(M, dtype=np.float32),
        call(M, axis=1, where=FLAGS | (INTS > 4)),
        call(T, axis=(0, 2), where=FLAGS, keepdims=True),
        by(lambda x: x.mean(), M),
    ],
    np.var: [
        *axes(),
        call(T, axis=1, ddof=1),
        call(INTS),
        call(M, axis=1, where=INTS > 0),
        call(T, axis=0, mean=array(1, 3, 4)),
        call(M, axis=1, correction=1, keepdims=True),
        call(M, dtype=np.float32),
        by(lambda x: x.var(axis=0), M),
    ],
    np.std: [
        *[
            c
            for c in axes()
            if flatten(c.args)[0][0].size > 1
            and c.kwargs.get("axis") != ()
            and c.args[0] is not ONE
        ],
        call(ONE, axis=1),
        call(T, axis=(0, 1), ddof=1, keepdims=True),
        call(T, axis=-1, where=INTS > 0),
    ],
    np.average: [
        call(M),
        call(T, axis=(0, 1), keepdims=True),
        call(M, weights=np.abs(M), returned=True),
        call(M, axis=1, weights=np.abs(V[:4])),
        call(T, axis=(2, 0), weights=np.abs(array(4, 2)), returned=True),
        call(INTS, axis=0, weights=np.abs(V[:3]), keepdims=True),
        call(INTS, returned=True),
        call(LONG, weights=np.abs(LONG)),
    ],
    np.cov: [
        call(V),
        call(M),
        call(V, W),
        call(M.T, N, rowvar=False),
        call(M, V[:4], bias=True),
        call(M, ddof=2),
        call(M, fweights=COUNTS),
        call(M, aweights=RELATIVE),
        call(M, fweights=COUNTS, aweights=RELATIVE, ddof=0),
        by(lambda x, w: np.cov(x, aweights=w, ddof=0), M, np.abs(V[:4])),
        call(INTS, dtype=np.float32),
        call(WIDE[:4]),
    ],
    np.corrcoef: [call(V), call(V, W), call(M), call(M, rowvar=False), call(INTS, V[:4])],
}
