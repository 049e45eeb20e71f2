"""Calls of NumPy's functions that apply a function to parts of an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import FLAGS, INTS, THIN, Call, M, T, V, call

SAMPLES: dict[Any, list[Call]] = {
    np.apply_along_axis: [
        call(np.sum, 0, V),
        call(lambda x: x[0] * x, 1, M),
        call(lambda x, k, power: k * x[:2] ** power, 1, T, 3.0, power=2),
        call(lambda x: np.outer(x, x), -2, T),
        call(lambda x: [x[0], 2.0], 0, M),
        call(np.sum, 1, INTS),
        call(np.any, 0, FLAGS),
        call(lambda x: 1.0 + np.sum(x), 1, THIN),
    ],
    np.apply_over_axes: [
        call(np.sum, T, [0, 2]),
        call(np.sum, T, -1),
        call(np.sum, M, (0, 1)),
        call(lambda x, axis: np.mean(x, axis, keepdims=True), T, 1),
        call(np.max, INTS, [1]),
    ],
}
