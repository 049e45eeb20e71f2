"""Calls of NumPy's searches in sorted arrays, and of its counts in bins."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import EMPTY, FLAGS, INTS, LONG, Call, M, S, V, W, by, call

ASCENDING = np.sort(V)
EDGES = [-2.0, -0.5, -0.5, 0.0, 1.0, 3.0]
APART = [-2.0, -0.5, 0.0, 1.0, 3.0]
WEIGHTS = np.abs(M)

SAMPLES: dict[Any, list[Call]] = {
    np.searchsorted: [
        call(ASCENDING, M),
        call(ASCENDING, ASCENDING, side="right"),
        call(ASCENDING, S),
        call(V, W, sorter=np.argsort(V)),
        call(np.sort(INTS[0]), INTS, side="right"),
        call([0.0, 1.0, np.nan], np.array([-1.0, 0.0, np.nan, 2.0])),
        call(EMPTY, V),
        call(np.sort(LONG), LONG),
        by(lambda x: x[np.searchsorted(x, 0.25)], ASCENDING),
    ],
    np.digitize: [
        call(M, EDGES),
        call(M, ASCENDING, right=True),
        call(M, ASCENDING[::-1]),
        call(INTS, [2, 4]),
    ],
    np.bincount: [
        call(INTS[0]),
        call(INTS[0], np.abs(V[:4])),
        call(INTS[0].astype(np.int32), np.arange(4), minlength=9),
        call(INTS[0, :0], minlength=2),
        call(FLAGS[0]),
        call(np.arange(1001) % 7, LONG),
    ],
    np.histogram: [
        call(M),
        call(M, 3, weights=WEIGHTS),
        call(V, EDGES),
        call(V, 4, (-1.0, 1.5)),
        call(M, 3, density=True),
        by(lambda x: np.histogram(x, APART, weights=WEIGHTS, density=True), M),
        call(INTS, 3),
        call(EMPTY, 2),
        call(S, 2),
        by(lambda w: np.histogram(LONG, 9, weights=w)[0], np.abs(LONG)),
        by(lambda x, low: np.histogram(x, 3, (low, 2.0), density=True), V, np.array(-1.5)),
    ],
    np.histogram_bin_edges: [call(M, 3), call(V, EDGES), call(V, 2, (0.0, 1.0)), call(INTS)],
    np.histogramdd: [
        call([V, W], 2),
        call(M.T, [2, APART, 1], density=True, weights=np.abs(V[:4])),
        call(M.T, 2, range=[(-3.0, 3.0), None, (-1.0, 2.0)]),
    ],
    np.histogram2d: [
        call(V, W, 3, weights=np.abs(V)),
        call(V, W, [2, 3], density=True),
        call(V, W, EDGES),
        call(V, W, [EDGES, 2], [None, (-2.0, 2.0)]),
    ],
}
