"""NumPy's calculus and products: errors that teach, derivatives at knots, and random arguments."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.testing import assert_allclose, assert_array_equal

import jitad
from jitad import JitadError, TraceError
from jitad.ops.contraction import contract

X = np.array([1.0, 2.0, 4.0])
WINDOWS = np.lib.stride_tricks.sliding_window_view

ERRORS: list[tuple[str, Callable[[Any], Any]]] = [
    ("order -1", lambda x: np.diff(x, -1)),
    ("scalar", lambda x: np.diff(x[0])),
    ("int64", lambda x: np.ediff1d(x.astype(int), 0.5)),
    ("edge_order=3", lambda x: np.gradient(x, edge_order=3)),
    ("axis of 1 elements", lambda x: np.gradient(x[:1])),
    ("2 spacings", lambda x: np.gradient(x, 1.0, 2.0)),
    ("coordinates", lambda x: np.gradient(x, x[:2])),
    ("xp of shape", lambda x: np.interp(1.0, x, x[:2])),
    ("xp of shape", lambda x: np.interp(x, [], [])),
    ("period=0", lambda x: np.interp(x, x, x, period=0)),
    ("mode 'half'", lambda x: np.convolve(x, x, "half")),
    ("not empty", lambda x: np.correlate(x, x[:0])),
    ("one axis", lambda x: np.convolve(np.outer(x, x), x)),
    ("window of 4", lambda x: WINDOWS(x, 4)),
    ("a length for each axis", lambda x: WINDOWS(x, (2, 2))),
    ("immutable", lambda x: WINDOWS(x, 2, writeable=True)),
    ("polyder", lambda x: np.polyint(x, -1)),
    ("constants", lambda x: np.polyint(x, 3, [1.0, 2.0])),
    ("order -1", lambda x: np.polyder(x, -1)),
    ("polyadd", lambda x: np.polyadd(np.outer(x, x), x)),
    ("vander", lambda x: np.vander(np.outer(x, x))),
    ("polyval", lambda x: np.polyval(x[0], x)),
    ("components", lambda x: np.cross(np.ones(4), x)),
    ("scalar", lambda x: np.cross(x, x[0])),
    ("two components", lambda x: np.linalg.cross(x[:2], x[:2])),
    ("one array", lambda x: np.linalg.multi_dot([x])),
    ("matrices", lambda x: np.linalg.multi_dot([x, x, x])),
    ("one axis", lambda x: np.linalg.outer(np.outer(x, x), x)),
    ("2 axes", lambda x: np.tensordot(x, x, 2)),
    ("once", lambda x: np.tensordot(x, x, ([0], [0, 0]))),
    ("axis=0", lambda x: np.matvec(np.outer(x, x), x, axis=0)),
    ("scalars", lambda x: np.vecdot(x, 1.0)),
    ("labels", lambda x: np.einsum(x, ["i"], x, ["i"])),
    ("one label", lambda x: np.einsum("ii", np.outer(x, x[:2]))),
    ("slice", lambda x: np.apply_along_axis(np.sum, 1, np.outer(x[:0], x))),
    ("keeps the axis", lambda x: np.apply_over_axes(lambda a, axis: a.sum(), np.outer(x, x), 0)),
    ("negative integer powers", lambda x: np.arange(1, 4) ** (x.astype(int) - 3)),
    ("negative integer powers", lambda x: x.astype(int) ** -1),
]


@pytest.mark.parametrize(("words", "function"), ERRORS)
def test_an_error_teaches(words: str, function: Callable[[Any], Any]) -> None:
    with pytest.raises(JitadError, match=words) as caught:
        jitad.jit(function)(X)
    assert "Remedy: " in str(caught.value)


# -- interpolation and integrals -------------------------------------------------------------------


def test_slopes_of_interp() -> None:
    """Right-hand at the knots, left-hand at the last one, and none outside."""
    knots, heights = np.array([0.0, 1.0, 3.0]), np.array([5.0, 7.0, 1.0])
    points = np.array([-1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0])

    def total(x: Any, f: Any, left: Any) -> Any:
        return np.sum(np.interp(x, knots, f, left=left))

    slope, weights, outside = jitad.grad(total, (0, 1, 2))(points, heights, 9.0)
    assert_array_equal(slope, [0, 2, 2, -3, -3, -3, 0])
    assert_array_equal(weights, [1.5, 2, 2.5])
    assert outside == 1
    assert_array_equal(jitad.jit(np.interp)(points, knots, heights), [5, 5, 6, 7, 4, 1, 1])


def test_interp_where_knots_coincide() -> None:
    knots, heights = np.array([0.0, 1.0, 1.0, 2.0, 2.0]), np.array([0.0, 1.0, 5.0, 6.0, 8.0])
    points = np.array([0.5, 1.0, 1.5, 2.0, np.nan])
    assert_array_equal(jitad.jit(np.interp)(points, knots, heights), [0.5, 5, 5.5, 8, np.nan])
    slope = jitad.grad(lambda x: np.sum(np.interp(x, knots, heights)))(points[:4])
    assert_array_equal(slope, [1, 1, 1, 0])


@settings(max_examples=25, deadline=None)
@given(some.integers(1, 70), some.integers(0, 2**32 - 1))
def test_interp_finds_every_interval(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    knots, heights = np.sort(rng.normal(size=size)), rng.normal(size=size)
    points = np.concatenate([knots, rng.normal(size=50)])
    want = np.interp(points, knots, heights)
    assert_allclose(jitad.jit(np.interp)(points, knots, heights), want, rtol=1e-12, atol=1e-12)


def test_complex_samples() -> None:
    z = np.array([1 + 2j, 3 - 1j, 0.5j])
    points = np.array([-1.0, 0.25, 1.5, 2.0, 3.0])
    calls: list[Callable[[Any], Any]] = [
        lambda z: np.interp(points, np.arange(3.0), z),
        lambda z: np.gradient(z, np.array([0.0, 1.0, 3.0])),
        lambda z: np.trapezoid(z),
        lambda z: np.correlate(z, z[:2], "full"),
        lambda z: np.vecdot(z, z[::-1]),
        lambda z: np.polyval(z, z),
    ]
    for f in calls:
        assert_allclose(jitad.jit(f)(z), f(z), rtol=1e-14)


def test_unwrapped_phases_move_with_their_angles() -> None:
    angles = np.array([3.0, -3.0, 2.0, -1.5, 9.0])
    rows = jitad.jacobian(np.unwrap)(angles)
    assert_array_equal(rows, np.eye(5))


def test_trapezoid_is_exact_for_lines() -> None:
    def area(a: Any, x: Any) -> Any:
        return np.trapezoid(a * x, x)

    x = np.array([0.0, 0.5, 2.0])
    assert jitad.grad(area)(3.0, x) == 2.0
    assert_allclose(jitad.grad(area, 1)(3.0, x), [0, 0, 6])


# -- convolution -----------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    some.integers(1, 120),
    some.integers(1, 120),
    some.sampled_from(["full", "same", "valid"]),
    some.sampled_from([np.convolve, np.correlate]),
)
def test_convolution_of_any_lengths(n: int, m: int, mode: str, function: Any) -> None:
    rng = np.random.default_rng(n * 121 + m)
    a, v = rng.normal(size=n), rng.normal(size=m)
    want = function(a, v, mode)
    got = jitad.jit(lambda a, v: function(a, v, mode))(a, v)
    assert_allclose(got, want, rtol=1e-12, atol=1e-12)
    weights = rng.normal(size=want.shape)
    by_a = jitad.grad(lambda a, v: np.sum(weights * function(a, v, mode)))(a, v)
    steps = [np.vdot(weights, function(row, v, mode)) for row in np.eye(n)]
    assert_allclose(by_a, steps, rtol=1e-11, atol=1e-11)


def test_a_long_convolution_is_a_short_tape() -> None:
    lengths = {
        len(jitad.trace(np.convolve, np.ones(n), np.ones(n)).tape) for n in (100, 1000, 10_000)
    }
    assert len(lengths) == 1


# -- products --------------------------------------------------------------------------------------


def test_a_chain_of_matrices_is_multiplied_in_the_cheapest_order() -> None:
    chain = [np.ones(shape) for shape in ((2, 50), (50, 60), (60, 40), (40, 1))]
    tape = jitad.trace(lambda *xs: np.linalg.multi_dot(xs), *chain).tape
    sizes = [instr.shape for instr in tape.instrs if instr.op is contract]
    assert sizes == [(60, 1), (50, 1), (2, 1)]


def test_cross_of_vectors_of_two_components() -> None:
    x, y, z = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([4.0, -1.0]), np.array([1.0, 7.0, 2.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for a, b in ((x, y), (x, z), (z, x), (y, z)):
            try:
                want = np.cross(a, b)
            except ValueError:  # since NumPy 2.5
                with pytest.raises(jitad.ShapeError):
                    jitad.jit(np.cross)(a, b)
            else:
                assert_array_equal(jitad.jit(np.cross)(a, b), want)


# -- whole numbers ---------------------------------------------------------------------------------


def test_integer_powers_as_exponents_grow() -> None:
    f = jitad.jit(lambda x, n: x**n)
    x = np.array([3, -7, 2])
    for n in ([1, 2, 3], [63, 0, 5], [64, 10**9, 1], [2, 2, 2]):
        assert_array_equal(f(x, np.array(n)), x ** np.array(n))
    with pytest.raises(TraceError, match="negative"):
        f(x, np.array([1, -1, 1]))
    assert_array_equal(f(x, np.array([1, 1, 1])), x)


@pytest.mark.parametrize("dtype", [np.int64, np.int32])
def test_the_slowest_divisors(dtype: Any) -> None:
    """Neighbours among the numbers of Pell and of Fibonacci take the most steps."""
    for factor in (1, 2):
        numbers = [0, 1]
        while factor * numbers[-1] + numbers[-2] <= np.iinfo(dtype).max:
            numbers.append(factor * numbers[-1] + numbers[-2])
        x = np.array(numbers, dtype)
        assert_array_equal(jitad.jit(np.gcd)(x[1:], x[:-1]), np.gcd(x[1:], x[:-1]))


@settings(max_examples=20, deadline=None)
@given(some.integers(0, 2**32 - 1), some.sampled_from([np.float64, np.float32]))
def test_scaling_by_powers_of_two_is_exact(seed: int, dtype: Any) -> None:
    """Also where the result, or what is scaled, is subnormal or overflows."""
    rng = np.random.default_rng(seed)
    limits = np.finfo(dtype)
    with np.errstate(all="ignore"):
        x = np.concatenate([
            np.exp2(rng.uniform(limits.minexp - limits.nmant, limits.maxexp, 500)),
            [0.0, np.inf, np.nan, limits.max, limits.smallest_subnormal],
        ]).astype(dtype)  # fmt: skip
        x *= rng.choice([-1, 1], x.size).astype(dtype)
        n = rng.integers(2 * limits.minexp, 2 * limits.maxexp, x.size)
        scaled = np.ldexp(x, n)
        ends = (0.0, np.inf, -np.inf)
        neighbours = [np.nextafter(x, end) for end in ends]
    assert_array_equal(jitad.jit(np.ldexp)(x, n), scaled)
    for end, want in zip(ends, neighbours, strict=True):
        assert_array_equal(jitad.jit(np.nextafter)(x, end), want)
    for got, part in zip(jitad.jit(np.frexp)(x), np.frexp(x), strict=True):
        assert_array_equal(got, part)


# -- polynomials and Bessel's function -------------------------------------------------------------


def test_a_product_of_polynomials_drops_leading_zeros() -> None:
    f = jitad.jit(np.polymul)
    q = np.array([1.0, -1.0])
    for p in ([1.0, 2.0, 3.0], [0.0, 2.0, 3.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]):
        assert_array_equal(f(np.array(p), q), np.polymul(p, q))


def test_the_bessel_function_is_smooth_at_zero_and_overflows_late() -> None:
    assert jitad.grad(np.i0)(0.0) == 0
    assert jitad.grad(jitad.grad(np.i0))(0.0) == 0.5
    x = np.linspace(-709.0, 709.0, 1001)
    assert_allclose(jitad.jit(np.i0)(x), np.i0(x), rtol=1e-14)
