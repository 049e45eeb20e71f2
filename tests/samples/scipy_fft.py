"""Calls of scipy.fft: its transforms of cosines and sines, and those that np.fft has, too."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.scipy import fft
from samples.arrays import Call, M, T, V, array, call
from samples.complex_numbers import Z
from samples.fourier import SAMPLES as OF_NUMPY

_SAME = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fft2", "ifft2", "rfft2", "irfft2",
         "fftn", "ifftn", "rfftn", "irfftn")  # fmt: skip


def _one_axis(k: int) -> list[Call]:
    """All types, each with some norm, length and axis."""
    norms = (None, "ortho", "forward", "backward")
    return [
        *(call(V, type=t, norm=norms[(t + k) % 4]) for t in (1, 2, 3, 4)),
        *(call(array(6), type=t, norm=norms[(t + k) % 3], n=5 + 2 * (t % 2)) for t in (1, 2, 3, 4)),
        call(M, type=2 + k % 3, axis=0), call(V, type=3, orthogonalize=True), call(Z, type=2),
    ]  # fmt: skip


SAMPLES: dict[Any, list[Call]] = {
    **{getattr(fft, name): OF_NUMPY[getattr(np.fft, name)][:2] for name in _SAME},
    **{getattr(fft, name): _one_axis(k) for k, name in enumerate(("dct", "idct", "dst", "idst"))},
    **{
        getattr(fft, name): [call(M, norm="ortho"), call(T, type=3, s=(4,), axes=(1,))]
        for name in ("dctn", "idctn", "dstn", "idstn")
    },
}
