"""Calls of scipy.spatial.distance."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.scipy.spatial import distance
from samples.arrays import Call, V, W, array, call

A, B = array(4, 3), array(2, 3)
_METRICS = ("euclidean", "sqeuclidean", "cityblock", "cosine", "correlation", "minkowski",
            "chebyshev", "canberra", "braycurtis")  # fmt: skip
P, Q = np.abs(V) / np.sum(np.abs(V)), np.abs(W) / np.sum(np.abs(W))

SAMPLES: dict[Any, list[Call]] = {
    distance.cdist: [*(call(A, B, metric) for metric in _METRICS)],
    distance.pdist: [*(call(A, metric) for metric in _METRICS)],
    distance.squareform: [call(array(6))],
    **{getattr(distance, name): [call(V, W)] for name in _METRICS},
    distance.seuclidean: [call(V, W, np.abs(array(5)))],
    distance.mahalanobis: [call(V, W, np.eye(5) + 0.5)],
    distance.jensenshannon: [call(P, Q)],
}  # fmt: skip
