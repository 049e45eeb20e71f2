"""Calls of NumPy's functions that choose, round and fill."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import FLAGS, INTS, LONG, Call, M, S, V, array, by, call

SAMPLES: dict[Any, list[Call]] = {
    # choices
    np.where: [
        call(FLAGS, M, M * 2),
        call(FLAGS, S, array(4)),
        call(INTS, M, 0.0),
        call(FLAGS[:, :1], M, INTS),
        by(lambda x: np.where(x > 0, x, -2 * x), M),
        by(lambda x: np.where(x > 0, np.log(np.abs(x)), 0.0), LONG),
        by(lambda x: np.where(x > 0, 1, 0), M),
    ],
    np.clip: [
        call(M, -0.5, 0.5),
        call(M, None, 0.25),
        call(M, array(4), None),
        call(M, -1.0, array(3, 1)),
        call(INTS, 2, 4),
        by(lambda x: x.clip(-0.5, 0.5), LONG),
    ],
    np.nan_to_num: [
        call(M),
        call(INTS),
        by(lambda x: np.nan_to_num(x / np.where(FLAGS, 0.0, 1.0), posinf=3.0, neginf=2.0), M),
        by(lambda x: np.nan_to_num(np.where(FLAGS, np.nan, x), nan=7.0), M),
    ],
    np.sinc: [call(M), call(S), call(np.array([0.0, 1e-3, 0.0099, 0.0101, 1.0])), call(LONG)],
    np.round: [
        call(M),
        call(array(3) * 2**9, -1),
        call(np.array([1.21875, -3.125, 7.0]), 1),
        call(INTS),
        by(lambda x: x.round(), M),
    ],
    np.copy: [call(M), by(lambda x: x.copy(), M)],
    # constants of the same shape
    np.zeros_like: [call(M), call(INTS), call(M, dtype=int), by(lambda x: np.zeros_like(x) + x, V)],
    np.ones_like: [call(M), by(lambda x: np.ones_like(x, shape=3) * x[:3], V)],
    np.empty_like: [by(lambda x: np.empty_like(x) * 0 + x, V)],
    np.full_like: [call(M, 3), by(lambda x: np.full_like(x, x[0]) * x, V)],
    np.shape: [by(lambda x: x * np.shape(x)[0], V)],
    np.ndim: [by(lambda x: x * np.ndim(x), M)],
    np.size: [by(lambda x: x * np.size(x) + np.size(x, 1), M)],
    np.result_type: [by(lambda x: x.astype(np.result_type(x, np.float64)), V)],
}  # fmt: skip
