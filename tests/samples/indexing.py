"""Calls of NumPy's indexing."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from samples.arrays import FLAGS, INTS, LONG, PLACES, THIN, WIDE, Call, M, S, T, V, by, call

SAMPLES: dict[Any, list[Call]] = {
    operator.getitem: [
        *(
            call(V, key)
            for key in (
                2, -1, np.int64(3), slice(None), slice(1, 4), slice(None, None, -1),
                slice(4, 0, -2), slice(-2, 99), slice(3, 3), slice(-1, 0),
                None, ..., (), (None, 1), (..., 1),
                [0, 3, 3], np.array([4, -5, 0]), PLACES, np.array([], int), [], np.array(2),
                np.array([True, False, True, True, False]), True, False,
                [True, False, True, True, False],
            )
        ),
        *(
            call(T, key)
            for key in (
                1, -2, (1, 2), (1, 2, 3), (..., 0), (0, ..., 0), (slice(None), 1),
                (slice(None), slice(None, None, -2), slice(3, 0, -1)), (None, 0, None, ..., None),
                (slice(0), 1), (slice(None), [2, 0, 0]), (slice(None), slice(None), PLACES),
                ([0, 1], [2, -1]), ([0, 1], slice(None), [3, 0]), ([[0], [1]], [0, 1, 2]),
                (0, [1, 2]), (0, slice(None), [1, 3]), ([1, 0], 2),
                (PLACES[:, :1] % 2, ..., PLACES),
                (slice(None), [0, 1], [1, 2]), (slice(None), 1, [1, 2]), ([0, 1], None, [0, 1]),
                (None, [1, 1, 0]), (slice(None, None, -1), [0, 2], slice(1, 3)),
                (slice(None), None, [0, 2], [1, 1]), ([0], [0], [0]),
                np.arange(24).reshape(2, 3, 4) % 2 == 0,
                (slice(None), FLAGS), (np.array([True, False]), slice(None), [1, 2, 0]),
                (0, FLAGS), (..., np.array([True, False, True, True])), (FLAGS[:2, :3], 1),
                (np.zeros((2, 3), bool), slice(1, 3)), (..., None, PLACES), (1, ..., [1, 2]),
            )
        ),
        call(S, ()),
        call(S, None),
        call(S, ...),
        call(THIN, (slice(1, 3), [], 0)),
        call(THIN, ([0, 1], slice(None), 1)),
        call(INTS, (slice(None), [0, 1])),
        call(LONG, slice(None, None, -3)),
        call(WIDE, (slice(2, 30, 4), slice(None, None, -1))),
        call(WIDE, (np.arange(90) % 37, np.arange(90) % 53)),
        by(lambda x: x[x > 0], M),
        by(lambda x: x[x > 0] ** 2, LONG),
        by(lambda x: x[:, x[0] > 0], M),
        by(lambda x: x[np.argmax(x)], V),
        by(lambda x: x[np.argmax(x, axis=0), np.arange(4)], M),
        by(lambda x: x[np.arange(3), np.argmin(x, axis=1)], M),
        by(lambda x: x[(x > 0).astype(int)], V),
        by(lambda x, i: x[i], V, PLACES),
        by(lambda x: x[[x[0] * 0 > -1, x[0] > 9, True, False, False]], V),
        call(V, np.array([1, 4], np.uint8)),
        by(lambda x, i: x[i, :, i], T, PLACES[0] % 2),
        by(lambda x, m: x[m], M, FLAGS),
        by(lambda x: [row[0] for row in x], M),
        by(lambda x: x.tolist()[1][2] + x.item(3), M),
        by(lambda x: x[int(np.argmax(x))] * len(x), V),
    ],
}  # fmt: skip
