"""Derivatives where NumPy leaves a choice are JAX's, and the textbooks' known values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import jitad

NAN, INF = np.nan, np.inf


def _both(f: Any, x: Any) -> Any:
    """The derivative at every element of x, which both modes and both code paths agree about."""
    x = np.asarray(x, float)
    reverse = jitad.grad(lambda x: np.sum(f(x)))(x)
    _, forward = jitad.jvp(f, (x,), (np.ones(x.shape),))
    assert_array_equal(reverse, forward)
    many = np.tile(x, 500)
    assert_array_equal(jitad.grad(lambda x: np.sum(f(x)))(many), np.tile(reverse, 500))
    for k, number in enumerate(x):
        assert_array_equal(jitad.grad(f)(number), reverse[k])
    return reverse


# -- kinks -----------------------------------------------------------------------------------------


def test_kinks_of_one_operand() -> None:
    assert_array_equal(_both(np.abs, [-2.0, 0.0, -0.0, 3.0]), [-1, 0, 0, 1])
    assert_array_equal(_both(np.fabs, [-2.0, 0.0, 3.0]), [-1, 0, 1])
    for f in (np.sign, np.floor, np.ceil, np.rint, np.trunc, np.round):
        assert_array_equal(_both(f, [-1.0, -0.25, 0.0, 0.5, 2.0]), np.zeros(5))
    assert_array_equal(_both(lambda x: x % 1.0, [0.25, -0.25, 2.0]), [1, 1, 1])
    assert_array_equal(_both(lambda x: x // 1.0, [0.25, -0.25, 2.0]), [0, 0, 0])
    assert_array_equal(_both(lambda x: np.modf(x)[0], [0.25, -0.25, 2.0, -2.0]), [1, 1, 1, 1])
    assert_array_equal(_both(np.sinc, [0.0]), [0.0])
    assert_allclose(jitad.grad(jitad.grad(np.sinc))(0.0), -(np.pi**2) / 3)


def test_ties_share_equally() -> None:
    for f in (np.maximum, np.minimum, np.fmax, np.fmin):
        assert_array_equal(jitad.grad(f, (0, 1))(2.0, 2.0), (0.5, 0.5))
        gradient = jitad.grad(lambda x, y, f=f: np.sum(f(x, y)), (0, 1))(np.ones(9), np.ones(9))
        assert_array_equal(gradient, np.full((2, 9), 0.5))
    for f in (np.max, np.min):
        x = np.array([3.0, 1.0, 3.0, 1.0])
        expected = np.where(x == f(x), 0.5, 0.0)
        assert_array_equal(jitad.grad(f)(x), expected)
        assert_allclose(jitad.jvp(f, (x,), (np.arange(4.0),))[1], np.arange(4.0) @ expected)
        ones = np.ones((4, 5))
        assert_allclose(jitad.grad(lambda x, f=f: np.sum(f(x, axis=1)))(ones), ones / 5)
    assert jitad.grad(lambda x: np.maximum(x, 0.0))(0.0) == 0.5
    assert_array_equal(_both(lambda x: np.clip(x, 0.0, 1.0), [-1, 0.5, 2]), [0, 1, 0])


def test_nan_beside_a_number() -> None:
    assert_array_equal(_both(lambda x: np.fmax(x, 1.0), [NAN, 0.0, 2.0]), [0, 0, 1])
    assert_array_equal(_both(lambda x: np.fmin(x, 1.0), [NAN, 0.0, 2.0]), [0, 1, 0])
    assert_array_equal(_both(lambda x: np.fmax(x, NAN), [0.0, 2.0]), [1, 1])
    assert_array_equal(_both(np.nan_to_num, [NAN, INF, -INF, 2.0]), [0, 0, 0, 1])


def test_copysign_heaviside_hypot() -> None:
    assert_array_equal(_both(lambda x: np.copysign(x, -1.0), [-2.0, 3.0]), [1, -1])
    assert_array_equal(_both(lambda x: np.copysign(3.0, x), [-2.0, 3.0]), [0, 0])
    assert_array_equal(_both(lambda x: np.heaviside(x, 0.5), [-2.0, 0.0, 3.0]), [0, 0, 0])
    assert jitad.grad(lambda y: np.heaviside(0.0 * y, y))(0.5) == 1.0
    assert jitad.grad(np.hypot, (0, 1))(0.0, 0.0) == (0.0, 0.0)


# -- where never leaks -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: np.where(x > 0, np.log(x), 0.0), [0, 0, 0.5]),
        (lambda x: np.where(x > 0, np.sqrt(x), 0.0), [0, 0, 0.5 / np.sqrt(2)]),
        (lambda x: np.where(x > 0, 1 / x, x), [1, 1, -0.25]),
        (lambda x: np.where(x > 0, x**1.5, 0.0), [0, 0, 1.5 * np.sqrt(2)]),
        (lambda x: np.where(x <= 0, 0.0, np.log(x) * x), [0, 0, np.log(2) + 1]),
        (lambda x: np.where(x > 0, np.sqrt(np.log(x)), 2 * x), [2, 2, 0.25 / np.sqrt(np.log(2))]),
        (lambda x: np.where(x > 0, np.log(x) + np.sqrt(x), 0.0), [0, 0, 0.5 + 0.5 / np.sqrt(2)]),
        (lambda x: 3 * np.where(x > 0, np.log(x) / x, 0.0), [0, 0, 3 * (1 - np.log(2)) / 4]),
    ],
)
def test_where_never_leaks_nan(f: Any, expected: Any) -> None:
    x = np.array([-1.0, 0.0, 2.0])
    assert_allclose(jitad.grad(lambda x: np.sum(f(x)))(x), expected)
    assert_allclose(jitad.jvp(f, (x,), (np.ones(3),))[1], expected)
    assert_allclose(jitad.jacfwd(f)(x), np.diag(expected))
    assert_allclose(jitad.jacrev(f)(x), np.diag(expected))
    second = jitad.hvp(lambda x: np.sum(f(x)), (x,), (np.ones(3),))
    assert np.all(np.isfinite(second))
    many = np.tile(x, 500)
    assert_allclose(
        jitad.grad(lambda x: np.sum(f(x[:-3])) + np.sum(f(x[-3:])))(many), np.tile(expected, 500)
    )


def test_where_of_scalars_never_leaks_nan() -> None:
    f = jitad.grad(lambda x: np.where(x > 0, np.log(x), 0.0))
    assert [f(v) for v in (-1.0, 0.0, 2.0)] == [0.0, 0.0, 0.5]
    g = jitad.grad(lambda x: np.where(x > 0, np.log(x.sum()), 0.0).sum())
    assert_array_equal(g(np.array([-1.0, -2.0])), [0, 0])


# -- products and powers with zeros ----------------------------------------------------------------


@pytest.mark.parametrize("x", [[2.0, 0.0, 3.0], [2.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0]])
def test_prod_with_zeros(x: Any) -> None:
    x = np.array(x)
    others = [np.prod(np.delete(x, k)) for k in range(len(x))]
    assert_array_equal(jitad.grad(np.prod)(x), others)
    assert_array_equal(jitad.jacfwd(np.prod)(x), others)
    hessian = jitad.hessian(np.prod)(x)
    for i in range(len(x)):
        for j in range(len(x)):
            expected = 0.0 if i == j else np.prod(np.delete(x, [i, j]))
            assert hessian[i, j] == expected


def test_powers_at_zero() -> None:
    assert_array_equal(_both(lambda x: x**2, [0.0, -3.0]), [0, -6])
    assert_array_equal(_both(lambda x: x**3.0, [0.0, -1.0]), [0, 3])
    assert_array_equal(_both(lambda x: x**1, [0.0]), [1])
    assert_array_equal(_both(lambda x: x**0, [0.0, 2.0]), [0, 0])
    assert_array_equal(_both(lambda x: np.power(x, 2.5), [0.0]), [0])
    assert_array_equal(_both(lambda y: np.power(0.0, y), [2.0, 1.0]), [0, 0])
    assert jitad.grad(np.power)(0.0, 0.0) == 0.0
    assert jitad.grad(np.power)(0.0, 1.0) == 1.0
    assert_array_equal(_both(np.sqrt, [0.0]), [INF])


def test_dtypes_of_derivatives() -> None:
    x = np.linspace(0, 1, 5, dtype=np.float32)
    back = jitad.grad(lambda x: np.sum(x.astype(np.float64) * 3))(x)
    assert back.dtype == np.float32
    assert_array_equal(back, np.full(5, 3.0))
    assert_array_equal(jitad.grad(lambda x: np.sum(x.astype(int) * x))(np.array([2.5])), [2.0])
    _, tangent = jitad.jvp(lambda x: x > 0, (X,), (X,))
    assert tangent.dtype == np.float64
    assert_array_equal(tangent, np.zeros(3))


X = np.array([0.5, -1.25, 2.0])


# -- known values ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "at", "value", "derivatives", "digits"),
    [
        (lambda a, b: np.log(a) + a * b - np.sin(b), (2.0, 5.0), 11.652, (5.5, 1.716), 3),
        (
            lambda a, b: (np.sin(a / b) + a / b - np.exp(b)) * (a / b - np.exp(b)),
            (1.5, 0.5),
            2.0167,
            (3.0118,),
            4,
        ),
        (
            lambda x, y: x**2 * np.exp(x + np.cos(y)),
            (2.0, np.pi / 2),
            29.556,
            (59.112, -29.556),
            3,
        ),
        (lambda a, b, c: (a + 2 * b) * c, (3.0, 1.0, -2.0), -10, (-2, -4, 5), 12),
        (lambda x: 3 * x + 2, (4.0,), 14, (3,), 12),
    ],
)
def test_known_values(f: Any, at: Any, value: float, derivatives: Any, digits: int) -> None:
    """To one unit of the last digit: the textbook's traces round every intermediate value."""
    unit = 1.0001 * 10.0**-digits
    got, gradient = jitad.value_and_grad(f, tuple(range(len(at))))(*at)
    assert abs(got - value) < unit
    for k, expected in enumerate(derivatives):
        assert abs(gradient[k] - expected) < unit
        _, tangent = jitad.jvp(f, at, tuple(float(i == k) for i in range(len(at))))
        assert abs(tangent - expected) < unit


def test_sum_of_squares_is_exact_where_differences_are_not() -> None:
    x = np.arange(1.0, 1001.0)

    def f(x: Any) -> Any:
        return np.sum(x**2)

    value, gradient = jitad.value_and_grad(f)(x)
    assert value == 333833500
    assert_array_equal(gradient, 2 * x)
    h = np.sqrt(np.finfo(float).eps)
    quotient = (f(x + h * (np.arange(1000) == 0)) - f(x)) / h
    assert abs(quotient - 2.0) > 0.1
