"""Calls of NumPy's functions that take elements at given places."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import FLAGS, INTS, LONG, PLACES, THIN, WIDE, Call, M, S, T, V, by, call

SAMPLES: dict[Any, list[Call]] = {
    np.take: [
        call(V, 3),
        call(V, -1),
        call(M, [1, 5, 5]),
        call(M, PLACES, axis=0),
        call(T, np.array([0, 2, 0]), axis=-2),
        call(T, [[1, 99], [-7, 0]], 1, mode="clip"),
        call(M, [True, False, True]),
        call(M, np.array([5, -9, 2]), axis=1, mode="wrap"),
        call(THIN, [], 0),
        call(LONG, np.arange(0, 1001, 3)),
        by(lambda x: x.take([0, 1], axis=1), M),
        by(lambda x: np.take(x, np.argsort(x) * 2, mode="clip"), V),
    ],
    np.take_along_axis: [
        call(M, PLACES[:, :1].repeat(3, 0)[:3], 1),
        call(M, np.array([[0, -1, 2, 0]]), axis=0),
        call(T, np.array([[[1], [0], [3]]]), axis=-1),
        call(M, np.array([7, -2]), axis=None),
        call(M[:1], PLACES, 1),
        call(M, np.zeros((3, 0), int), 1),
        by(lambda x: np.take_along_axis(x, np.argsort(x, axis=1), 1), M),
        by(lambda x: np.take_along_axis(x, np.argmax(x, 0, keepdims=True), 0), WIDE),
    ],
    np.compress: [
        call([True, False, True], M, axis=0),
        call(FLAGS[:, 0], M, 0),
        call([0, 1, 1, 0, 0, 0, 0, 1], M),
        call([0, 1], T, axis=-1),
        call([], THIN, axis=0),
        by(lambda x: np.compress(x[0] > 0, x, axis=1), M),
    ],
    np.extract: [
        call(FLAGS, M),
        call([1, 0, 1], M),
        by(lambda x: np.extract(x > 0, x) ** 2, LONG),
        call(FLAGS, INTS),
    ],
    np.choose: [
        call(INTS % 3, [M, 2.0, M[0]]),
        call(INTS, [M, S], mode="wrap"),
        call(INTS - 1, (M, S, INTS), mode="clip"),
        call([1, 0, 1, 1], M[:2]),
        call(FLAGS, [M, INTS]),
        by(lambda x: np.choose((x > 0).astype(int), [x, x**2]), LONG),
    ],
}  # fmt: skip

if np.lib.NumpyVersion(np.__version__) >= "2.3.0":  # where the axis may be left out
    SAMPLES[np.take_along_axis] += [call(T, np.array([[[1], [0], [3]]]))]
