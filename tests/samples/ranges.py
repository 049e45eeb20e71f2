"""Calls of NumPy's evenly spaced numbers and grids."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import EMPTY, INTS, Call, M, S, V, W, array, by, call

P, R = np.abs(array(3)), np.abs(array(3)) + 2

SAMPLES: dict[Any, list[Call]] = {
    np.linspace: [
        call(S, 2.0),
        call(V, W, 4),
        call(M, M[0], 3, axis=-1),
        call(0.0, V[:, None], 5, endpoint=False, axis=1),
        by(lambda x, y: np.linspace(x, y, num=1, retstep=True)[0], S, M),
        call(V, 1, 6, retstep=True, endpoint=False),
        call(V, W, 0),
        call(EMPTY, 1.0, 3),
        call(V, W, 3, dtype=np.float32),
        call(V * 20, 3, 5, dtype=int),
        call(INTS, 9, 3),
        call(S, 3.0, 2001),
    ],
    np.logspace: [
        call(S, 2.0, 5),
        call(V, W, 4, axis=-1),
        call(V, 1, 3, endpoint=False, base=2.0),
        call(V[0], W[0], 3, base=P),
        call(V[:3], W[:3], 4, base=P, axis=1),
        call(INTS / 7, 2, 3, dtype=np.float32),
    ],
    np.geomspace: [
        call(P, R, 4),
        call(-P, -R, 3, axis=1),
        call(P[0], 5.0, 6, endpoint=False),
        call(P, R, 1),
        call(P, R, 2, dtype=np.float32),
    ],
    np.meshgrid: [
        call(V, W[:3]),
        call(V, W[:3], indexing="ij"),
        call(V[:2], S, [1.0, 2.0, 3.0], sparse=True),
        call(V, W, M[0, :2], copy=False),
        call(V),
        call(EMPTY, V),
        by(lambda x: [x[0] * g for g in np.meshgrid(x, np.arange(3), indexing="ij")], V),
    ],
}
