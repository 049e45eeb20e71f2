"""Complex arguments and results: conventions, transforms, kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

import jitad
from jitad.functions.elementwise.ufuncs import COMPLEX

parts = st.floats(-3, 3, allow_subnormal=False)
numbers = st.builds(complex, parts, parts)


def array(*shape: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


@given(numbers)
def test_the_gradient_of_a_real_function_is_its_partials(z: complex) -> None:
    """Of f(x + iy) it is df/dx - i df/dy."""
    gradient = jitad.grad(lambda z: z.real**2 * z.imag + np.abs(z) ** 2)(z)
    x, y = z.real, z.imag
    np.testing.assert_allclose(
        gradient, (2 * x * y + 2 * x) - 1j * (x**2 + 2 * y), rtol=1e-12, atol=1e-12
    )


@given(numbers)
def test_holomorphic_derivatives(z: complex) -> None:
    def f(z: Any) -> Any:
        return z**3 + np.exp(2j * z)

    first = 3 * z**2 + 2j * np.exp(2j * z)
    second = 6 * z - 4 * np.exp(2j * z)
    limit = 1e-9 * (1 + abs(first) + abs(second))
    derivative = jitad.grad(f, holomorphic=True)
    np.testing.assert_allclose(derivative(z), first, atol=limit)
    np.testing.assert_allclose(jitad.grad(derivative, holomorphic=True)(z), second, atol=limit)
    np.testing.assert_allclose(jitad.jacfwd(f, holomorphic=True)(z), first, atol=limit)
    np.testing.assert_allclose(jitad.hessian(f, holomorphic=True)(z), second, atol=limit)


EDGES = (0.0, -0.0, 1.0, -1.0, 0.5, -2.0, np.inf, -np.inf, np.nan, 1e-9, 1e-30, 1e30, 720.0, -720.0)
OWN = {np.exp2, np.expm1, np.log1p, np.reciprocal, np.square, np.sign}
"""Of these NumPy's values cancel, overflow or are NaN or far off where there is a value."""


@pytest.mark.parametrize("dtype", [np.complex128, np.complex64])
def test_values_on_axes_and_cuts_and_at_infinity(dtype: Any) -> None:
    """Numbers within rounding, zeros and infinities with their signs, NaN where NumPy has it.

    The sign of what stands beside NaN is left open, by C as well.
    """
    grid = np.array([complex(x, y) for x in EDGES for y in EDGES]).astype(dtype)
    ufuncs = [f for f in COMPLEX if f.nin == 1 and f not in OWN]
    kernel = jitad.jit(lambda z: tuple(f(z) for f in ufuncs))
    with np.errstate(all="ignore"):
        results = zip(ufuncs, kernel(grid), (f(grid) for f in ufuncs), strict=True)
        for ufunc, got, want in results:
            assert got.dtype == want.dtype
            known = ~np.isnan(want)
            for part in (np.real, np.imag):
                x, y = part(got), part(want)
                limit = 20 * np.finfo(y.dtype).eps if y.dtype.kind == "f" else 0
                tiny = float(np.finfo(dtype).tiny)
                np.testing.assert_allclose(x, y, rtol=limit, atol=tiny, err_msg=ufunc.__name__)
                signed = ((y == 0) | np.isinf(y)) & known
                assert not np.any((np.signbit(x) != np.signbit(y))[signed]), ufunc.__name__


def test_cauchy_riemann() -> None:
    """The derivative of a holomorphic function is one number, in whichever direction."""
    z, direction = 0.3 - 1.2j, 2.0 + 1.0j
    value, tangent = jitad.jvp(np.sin, (z,), (direction,))
    np.testing.assert_allclose(value, np.sin(z), rtol=1e-14)
    np.testing.assert_allclose(tangent, np.cos(z) * direction, rtol=1e-14)
    value, pullback = jitad.vjp(np.sin, z)
    np.testing.assert_allclose(pullback(direction)[0], np.cos(z) * direction, rtol=1e-14)


def test_jacobians_choose_the_side_that_is_real() -> None:
    x, z = np.array([0.5, 1.0]), array(3)
    phases = jitad.jacobian(lambda x: np.exp(1j * x))(x)
    np.testing.assert_allclose(phases, np.diag(1j * np.exp(1j * x)), rtol=1e-14)
    sizes = jitad.jacobian(lambda z: np.abs(z))(z)
    np.testing.assert_allclose(sizes, np.diag(np.conj(z) / np.abs(z)), rtol=1e-13)
    with pytest.raises(jitad.DifferentiationError, match="complex"):
        jitad.jacfwd(np.abs)(z)
    with pytest.raises(jitad.DifferentiationError, match="complex"):
        jitad.jacrev(lambda x: np.exp(1j * x))(x)
    with pytest.raises(jitad.DifferentiationError, match="holomorphic"):
        jitad.grad(lambda z: np.sum(z**2))(z)
    with pytest.raises(jitad.DifferentiationError, match="must be complex"):
        jitad.grad(lambda x: np.sum(x**2), holomorphic=True)(x)


def test_kernels_take_and_return_complex_numbers() -> None:
    def f(z: Any, w: Any) -> Any:
        return z * w, np.sum(z) * w

    z, w = array(7), 0.5 - 2.0j
    kernel = jitad.compile(f, z, w)
    for result in (kernel(z, w), kernel.njit(z, w), jitad.jit(f)(z, w)):
        np.testing.assert_allclose(result[0], z * w, rtol=1e-14)
        np.testing.assert_allclose(result[1], np.sum(z) * w, rtol=1e-14)
    single = jitad.jit(f)(z.astype(np.complex64), np.complex64(w))
    assert single[0].dtype == single[1].dtype == np.complex64

    inner = kernel.njit

    @njit
    def repeated(z: Any, w: Any) -> Any:
        for _ in range(3):
            z, _ = inner(z, w)
        return z

    np.testing.assert_allclose(repeated(z, w), z * w**3, rtol=1e-13)


def test_strided_and_closed_over_complex_arrays() -> None:
    weights = array(4, 6, seed=1)[:, ::2]
    z = array(3, 4)[:, ::-1].T[:, 0]
    np.testing.assert_allclose(jitad.jit(lambda z: z @ weights)(z), z @ weights, rtol=1e-13)
    weights[...] *= 2j
    np.testing.assert_allclose(jitad.jit(lambda z: z @ weights)(z), z @ weights, rtol=1e-13)


def test_long_straight_line_code() -> None:
    """Scalars that pass between the pieces of a long kernel keep both of their parts."""

    def f(z: Any) -> Any:
        for k in range(2500):
            z = z * (1.0 + 1e-4j) + 1e-3 * np.conj(z) / (k + 1)
        return z

    z = 1.0 + 2.0j
    np.testing.assert_allclose(jitad.jit(f)(z), f(z), rtol=1e-10)


@given(numbers, numbers)
def test_division_neither_overflows_nor_loses(x: complex, y: complex) -> None:
    for scale in (1.0, 1e200, 1e-200):
        if abs(y) < 1e-3:
            continue
        got = jitad.jit(lambda x, y: x / y)(x * scale, y * scale)
        np.testing.assert_allclose(got, x / y, rtol=1e-14, atol=1e-15)


def test_check_grads_of_complex_arguments() -> None:
    jitad.check_grads(lambda z: np.exp(z) * np.conj(z), (array(3),), order=2)
    jitad.check_grads(lambda z: np.sum(np.abs(np.fft.fft(z)) ** 3), (array(5),), order=2)


def test_fourier_transforms_of_a_batch_of_directions() -> None:
    x = np.arange(6.0) ** 2
    hessian = jitad.hessian(lambda x: np.sum(np.abs(np.fft.rfft(x)) ** 2))(x)
    weights = np.array([1, 2, 2, 1])  # Parseval, of half of the spectrum
    matrix = np.fft.rfft(np.eye(6), axis=0)
    np.testing.assert_allclose(hessian, 2 * np.real(matrix.conj().T @ matrix), atol=1e-12)
    assert np.allclose(np.real(matrix.conj().T @ (weights[:, None] * matrix)), 6 * np.eye(6))
