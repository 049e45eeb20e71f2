"""Calls of every function in the table of NumPy's functions, one module for each of the frontend's.

A module here has a dict `SAMPLES`: the function, and the calls of it that are tested.
"""

from __future__ import annotations

from typing import Any

from samples import (
    accumulations,
    applying,
    arithmetic,
    attributes,
    bessel,
    calculus,
    choosing,
    comparing,
    complex_numbers,
    contractions,
    counting,
    editing,
    einsum,
    fitting,
    floats,
    fourier,
    indexing,
    indices,
    integers,
    interpolation,
    linalg,
    nans,
    padding,
    polynomials,
    products,
    quantiles,
    ranges,
    reductions,
    refusing,
    repeating,
    scipy_fft,
    scipy_integrate,
    scipy_linalg,
    scipy_ndimage,
    scipy_signal,
    scipy_spatial,
    selecting,
    shaping,
    sorting,
    special,
    splitting,
    statistics,
    stats,
    taking,
    windows,
)
from samples.arrays import Call

MODULES = (
    reductions,
    shaping,
    choosing,
    selecting,
    indexing,
    contractions,
    arithmetic,
    calculus,
    einsum,
    products,
    windows,
    polynomials,
    interpolation,
    applying,
    integers,
    floats,
    bessel,
    complex_numbers,
    fourier,
    accumulations,
    counting,
    nans,
    quantiles,
    sorting,
    statistics,
    linalg,
    attributes,
    comparing,
    editing,
    fitting,
    indices,
    padding,
    ranges,
    refusing,
    repeating,
    splitting,
    taking,
    special,
    stats,
    scipy_fft,
    scipy_integrate,
    scipy_linalg,
    scipy_ndimage,
    scipy_signal,
    scipy_spatial,
)

SAMPLES: dict[Any, list[Call]] = {}
for _module in MODULES:
    for _function, _calls in _module.SAMPLES.items():
        SAMPLES.setdefault(_function, []).extend(_calls)

__all__ = ["MODULES", "SAMPLES", "Call"]
