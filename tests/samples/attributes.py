"""Calls of NumPy's questions about arrays, copies, and arrays like another."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import INTS, Call, M, S, V, array, by, call

SAMPLES: dict[Any, list[Call]] = {
    np.shape: [by(lambda x: x * np.shape(x)[0], V)],
    np.ndim: [by(lambda x: x * np.ndim(x), M)],
    np.size: [by(lambda x: x * np.size(x) + np.size(x, 1), M), by(lambda x: x * np.size(x, -1), M)],
    np.result_type: [by(lambda x: x.astype(np.result_type(x, np.float64)), V)],
    np.common_type: [by(lambda x: x.astype(np.common_type(x, np.ones(2))), V)],
    np.isrealobj: [by(lambda x: x * np.isrealobj(x), V)],
    np.iscomplexobj: [by(lambda x: x * np.iscomplexobj(x), V)],
    # What they give is a text that differs from NumPy's: test_arrays.py has it.
    np.array_repr: [],
    np.array_str: [],
    np.array2string: [],
    np.copy: [call(M), call(S), call(INTS, order="F"), by(lambda x: x.copy(), M)],
    np.zeros_like: [call(M), call(INTS), call(M, dtype=int), by(lambda x: np.zeros_like(x) + x, V)],
    np.ones_like: [call(M), by(lambda x: np.ones_like(x, shape=3) * x[:3], V)],
    np.empty_like: [by(lambda x: np.empty_like(x).size * x, V)],
    np.full_like: [
        call(M, 3),
        call(M, array(4)),
        call(M, S, shape=(2, 2)),
        call(INTS, S * 8),
        call(M, S, dtype=np.float32),
        by(lambda x: np.full_like(x, x[0]) * x, V),
        by(lambda x: np.full_like(x, [x[1], 2.0, x[0], 0.0, 1.0]), V),
    ],
}

if "astype" in vars(np):
    SAMPLES[np.astype] = [call(M, np.float32), call(M * 8, int), call(INTS, float, copy=False)]
