"""SciPy's special functions on values: a ufunc records one op, a function is composed of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sp

from jitad.frontend.operands import as_dtype, as_value, implements, innermost, lift, normal_axes
from jitad.functions.elementwise.ufuncs import align, complex_record
from jitad.ir.errors import TraceError
from jitad.ir.op import FLOAT64
from jitad.ir.value import UFUNCS, Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.special import ROWS, bessel, gamma, integrals, polynomials

# -- ufuncs ----------------------------------------------------------------------------------------


def _aligned(ufunc: Any, operands: tuple[Any, ...]) -> list[Value]:
    """The operands of one dtype and shape; orders that SciPy takes as integers are numbers here."""
    values = align(ufunc, operands)
    if any(x.dtype.kind == "c" for x in values):
        complex_record(ufunc)
    dtype = next((x.dtype for x in values if x.dtype.kind == "f"), FLOAT64)
    return [as_dtype(x, dtype) for x in values]


def _record(ufunc: Any, op: Callable[..., Any]) -> None:
    UFUNCS[ufunc] = lambda *operands: op(*_aligned(ufunc, operands))


def _several(ops: tuple[Any, ...]) -> Callable[..., tuple[Value, ...]]:
    return lambda *xs: tuple(op(*xs) for op in ops)


def _kelvin(x: Any) -> tuple[Value, ...]:
    pairs = ((sp.ber, sp.bei), (sp.ker, sp.kei), (sp.berp, sp.beip), (sp.kerp, sp.keip))
    return tuple(ew.pair(*(ROWS[ufunc](x) for ufunc in pair)) for pair in pairs)


def _hankel(sign: float) -> Callable[..., Value]:
    """J + i Y or J - i Y of real arguments: NaN at 0, below it continued from above the cut.

    Source: NIST Digital Library of Mathematical Functions, 10.11.4.
    """

    def record(*operands: Any) -> Value:
        n, x = _aligned(sp.jv, operands)
        j, y = (f(n, ew.absolute(x)) for f in (bessel.jv, bessel.yv))
        cos, sin = (wave(ew.mul(math.pi, n)) for wave in (ew.cos, ew.sin))
        real = ew.sub(ew.mul(1.0 - 2.0 * sign, ew.mul(j, cos)), ew.mul(-sign, ew.mul(y, sin)))
        imag = ew.add(ew.mul(j, sin), ew.mul(sign, ew.mul(y, cos)))
        is_below = ew.lt(x, 0.0)
        real = ew.where(ew.eq(x, 0.0), math.nan, ew.where(is_below, real, j))
        return ew.pair(real, ew.where(is_below, imag, ew.mul(sign, y)))

    return record


def _polynomial(ufunc: Any, whole: Callable[..., Any]) -> None:
    """Of whole degrees by recurrence, as SciPy does; of others as far as it has them."""
    real = ROWS.get(ufunc)

    def record(*operands: Any) -> Value:
        is_whole = align(ufunc, operands)[0].dtype.kind == "i"
        op = whole if is_whole or real is None else real
        return op(*_aligned(ufunc, operands))

    UFUNCS[ufunc] = record


for _ufunc, _op in ROWS.items():
    _record(_ufunc, _several(_op) if isinstance(_op, tuple) else _op)
for _ufunc, _op in polynomials.WHOLE_DEGREE.items():
    _polynomial(_ufunc, _op)
for _ufunc, _op in (
    *((sp.exp2, ew.exp2), (sp.expm1, ew.expm1), (sp.log1p, ew.log1p), (sp.cbrt, ew.cbrt)),
    (sp.kelvin, _kelvin),
):
    _record(_ufunc, _op)
UFUNCS[sp.hankel1], UFUNCS[sp.hankel2] = _hankel(1.0), _hankel(-1.0)


# -- the gamma function's family -------------------------------------------------------------------


def _float(x: Any) -> Any:
    x = as_value(x)
    return x if x.dtype.kind == "f" else as_dtype(x, FLOAT64)


@implements(sp.zeta)
def zeta(x: Any, q: Any = None, out: Any = None) -> Any:
    """Riemann's where there is no q, Hurwitz's else."""
    if out is not None:
        raise TraceError("out= of a traced value", remedy="use the result that is returned")
    if q is None:
        return ew.add(gamma.zetac(_float(x)), 1.0)
    # The ufunc behind it has the loops of any of two numbers of floating point.
    return gamma.zeta(*_aligned(sp.binom, (x, q)))


@implements(sp.polygamma)
def polygamma(n: Any, x: Any) -> Any:
    """In double precision, as SciPy's, which makes arrays of both arguments."""
    if not isinstance(n, Value) and np.ndim(n) == 0:
        if n == 0:
            return as_dtype(UFUNCS[sp.psi](x), FLOAT64)
        factor = (-1.0) ** (n + 1) * math.gamma(n + 1.0)
        return zeta(n + 1.0, as_dtype(as_value(x), FLOAT64)) * factor
    order: Any = ew.stop_gradient(lift(innermost((n, x)), n))
    sign = np.where(np.mod(order, 2) == 0, -1.0, 1.0)
    general = sign * (UFUNCS[sp.gamma](order + 1.0) * zeta(order + 1.0, x))
    return np.where(order == 0, UFUNCS[sp.psi](x), general)


@implements(sp.multigammaln)  # pyright: ignore[reportAttributeAccessIssue]  # made at run time
def multigammaln(a: Any, d: Any) -> Any:
    if isinstance(d, Value) or d != int(d) or d < 1:
        raise TraceError("d of multigammaln is no positive integer", remedy="give d as an int >= 1")
    a = _float(a)
    total: Any = sum(UFUNCS[sp.gammaln](a - 0.5 * j) for j in range(int(d)))
    return as_dtype(total, FLOAT64) + d * (d - 1) * 0.25 * math.log(math.pi)


@implements(sp.factorial)
def factorial(n: Any, exact: bool = False, extend: str = "zero") -> Any:
    if exact or extend != "zero":
        raise TraceError(
            "factorial of a traced value with exact= or extend=",
            remedy="use factorial(n), or gamma(n + 1) where n may be negative",
        )
    n = as_value(n)
    whole = UFUNCS[sp.gamma](np.add(n, 1))
    value: Any = np.where(np.less(n, 0), np.zeros((), whole.dtype), whole)
    # SciPy's is of double precision for arrays.
    return as_dtype(value, FLOAT64) if n.shape else value


@implements(sp.comb)
def comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Any:
    if exact:
        raise TraceError("comb(..., exact=True) of a traced value", remedy="leave out exact=")
    if repetition:
        builder = innermost((N, k))
        N = np.subtract(np.add(lift(builder, N), lift(builder, k)), 1)
    return _where_chosen(N, k, UFUNCS[sp.binom](N, k))


@implements(sp.perm)
def perm(N: Any, k: Any, exact: bool = False) -> Any:
    if exact:
        raise TraceError("perm(..., exact=True) of a traced value", remedy="leave out exact=")
    builder = innermost((N, k))
    N, k = lift(builder, N), lift(builder, k)
    return _where_chosen(N, k, UFUNCS[sp.poch](N - k + 1, k))


def _where_chosen(N: Any, k: Any, value: Value) -> Any:
    """The number of choices of k out of N, which is 0 where there are none."""
    builder = innermost((N, k))
    N, k = lift(builder, N), lift(builder, k)
    some = (k <= N) & (N >= 0) & (k >= 0)
    return np.where(some, value, np.zeros((), value.dtype))


@implements(sp.lambertw)
def lambertw(z: Any, k: Any = 0, tol: Any = 1e-8) -> Any:
    """Complex as SciPy's, for real z; NaN where W is not real."""
    if isinstance(k, Value) or k not in (0, -1):
        raise TraceError(
            f"branch {k!r} of lambertw of a traced value",
            remedy="only the branches that have real values are supported: k=0 and k=-1",
        )
    z = as_value(z)
    if z.dtype.kind == "c":
        complex_record(sp.wrightomega)
    w = integrals.LAMBERT[int(k)](as_dtype(z, FLOAT64))
    return ew.pair(w, 0.0)


@implements(sp.assoc_laguerre)
def assoc_laguerre(x: Any, n: Any, k: Any = 0.0) -> Any:
    return UFUNCS[sp.eval_genlaguerre](n, k, x)


# -- sums of exponentials --------------------------------------------------------------------------


def _top(x: Value, axes: tuple[int, ...]) -> Value:
    """The largest elements, repeated, with 0 in place of infinities; shifts have no derivative."""
    top = st.expand(st.reduce_max(x, axes=axes), x.shape, axes) if axes else x
    return ew.stop_gradient(ew.where(ew.isfinite(top), top, 0.0))


@implements(sp.logsumexp)
def logsumexp(
    a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """Where all is -inf the value is -inf and the derivative 0."""
    x, weights = _weighted(a, b)
    axes = normal_axes(axis, x.ndim)
    kept = st.keep_axes(x.shape, axes)
    shape = kept if keepdims else st.drop_axes(x.shape, axes)
    if x.size == 0:
        empty = x.builder.const(-math.inf, shape, x.dtype)
        return (empty, ew.sign(empty)) if return_sign else empty
    if weights is None:
        top = _top(x, axes)
        parts = ew.exp(ew.sub(x, top))
    else:
        # What has no weight adds nothing, even where it is infinite, nor does it set the scale.
        absent = ew.eq(weights, 0.0)
        top = _top(ew.where(absent, -math.inf, x), axes)
        gap = ew.sub(x, top)
        far = ew.logical_and(absent, ew.logical_not(ew.le(gap, 80.0)))
        parts = ew.mul(weights, ew.exp(ew.where(far, -math.inf, gap)))
    total = st.reduce_sum(parts, axes=axes) if axes else parts
    shift = st.index(top, slots=_first(top.shape, axes)) if axes else top
    sign = ew.sign(total)
    none = ew.eq(total, 0.0)
    size = ew.where(none, 1.0, ew.absolute(total) if return_sign else total)
    value = ew.where(none, -math.inf, ew.add(ew.log(size), shift))
    results = [st.reshape(v, shape=shape) for v in (value, sign)]
    return tuple(results) if return_sign else results[0]


def _first(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[Any, ...]:
    """The first element along some axes, and all along the others."""
    return tuple(0 if i in axes else (0, n, 1) for i, n in enumerate(shape))


def _weighted(a: Any, b: Any) -> tuple[Value, Value | None]:
    """The exponents and the weights, in floating point, broadcast together; at least 1-d."""
    if b is None:
        x = _float(a)
        return (st.reshape(x, shape=(1,)) if x.shape == () else x), None
    x, weights = map(_float, align(np.add, (a, b)))
    if x.shape == ():
        x, weights = (st.reshape(v, shape=(1,)) for v in (x, weights))
    return x, weights


@implements(sp.softmax)
def softmax(x: Any, axis: Any = None) -> Any:
    x = _float(x)
    axes = normal_axes(axis, x.ndim)
    parts = ew.exp(ew.sub(x, _top(x, axes)))
    if not axes:
        return ew.div(parts, parts)
    return ew.div(parts, st.expand(st.reduce_sum(parts, axes=axes), x.shape, axes))


@implements(sp.log_softmax)
def log_softmax(x: Any, axis: Any = None) -> Any:
    x = _float(x)
    axes = normal_axes(axis, x.ndim)
    gap = ew.sub(x, _top(x, axes))
    total = ew.exp(gap)
    if axes:
        total = st.expand(st.reduce_sum(total, axes=axes), x.shape, axes)
    return ew.sub(gap, ew.log(total))


def softplus(x: Any) -> Any:
    """log(1 + e^x), whose derivative is the logistic function."""
    return np.logaddexp(0, x)


if "softplus" in sp.__all__:  # since SciPy 1.17
    implements(sp.softplus)(softplus)
