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
    np.select: [
        call([FLAGS, INTS > 3], [M, array(4)], S),
        call([FLAGS, ~FLAGS], [M, M**2]),
        call([FLAGS], [S], 1),
        by(lambda x: np.select([x > 1, x > 0], [np.log(x), x**2], np.exp(x)), M),
        by(lambda x: np.select([x > 0, x < 0], [1, -1]), M),
        by(lambda x: np.select([x[0] > 0, x[:, :1] > 0], [x, 2.0]), M),
    ],
    np.piecewise: [
        by(lambda x: np.piecewise(x, [x < 0, x >= 0], [np.exp, np.log1p]), M),
        by(lambda x: np.piecewise(x, [x > 0], [np.log, 2.0]), LONG),
        by(lambda x: np.piecewise(x, x > 0, [np.sqrt, lambda v: -v]), V),
        by(lambda x: np.piecewise(x, [x < 0, x < 1], [np.sin, 3]), M),
        by(lambda x: np.piecewise(x, [x < 0], [lambda v, a, b=1.0: a * v + b], 3.0, b=2.0), M),
        by(lambda x: np.piecewise(x, [x < 0, x >= 0], [-1.0, np.cos]), S),
        by(lambda x: np.piecewise(x, [True, False, True, False, True], [np.sin, np.cos]), V),
        by(lambda x: np.piecewise(x, [x > 2], [7.9, lambda v: v / 2]), INTS),
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
        call(M + 1j * M[::-1]),
        by(lambda x: np.nan_to_num(x / np.where(FLAGS, 0.0, 1.0), posinf=3.0, neginf=2.0), M),
        by(lambda x: np.nan_to_num(np.where(FLAGS, np.nan, x), nan=7.0), M),
    ],
    np.sinc: [call(M), call(S), call(np.array([0.0, 1e-3, 0.0099, 0.0101, 1.0])), call(LONG)],
    np.round: [
        call(M),
        call(array(3) * 2**9, -1),
        call(np.array([1.21875, -3.125, 7.0]), 1),
        call(INTS * 5 - 20, -1),
        call(M + 1j * M[::-1], 1),
        call(INTS),
        by(lambda x: x.round(), M),
    ],
}  # fmt: skip
