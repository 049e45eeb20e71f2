"""Calls of NumPy's reductions of the elements that are not NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import FLAGS, INTS, LONG, Call, M, S, T, V, call

HOLED = np.where(np.arange(24).reshape(2, 3, 4) % 5 == 1, np.nan, T)
GRID = np.where(np.arange(12).reshape(3, 4) % 5 == 1, np.nan, M)
ROW = np.where(np.arange(1001) % 7 == 3, np.nan, LONG)

FORMS = [
    call(ROW),
    call(V),
    call(HOLED, axis=(0, 2)),
    call(HOLED, axis=1, keepdims=True),
    call(GRID, axis=1),
    call(INTS, axis=0),
]

SAMPLES: dict[Any, list[Call]] = {
    np.nansum: [*FORMS, call(GRID, axis=0, where=FLAGS, initial=S), call(GRID, dtype=np.float32)],
    np.nanprod: [*FORMS[1:], call(GRID, axis=0, where=FLAGS, initial=S)],
    np.nanmean: [*FORMS, call(GRID, axis=1, where=INTS != 3), call(GRID, dtype=np.float32)],
    np.nanvar: [
        *FORMS,
        call(HOLED, axis=1, ddof=1),
        call(GRID, axis=1, correction=1, where=INTS != 3, keepdims=True),
        call(GRID, axis=0, mean=M[:1]),
    ],
    np.nanstd: [*FORMS[1:4], call(GRID, axis=1, ddof=1)],
    np.nanmax: [*FORMS, call(GRID, axis=0, where=FLAGS, initial=-9.0), call(GRID, initial=S)],
    np.nanmin: [*FORMS[1:], call(GRID, axis=0, where=FLAGS, initial=9.0)],
    np.nanargmax: [*FORMS[:2], *FORMS[3:]],
    np.nanargmin: FORMS[3:],
    np.nancumsum: [call(GRID), call(HOLED, axis=1), call(INTS, axis=0), call(GRID, dtype="f4")],
    np.nancumprod: [call(GRID), call(HOLED, axis=-1), call(INTS, axis=0)],
}
