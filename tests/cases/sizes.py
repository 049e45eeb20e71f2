"""Derivatives of functions of several sizes at their origins, and of high order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from differences import nested

import jitad
from cases import case
from cases.seams import Z, hessians


def _all(f: Any, x: Any, right: Any) -> Any:
    return hessians(f, x), [right] * 4


@case
def hessian_of_the_square_of_a_sum_of_sizes() -> Any:
    """|x|^2 of each has a curvature, products of two sizes have none by convention."""
    x = np.zeros(20)
    return _all(lambda x: np.sum(np.abs(x)) ** 2, x, 2 * np.eye(20))


@case
def hessian_of_a_function_of_a_mean_of_sizes() -> Any:
    return _all(lambda x: np.cos(np.mean(np.abs(x))), np.zeros(20), -np.eye(20) / 400)


@case
def hessian_of_squares_of_sums_of_rows() -> Any:
    def f(x: Any) -> Any:
        return np.sum(np.sum(np.abs(x.reshape(4, 5)), axis=1) ** 2)

    return _all(f, np.zeros(20), 2 * np.eye(20))


@case
def hessian_of_a_form_of_sizes() -> Any:
    weights = np.array([[2.0, 1.0], [1.0, 3.0]])
    return _all(lambda x: np.abs(x) @ weights @ np.abs(x), Z, np.diag([4.0, 6.0]))


@case
def hessian_of_products_of_other_sizes() -> Any:
    return _all(lambda x: np.abs(x) @ np.abs(x)[::-1], np.zeros(20), np.zeros((20, 20)))


def _orders(f: Any, modes: str = "rfrf") -> list[float]:
    return [float(nested(f, (0,) * k, modes)(np.float64(0.0))) for k in (1, 2, 3, 4)]


@case
def four_derivatives_of_even_functions() -> Any:
    """cos, exp(-r^2), r^4 of |x| and of a norm."""
    functions = (np.cos, lambda r: np.exp(-np.square(r)), lambda r: r**4)
    sizes = (np.abs, lambda x: np.linalg.norm(np.stack([0.6 * x, 0.8 * x])))
    got = [_orders(lambda x, f=f, r=r: f(r(x))) for f in functions for r in sizes]
    right = ([0.0, -1.0, 0.0, 1.0], [0.0, -2.0, 0.0, 12.0], [0.0, 0.0, 0.0, 24.0])
    return got, [r for r in right for _ in sizes]


@case
def four_derivatives_of_odd_functions_written_with_a_sign() -> Any:
    """Of log1p(|x|) what both sides share: its even derivatives change their sign."""
    functions = (np.log1p, np.sinh, np.arcsinh)
    got = [_orders(lambda x, f=f: np.sign(x) * f(np.abs(x))) for f in functions]
    return got, [[1.0, 0.0, 2.0, 0.0], [1.0, 0.0, 1.0, 0.0], [1.0, 0.0, -1.0, 0.0]]


@case
def hessian_of_a_root_of_a_form_in_numbers_written_twice() -> Any:
    def f(y: Any) -> Any:
        return np.cosh(np.sqrt(np.stack([y, y]) @ np.eye(2) @ np.stack([y, y])))

    g = jitad.grad
    return [g(f)(0.0), g(g(f))(0.0), g(f)(1.0)], [0.0, 2.0, math.sqrt(2) * math.sinh(math.sqrt(2))]


@case
def hessians_of_products_of_two_sizes_of_one_point() -> Any:
    def f(z: Any) -> Any:
        return np.hypot(z[0], -z[1]) * np.linalg.norm(z)

    def g(z: Any) -> Any:
        return np.sum(np.abs(z) * np.sqrt(z * z))

    return [hessians(f), hessians(g)], [[2 * np.eye(2)] * 4] * 2


@case
def hessian_of_the_modulus_of_a_square() -> Any:
    return _all(lambda x: np.abs((x[0] + 1j * x[1]) ** 2), Z, 2 * np.eye(2))


@case
def powers_of_squares_and_sizes_of_fourth_powers() -> Any:
    functions = (lambda x: (x * x) ** 1.5, lambda x: (x * x) ** 2.5, lambda x: np.abs(x**4))
    return [_orders(f) for f in functions], [[0.0] * 4, [0.0] * 4, [0.0, 0.0, 0.0, 24.0]]


@case
def third_derivative_of_a_long_chain_after_a_size() -> Any:
    """Of cosh(exp(-s(x)^2 - x^2)) with s = log(1 + e^x), by series in 40 digits."""

    def f(x: Any) -> Any:
        s = np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))
        return np.cosh(np.exp(-(np.hypot(s, x) ** 2)))

    return jitad.grad(jitad.grad(jitad.grad(f)))(0.0), 4.1722707863532635


@case
def deviations_that_divide_what_the_next_are_of() -> Any:
    """Deviations of weighted points have no kink where they divide: nothing is told of them."""
    x = np.array([-1.2, -0.9, 0.1, 1.0])

    def f(p: Any, turns: int) -> Any:
        s = p
        for _ in range(turns):
            w = np.exp(-0.5 * (x[:, None] / s) ** 2)
            s = np.sqrt(np.sum(w * (x[:, None] - s) ** 2, axis=0) / np.sum(w, axis=0))
        return np.sum(s)

    p = np.array([0.5, 0.8])
    sizes = [len(str(jitad.trace(jitad.hessian(lambda p, n=n: f(p, n)), p))) for n in (1, 2, 3)]
    e, h = np.eye(2), 1e-4
    second = [
        [sum(a * b * f(p + h * (a * u + b * v), 3) for a in (1, -1) for b in (1, -1)) for u in e]
        for v in e
    ]
    got = jitad.hessian(lambda p: f(p, 3))(p)
    even = sizes[2] - sizes[1] < 2 * (sizes[1] - sizes[0])
    return (got.round(3), even), ((np.array(second) / (4 * h * h)).round(3), True)


@case
def the_last_derivatives_of_forms_of_even_degree() -> Any:
    """Of a form of degree n along d the n-th derivative is n! f(d), wherever it is taken."""
    d, points = np.array([1.0, 2.0, -1.0]), ([0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 2.0])
    forms = {
        lambda x: np.sum(np.abs(np.fft.fft(x)) ** 4): 4,
        lambda x: np.sum(np.abs(np.fft.fft(x)) ** 2) ** 2: 4,
        lambda x: np.linalg.norm(x, 4) ** 4: 4,
        lambda x: np.linalg.norm(x, 6) ** 6: 6,
        lambda x: np.hypot(x[0], x[1]) ** 4 + np.abs(x[1] + 1j * x[2]) ** 4: 4,
        lambda x: np.abs(x[:2] + 1j * x[1:])[1] ** 4: 4,
        lambda x: (lambda r: np.sum(r * r * r * r))(np.abs(x + 1j * x[::-1])): 4,
    }
    got = [
        nested(lambda t, f=f, x=x: f(x + t * d), (0,) * n, modes)(np.float64(0.0))
        for f, n in forms.items()
        for x in map(np.array, points)
        for modes in ("ffffff"[:n], "rfrfrf"[:n])
    ]
    return got, [math.factorial(n) * f(d) for f, n in forms.items() for _ in range(6)]
