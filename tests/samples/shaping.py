"""Calls of NumPy's functions that reshape and join."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import EMPTY, INTS, LONG, ONE, THIN, WIDE, Call, M, S, T, V, W, array, by, call

SAMPLES: dict[Any, list[Call]] = {
    # shapes
    np.reshape: [
        call(M, (2, 6)),
        call(M, -1),
        call(M, (2, -1, 3)),
        call(M, (4, 3), order="F"),
        call(S, (1, 1)),
        call(array(1), ()),
        call(THIN, (0, 5)),
        call(WIDE, (53, 37)),
        by(lambda x: x.reshape(6, 2), M),
        by(lambda x: x.reshape((2, 6)), M),
        by(lambda x: x.flatten(), M),
    ],
    np.ravel: [call(M), call(S), call(T, order="F"), by(lambda x: x.ravel(), THIN)],
    np.transpose: [
        call(S),
        call(V),
        call(M),
        call(T, (1, 2, 0)),
        call(T, (-1, 0, 1)),
        call(THIN),
        call(WIDE),
        by(lambda x: x.T @ x, M),
        by(lambda x: x.transpose(1, 0, 2), T),
        by(lambda x: x.transpose(), T),
        by(lambda x: x.mT, T),
    ],
    np.matrix_transpose: [call(T)],
    np.swapaxes: [call(T, 0, 2), call(T, -1, 1), by(lambda x: x.swapaxes(0, 1), M)],
    np.moveaxis: [call(T, 0, -1), call(T, (0, 1), (2, 0)), call(T, [-1], [0])],
    np.squeeze: [call(ONE), call(ONE, axis=0), call(ONE, axis=(0, -1)), call(M), call(S)],
    np.expand_dims: [call(S, 0), call(M, -1), call(M, (0, 2)), call(M, 1)],
    np.broadcast_to: [
        call(S, (2, 3)),
        call(V, (4, 5)),
        call(ONE, (2, 1, 3, 4)),
        call(V, (0, 5)),
        call(array(1), 3),
    ],
    np.broadcast_arrays: [call(V, array(3, 1), S), call(M, M)],
    np.atleast_1d: [call(S), call(M), call(S, V)],
    np.atleast_2d: [call(S), call(V), call(T), call(S, V)],
    # joins
    np.concatenate: [
        call([V, W]),
        call([M, M], axis=1),
        call([T, array(2, 1, 4), T], axis=-2),
        call([M, S.reshape(1, 1)], axis=None),
        call([EMPTY, V]),
        call([M]),
        call([V, INTS[0]]),
        call([LONG, V]),
        call([WIDE, WIDE[:1]]),
        call(T),
        by(lambda x: np.concatenate([x, np.ones(2, np.float32)]), V),
    ],
    np.stack: [
        call([S, S, array()]),
        call([V, W]),
        call([M, M, M], axis=1),
        call([M, M], axis=-1),
        call([S]),
        call(M),
        by(lambda x: np.stack([x[0], 2.0, x[1]]), V),
        by(lambda x: np.array([x[0], x[1] * x[2]]), V),
        by(lambda x: np.array([[x[0], 1.0], [x[1], x[2]]]) @ x[:2], V),
    ],
    np.vstack: [call([V, W]), call([M, array(1, 4)]), call([S, S])],
    np.hstack: [call([V, W]), call([M, array(3, 1)]), call([S, S])],
    np.dstack: [call([V, W]), call([M, M]), call([S, T[:1, :1]])],
    np.column_stack: [call([V, W]), call([array(3), M])],
}  # fmt: skip
