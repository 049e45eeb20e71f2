"""Calls of NumPy's functions of sliding windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import FLAGS, INTS, LONG, WIDE, Call, M, S, T, V, W, array, by, call

A, B = array(90), array(40)


def _modes(function: Any) -> list[Call]:
    pairs = [(V, W), (V, W[:3]), (W[:2], V), (V, W[:1]), (A, B), (B, A), (A, A), (A[:17], B)]
    return [
        *(call(x, y, mode=mode) for x, y in pairs for mode in ("full", "same", "valid")),
        call(V, [1, 0, -1]),
        call(INTS[0], INTS[1]),
        call(FLAGS[0], FLAGS[1]),
        call(np.arange(30), np.arange(20)),
        call(LONG, W),
        by(lambda x: function(x, x[::-1]), V),
    ]


SAMPLES: dict[Any, list[Call]] = {
    np.lib.stride_tricks.sliding_window_view: [
        call(V, 2),
        call(M, (2, 3)),
        call(T, 2, axis=1),
        call(T, (2, 2, 2), axis=(-1, -1, 0)),
        call(INTS, 3, 0),
        call(V, 5),
        call(V, 0),
        call(WIDE, 7, 1),
    ],
    np.convolve: [*_modes(np.convolve), call(S, V), call([1, 2], S)],
    np.correlate: _modes(np.correlate),
}
