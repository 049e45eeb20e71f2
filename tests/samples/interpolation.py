"""Calls of np.interp."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import EMPTY, INTS, Call, M, S, V, W, array, by, call

KNOTS = np.array([-1.5, -0.5, 0.125, 0.875, 2.125])
GRID = np.arange(101.0)
BETWEEN = (np.arange(1000) * 37 % 100) + 0.375

SAMPLES: dict[Any, list[Call]] = {
    np.interp: [
        call(V, KNOTS, W),
        call(S, KNOTS, W),
        call(M, KNOTS, W, left=S, right=2.0),
        call(INTS, KNOTS, W, -1),
        call(V, [0, 1, 2, 4, 8], INTS.ravel()[:5]),
        call(V, KNOTS[:2], W[:2]),
        call(V, KNOTS[:1], W[:1]),
        call(EMPTY, KNOTS, W),
        call(3 * V, KNOTS, W, period=4.0),
        call(V, W, V, period=array(1)[0] + 3),
        call(BETWEEN, GRID, array(101)),
        by(lambda x: np.interp(np.array([-9.0, -0.4, 0.3, 1.0, 9.0]), x, x**2), KNOTS),
    ],
}
