"""numpy.fft on values: transforms of one or several axes, which are cut or filled, and scaled."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from jitad.frontend.conversion import refuse_out
from jitad.frontend.operands import as_dtype, as_value, implements, normal_axis
from jitad.functions.elementwise.complex import as_complex, complex_dtype
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import REAL_OF
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.fourier import dft, real_dft, real_inverse


def _fitted(x: Value, n: int, axis: int) -> Value:
    """x cut, or filled with zeros at its end, to length n along an axis."""
    if n < 1:
        raise ShapeError(f"a Fourier transform of {n} points", remedy="give n >= 1, or leave n out")
    length = x.shape[axis]
    if length == n:
        return x
    kept = tuple((0, min(n, m) if i == axis else m, 1) for i, m in enumerate(x.shape))
    if length > n:
        return st.index(x, slots=kept)
    shape = tuple(n if i == axis else m for i, m in enumerate(x.shape))
    return st.index_add(st.zeros(x, shape, x.dtype), x, slots=kept)


def _scaled(x: Value, count: int, norm: str | None, *, inverse: bool) -> Value:
    """The factor of a transform: by default 1 forward, and 1/n backward."""
    if norm not in (None, "backward", "ortho", "forward"):
        raise ShapeError(
            f"a Fourier transform has no norm={norm!r}",
            remedy='use "backward", "ortho" or "forward"',
        )
    if norm == "ortho":
        return ew.mul(x, 1 / math.sqrt(count))
    whole = inverse if norm in (None, "backward") else not inverse
    return ew.mul(x, 1 / count) if whole else x


_WHOLE = object()
"""In place of a length, the -1 of transforms of several axes: that of the axis."""


def _places(x: Value, s: Any, axes: Any) -> tuple[list[int], list[int]]:
    """The axes, and the lengths that they are cut or filled to."""
    if axes is None:
        places = list(range(0 if s is None else x.ndim - len(s), x.ndim))
    else:
        places = [normal_axis(i, x.ndim) for i in axes]
    if s is None:
        return places, [x.shape[i] for i in places]
    if len(s) != len(places):
        raise ShapeError(
            f"{len(s)} lengths for {len(places)} axes", remedy="give one length for each axis"
        )
    return places, [
        x.shape[i] if n in (None, _WHOLE) else int(n) for n, i in zip(s, places, strict=True)
    ]


def _over(x: Value, places: list[int], lengths: list[int], *, inverse: bool) -> Value:
    """Unscaled transforms over axes; an axis that stands twice is transformed twice."""
    for i, n in zip(places, lengths, strict=True):
        x = _fitted(x, n, i)
    if len(set(places)) == len(places):
        return dft(x, axes=tuple(places), inverse=inverse) if places else x
    for i in places:
        x = dft(x, axes=(i,), inverse=inverse)
    return x


def _complex(a: Any, s: Any, axes: Any, norm: Any, *, inverse: bool) -> Value:
    x = as_complex(as_value(a))
    places, lengths = _places(x, s, axes)
    result = _over(x, places, lengths, inverse=inverse)
    return _scaled(result, math.prod(lengths), norm, inverse=inverse)


def _from_real(a: Any, s: Any, axes: Any, norm: Any) -> Value:
    x = as_value(a)
    if x.dtype.kind == "c":
        raise TraceError("np.fft.rfft of complex numbers", remedy="use np.fft.fft, or np.real(x)")
    x = as_dtype(x, REAL_OF[complex_dtype(x.dtype)])
    places, lengths = _places(x, s, axes)
    for i, n in zip(places, lengths, strict=True):
        x = _fitted(x, n, i)
    half = real_dft(x, axis=places[-1])
    result = dft(half, axes=tuple(places[:-1]), inverse=False) if places[:-1] else half
    return _scaled(result, math.prod(lengths), norm, inverse=False)


def _to_real(a: Any, s: Any, axes: Any, norm: Any) -> Value:
    x = as_complex(as_value(a))
    places, lengths = _places(x, s, axes)
    last = places[-1]
    lengths[-1] = 2 * (x.shape[last] - 1) if s is None or s[-1] is None else lengths[-1]
    x = _over(x, places[:-1], lengths[:-1], inverse=True)
    x = _fitted(x, lengths[-1] // 2 + 1, last)
    result = real_inverse(x, n=lengths[-1], axis=last)
    return _scaled(result, math.prod(lengths), norm, inverse=True)


def _named(name: str, over: Callable[..., Value]) -> None:
    """NumPy's three functions of a transform: of one axis, of two and of any."""

    def one(
        a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None
    ) -> Value:
        refuse_out(out)
        return over(a, None if n is None else (n,), (axis,), norm)

    def several(
        a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None
    ) -> Value:
        refuse_out(out)
        return over(a, None if s is None else [_WHOLE if n == -1 else n for n in s], axes, norm)

    def two(
        a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: Any = None
    ) -> Value:
        return several(a, s, axes, norm, out)

    for record, count in ((one, ""), (two, "2"), (several, "n")):
        record.__name__ = name + count  # as errors name it
        implements(getattr(np.fft, record.__name__))(record)


_named("fft", partial(_complex, inverse=False))
_named("ifft", partial(_complex, inverse=True))
_named("rfft", _from_real)
_named("irfft", _to_real)


# -- order of the frequencies ----------------------------------------------------------------------
