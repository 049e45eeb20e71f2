"""Calls of NumPy's ufuncs of whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import FLAGS, INTS, Call, M, by, call

SMALL = np.arange(12, dtype=np.int32).reshape(3, 4) - 5
HUGE = np.array([0, 1, -1, 63, -(2**62) - 1, 2**63 - 1, -(2**63) + 1])

SAMPLES: dict[Any, list[Call]] = {
    np.power: [
        call(INTS, INTS),
        call(3, INTS),
        call(INTS, 70),
        call(SMALL, SMALL % 8),
        call(INTS - 3, INTS * 20),
        call(INTS, FLAGS),
        call(SMALL, 41),
        by(lambda x: x * INTS**INTS, M),
    ],
    np.gcd: [call(INTS, 12), call(SMALL, SMALL[::-1] * 6), call(HUGE, HUGE[::-1].copy())],
    np.lcm: [call(INTS, 12), call(SMALL, INTS)],
    np.left_shift: [call(HUGE, 3), call(INTS, HUGE[:4]), call(SMALL, np.int32(31))],
    np.right_shift: [call(HUGE, 62), call(SMALL, SMALL + 28), call(-INTS, INTS)],
}
