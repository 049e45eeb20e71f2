"""Calls of NumPy's comparisons of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import EMPTY, INTS, LONG, Call, M, S, V, W, by, call

HOLES = np.array([1.0, np.nan, np.inf, -np.inf, 3.0])
NEAR = HOLES * (1 + 2.0**-18)
Z = M + 1j * np.where(M > 0, M, 0.0)

SAMPLES: dict[Any, list[Call]] = {
    np.array_equal: [
        by(lambda x: np.array_equal(x, x), M),
        by(lambda x: np.array_equal(x, x[0]), M),
        by(lambda x: np.array_equal(x, np.where(x > 0, np.nan, x), equal_nan=True), V),
        by(lambda x: np.array_equal(x, x, equal_nan=True), HOLES),
        call(INTS, INTS),
        by(lambda x: x * 2 if np.array_equal(x, [1.0]) else x**2, V),
    ],
    np.array_equiv: [
        by(lambda x: np.array_equiv(x[0], x[:1]), M),
        by(lambda x: np.array_equiv(x, x[:, :2]), M),
        call(INTS, INTS[0]),
    ],
    np.isclose: [
        call(V, W),
        by(lambda x: np.isclose(x, NEAR), HOLES),
        by(lambda x: np.isclose(x, NEAR, equal_nan=True, rtol=1e-7), HOLES),
        call(M, M[0], rtol=0.5, atol=0.25),
        call(INTS, 3),
        call(LONG, 1.0, 0.0, 0.5),
    ],
    np.allclose: [
        by(lambda x: np.allclose(x, x + 1e-7), M),
        by(lambda x: np.allclose(x, NEAR, equal_nan=True), HOLES),
        call(EMPTY, S),
    ],
    np.isin: [
        call(INTS, [1, 3, 5]),
        call(INTS, INTS[0], invert=True),
        by(lambda x: np.isin(np.rint(x), [1.0, -1.0]), LONG),
        by(lambda x: np.isin([0.0, 1.0], np.rint(x)), V),
        call(V, []),
        by(lambda x: np.where(np.isin(np.rint(x), [1, 0]), x, 2 * x), M),
    ],
    np.isreal: [call(M), call(Z), call(INTS)],
    np.iscomplex: [call(M), call(Z)],
}
