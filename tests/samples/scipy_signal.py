"""Calls of scipy.signal."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.scipy import signal
from samples.arrays import INTS, LONG, Call, M, T, V, array, call
from samples.complex_numbers import A, Z

K3, K22 = array(3), array(2, 2)
B, A3 = np.array([0.2, 0.3, -0.1]), np.array([1.25, -0.5, 0.25])
SOS = [[0.5, 0.25, 0.5, 1.0, -0.5, 0.25], [1.0, -0.5, 0.25, 1.0, 0.25, 0.5]]
SIGNAL = array(24)

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
    signal.lfilter: [
        call(B, A3, V), call(B[:1], A3, M), call(B, A3[:1], M, axis=0), call(B, A3, V, zi=array(2)),
    ],
    signal.lfilter_zi: [call(B, A3), call(B[:2], A3)],
    signal.filtfilt: [
        call(B, A3, SIGNAL), call(B, A3, SIGNAL, padtype="even", padlen=5),
        call(B, A3, array(12, 2), axis=0, padtype="constant"), call(B, A3, SIGNAL, padtype=None),
    ],
    signal.sosfilt: [call(SOS, V), call(SOS, M, axis=0), call(SOS, V, zi=array(2, 2))],
    signal.sosfilt_zi: [call(SOS)],
    signal.sosfiltfilt: [call(SOS, SIGNAL), call(SOS, SIGNAL, padlen=3)],
    signal.upfirdn: [call(K3, V, 2, 3), call(K3, M, 3, axis=0), call(K3, Z, down=2)],
    signal.hilbert: [call(V), call(array(6)), call(M, N=7, axis=0)],
    signal.savgol_filter: [
        *(call(SIGNAL, 5, 3, mode=mode) for mode in ("mirror", "nearest", "wrap", "constant")),
        call(SIGNAL, 7, 2, deriv=1, delta=0.5), call(array(9, 2), 5, 2, axis=0, deriv=2),
        call(SIGNAL, 6, 2, mode="wrap"),
    ],
}  # fmt: skip
