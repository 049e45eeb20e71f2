"""Calls of NumPy's functions that add elements and remove them."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import EMPTY, INTS, LONG, Call, M, S, T, V, W, array, by, call

GAPS = np.array([[0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 1.0, 1.0, 0.0]])
"""Zeros that stay where they are when an array is multiplied by them."""

SAMPLES: dict[Any, list[Call]] = {
    np.append: [
        call(V, W),
        call(V, 2.5),
        call(M, array(1, 4), axis=0),
        call(T, T[:, :1], axis=-2),
        call(M, M),
        call(INTS, S),
        call([1, 2], S),
    ],
    np.insert: [
        call(V, 1, S),
        call(V, -2, W[:2]),
        call(M, 4, S),
        call(M, 1, W[:4], axis=0),
        call(M, 1, W[:3], axis=1),
        call(M, [1], array(3, 1), axis=1),
        call(M, [0, 2], array(3, 2), axis=1),
        call(M, [2, 0, 2], array(3, 4), axis=0),
        call(V, slice(0, 4, 2), W[:2]),
        call(V, np.array([0, 5, 1]), 7.0),
        call(V, [], S),
        call(T, 2, array(2, 4), axis=1),
        call(INTS, 1, 9, axis=0),
        call(LONG, np.arange(0, 1001, 10), 0.5),
        by(lambda x: np.insert(x, np.argmax(x), x.sum()), V),
        by(lambda x: np.insert([1.0, 2.0], 1, x), V),
    ],
    np.delete: [
        call(V, 1),
        call(V, -1),
        call(M, 4),
        call(M, 1, axis=0),
        call(M, [0, -1], axis=1),
        call(T, slice(None, None, 2), axis=-1),
        call(V, slice(3, 0, -1)),
        call(V, np.array([True, False, True, False, False])),
        call(V, []),
        call(V, [0, 1, 2, 3, 4]),
        call(INTS, 2, 1),
        call(LONG, np.arange(0, 1001, 7)),
        by(lambda x: np.delete(x, np.argmin(x)) ** 2, V),
    ],
    np.trim_zeros: [
        by(lambda x: np.trim_zeros(x * GAPS[1]), M[1]),
        by(lambda x: np.trim_zeros(x * GAPS[2], "f"), M[2]),
        by(lambda x: np.trim_zeros(x * GAPS[2], trim="b"), M[2]),
        call(EMPTY),
        call(np.array([0, 0, 3, 0, 1, 0])),
    ],
}

if np.lib.NumpyVersion(np.__version__) >= "2.2.0":  # where axis= is new
    SAMPLES[np.trim_zeros] += [
        by(lambda x: np.trim_zeros(x * GAPS), M),
        by(lambda x: np.trim_zeros(x * GAPS, axis=0), M),
    ]

if np.lib.NumpyVersion(np.__version__) >= "2.3.0":  # where it may be several
    SAMPLES[np.trim_zeros] += [by(lambda x: np.trim_zeros(x * GAPS, "F", axis=(0, -1)), M)]
