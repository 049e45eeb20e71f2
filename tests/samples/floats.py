"""Calls of NumPy's ufuncs of numbers' digits."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from samples.arrays import FLAGS, INTS, LONG, Call, M, S, V, W, by, call


def _fix(x: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # NumPy's own, since 2.5
        return np.fix(x)


SAMPLES: dict[Any, list[Call]] = {
    np.fix: [by(_fix, 3 * M), by(_fix, S), by(_fix, INTS), by(_fix, FLAGS)],
    np.ldexp: [
        call(V, 3),
        call(M, INTS),
        call(2.0, INTS),
        by(lambda x: np.ldexp(x, np.array([1, -1, 0, 4, 2], np.int32)), V),
    ],
    np.nextafter: [call(M, 0.0), call(V, W), call(INTS, 3)],
    np.frexp: [call(M), call(INTS), by(lambda x: np.frexp(100 * x)[0], LONG)],
}
