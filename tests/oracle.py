"""What the table tests ask of any function: its value and derivatives, judged by NumPy alone.

Values are compared with NumPy's. Tangents are compared with central differences of NumPy's values,
adjoints with tangents (<y_bar, J dx> = <J^T y_bar, dx>), second derivatives with differences of the
gradient. Nothing here knows any function by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import jitad
from jitad.frontend.pytree import flatten

Arrays = Sequence[np.ndarray]

STEP = 2.0**-10
STENCIL = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))
"""Central differences of sixth order: sum_k w_k (f(x + k h) - f(x - k h)) / h."""

DIFFERENCES = 1e-8
"""Tolerance of differences in float64: about h^6 and eps / h."""


def leaves(tree: Any) -> list[np.ndarray]:
    """The arrays of a result, in order."""
    return [np.asarray(x) for x in flatten(tree)[0]]


def rounding(dtype: Any) -> float:
    """Tolerance of a value computed in that dtype by another order of operations."""
    return 200 * float(np.finfo(dtype).eps) if np.dtype(dtype).kind == "f" else 0.0


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
            np.zeros(a.shape) if a.dtype.kind != "f" else weight * (a - b) / step
            for a, b in zip(ahead, behind, strict=True)
        ]
        total = [t + u for t, u in zip(total, terms, strict=True)] if total else terms
    return [np.asarray(t) for t in total]


def smooth(f: Callable[..., Any], xs: Arrays, dxs: Arrays) -> list[np.ndarray]:
    """Where two steps agree about the derivative; elsewhere a kink or a jump lies within them."""
    pairs = zip(
        difference(f, xs, dxs), difference(f, xs, dxs, STEP / 2), strict=True
    )
    limits = [1e-2 if v.dtype == np.float32 else 1e-6 for v in plain(f, xs)]
    masks = [
        np.isclose(a, b, rtol=t, atol=t) for (a, b), t in zip(pairs, limits, strict=True)
    ]
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
        scale = float(np.max(np.abs(y[np.isfinite(y)]), initial=1.0)) if y.dtype.kind == "f" else 0
        np.testing.assert_allclose(x, y, rtol=limit, atol=limit * scale)


def directions(rng: np.random.Generator, arrays: Arrays) -> list[np.ndarray]:
    """Random directions of the arrays' shapes, exact in float32; in float64 for other dtypes."""
    return [
        np.asarray(rng.normal(size=x.shape).astype(np.float32), x.dtype if x.dtype.kind == "f" else float)
        for x in arrays
    ]


def check_value(f: Callable[..., Any], xs: Arrays) -> list[np.ndarray]:
    """The compiled function gives NumPy's values, dtypes and shapes."""
    want = plain(f, xs)
    assert_same(jitad.jit(f)(*xs), want)
    return want


def check_tangent(f: Callable[..., Any], xs: Arrays, dxs: Arrays) -> list[np.ndarray]:
    """The tangent agrees with differences."""
    value, tangent = jitad.jvp(f, tuple(xs), tuple(dxs))
    assert_same(value, plain(f, xs))
    want, masks = difference(f, xs, dxs), smooth(f, xs, dxs)
    got = leaves(tangent)
    for x, y, v, mask in zip(got, want, leaves(value), masks, strict=True):
        assert x.dtype == (v.dtype if v.dtype.kind == "f" else np.float64)
        tolerance = DIFFERENCES if v.dtype != np.float32 else 1e-3
        np.testing.assert_allclose(x[mask], y[mask], rtol=tolerance, atol=10 * tolerance)
    return got


def check_adjoint(
    f: Callable[..., Any], xs: Arrays, dxs: Arrays, y_bars: Arrays, tangents: Arrays
) -> None:
    """<y_bar, J dx> = <J^T y_bar, dx>."""
    value, pullback = jitad.vjp(f, *xs)
    structure = flatten(value)[1]
    x_bars = leaves(pullback(structure.unflatten([y[()] for y in y_bars])))
    for x_bar, x in zip(x_bars, xs, strict=True):
        assert (x_bar.shape, x_bar.dtype) == (x.shape, x.dtype)
    left = [np.ravel(np.float64(y) * t) for y, t in zip(y_bars, tangents, strict=True)]
    right = [np.ravel(np.float64(b) * dx) for b, dx in zip(x_bars, dxs, strict=True)]
    limit = max((rounding(x.dtype) for x in (*xs, *y_bars)), default=0.0)
    products = np.concatenate([*left, *right])
    assert np.all(np.isfinite(products))
    gap = abs(sum(x.sum() for x in left) - sum(x.sum() for x in right))
    assert gap <= limit * max(1.0, float(np.abs(products).sum()))


def check_second(f: Callable[..., Any], xs: Arrays, dxs: Arrays, y_bars: Arrays) -> None:
    """The derivative of the gradient of <y_bar, f> agrees with differences of that gradient."""

    def weighted(*values: Any) -> Any:
        results = flatten(f(*values))[0]
        return sum(np.sum(y * r) for y, r in zip(y_bars, results, strict=True))

    gradient = jitad.grad(weighted, argnums=tuple(range(len(xs))))
    _, tangent = jitad.jvp(gradient, tuple(xs), tuple(dxs))
    masks = smooth(gradient, xs, dxs)
    want = difference(gradient, xs, dxs)
    for x, y, mask in zip(leaves(tangent), want, masks, strict=True):
        np.testing.assert_allclose(x[mask], y[mask], rtol=1e-7, atol=1e-6)


def check_single(f: Callable[..., Any], xs: Arrays, dxs: Arrays) -> None:
    """In float32: NumPy's dtypes and values, and derivatives close to those in float64."""
    singles = [x.astype(np.float32) for x in xs]
    value = check_value(f, singles)
    moves = [dx.astype(np.float32) for dx in dxs]
    _, tangent = jitad.jvp(f, tuple(singles), tuple(moves))
    _, exact = jitad.jvp(f, tuple(xs), tuple(dxs))
    for x, y, v in zip(leaves(tangent), leaves(exact), value, strict=True):
        assert x.dtype == (v.dtype if v.dtype.kind == "f" else np.float64)
        scale = float(np.max(np.abs(y), initial=1.0))
        np.testing.assert_allclose(x, y, rtol=1e-3, atol=1e-4 * scale)
    if value and all(v.dtype.kind == "f" for v in value):
        rng = np.random.default_rng(2)
        check_adjoint(f, singles, moves, directions(rng, value), leaves(tangent))


def check_all(f: Callable[..., Any], xs: Arrays, *, second: bool = True) -> None:
    """Everything, for a function of float64 arrays; xs are exact in float32."""
    rng = np.random.default_rng(1)
    value = check_value(f, xs)
    if not xs:
        return
    dxs = directions(rng, xs)
    tangents = check_tangent(f, xs, dxs)
    if all(v.dtype.kind == "f" for v in value):
        y_bars = directions(rng, value)
        check_adjoint(f, xs, dxs, y_bars, tangents)
        if second:
            check_second(f, xs, dxs, y_bars)
    check_single(f, xs, dxs)
