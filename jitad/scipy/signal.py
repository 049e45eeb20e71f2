"""`scipy.signal`, on traced values as well: convolution and correlation over any number of axes.

Short kernels become sums of shifted views, which fuse into one loop; long ones go through Fourier
transforms. Source: Oppenheim & Schafer, Discrete-Time Signal Processing, section 8.7.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.fft
import scipy.signal

from jitad.frontend.conversion import as_array, conjugate
from jitad.frontend.operands import implements, normal_axes
from jitad.functions.products.contractions import pair
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import Shape
from jitad.ir.value import FUNCTIONS, UFUNCS, Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.scipy import filtering  # noqa: F401  fills the registry
from jitad.scipy.mirror import mirror

_SHORT = 64
"""Kernels of at most that many elements are applied element by element."""


def _signals(name: str, in1: Any, in2: Any) -> tuple[Value, Value]:
    x, y = pair(in1, in2)
    if x.ndim != y.ndim:
        raise ShapeError(
            f"{name} of arrays of {x.ndim} and of {y.ndim} axes",
            remedy="give both the same number of axes, with x[None]",
        )
    if not x.size or not y.size:
        raise ShapeError(f"{name} of an empty array", remedy="give at least one element")
    return x, y


def _part(mode: str, x: Shape, y: Shape) -> tuple[tuple[int, int], ...]:
    """(start, length) of what a mode keeps of the full result, for each axis."""
    if mode == "full":
        return tuple((0, n + m - 1) for n, m in zip(x, y, strict=True))
    if mode == "same":
        return tuple(((m - 1) // 2, n) for n, m in zip(x, y, strict=True))
    if mode == "valid":
        if not all(n >= m for n, m in zip(x, y, strict=True)):
            x, y = y, x
        if not all(n >= m for n, m in zip(x, y, strict=True)):
            raise ShapeError(
                f'mode "valid" of arrays of shapes {x} and {y}',
                remedy="one of them must be at least as long as the other along every axis",
            )
        return tuple((m - 1, n - m + 1) for n, m in zip(x, y, strict=True))
    raise ShapeError(f"there is no mode {mode!r}", remedy='use "full", "same" or "valid"')


def _convolved(x: Value, y: Value, part: Sequence[tuple[int, int]], method: str) -> Value:
    if x.size < y.size:
        x, y = y, x
    if x.dtype.kind not in "fc":
        method = "direct"
    if method == "auto":
        method = "direct" if y.size <= _SHORT else "fft"
    if method == "direct":
        return _direct(x, y, part)
    if method == "fft":
        return _by_fourier(x, y, part, range(x.ndim))
    raise ShapeError(f"there is no method {method!r}", remedy='use "auto", "direct" or "fft"')


def _direct(x: Value, y: Value, part: Sequence[tuple[int, int]]) -> Value:
    """One shifted view of x, filled with zeros, for each element of the kernel."""
    margins = [(m - 1, m - 1) for m in y.shape]
    padded = FUNCTIONS[np.pad](x, margins)
    shape = tuple(length for _, length in part)
    total: Value | None = None
    for place in itertools.product(*map(range, y.shape)):
        slots = tuple(
            (start + m - 1 - k, length, 1)
            for (start, length), m, k in zip(part, y.shape, place, strict=True)
        )
        weight = st.broadcast(st.index(y, slots=place), shape=shape)
        term = ew.mul(st.index(padded, slots=slots), weight)
        total = term if total is None else ew.add(total, term)
    assert total is not None
    return total


def _by_fourier(x: Value, y: Value, part: Sequence[tuple[int, int]], axes: Sequence[int]) -> Value:
    """The product of the spectra; lengths are those that transforms are fast at."""
    full = [x.shape[i] + y.shape[i] - 1 for i in axes]
    lengths = [scipy.fft.next_fast_len(n, real=x.dtype.kind != "c") for n in full]
    forward, backward = np.fft.rfftn, np.fft.irfftn
    if x.dtype.kind == "c":
        forward, backward = np.fft.fftn, np.fft.ifftn
    options: dict[str, Any] = {"s": lengths, "axes": tuple(axes)}
    spectrum: Any = FUNCTIONS[forward](x, **options) * FUNCTIONS[forward](y, **options)
    whole = FUNCTIONS[backward](spectrum, **options)
    ranges = dict(zip(axes, part, strict=True))
    return whole[
        tuple(
            slice(ranges[i][0], sum(ranges[i])) if i in ranges else slice(None)
            for i in range(x.ndim)
        )
    ]


@implements(scipy.signal.convolve)
def _convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Value:
    x, y = _signals("convolve", in1, in2)
    return _convolved(x, y, _part(mode, x.shape, y.shape), method)


@implements(scipy.signal.correlate)
def _correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Value:
    """z[k] = sum_l x[l] conj(y[l - k]): a convolution with the kernel reversed."""
    x, y = _signals("correlate", in1, in2)
    turned = conjugate(y[(slice(None, None, -1),) * y.ndim])
    return _convolved(x, turned, _part(mode, x.shape, y.shape), method)


@implements(scipy.signal.fftconvolve)
def _fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Value:
    x, y = _signals("fftconvolve", in1, in2)
    places = normal_axes(axes, x.ndim)
    shape = np.broadcast_shapes(
        *(tuple(1 if i in places else n for i, n in enumerate(s.shape)) for s in (x, y))
    )
    x, y = (
        np.broadcast_to(s, tuple(s.shape[i] if i in places else n for i, n in enumerate(shape)))
        for s in (x, y)
    )
    part = _part(mode, *(tuple(s.shape[i] for i in places) for s in (x, y)))
    x, y = (UFUNCS[np.multiply](s, 1.0) for s in (x, y))
    return _by_fourier(x, y, part, places)


@implements(scipy.signal.oaconvolve)
def _oaconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Value:
    return _fftconvolve(in1, in2, mode, axes)


@implements(scipy.signal.upfirdn)
def _upfirdn(
    h: Any, x: Any, up: int = 1, down: int = 1, axis: int = -1, mode: str = "constant",
    cval: Any = 0,
) -> Any:  # fmt: skip
    """A convolution with samples between which there are zeros."""
    if mode not in ("constant", None) or cval:
        raise TraceError(
            f"scipy.signal.upfirdn(..., mode={mode!r}, cval={cval!r}) of traced values",
            remedy="continue the signal beyond its ends by np.pad first",
        )
    h, x = pair(h, x)
    dtype = np.result_type(h.dtype, x.dtype, np.float32)
    whole: Any = np.moveaxis(x, axis, -1).astype(dtype)
    apart = np.concatenate([whole[..., None], np.zeros((*whole.shape, up - 1), dtype)], axis=-1)
    apart = np.reshape(apart, (*whole.shape[:-1], -1))[..., : (whole.shape[-1] - 1) * up + 1]
    kernel: Any = np.reshape(h, (1,) * (whole.ndim - 1) + (-1,))
    found: Any = _convolve(apart, kernel, method="direct" if h.size <= _SHORT else "auto")
    return np.moveaxis(found[..., ::down], -1, axis)


_BOUNDARIES = {"wrap": "wrap", "symm": "symmetric"}
"""How np.pad continues an array beyond its edges."""


def _over_the_edge(
    name: str, x: Value, y: Value, part: Sequence[tuple[int, int]], boundary: str, fill: Any
) -> Value:
    """A part of the convolution of matrices, the first of which is continued beyond its edges."""
    if x.ndim != 2:
        raise ShapeError(f"{name} of arrays of {x.ndim} axes", remedy="use scipy.signal.convolve")
    if boundary not in ("fill", *_BOUNDARIES):
        raise ShapeError(f"there is no boundary {boundary!r}", remedy="use fill, wrap or symm")
    if boundary == "fill" and not isinstance(fill, Value) and fill == 0:
        return _convolved(x, y, part, "auto")
    margins = [(m - 1, m - 1) for m in y.shape]
    if boundary == "fill":
        wide = FUNCTIONS[np.pad](x, margins, constant_values=fill)
    else:
        wide = FUNCTIONS[np.pad](x, margins, mode=_BOUNDARIES[boundary])
    # The margins are before the first place of the full result.
    shifted = [(start + m - 1, length) for (start, length), m in zip(part, y.shape, strict=True)]
    return _convolved(wide, y, shifted, "auto")


@implements(scipy.signal.convolve2d)
def _convolve2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Value:
    x, y = _signals("convolve2d", in1, in2)
    return _over_the_edge("convolve2d", x, y, _part(mode, x.shape, y.shape), boundary, fillvalue)


@implements(scipy.signal.correlate2d)
def _correlate2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Value:
    x, y = _signals("correlate2d", in1, in2)
    part = _part(mode, x.shape, y.shape)
    if mode == "same":
        # The middle of a kernel of even length is here its later element.
        part = tuple((m // 2, n) for n, m in zip(x.shape, y.shape, strict=True))
    return _over_the_edge("correlate2d", x, conjugate(y[::-1, ::-1]), part, boundary, fillvalue)


@implements(scipy.signal.detrend)
def _detrend(data: Any, axis: int = -1, type: str = "linear", bp: Any = 0) -> Value:
    """data less its mean, or less the line of least squares through each stretch between breaks."""
    x: Any = as_array(data)
    x = np.moveaxis(x if x.dtype.kind in "fc" else x * 1.0, axis, -1)
    if type in ("constant", "c"):
        return np.moveaxis(x - np.mean(x, axis=-1, keepdims=True), -1, axis)
    if type not in ("linear", "l"):
        raise ShapeError(f"there is no trend {type!r}", remedy='use "linear" or "constant"')
    count = x.shape[-1]
    breaks = sorted({0, count, *np.atleast_1d(bp).tolist()})
    pieces = [_without_line(x[..., i:j]) for i, j in itertools.pairwise(breaks)]
    whole: Any = np.concatenate(pieces, axis=-1)
    return np.moveaxis(whole, -1, axis)  # type: ignore[return-value]  # traced, like its operands


def _without_line(x: Any) -> Any:
    count = x.shape[-1]
    places = (np.arange(count) - (count - 1) / 2).astype(x.real.dtype)
    square = float(np.sum(places**2))
    slope = np.sum(x * places, axis=-1, keepdims=True) / (square if square else 1.0)
    return x - np.mean(x, axis=-1, keepdims=True) - slope * places


__getattr__, __dir__ = mirror("scipy.signal")
