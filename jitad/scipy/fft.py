"""`scipy.fft`, on traced values as well: Fourier's transforms, and of cosines and sines.

Source: Makhoul, A fast cosine transform in one and two dimensions, IEEE Transactions on Acoustics,
Speech and Signal Processing 28 (1980).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft

from jitad.frontend.conversion import as_array
from jitad.ir.errors import ShapeError
from jitad.ir.value import FUNCTIONS, Value
from jitad.scipy.mirror import mirror

for _name in np.fft.__all__:
    if _name.endswith(("fft", "fft2", "fftn")):
        FUNCTIONS[getattr(scipy.fft, _name)] = FUNCTIONS[getattr(np.fft, _name)]

# -- cosines and sines -----------------------------------------------------------------------------

_INVERSE = {1: 1, 2: 3, 3: 2, 4: 4}
"""The types of transforms that are each other's inverses."""

_NORMS = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}


def _cosines(x: Any, kind: int, whole: bool) -> Any:
    """The transform along the last axis, as sums without a factor; `whole` is orthogonal."""
    count = x.shape[-1]
    n = np.arange(count)
    root = np.sqrt(2.0)
    if kind == 1:
        if whole:
            x = x * np.where((n == 0) | (n == count - 1), root, 1.0)
        y = np.fft.rfft(np.concatenate([x, x[..., -2:0:-1]], axis=-1)).real
        return y / np.where((n == 0) | (n == count - 1), root, 1.0) if whole else y
    if kind == 2:
        wide = np.fft.fft(np.concatenate([x, x[..., ::-1]], axis=-1))[..., :count]
        y = (wide * np.exp(-0.5j * np.pi * n / count)).real
        return y / np.where(n == 0, root, 1.0) if whole else y
    if kind == 3:
        x = x * np.where(n == 0, root, 1.0) if whole else x
        turned = np.fft.fft(x * np.exp(-0.5j * np.pi * n / count), 2 * count)[..., :count]
        return 2 * turned.real - x[..., :1]
    turned = np.fft.fft(x * np.exp(-0.25j * np.pi * (2 * n + 1) / count), 2 * count)
    return 2 * (turned[..., :count] * np.exp(-0.5j * np.pi * n / count)).real


def _sines(x: Any, kind: int, whole: bool) -> Any:
    """The same of sines, which are cosines counted from the other end."""
    if kind == 1:
        zero = np.zeros((*x.shape[:-1], 1))
        odd = np.concatenate([zero, x, zero, -x[..., ::-1]], axis=-1)
        return -np.fft.rfft(odd).imag[..., 1 : x.shape[-1] + 1]
    signs = (-1.0) ** np.arange(x.shape[-1])
    if kind == 2:
        return _cosines(x * signs, 2, whole)[..., ::-1]
    return _cosines(x[..., ::-1], kind, whole) * signs


def _real(sums: Any, name: str, is_inverse: bool) -> Any:
    """The function of that name, of one axis."""
    less = 1 if sums is _cosines else -1

    def transform(
        x: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Any = None,
        overwrite_x: bool = False, workers: Any = None, orthogonalize: Any = None,
    ) -> Any:  # fmt: skip
        x = as_array(x)
        if x.dtype.kind == "c":
            re, im = (transform(y, type, n, axis, norm, False, None, orthogonalize)
                      for y in (x.real, x.imag))  # fmt: skip
            return re + 1j * im
        if type not in _INVERSE or norm not in _NORMS:
            raise ShapeError(
                f"{name} of type {type!r} with norm {norm!r}",
                remedy="types are 1 to 4, norms backward, ortho and forward",
            )
        x = np.moveaxis(x * 1.0, axis, -1)
        dtype, count = x.dtype, x.shape[-1] if n is None else n
        missing = max(0, count - x.shape[-1])
        x = np.pad(x[..., :count], [(0, 0)] * (x.ndim - 1) + [(0, missing)])
        if type == 1 and sums is _cosines and count < 2:
            raise ShapeError("dct of type 1 of one element", remedy="give two or more")
        kind, norm = (_INVERSE[type], _NORMS[norm]) if is_inverse else (type, norm)
        whole = norm == "ortho" if orthogonalize is None else bool(orthogonalize)
        length = 2 * (count - less) if kind == 1 else 2 * count
        y = sums(x, kind, whole)
        factors = {"ortho": length**-0.5, "forward": 1.0 / length}
        y = y * factors[norm] if norm in factors else y
        return np.moveaxis(y.astype(dtype), -1, axis)

    return transform


def _of_axes(one: Any) -> Any:
    """The transform along several axes."""

    def transform(
        x: Any, type: int = 2, s: Any = None, axes: Any = None, norm: Any = None,
        overwrite_x: bool = False, workers: Any = None, *, orthogonalize: Any = None,
    ) -> Value:  # fmt: skip
        x = as_array(x)
        if axes is None:
            axes = range(x.ndim) if s is None else range(x.ndim - len(s), x.ndim)
        axes = [axes] if isinstance(axes, int) else list(axes)
        for k, axis in enumerate(axes):
            length = None if s is None else s[k]
            x = one(x, type, length, axis, norm, orthogonalize=orthogonalize)
        return x

    return transform


for _name, _sums in (("dct", _cosines), ("dst", _sines)):
    for _prefix, _is_inverse in (("", False), ("i", True)):
        _one = _real(_sums, _prefix + _name, _is_inverse)
        FUNCTIONS[getattr(scipy.fft, _prefix + _name)] = _one
        FUNCTIONS[getattr(scipy.fft, f"{_prefix}{_name}n")] = _of_axes(_one)

__getattr__, __dir__ = mirror("scipy.fft")
