"""Calls of NumPy's operators, and dtypes that meet."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import (
    EMPTY,
    FLAGS,
    INTS,
    LONG,
    ONE,
    THIN,
    WIDE,
    Call,
    M,
    S,
    T,
    V,
    array,
    by,
    call,
)

SAMPLES: dict[Any, list[Call]] = {
    # powers by numbers, which become products
    np.power: [
        *(call(np.abs(V), k) for k in (-3, -1, 0, 1, 2, 3, 7, 8, 9, 0.5, -0.5, 2.5, 2.0)),
        *(call(V, k) for k in (-2, 0, 1, 2, 5, 8)),
        call(INTS, 3),
        call(INTS, 2.0),
        call(INTS, 11),
        call(2.0, V),
        call(3, V),
        by(lambda x: x**2 + x**-1 + 2**x, V),
        by(lambda x: 2.0 ** x[0] * x.sum() ** 3, LONG),
    ],
    # broadcasting of operands, and dtypes that meet
    np.add: [
        call(S, V), call(M, V[:4]), call(M, array(3, 1)), call(ONE, T[:, :1]), call(V, 2),
        call(V, INTS[0, :1]), call(array(3, 1), array(4)), call(EMPTY, S), call(THIN, array(2)),
        call(array(1), EMPTY), call(FLAGS, M), call(WIDE, LONG[:53]), call(array(37, 1), WIDE),
        by(lambda x: x + np.float32(2) + np.float64(3) + 1 + True, V),
        by(lambda x: -x + +x - abs(x) + x // 1 + x % 1, V),
        by(lambda x: divmod(x, 0.75), V),
        by(lambda x: 1 - x, V), by(lambda x: 1 / (3 + x), V), by(lambda x: [1.0, 2.0] * x[:2], V),
        by(lambda x: x.astype(int) + 1, V), by(lambda x: (x > 0) & (x < 1) | ~(x == 0), V),
    ],
}  # fmt: skip
