"""Calls of np.i0."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import INTS, LONG, Call, M, S, call

SAMPLES: dict[Any, list[Call]] = {
    np.i0: [
        call(M),
        call(S),
        call(INTS),
        call(np.array([0.0, 0.5, -7.75, 12.0])),
        call(LONG),
    ],
}
