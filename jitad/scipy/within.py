"""What functions of SciPy's own call, where these are read: what stands for it on traced values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.frontend.active import innermost_trace
from jitad.frontend.operands import as_dtype, lift
from jitad.ir.errors import TraceError
from jitad.ir.value import FUNCTIONS, Value
from jitad.scipy import linalg, special
from jitad.scipy.ndimage.ranked import min_or_max, ranked
from jitad.scipy.sparse.krylov import LinearOperator
from jitad.scipy.spatial import transform


def _contains_nan(a: Any, nan_policy: str = "propagate", **_: Any) -> bool:
    """Whether there may be one that is left out: others go their way through what is computed."""
    if nan_policy == "raise":
        raise TraceError(
            "nan_policy='raise' of traced values",
            remedy="leave it out, and ask np.isnan(x).any() before or after",
        )
    return nan_policy == "omit"


def _apply_where(cond: Any, f1: Any, f2: Any, fill_value: Any, *args: Any, xp: Any) -> Any:
    """Both are computed of all elements: what is not taken has no derivative."""
    return np.where(cond, f1(*args), fill_value if f2 is None else f2(*args))


def _clip(x: Any, /, min: Any = None, max: Any = None, **_: Any) -> Any:
    found = FUNCTIONS[np.clip](x, min, max)
    return as_dtype(found, x.dtype) if isinstance(found, Value) else found


class _At:
    """What array_api_extra has in the place of `x.at`."""

    def __init__(self, x: Any, idx: Any = None) -> None:
        builder = innermost_trace()
        assert builder is not None
        self.x, self.idx = lift(builder, x), idx

    def __getitem__(self, idx: Any) -> _At:
        return _At(self.x, idx)

    def __getattr__(self, name: str) -> Any:
        return lambda y, **_: getattr(self.x.at[self.idx], name)(y)


def _log_kernels(points: Any, xi: Any, cho_cov: Any) -> Any:
    """The logarithms of the normal densities about points, at others."""
    d = xi.shape[1]
    both = np.concatenate([points, xi])
    white = linalg.solve_triangular(cho_cov, both.T, lower=True).T
    gap = white[: len(points), None] - white[None, len(points) :]
    size = np.sum(np.log(np.diagonal(cho_cov))) + 0.5 * d * math.log(2 * math.pi)
    return -0.5 * np.sum(gap**2, axis=-1) - size


def _estimate(points: Any, values: Any, xi: Any, cho_cov: Any, dtype: Any) -> Any:
    return (np.exp(_log_kernels(points, xi, cho_cov)).T @ values).astype(dtype)


def _estimate_log(points: Any, values: Any, xi: Any, cho_cov: Any, dtype: Any) -> Any:
    logs = _log_kernels(points, xi, cho_cov)[:, :, None]
    return special.logsumexp(logs, axis=0, b=values[:, None]).astype(dtype)


def _spectra(
    x: Any, win: Any, detrend: Any, nperseg: int, noverlap: int, nfft: int, sides: str
) -> Any:
    """The spectra of stretches, which overlap."""
    parts = np.lib.stride_tricks.sliding_window_view(x, nperseg, axis=-1)
    parts = win * detrend(parts[..., :: nperseg - noverlap, :])
    if sides == "twosided":
        return np.fft.fft(parts, n=nfft)
    return np.fft.rfft(parts.real, n=nfft)


_ROTATION = "scipy.spatial.transform._rotation.Rotation"

INTERNAL = {
    _ROTATION: transform.Rotation,
    "scipy.spatial.transform._rotation.Slerp": transform.Slerp,
    **{
        f"{_ROTATION}.{name}": getattr(transform.Rotation, name)
        for name, x in vars(transform.Rotation).items()
        if isinstance(x, classmethod)
    },
    "scipy.sparse.linalg._interface.LinearOperator": LinearOperator,
    "scipy.ndimage._filters._min_or_max_filter": min_or_max,
    "scipy.ndimage._filters._rank_filter": ranked,
    "scipy.signal._spectral_py._fft_helper": _spectra,
    "scipy.stats._stats.gaussian_kernel_estimate": _estimate,
    "scipy.stats._stats.gaussian_kernel_estimate_log": _estimate_log,
    "scipy._lib._util._contains_nan": _contains_nan,
    "scipy._lib.array_api_compat.common._helpers.is_writeable_array": lambda x: True,
    "scipy._lib.array_api_compat.common._aliases.clip": _clip,
    "scipy._lib.array_api_extra._lib._at.at": _At,
    "scipy._lib.array_api_extra._lib._funcs._apply_where": _apply_where,
}
"""By the names that they have there."""
