"""Calls of NumPy's pad."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import EMPTY, INTS, LONG, ONE, THIN, WIDE, Call, M, S, T, V, W, by, call

SAMPLES: dict[Any, list[Call]] = {
    np.pad: [
        call(V, 2),
        call(M, ((1, 2), (0, 3))),
        call(T, (1, 0), "constant", constant_values=2.5),
        call(M, ((1,),), constant_values=((1, 2), (3, 4))),
        call(V, [2, 1], constant_values=W[:2]),
        call(EMPTY, 2),
        call(THIN, 1),
        call(S, 3),
        call(INTS, np.array([[1, 0], [2, 1]]), constant_values=1.7),
        call(WIDE, 1),
        by(lambda x: np.pad(x, 1, constant_values=x[0, 0]), M),
        call(M, (2, 1), "edge"),
        call(THIN, ((0, 0), (0, 0), (1, 1)), mode="edge"),
        call(M, (2, 3), "linear_ramp"),
        call(V, 3, "linear_ramp", end_values=(1.5, -2.0)),
        by(lambda x: np.pad(x, 2, "linear_ramp", end_values=x[1]), V),
        call(INTS, 3, "linear_ramp", end_values=9.5),
        call(M, 1, "maximum"),
        call(M, (1, 2), "minimum", stat_length=2),
        call(M, 1, "mean", stat_length=((2, 3), (1, 9))),
        call(INTS, 1, "mean"),
        call(M, 1, "median"),
        call(M, 2, "reflect"),
        call(V, (13, 6), "reflect"),
        call(V, (3, 11), "reflect", reflect_type="odd"),
        call(ONE, 2, "reflect"),
        call(M, (2, 1), "symmetric"),
        call(V, (12, 7), "symmetric", reflect_type="odd"),
        call(INTS, 2, "symmetric"),
        call(M, (1, 2), "wrap"),
        call(V, (12, 3), "wrap"),
        call(LONG, 40, "reflect"),
    ],
}

if np.lib.NumpyVersion(np.__version__) >= "2.3.0":  # where pad_width= may be a dict
    SAMPLES[np.pad] += [call(T, {-1: (1, 2), 0: 1}), call(M, {1: 2}, "edge")]
