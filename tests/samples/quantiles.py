"""Calls of NumPy's medians, percentiles and quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.functions.reductions.quantiles import METHODS
from samples.arrays import FLAGS, INTS, ONE, Call, S, by, call
from samples.sorting import CUBE, GRID, MANY, ROW

HOLED_GRID = np.where(np.arange(12).reshape(3, 4) % 5 == 1, np.nan, GRID)
HOLED_CUBE = np.where(np.arange(30).reshape(2, 3, 5) % 7 == 1, np.nan, CUBE)
FRACTIONS = np.array([0.125, 0.65, 0.3])
WEIGHTS = np.arange(1.0, 13.0).reshape(3, 4) % 5 + 0.25

SAMPLES: dict[Any, list[Call]] = {
    np.median: [
        call(S),
        call(ROW),
        call(GRID),
        call(CUBE, axis=(0, 2), keepdims=True),
        call(GRID, axis=0),
        call(INTS, axis=1),
        call(FLAGS),
        call(ONE, axis=0),
        call(MANY),
    ],
    np.nanmedian: [
        call(HOLED_GRID),
        call(HOLED_CUBE, axis=(0, 2)),
        call(HOLED_CUBE, 1, keepdims=True),
        call(INTS),
    ],
    np.quantile: [
        *(call(GRID, [0.0, 0.3, 0.7, 1.0], axis=1, method=method) for method in METHODS),
        call(CUBE, 0.3, axis=(0, 2), keepdims=True),
        call(CUBE, [[0.3, 0.6]], axis=1),
        call(ROW, 1),
        call(INTS, [0, 1], axis=0),
        call(INTS, 0.3),
        call(INTS, 0.3, method="lower"),
        call(GRID, FRACTIONS),
        call(CUBE, FRACTIONS[1:2].reshape(()), axis=0),
        call(MANY, np.linspace(0, 1, 20).tolist()),
        call(GRID, 0.4, weights=WEIGHTS, method="inverted_cdf"),
        call(GRID, FRACTIONS, axis=0, weights=WEIGHTS[:, 0], method="inverted_cdf"),
        by(lambda x: np.quantile(x, [0.2, x[0] ** 2 / 9]), ROW),
    ],
    np.percentile: [call(GRID, 30, axis=0), call(ROW, [10.0, 95.0]), call(ROW, 100 * FRACTIONS)],
    np.nanquantile: [
        call(HOLED_GRID, 0.3, axis=1),
        call(HOLED_GRID, 0.3, axis=1, method="closest_observation"),
        call(HOLED_GRID, 0.3, axis=1, method="hazen"),
        call(HOLED_CUBE, [0.25, 0.6], axis=(0, 2), keepdims=True),
        call(HOLED_GRID, FRACTIONS, axis=0),
        call(INTS, 0.3, axis=0),
        call(HOLED_GRID, 0.4, weights=WEIGHTS, method="inverted_cdf"),
    ],
    np.nanpercentile: [call(HOLED_GRID, 30, axis=0), call(HOLED_GRID, [30.0, 60.0])],
}
