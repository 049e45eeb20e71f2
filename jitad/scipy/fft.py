"""`scipy.fft`, on traced values as well: the transforms that `numpy.fft` has, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft

from jitad.ir.value import FUNCTIONS, Value
from jitad.scipy.mirror import mirror

_ONE_AXIS = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
_SEVERAL = ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn")


def _of_one_axis(name: str) -> Any:
    record = FUNCTIONS[getattr(np.fft, name)]

    def transform(
        x: Any, n: Any = None, axis: int = -1, norm: Any = None, overwrite_x: bool = False,
        workers: Any = None, *, plan: Any = None,
    ) -> Value:  # fmt: skip
        return record(x, n, axis, norm)

    return transform


def _of_several(name: str) -> Any:
    record = FUNCTIONS[getattr(np.fft, name)]
    every = (-2, -1) if name.endswith("2") else None

    def transform(
        x: Any, s: Any = None, axes: Any = every, norm: Any = None, overwrite_x: bool = False,
        workers: Any = None, *, plan: Any = None,
    ) -> Value:  # fmt: skip
        return record(x, s, axes, norm)

    return transform


for _name in _ONE_AXIS:
    FUNCTIONS[getattr(scipy.fft, _name)] = _of_one_axis(_name)
for _name in _SEVERAL:
    FUNCTIONS[getattr(scipy.fft, _name)] = _of_several(_name)

__getattr__, __dir__ = mirror("scipy.fft")
