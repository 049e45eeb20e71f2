"""Recursive filters of `scipy.signal`: the difference equation as a loop over the samples.

Source: Oppenheim & Schafer, Discrete-Time Signal Processing, section 6.3 (transposed direct form
II); Gustafsson, Determining the initial states in forward-backward filtering, IEEE Transactions on
Signal Processing 44 (1996).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.signal

from jitad.control import scan
from jitad.frontend.active import holds_traced
from jitad.frontend.conversion import as_array
from jitad.frontend.operands import implements
from jitad.ir.errors import ShapeError
from jitad.ir.value import Value


def _array(x: Any) -> Any:
    """An argument as an array, plain or traced."""
    return as_array(x) if holds_traced([x]) else np.asarray(x)


def _kept(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a function as that of SciPy's; its result has the dtype of its arguments together,
    though tables of float64 go into it."""

    def enter(record: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(record)

        @functools.wraps(record)
        def function(*args: Any, **kwargs: Any) -> Any:
            given = signature.bind(*args, **kwargs).arguments
            arrays = [_array(given[k]) for k in _ARRAYS if given.get(k) is not None]
            dtype = np.result_type(np.float32, *(x.dtype for x in arrays if x.dtype != object))
            found = record(*args, **kwargs)
            whole = found if isinstance(found, tuple) else (found,)
            cast = [x.astype(np.result_type(dtype, np.complex64)) if x.dtype.kind == "c"
                    else x.astype(dtype) for x in whole]  # fmt: skip
            return tuple(cast) if isinstance(found, tuple) else cast[0]

        return implements(getattr(scipy.signal, name))(function)

    return enter


_ARRAYS = ("b", "a", "sos", "x", "zi")
"""The arguments that are arrays."""


def _coefficients(b: Any, a: Any) -> tuple[Any, Any]:
    """Numerator and denominator of one length, the latter's first coefficient being 1."""
    b, a = (np.atleast_1d(_array(x) * 1.0) for x in (b, a))
    if b.ndim != 1 or a.ndim != 1:
        raise ShapeError(
            "a filter whose coefficients have several axes", remedy="give b and a of one axis each"
        )
    count = max(b.size, a.size)
    b, a = (np.concatenate([x, np.zeros(count - x.size)]) for x in (b, a))
    return b / a[0], a / a[0]


@_kept("lfilter")
def lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """y[n] = sum_k b[k] x[n - k] - sum_k a[k] y[n - k], along an axis."""
    b, a = _coefficients(b, a)
    x = _array(x)
    x = x if x.dtype.kind in "fc" else x * 1.0
    samples = np.moveaxis(x, axis, 0)
    order, shape = b.size - 1, samples.shape[1:]
    if zi is None:
        states = tuple(np.zeros(shape) for _ in range(order))
    else:
        rows = np.moveaxis(_array(zi) * 1.0, axis, 0)
        if rows.shape[0] != order:
            raise ShapeError(
                f"zi of {rows.shape[0]} states for a filter of order {order}",
                remedy="give max(len(a), len(b)) - 1 of them along the axis",
            )
        states = tuple(np.broadcast_to(rows[k], shape) for k in range(order))
    states = tuple(z + 0.0 * (samples[0] + b[0] + a[0]) for z in states)
    taps, feedback = [b[k] for k in range(order + 1)], [a[k] for k in range(order + 1)]

    def step(z: tuple[Any, ...], sample: Any) -> tuple[tuple[Any, ...], Any]:
        y = taps[0] * sample + (z[0] if z else 0.0)
        after = (*z[1:], 0.0)
        moved = [taps[k] * sample - feedback[k] * y + after[k - 1] for k in range(1, order + 1)]
        return tuple(moved), y

    last, found = scan(step, states, samples)
    found = np.moveaxis(found, 0, axis)
    if zi is None:
        return found
    return found, np.moveaxis(np.stack(last), 0, axis) if order else _array(zi)


@_kept("lfilter_zi")
def lfilter_zi(b: Any, a: Any) -> Any:
    """The states of a filter whose input has been 1 for ever."""
    b, a = _coefficients(b, a)
    order = b.size - 1
    shift = np.eye(order, k=1)
    matrix = np.eye(order) - shift + np.outer(a[1:], np.eye(order)[0])
    return np.linalg.solve(matrix, b[1:] - a[1:] * b[0])


@_kept("filtfilt")
def filtfilt(
    b: Any, a: Any, x: Any, axis: int = -1, padtype: Any = "odd", padlen: Any = None,
    method: str = "pad", irlen: Any = None,
) -> Value:  # fmt: skip
    """The filter forward, and then backward, over the signal continued beyond its ends."""
    if method != "pad":
        raise ShapeError(f"filtfilt by method {method!r}", remedy='use method="pad"')
    taps = max(np.size(_array(a)), np.size(_array(b)))
    states = lfilter_zi(b, a)
    return _there_and_back(
        lambda y, first: _filtered(b, a, y, states, first), x, axis, padtype, padlen, 3 * taps
    )


def _filtered(b: Any, a: Any, y: Any, states: Any, first: Any) -> Any:
    """The filter along the first axis, begun as if the first sample had always been there."""
    rows = np.reshape(states, (-1, *(1 for _ in first.shape)))
    return lfilter(b, a, y, 0, rows * first)[0]


def _there_and_back(run: Any, x: Any, axis: int, padtype: Any, padlen: Any, usual: int) -> Value:
    """What `run(y, first sample)` makes of a signal and then of that turned round."""
    y = np.moveaxis(_array(x) * 1.0, axis, 0)
    count = (usual if padlen is None else int(padlen)) if padtype is not None else 0
    if y.shape[0] <= count:
        raise ShapeError(
            f"{y.shape[0]} samples, and {count} are needed beyond each end",
            remedy="give more samples, or a smaller padlen=",
        )
    if count:
        y = _continued(y, count, padtype)
    y = run(y, y[0])[::-1]
    y = run(y, y[0])[::-1]
    return np.moveaxis(y[count : y.shape[0] - count], 0, axis)


def _continued(y: Any, count: int, padtype: Any) -> Any:
    """A signal with so many more samples at both ends."""
    before, after = y[count:0:-1], y[-2 : -count - 2 : -1]
    if padtype == "odd":
        before, after = 2 * y[:1] - before, 2 * y[-1:] - after
    elif padtype == "constant":
        before, after = (np.broadcast_to(x, before.shape) for x in (y[:1], y[-1:]))
    elif padtype != "even":
        raise ShapeError(f"padtype={padtype!r}", remedy="use odd, even, constant or None")
    return np.concatenate([before, y, after])


@_kept("sosfilt")
def sosfilt(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """A filter of sections of second order, one after the other."""
    sections = _sections(sos)
    found, ends = _array(x), []
    for k in range(sections.shape[0]):
        b, a = sections[k, :3], sections[k, 3:]
        if zi is None:
            found = lfilter(b, a, found, axis)
        else:
            found, last = lfilter(b, a, found, axis, _array(zi)[k])
            ends.append(last)
    return found if zi is None else (found, np.stack(ends))


def _sections(sos: Any) -> Any:
    sections = _array(sos)
    if sections.ndim != 2 or sections.shape[1] != 6:
        raise ShapeError(f"sos of shape {sections.shape}", remedy="give rows of six coefficients")
    return sections


@_kept("sosfilt_zi")
def sosfilt_zi(sos: Any) -> Any:
    """The states of all sections for an input that has been 1 for ever."""
    sections, scale, found = _sections(sos), 1.0, []
    for k in range(sections.shape[0]):
        b, a = sections[k, :3], sections[k, 3:]
        found.append(scale * lfilter_zi(b, a))
        scale = scale * np.sum(b) / np.sum(a)
    return np.stack(found)


@_kept("sosfiltfilt")
def sosfiltfilt(
    sos: Any, x: Any, axis: int = -1, padtype: Any = "odd", padlen: Any = None
) -> Value:
    """As `filtfilt`, of sections of second order."""
    sections = _sections(sos)
    count = sections.shape[0]
    plain = np.asarray(sos) if not isinstance(sos, Value) else None
    zeros = 0 if plain is None else min((plain[:, 2] == 0).sum(), (plain[:, 5] == 0).sum())
    states = sosfilt_zi(sos)

    def run(y: Any, first: Any) -> Any:
        for k in range(count):
            b, a = sections[k, :3], sections[k, 3:]
            rows = np.reshape(states[k], (-1, *(1 for _ in first.shape)))
            y = lfilter(b, a, y, 0, rows * first)[0]
        return y

    return _there_and_back(run, x, axis, padtype, padlen, 3 * (2 * count + 1 - int(zeros)))


@_kept("hilbert")
def hilbert(x: Any, N: int | None = None, axis: int = -1) -> Any:
    """The analytic signal: without its negative frequencies."""
    x = _array(x) * 1.0
    count = x.shape[axis] if N is None else N
    keep = np.zeros(count)
    keep[0] = 1.0
    keep[1 : (count + 1) // 2] = 2.0
    if count % 2 == 0:
        keep[count // 2] = 1.0
    spectrum = np.fft.fft(x, count, axis=axis)
    shape = [count if k == axis % x.ndim else 1 for k in range(x.ndim)]
    return np.fft.ifft(spectrum * keep.reshape(shape), axis=axis)


@_kept("savgol_filter")
def savgol_filter(
    x: Any, window_length: int, polyorder: int, deriv: int = 0, delta: float = 1.0,
    axis: int = -1, mode: str = "interp", cval: float = 0.0,
) -> Value:  # fmt: skip
    """Polynomials of least squares through windows, by Savitzky and Golay."""
    y = np.moveaxis(_array(x) * 1.0, axis, -1)
    weights = scipy.signal.savgol_coeffs(window_length, polyorder, deriv, delta)
    half, count = window_length // 2, y.shape[-1]
    margins = [(0, 0)] * (y.ndim - 1) + [(window_length - 1 - half, half)]
    if mode == "interp":
        if window_length > count:
            raise ShapeError(
                f"a window of {window_length} for {count} samples", remedy="use a smaller window"
            )
        wide = np.pad(y, margins)
    else:
        more: Any = {"constant_values": cval} if mode == "constant" else {}
        if mode not in _MODES:
            raise ShapeError(f"mode={mode!r}", remedy=f"use one of {', '.join(_MODES)}, interp")
        wide = np.pad(y, margins, mode=_MODES[mode], **more)
    # The window as its mean place sees it, from its last sample to its first.
    found: Any = sum(
        weights[window_length - 1 - k] * wide[..., k : k + count] for k in range(window_length)
    )
    if mode == "interp":
        places = np.arange(window_length)
        ends = _edges(places, polyorder, deriv, delta)
        first = y[..., :window_length] @ ends[:half].T
        last = y[..., count - window_length :] @ ends[window_length - half :].T
        found = np.concatenate([first, found[..., half : count - half], last], axis=-1)
    return np.moveaxis(found, -1, axis)


_MODES: Any = {"mirror": "reflect", "nearest": "edge", "wrap": "wrap", "constant": "constant"}
"""How np.pad continues a signal beyond its ends."""


def _edges(places: Any, polyorder: int, deriv: int, delta: float) -> Any:
    """The matrix from the samples of a window to the derivative of its polynomial at each."""
    powers = np.vander(places, polyorder + 1, increasing=True).astype(float)
    fit = np.linalg.pinv(powers)
    at = np.zeros((len(places), polyorder + 1))
    for k in range(deriv, polyorder + 1):
        factor = np.prod(np.arange(k - deriv + 1, k + 1)) if deriv else 1.0
        at[:, k] = factor * places ** (k - deriv)
    return at @ fit / delta**deriv
