"""Calls of NumPy's polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import EMPTY, INTS, LONG, Call, M, S, V, W, array, by, call

LEADING = np.array([0.0, 0.0, 1.5, -2.0])

SAMPLES: dict[Any, list[Call]] = {
    np.polyval: [
        call(V, S),
        call(V, M),
        call(M, array(4)),
        call([1, 2, 3], V),
        call(V, INTS),
        call(INTS[0], [1, 2]),
        call(EMPTY, V),
        call([S, 2.0], V),
        call(V, LONG),
        by(lambda x: np.polyval([1, 2, 3], x), V),
    ],
    np.polyadd: [call(V, W), call(V, W[:2]), call(V[:1], [1, 2, 3]), call(S, V), call(EMPTY, V)],
    np.polysub: [call(V, W), call(V, W[:2]), call(INTS[0], INTS[1, :2]), call(S, V)],
    np.polymul: [
        call(V, W[:2]),
        call(S, V),
        call([1, -1], V),
        call(INTS[0], INTS[1]),
        by(lambda x: np.polymul(LEADING, x), V),
        by(lambda x: np.polymul(np.concatenate([[0, 0], x]), x[1:]), V),
        by(lambda x: np.polymul([0.0, 0.0], x), V),
    ],
    np.polyder: [call(V), call(V, 2), call(V, 0), call(V[:1]), call(V, 9), call(INTS[0])],
    np.polyint: [
        call(V),
        call(V, 3),
        call(V, 2, k=S),
        call(V, 2, [3, 4.0]),
        call(V, 2, k=W),
        call(V, 0),
        call(INTS[0]),
        call(EMPTY, 2),
    ],
    np.vander: [
        call(V),
        call(V, 3),
        call(V, 7, increasing=True),
        call(V, 0),
        call(V, 1),
        call(INTS[0]),
        call(EMPTY, 3),
        call(LONG[:40], 4),
    ],
}
