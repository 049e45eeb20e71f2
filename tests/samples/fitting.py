"""Calls of NumPy's polynomials that need linear algebra."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import Call, V, array, by, call

POINTS = np.array([-1.0, -0.5, 0.25, 0.75, 1.5, 2.0])


def _double(function: Any) -> Any:
    """NumPy fits in double precision, whatever it is given."""
    return lambda *arrays: function(*(x.astype(np.float64) for x in arrays))


SAMPLES: dict[Any, list[Call]] = {
    np.polyfit: [
        by(_double(lambda x, y: np.polyfit(x, y, 2)), POINTS, array(6)),
        by(_double(lambda y: np.polyfit(POINTS, y, 1)), array(6, 2)),
        by(_double(lambda x, y, w: np.polyfit(x, y, 1, w=w)), POINTS, array(6), POINTS + 2),
    ],
    np.roots: [
        by(lambda x: np.sort(np.roots(np.concatenate([np.ones(1, x.dtype), x]))), np.array(c))
        for c in ([-6.0, 11.0, -6.0], [0.5, -3.0], [2.0])
    ],
    np.poly: [
        call(V),
        call(array(1)),
        by(lambda x: np.poly(x @ x.T + np.diag([0, 9])), array(2, 2)),
    ],
}
