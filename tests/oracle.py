"""What the table tests ask of any function: its value and derivatives, judged by NumPy alone.

Values are compared with NumPy's. Tangents are compared with central differences of NumPy's values,
adjoints with tangents (<y_bar, J dx> = <J^T y_bar, dx>), second derivatives with differences of the
gradient. Nothing here knows any function by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

import jitad
from jitad.frontend.pytree import flatten, unflatten

Arrays = Sequence[np.ndarray]

STEP = 2.0**-10
STENCIL = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))
"""Central differences of sixth order: sum_k w_k (f(x + k h) - f(x - k h)) / h."""

DIFFERENCES = 1e-8
"""Tolerance of differences in float64: about h^6 and eps / h."""


def is_float(x: np.ndarray) -> bool:
    return x.dtype.kind in "fc"


SINGLE = (np.dtype(np.float32), np.dtype(np.complex64))


def _double(x: Any) -> np.ndarray:
    return np.asarray(x, complex if np.iscomplexobj(x) else float)


def _single(x: np.ndarray) -> np.ndarray:
    return x.astype(np.complex64 if np.iscomplexobj(x) else np.float32)


def leaves(tree: Any) -> list[np.ndarray]:
    """The arrays of a result, in order."""
    return [np.asarray(x) for x in flatten(tree)[0]]


def rounding(dtype: Any) -> float:
    """Tolerance of a value computed in that dtype by another order of operations."""
    return 200 * float(np.finfo(dtype).eps) if np.dtype(dtype).kind in "fc" else 0.0


def plain(f: Callable[..., Any], xs: Arrays) -> list[np.ndarray]:
    """NumPy's own results."""
    with np.errstate(all="ignore"):
        return leaves(f(*xs))


def difference(
    f: Callable[..., Any], xs: Arrays, dxs: Arrays, step: float = STEP
) -> list[np.ndarray]:
    """The derivative of f at xs in the direction dxs, in float64, by differences."""
    total: list[Any] = []
    for k, weight in STENCIL:
        ahead = plain(f, [x + k * step * dx for x, dx in zip(xs, dxs, strict=True)])
        behind = plain(f, [x - k * step * dx for x, dx in zip(xs, dxs, strict=True)])
        terms = [
            np.zeros(a.shape) if not is_float(a) else weight * (a - b) / step
            for a, b in zip(ahead, behind, strict=True)
        ]
        total = [t + u for t, u in zip(total, terms, strict=True)] if total else terms
    return [np.asarray(t) for t in total]


def smooth(f: Callable[..., Any], xs: Arrays, dxs: Arrays) -> list[np.ndarray]:
    """Where two steps agree about the derivative; elsewhere a kink or a jump lies within them."""
    pairs = zip(difference(f, xs, dxs), difference(f, xs, dxs, STEP / 2), strict=True)
    limits = [1e-2 if v.dtype in SINGLE else 1e-6 for v in plain(f, xs)]
    masks = [np.isclose(a, b, rtol=t, atol=t) for (a, b), t in zip(pairs, limits, strict=True)]
    for mask in masks:
        assert mask.size == 0 or mask.mean() > 0.9, "the samples lie at kinks"
    return masks


def assert_same(got: Any, want: Sequence[np.ndarray], tolerance: float | None = None) -> None:
    """Equal shapes and dtypes, and values within rounding."""
    results = leaves(got)
    assert len(results) == len(want)
    for x, y in zip(results, want, strict=True):
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        limit = rounding(y.dtype) if tolerance is None else tolerance
        scale = float(np.max(np.abs(y[np.isfinite(y)]), initial=1.0)) if is_float(y) else 0
        np.testing.assert_allclose(x, y, rtol=limit, atol=limit * scale)


def directions(rng: np.random.Generator, arrays: Arrays) -> list[np.ndarray]:
    """Random directions of the arrays' shapes, exact in float32; in float64 for other dtypes."""

    def exact(x: np.ndarray) -> np.ndarray:
        re, im = rng.normal(size=(2, *x.shape)).astype(np.float32)
        return np.asarray(re + 1j * im if x.dtype.kind == "c" else re)

    return [np.asarray(exact(x), x.dtype if is_float(x) else float) for x in arrays]


def check_value(f: Callable[..., Any], xs: Sequence[Any]) -> list[np.ndarray]:
    """The compiled function gives NumPy's values, dtypes and shapes."""
    want = plain(f, xs)
    assert_same(jitad.jit(f)(*xs), want)
    return want


class Results(NamedTuple):
    """All that is asked of a function, from one kernel."""

    value: Any
    tangent: Any
    adjoint: Any
    gradient: Any
    second: Any


def program(f: Callable[..., Any]) -> Callable[..., Results]:
    """Value, tangent, adjoints, gradient of <y_bar, f> and its tangent, compiled together."""

    def weighted(xs: Any, y_bars: Any) -> Any:
        results = flatten(f(*xs))[0]
        return sum(np.real(np.sum(y * r)) for y, r in zip(y_bars, results, strict=True))

    def everything(xs: Any, dxs: Any, y_bars: Any) -> Results:
        value, tangent = jitad.jvp(f, xs, dxs)
        if not y_bars:
            return Results(value, tangent, None, None, None)
        again, pullback = jitad.vjp(f, *xs)
        adjoint = pullback(unflatten(flatten(again)[1], y_bars))
        gradient, second = jitad.jvp(lambda xs: jitad.grad(weighted)(xs, y_bars), (xs,), (dxs,))
        return Results(value, tangent, adjoint, gradient, second)

    return jitad.jit(everything)


def check_tangent(f: Callable[..., Any], xs: Arrays, dxs: Arrays, got: Any) -> None:
    """J v agrees with differences."""
    want, masks = difference(f, xs, dxs), smooth(f, xs, dxs)
    for x, y, v, mask in zip(leaves(got), want, plain(f, xs), masks, strict=True):
        tolerance = DIFFERENCES if v.dtype not in SINGLE else 1e-3
        np.testing.assert_allclose(x[mask], y[mask], rtol=tolerance, atol=10 * tolerance)


def check_adjoint(xs: Arrays, dxs: Arrays, y_bars: Arrays, tangent: Any, adjoint: Any) -> None:
    """<y_bar, J dx> = <J^T y_bar, dx>, where <a, b> is the real part of the sum of a b."""
    for x_bar, x in zip(leaves(adjoint), xs, strict=True):
        assert (x_bar.shape, x_bar.dtype) == (x.shape, x.dtype)
    left = [np.ravel(_double(y) * t).real for y, t in zip(y_bars, leaves(tangent), strict=True)]
    right = [np.ravel(_double(b) * dx).real for b, dx in zip(leaves(adjoint), dxs, strict=True)]
    limit = max(rounding(x.dtype) for x in (*xs, *y_bars))
    products = np.concatenate([*left, *right])
    assert np.all(np.isfinite(products))
    gap = abs(sum(x.sum() for x in left) - sum(x.sum() for x in right))
    assert gap <= limit * max(1.0, float(np.abs(products).sum()))


def check_all(f: Callable[..., Any], xs: Arrays) -> None:
    """Everything, for a function of float64 arrays; xs are exact in float32."""
    rng = np.random.default_rng(1)
    value = plain(f, xs)
    dxs = directions(rng, xs)
    y_bars = directions(rng, value) if all(is_float(v) for v in value) else []
    run = program(f)

    def at(points: Arrays, convert: Any = _double) -> Results:
        arrays = [[convert(x) for x in group] for group in (points, dxs)]
        kinds = [v.dtype for v in plain(f, arrays[0])]
        seeds = [y.astype(kind) for y, kind in zip(y_bars, kinds, strict=bool(y_bars))]
        return run(*map(tuple, (*arrays, seeds)))

    exact = at(xs)
    assert_same(exact.value, value)
    check_tangent(f, xs, dxs, exact.tangent)
    if y_bars:
        check_adjoint(xs, dxs, y_bars, exact.tangent, exact.adjoint)
        assert_same(exact.gradient, leaves(exact.adjoint), 1e-12)

        def gradient(*points: Any) -> Any:
            return at(points).gradient

        masks = smooth(gradient, xs, dxs)
        want = difference(gradient, xs, dxs)
        for x, y, mask in zip(leaves(exact.second), want, masks, strict=True):
            np.testing.assert_allclose(x[mask], y[mask], rtol=1e-7, atol=1e-6)
    singles = [_single(x) for x in xs]
    single = at(singles, _single)
    assert_same(single.value, plain(f, singles))
    check_single(singles, dxs, y_bars, single, exact)


def check_single(xs: Arrays, dxs: Arrays, y_bars: Arrays, single: Results, exact: Results) -> None:
    """In float32: NumPy's dtypes all the way, and derivatives close to those in float64."""
    values = leaves(single.value)
    for x, v in zip(leaves(single.tangent), values, strict=True):
        assert x.dtype == (v.dtype if is_float(v) else np.float64)
    if y_bars:
        check_adjoint(
            xs,
            dxs,
            [y.astype(v.dtype) for y, v in zip(y_bars, values, strict=True)],
            single.tangent,
            single.adjoint,
        )
        for x, g, s in zip(xs, leaves(single.gradient), leaves(single.second), strict=True):
            assert g.dtype == s.dtype == x.dtype
    for x, y in zip(leaves(tuple(single[1:])), leaves(tuple(exact[1:])), strict=True):
        scale = float(np.max(np.abs(y), initial=1.0))
        np.testing.assert_allclose(x, y, rtol=1e-3, atol=1e-3 * scale)
