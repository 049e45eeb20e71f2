"""Calls of NumPy's differences, gradients on grids, integrals of samples, and unwrapped phases."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import (
    EMPTY,
    FLAGS,
    INTS,
    LONG,
    ONE,
    THIN,
    WIDE,
    Call,
    M,
    N,
    S,
    T,
    V,
    array,
    by,
    call,
)

UP = np.array([-1.0, -0.5, 0.75, 1.0, 2.5])
"""Coordinates that rise, of as many points as V."""

TURNS = np.array([0.5, 3.0, 5.5, -0.25, -3.5, 9.0, 10.0])

SAMPLES: dict[Any, list[Call]] = {
    np.diff: [
        call(V),
        call(M, 2),
        call(T, axis=0),
        call(V, 0),
        call(V, 7),
        call(EMPTY),
        call(THIN, axis=0),
        call(FLAGS),
        call(INTS, n=2, axis=0),
        call(M, prepend=S, append=array(3, 2)),
        call(M, 2, 0, 1, M[:1]),
        call(INTS, append=V[:3, None]),
        call(LONG),
    ],
    np.ediff1d: [
        call(V),
        call(M, to_end=S, to_begin=N),
        call(INTS, to_begin=[7, 8]),
        call(EMPTY, 1.0),
        call(LONG),
    ],
    np.gradient: [
        call(V),
        call(V, 0.5),
        call(V, S),
        call(V, UP),
        call(V, UP, edge_order=2),
        call(V[:2]),
        call(V[:2], UP[:2]),
        call(V[:3], UP[:3], edge_order=2),
        call(M, edge_order=2),
        call(M, S, 2.0, edge_order=2),
        call(M, UP[:3], UP[1:]),
        call(INTS, np.array([1, 2, 4]), 2, edge_order=2),
        call(T, UP[:3], axis=1),
        call(T, axis=(0, -1)),
        call(M, UP[:3], S, axis=(0, 1)),
        call(LONG),
        by(lambda x, y: np.gradient(x, np.cumsum(np.abs(y)), axis=1, edge_order=2), WIDE, WIDE[0]),
        by(lambda x: np.gradient(x, UP.astype(np.float32)), V),
    ],
    np.trapezoid: [
        call(V),
        call(V, UP),
        call(V, dx=S),
        call(M, dx=0.5, axis=0),
        call(M, UP[1:]),
        call(M, UP[:3], axis=0),
        call(T, T * 2, axis=1),
        call(INTS),
        call(INTS, [1, 2, 4, 8]),
        call(FLAGS),
        call(V[:1]),
        call(EMPTY),
        call(LONG, np.sort(LONG)),
        by(lambda x: np.trapezoid([1, 2, 5], x), V[:3]),
    ],
    np.unwrap: [
        call(TURNS),
        call(3 * M, axis=0),
        call(2 * TURNS, 4.0),
        call(V, period=1.25),
        call(TURNS, period=array(1)[0] + 4),
        call(np.array([1, 2, 7, 3, 9, 0, 1]), period=4),
        call(np.array([1, 2, 7, 3, 9, 0, 1]), period=5),
        call(V[:1]),
        call(ONE, axis=1),
        call(5 * LONG),
    ],
}
