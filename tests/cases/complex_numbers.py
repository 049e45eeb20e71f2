"""Functions of complex numbers on axes, cuts, at branch points, far away and close to zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np

import jitad
from cases import case


def slope(function: Callable[..., Any], z: complex, direction: complex = 1.0) -> Any:
    return jitad.jvp(function, (complex(z),), (complex(direction),))[1]


@case
def complex_sqrt_off_the_axis() -> Any:
    return slope(np.sqrt, 4 + 0j, 1j), 0.25j


@case
def complex_sqrt_on_the_imaginary_axis() -> Any:
    return slope(np.sqrt, 1j), 0.5 / np.sqrt(1j)


@case
def roots_on_both_sides_of_the_cut() -> Any:
    f = jitad.vmap(lambda z: jitad.jvp(np.sqrt, (z,), (1 + 0j,))[1])
    return f(np.array([complex(-4, 0.0), complex(-4, -0.0)])), np.array([-0.25j, 0.25j])


@case
def second_derivative_of_a_power_of_one_half() -> Any:
    f = jitad.grad(jitad.grad(lambda z: z**0.5, holomorphic=True), holomorphic=True)
    return f(4 + 0j), -0.25 / 8


@case
def complex_arcsin() -> Any:
    return slope(np.arcsin, 1 + 1j), 1 / np.sqrt(1 - (1 + 1j) ** 2)


@case
def arcsin_on_its_cut() -> Any:
    z = np.array([2 + 0j, complex(2, -0.0), -2 + 0j, complex(-2, -0.0)])
    return jitad.jit(np.arcsin)(z), np.arcsin(z)


@case
def slopes_of_arcsin_on_both_sides_of_its_cut() -> Any:
    f = jitad.vmap(lambda z: jitad.grad(np.arcsin, holomorphic=True)(z))
    z = np.array([2 + 0j, complex(2, -0.0)])
    return f(z), np.array([1j, -1j]) / np.sqrt(3)


@case
def arccos_on_its_cut() -> Any:
    z = np.array([2 + 0j, complex(2, -0.0), -2 + 0j, complex(-2, -0.0)])
    return jitad.jit(np.arccos)(z), np.arccos(z)


@case
def arcsinh_on_its_cut() -> Any:
    z = np.array([-2j, complex(-0.0, -2), 2j, complex(-0.0, 2)])
    return jitad.jit(np.arcsinh)(z), np.arcsinh(z)


@case
def arccosh_within_its_cut() -> Any:
    return slope(np.arccosh, 0.5 + 0j), -1j / np.sqrt(0.75)


@case
def log1p_next_to_its_branch_point() -> Any:
    return jitad.jit(np.log1p)(-1 + 1e-9j), np.log(1e-9) + 0.5j * np.pi


@case
def log1p_where_the_size_is_one() -> Any:
    return jitad.jit(np.log1p)(1e-9j).real * 1e19, 5.0


@case
def log_where_the_size_is_nearly_one() -> Any:
    return jitad.jit(np.log)(1 + 1e-10j).real * 1e21, 5.0


@case
def log_where_the_size_is_one_but_for_rounding() -> Any:
    with mp.workdps(50):
        right = mp.log(abs(mp.mpc(0.6, 0.8)))
    return jitad.jit(np.log)(0.6 + 0.8j).real * 2.0**56, float(right * 2**56)


@case
def arctanh_next_to_its_branch_point() -> Any:
    exact = 0.5 * (np.log(2 + 1e-9j) - np.log(1e-9) + 0.5j * np.pi)
    return jitad.jit(np.arctanh)(1 + 1e-9j), exact


@case
def slope_of_arctanh_next_to_its_branch_point() -> Any:
    return slope(np.arctanh, 1 + 1e-9j), 0.5e9j / (1 + 0.5e-9j)


@case
def slope_of_arcsin_next_to_its_branch_point() -> Any:
    z = np.float64(1) - 1e-9
    below = 1 - z
    return slope(np.arcsin, complex(z)), 1 / np.sqrt(below * (2 - below))


@case
def slope_of_tan_far_from_the_axis() -> Any:
    return slope(np.tan, 1 + 30j) * np.exp(60), 4 * np.exp(2j)


@case
def tanh_far_away() -> Any:
    z = np.array([800 + 1j, -800 + 1j, 25 + 1j, 1e308 + 2j])
    return jitad.jit(np.tanh)(z), np.tanh(z)


@case
def exponential_that_overflows_in_one_part() -> Any:
    z = complex(710, np.pi / 2)
    return jitad.jit(np.exp)(z).real / 1e292, 1.36792726984594


@case
def sine_that_overflows_in_one_part() -> Any:
    z = complex(1e-10, 715)
    return jitad.jit(np.sin)(z).real / 1e300, 1.65777110332341


@case
def quotients_of_huge_and_tiny_numbers() -> Any:
    x = np.array([1e308 + 1e308j, 1e-310 + 1e-310j, 1.5e308j, -1.7e308])
    y = np.array([1e308 + 1e308j, 1e-310 + 1e-310j, 3e300j, 1.7e308 + 1.7e308j])
    return jitad.jit(lambda x, y: x / y)(x, y), np.array([1, 1, 5e7, -0.5 + 0.5j])


@case
def size_and_direction_of_huge_numbers() -> Any:
    z = 1.5e308 * (0.6 + 0.8j)
    f = jitad.jit(lambda z: (np.abs(z) / 1e300, np.sign(z), np.angle(z)))
    return np.array(f(z)), np.array([1.5e8, 0.6 + 0.8j, np.arctan2(0.8, 0.6)])


@case
def slope_of_the_angle_of_a_tiny_number() -> Any:
    return slope(np.angle, 1e-200 + 0j, 1j) * 1e-200, 1.0


@case
def powers_of_zero() -> Any:
    base, exponent = np.zeros(4, complex), np.array([0, 2, 0.5 + 1j, 1.5])
    return jitad.jit(lambda b, e: b**e)(base, exponent), base**exponent


@case
def whole_powers_are_products() -> Any:
    base, exponent = np.array([1j, -1 + 0j, 1 + 2j, 2j]), np.array([2 + 0j, 3, 30, -7])
    return jitad.jit(lambda b, e: b**e)(base, exponent), base**exponent


@case
def derivatives_of_powers_at_zero() -> Any:
    f = jitad.jit(lambda z: jitad.jvp(lambda z: z ** np.array([1.0, 2.0, 3.5]), (z,), (1 + 0j,))[1])
    return f(0j), np.array([1, 0, 0j])


@case
def zeros_of_products_keep_numpys_signs() -> Any:
    def f(z: Any) -> Any:
        return np.stack([np.sqrt(z * -1.0), np.sqrt(-z), np.log(0 - z), np.arcsin(z * 1)])

    z = np.array([2 + 0j, complex(2, -0.0)])
    return jitad.jit(f)(z), f(z)


@case
def complex_infinity_added_to_itself() -> Any:
    z = complex(np.inf, 0)
    return jitad.jit(lambda z: z + z)(z), z + z


@case
def single_precision_next_to_branch_points() -> Any:
    z = np.array([1 + 1e-6j, -1 + 1e-6j, 2 + 0j, 1e20j], np.complex64)
    f = jitad.jit(lambda z: np.stack([np.arcsin(z), np.arctanh(z), np.sqrt(z), np.log(z)]))
    exact = z.astype(complex)
    rows = [g(exact).astype(np.complex64) for g in (np.arcsin, np.arctanh, np.sqrt, np.log)]
    return f(z), np.stack(rows)
