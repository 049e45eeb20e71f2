"""What the table tests ask of any function: its value and derivatives, judged by NumPy alone.

Values are compared with NumPy's. Tangents are compared with central differences of NumPy's values,
adjoints with tangents (<y_bar, J dx> = <J^T y_bar, dx>), second derivatives with differences of the
gradient. Nothing here knows any function by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
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


def compiled(f: Callable[..., Any], *args: Any) -> str:
    """The tape that is compiled, as `explain` shows it."""
    passes = jitad.explain(f, *args).partition("\n\n== schedule")[0].split("\n\n== ")
    return next(text for text in reversed(passes) if not text.endswith(": as before"))


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


def _along(f: Callable[..., Any], xs: Arrays, dxs: Arrays) -> Callable[[float], list[np.ndarray]]:
    """NumPy's results at xs + t dxs, each computed once: steps that are halved share points."""

    @cache
    def at(t: float) -> list[np.ndarray]:
        return plain(f, [x + t * dx for x, dx in zip(xs, dxs, strict=True)])

    return at


def _central(at: Callable[[float], list[np.ndarray]], step: float) -> list[np.ndarray]:
    total: list[Any] = []
    for k, weight in STENCIL:
        terms = [
            np.zeros(a.shape) if not is_float(a) else weight * (a - b) / step
            for a, b in zip(at(k * step), at(-k * step), strict=True)
        ]
        total = [t + u for t, u in zip(total, terms, strict=True)] if total else terms
    return [np.asarray(t) for t in total]


def difference(
    f: Callable[..., Any], xs: Arrays, dxs: Arrays, step: float = STEP
) -> list[np.ndarray]:
    """The derivative of f at xs in the direction dxs, in float64, by differences."""
    return _central(_along(f, xs, dxs), step)


def judged(
    f: Callable[..., Any], xs: Arrays, dxs: Arrays
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The same, and where two steps agree about it; elsewhere a kink or a jump lies within them."""
    at = _along(f, xs, dxs)
    wanted = _central(at, STEP)
    pairs = zip(wanted, _central(at, STEP / 2), strict=True)
    limits = [1e-2 if v.dtype in SINGLE else 1e-6 for v in plain(f, xs)]
    masks = [np.isclose(a, b, rtol=t, atol=t) for (a, b), t in zip(pairs, limits, strict=True)]
    for mask in masks:
        assert mask.size == 0 or mask.mean() > 0.9, "the samples lie at kinks"
    return wanted, masks


def assert_same(got: Any, want: Sequence[np.ndarray], tolerance: float = 0.0) -> None:
    """Equal shapes and dtypes, and values within rounding."""
    results = leaves(got)
    assert len(results) == len(want)
    for x, y in zip(results, want, strict=True):
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        limit = max(rounding(y.dtype), tolerance)
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
    """All that is asked of a function, from one kernel; None for what a kernel does not compute."""

    value: Any
    tangent: Any = None
    adjoint: Any = None
    second: Any = None


def everything(f: Callable[..., Any]) -> Callable[..., Results]:
    """Value, tangent, gradient of <y_bar, f> and its tangent, compiled together."""

    def weighted(xs: Any, y_bars: Any) -> Any:
        results = flatten(f(*xs))[0]
        return sum(np.real(np.sum(y * r)) for y, r in zip(y_bars, results, strict=True))

    def all_of_it(xs: Any, dxs: Any, y_bars: Any) -> Results:
        value, tangent = jitad.jvp(f, xs, dxs)
        if not y_bars:
            return Results(value, tangent)
        adjoint, second = jitad.jvp(lambda xs: jitad.grad(weighted)(xs, y_bars), (xs,), (dxs,))
        return Results(value, tangent, adjoint, second)

    return jitad.jit(all_of_it)


def reverse(f: Callable[..., Any]) -> Callable[..., Results]:
    """Value and adjoints alone, by a pullback; the tangent where there are none."""

    def reverse_alone(xs: Any, dxs: Any, y_bars: Any) -> Results:
        if not y_bars:
            return Results(*jitad.jvp(f, xs, dxs))
        value, pullback = jitad.vjp(f, *xs)
        adjoint = pullback(unflatten(flatten(value)[1], y_bars))
        return Results(value, adjoint=adjoint)

    return jitad.jit(reverse_alone)


def check_tangent(f: Callable[..., Any], xs: Arrays, dxs: Arrays, got: Any) -> None:
    """J v agrees with differences."""
    want, masks = judged(f, xs, dxs)
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


class Question(NamedTuple):
    """A function, its point, and the directions in which it is asked for derivatives."""

    f: Callable[..., Any]
    xs: Arrays
    dxs: Arrays
    y_bars: Arrays

    def ask(self, run: Callable[..., Results], xs: Arrays, convert: Any = _double) -> Results:
        """What a program of the function gives at a point, in the dtypes that `convert` makes."""
        points, dxs = ([convert(x) for x in group] for group in (xs, self.dxs))
        kinds = [v.dtype for v in plain(self.f, points)] if self.y_bars else []
        y_bars = [y.astype(kind) for y, kind in zip(self.y_bars, kinds, strict=True)]
        return run(*map(tuple, (points, dxs, y_bars)))


def question(f: Callable[..., Any], xs: Arrays) -> Question:
    """About a function of float64 arrays that are exact in float32, in directions by chance."""
    rng = np.random.default_rng(1)
    value = plain(f, xs)
    dxs = directions(rng, xs)
    y_bars = directions(rng, value) if all(is_float(v) for v in value) else []
    return Question(f, xs, dxs, y_bars)


def check_all(f: Callable[..., Any], xs: Arrays) -> None:
    """Everything in float64, and first derivatives in float32 by other kernels."""
    asked = question(f, xs)
    check_single(asked, reverse(f), check_double(asked, everything(f)))


def check_double(asked: Question, run: Callable[..., Results]) -> Results:
    """Everything in float64, which is right."""
    f, xs, dxs, y_bars = asked
    exact = asked.ask(run, xs)
    assert_same(exact.value, plain(f, xs))
    check_tangent(f, xs, dxs, exact.tangent)
    if y_bars:
        check_adjoint(xs, dxs, y_bars, exact.tangent, exact.adjoint)

        def gradient(*points: Any) -> Any:
            return asked.ask(run, points).adjoint

        want, masks = judged(gradient, xs, dxs)
        for x, y, mask in zip(leaves(exact.second), want, masks, strict=True):
            np.testing.assert_allclose(x[mask], y[mask], rtol=1e-7, atol=1e-6)
    return exact


def check_single(asked: Question, run: Callable[..., Results], exact: Results) -> None:
    """In float32: NumPy's dtypes all the way, and derivatives close to those in float64."""
    xs = [_single(x) for x in asked.xs]
    single = asked.ask(run, xs, _single)
    value = plain(asked.f, xs)
    assert_same(single.value, value)
    if single.tangent is not None:
        kinds = [v.dtype if is_float(v) else np.dtype(float) for v in value]
        _check_close(single.tangent, exact.tangent, kinds)
    if single.adjoint is not None:
        _check_close(single.adjoint, exact.adjoint, [x.dtype for x in xs])


def _check_close(got: Any, exact: Any, dtypes: Sequence[Any]) -> None:
    for x, y, dtype in zip(leaves(got), leaves(exact), dtypes, strict=True):
        assert (x.shape, x.dtype) == (y.shape, dtype)
        scale = float(np.max(np.abs(y), initial=1.0))
        np.testing.assert_allclose(x, y, rtol=1e-3, atol=1e-3 * scale)
