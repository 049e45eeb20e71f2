"""Calls of scipy.integrate."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.scipy import integrate
from samples.arrays import Call, M, T, V, array, by, call

X = np.array([0.25, 0.5, 1.25, 1.5, 2.75])


def _double(*arrays: Any) -> Any:
    """SciPy computes some of Simpson's rules in double precision, whatever it is given."""
    return integrate.simpson(*(x.astype(np.float64) for x in arrays))


SAMPLES: dict[Any, list[Call]] = {
    integrate.trapezoid: [call(V), call(M, dx=0.5, axis=0), call(V, X)],
    integrate.cumulative_trapezoid: [
        call(V), call(V, X, initial=0), call(T, axis=1), call(M, array(3, 4), axis=0),
    ],
    integrate.simpson: [
        call(V), call(M.T, dx=0.5, axis=0), by(_double, V, X), by(_double, array(6)),
        by(_double, V[:2]), by(_double, T, X[:4]),
    ],
}  # fmt: skip
