"""Calls of numpy.fft."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import Call, M, T, V, array, call
from samples.complex_numbers import A, K, Z


def _lengths(x: np.ndarray) -> list[Call]:
    """Shorter, longer, each norm, another axis."""
    return [
        call(x),
        call(x, 3, norm="ortho"),
        call(x, 8, norm="forward"),
        call(x, axis=0, norm="backward"),
    ]


def _axes(x: np.ndarray) -> list[Call]:
    return [call(x), call(x, s=(2, 5)), call(x, axes=(0, 1), norm="ortho")]


SAMPLES: dict[Any, list[Call]] = {
    np.fft.fft: [*_lengths(Z), call(V), call(K, axis=1)],
    np.fft.ifft: [*_lengths(Z), call(K, axis=1)],
    np.fft.rfft: [*_lengths(V), call(array(6)), call(T, axis=1)],
    np.fft.irfft: [*_lengths(Z), call(Z, 7), call(K, axis=1)],
    np.fft.hfft: _lengths(Z),
    np.fft.ihfft: _lengths(V),
    np.fft.fft2: [*_axes(A), call(M)],
    np.fft.ifft2: _axes(A),
    np.fft.rfft2: _axes(M),
    np.fft.irfft2: [call(A), call(A, s=(3, 5))],
    np.fft.fftn: [call(K), call(K, s=(3, 3), axes=(0, 1)), call(K, axes=(0, 2), norm="forward")],
    np.fft.ifftn: [call(K), call(K, s=(3, 3), axes=(1, 2))],
    np.fft.rfftn: [call(T), call(T, s=(3, 3), axes=(0, 1))],
    np.fft.irfftn: [
        call(K),
        call(K, s=(2, -1), axes=(0, 2)),
        call(K, s=(2, 7), axes=(0, 2), norm="ortho"),
    ],
    np.fft.fftshift: [call(Z), call(T, axes=(0, 2)), call(M, axes=1)],
    np.fft.ifftshift: [call(Z), call(T)],
}
