"""Discrete Fourier transforms without their factors 1/n: linear ops, computed by NumPy's pocketfft.

With w = exp(-2 pi i / n), `dft` is V_k = sum_j w^(jk) x_j, its inverse has w^-1; the matrix is
symmetric, so it is its own transpose. `real_dft` is its first half for real x, and `real_inverse`
goes from such a half to n real numbers. Source: Van Loan, Computational Frameworks for the Fast
Fourier Transform (SIAM 1992), sections 1.1 and 4.3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.ir.errors import ShapeError
from jitad.ir.op import COMPLEX_OF, REAL_OF, DType, Shape, Structural
from jitad.ops import elementwise as ew
from jitad.ops.gathers import iota_on
from jitad.ops.views import linear, resized


def _np_dft(x: np.ndarray, axes: tuple[int, ...], inverse: bool) -> np.ndarray:
    if inverse:
        return np.fft.ifftn(x, axes=axes, norm="forward")
    return np.fft.fftn(x, axes=axes, norm="backward")


def _infer_dft(x: Any, axes: tuple[int, ...], inverse: bool) -> tuple[Shape, DType]:
    if x.dtype not in REAL_OF:
        raise ShapeError(f"a Fourier transform of {x.dtype}, which is not complex")
    return x.shape, x.dtype


dft = Structural(
    "dft",
    ("axes", "inverse"),
    infer=_infer_dft,
    evaluate=_np_dft,
    jvp=linear("dft"),
    pullback=lambda j, xs, v, v_bar, axes, inverse: dft(v_bar, axes=axes, inverse=inverse),
    batch=lambda xs, batched, size, axes, inverse: dft(
        xs[0], axes=tuple(i + 1 for i in axes), inverse=inverse
    ),
    library=lambda call, **_: call.call_back(),
)


def _both_halves(v: Any, n: int, axis: int) -> Any:
    """How often a frequency of the half spectrum stands in the whole: 1 or 2 times."""
    k = iota_on(v, v.shape, axis)
    part = REAL_OF[v.dtype]
    once = ew.logical_or(ew.eq(k, 0), ew.eq(ew.mul(k, 2), n))
    number = ew.where(once, v.builder.const(1, v.shape, part), v.builder.const(2, v.shape, part))
    return ew.cast(number, dtype=v.dtype)


def _pull_real_dft(j: int, xs: Any, v: Any, v_bar: Any, axis: int) -> Any:
    """x_bar_j = Re sum_k v_bar_k w^(jk)."""
    n = xs[0].shape[axis]
    share = ew.div(ew.conj(v_bar), _both_halves(v_bar, n, axis))
    return real_inverse(share, n=n, axis=axis)


real_dft = Structural(
    "real_dft",
    ("axis",),
    infer=lambda x, axis: (
        resized(x.shape, axis, x.shape[axis] // 2 + 1),
        COMPLEX_OF[x.dtype],
    ),
    evaluate=lambda x, axis: np.fft.rfft(x, axis=axis),
    jvp=linear("real_dft"),
    pullback=_pull_real_dft,
    batch=lambda xs, batched, size, axis: real_dft(xs[0], axis=axis + 1),
    library=lambda call, **_: call.call_back(),
)


def _pull_real_inverse(j: int, xs: Any, v: Any, v_bar: Any, n: int, axis: int) -> Any:
    """x_bar_k = m_k sum_j v_bar_j w^(-jk), with m_k the number of times that k stands."""
    share = ew.conj(real_dft(v_bar, axis=axis))
    return ew.mul(share, _both_halves(share, n, axis))


real_inverse = Structural(
    "real_inverse",
    ("n", "axis"),
    infer=lambda x, n, axis: (resized(x.shape, axis, n), REAL_OF[x.dtype]),
    evaluate=lambda x, n, axis: np.fft.irfft(x, n, axis=axis, norm="forward"),
    jvp=linear("real_inverse"),
    pullback=_pull_real_inverse,
    batch=lambda xs, batched, size, n, axis: real_inverse(xs[0], n=n, axis=axis + 1),
    library=lambda call, **_: call.call_back(),
)
"""n real numbers from the first half of their spectrum, which has n // 2 + 1 elements."""
