"""Calls of scipy.signal."""

from __future__ import annotations

from typing import Any

from jitad.scipy import signal
from samples.arrays import INTS, LONG, Call, M, T, V, array, call
from samples.complex_numbers import A, Z

K3, K22 = array(3), array(2, 2)

SAMPLES: dict[Any, list[Call]] = {
    signal.convolve: [
        *(call(V, K3, mode=mode) for mode in ("full", "same", "valid")),
        *(call(M, K22, mode=mode, method="fft") for mode in ("full", "same", "valid")),
        call(K3, V), call(K3, V, mode="same"), call(T, array(1, 2, 2)), call(LONG, array(80)),
        call(INTS, INTS[:2, :2]), call(Z, V), call(A, K22, mode="same"),
    ],
    signal.correlate: [
        *(call(V, K3, mode=mode) for mode in ("full", "same", "valid")),
        call(M, K22), call(Z, Z), call(LONG, array(80), mode="valid"),
    ],
    signal.fftconvolve: [
        call(V, K3), call(M, K22, mode="same"), call(M, array(3, 2), axes=1), call(Z, V),
        call(M, array(1, 2), mode="valid", axes=[1]),
    ],
    signal.oaconvolve: [call(V, K3), call(M, K22, mode="same")],
    signal.convolve2d: [
        call(M, K22), call(M, K22, mode="same"), call(M, K22, mode="valid"),
        call(M, K22, boundary="wrap"), call(M, K22, mode="same", boundary="symm"),
        call(M, K22, fillvalue=2.0),
    ],
    signal.correlate2d: [
        call(M, K22), call(M, K22, mode="same", boundary="wrap"), call(A, K22, mode="valid"),
    ],
    signal.detrend: [
        call(V), call(M, axis=0), call(M, type="constant"), call(array(9), bp=[4]),
    ],
}  # fmt: skip
