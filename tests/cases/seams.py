"""Derivatives at the seams of smooth functions: zeros, ties, exponents 0, repeated points."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import jitad
from cases import case
from jitad.scipy import special, stats

Z = np.zeros(2)
ORDERS: tuple[Callable[..., Any], ...] = (
    jitad.hessian,
    lambda f: jitad.jacfwd(jitad.jacfwd(f)),
    lambda f: jitad.jacrev(jitad.jacfwd(f)),
    lambda f: jitad.jacrev(jitad.jacrev(f)),
)
"""Hessians by the four orders of the two modes."""


def hessians(f: Any, x: Any = Z) -> list[Any]:
    return [np.asarray(order(f)(x)) for order in ORDERS]


def curved(f: Any, curvature: float) -> tuple[list[Any], list[Any]]:
    """Hessians at the origin of the plane, and the multiple of the identity that they are."""
    return hessians(f), [curvature * np.eye(2)] * len(ORDERS)


def matern32(r: Any, scale: Any = 1.0) -> Any:
    s = math.sqrt(3) * r / scale
    return (1 + s) * np.exp(-s)


def matern52(r: Any) -> Any:
    s = math.sqrt(5) * r
    return (1 + s + s * s / 3) * np.exp(-s)


# -- sizes -----------------------------------------------------------------------------------------


@case
def hessian_of_norm_squared_at_zero() -> Any:
    return curved(lambda x: np.linalg.norm(x) ** 2, 2)


@case
def hessian_of_a_product_of_two_norms() -> Any:
    return curved(lambda x: np.linalg.norm(x) * np.linalg.norm(x), 2)


@case
def hessian_of_the_square_of_a_root() -> Any:
    return curved(lambda x: np.square(np.sqrt(np.sum(x**2))), 2)


@case
def hessian_of_the_square_of_the_root_of_a_dot_product() -> Any:
    return curved(lambda x: np.sqrt(x @ x) ** 2, 2)


@case
def hessian_of_abs_squared_at_zero() -> Any:
    return curved(lambda x: np.sum(np.abs(x) ** 2), 2)


@case
def hessian_of_hypot_squared_at_zero() -> Any:
    return curved(lambda x: np.hypot(x[0], x[1]) ** 2, 2)


@case
def hessian_of_complex_modulus_squared_at_zero() -> Any:
    return curved(lambda x: np.abs(x[0] + 1j * x[1]) ** 2, 2)


@case
def hessian_of_fft_power_at_zero() -> Any:
    return curved(lambda x: np.sum(np.abs(np.fft.fft(x)) ** 2), 4)


@case
def hessian_of_norm_to_the_fourth() -> Any:
    return curved(lambda x: np.linalg.norm(x) ** 4 + np.linalg.norm(x) ** 2.0, 2)


@case
def fourth_derivative_of_abs_to_the_fourth() -> Any:
    g = jitad.grad
    return g(g(g(g(lambda x: np.abs(x) ** 4))))(0.0), 24.0


@case
def hessian_of_a_cosine_of_a_norm() -> Any:
    return curved(lambda x: np.cos(np.linalg.norm(x)), -1)


@case
def hessian_of_matern_32_of_a_norm() -> Any:
    return curved(lambda x: matern32(np.linalg.norm(x)), -3)


@case
def hessian_of_matern_32_of_a_hypot() -> Any:
    return curved(lambda x: matern32(np.hypot(x[0], x[1])), -3)


@case
def hessian_of_matern_32_of_abs() -> Any:
    return curved(lambda x: np.sum(matern32(np.abs(x))), -3)


@case
def hessian_of_matern_52_of_a_root() -> Any:
    return curved(lambda x: matern52(np.sqrt(np.sum(x * x))), -5 / 3)


@case
def hessian_of_matern_32_in_float32() -> Any:
    got = jitad.hessian(lambda x: matern32(np.linalg.norm(x)))(Z.astype(np.float32))
    return (str(got.dtype), np.round(got, 5)), ("float32", -3 * np.eye(2))


@case
def third_derivative_of_matern_by_its_scale() -> Any:
    right = np.zeros((3, 3, 3))
    for i in range(2):  # of f = 1 - 3 r^2 / (2 s^2) + ... at s = 2
        right[i, i, 2] = right[i, 2, i] = right[2, i, i] = 0.75
    z = np.array([0.0, 0.0, 2.0])
    f = jitad.hessian(lambda z: matern32(np.linalg.norm(z[:2]), z[2]))
    return [jitad.jacfwd(f)(z), jitad.jacrev(f)(z)], [right, right]


@case
def kernel_mixed_derivative_at_one_point() -> Any:
    def k(a: Any, b: Any) -> Any:
        return np.exp(-(np.linalg.norm(a - b) ** 2)) + matern32(np.linalg.norm(a - b))

    by_a = jitad.grad(k, 0)
    return [jitad.jacfwd(by_a, 1)(Z, Z), jitad.jacrev(by_a, 1)(Z, Z)], [5 * np.eye(2)] * 2


@case
def hessian_of_a_kernel_matrix_with_its_diagonal() -> Any:
    x = np.array([[0.1, 0.4], [1.0, -0.5], [0.3, 2.0]])
    rows, columns = np.triu_indices(3, 1)

    def whole(x: Any) -> Any:
        return np.sum(matern32(np.linalg.norm(x[:, None] - x[None], axis=-1)))

    def pairs(x: Any) -> Any:
        return 2 * np.sum(matern32(np.linalg.norm(x[rows] - x[columns], axis=-1)))

    return hessians(whole, x), [jitad.hessian(pairs)(x)] * 4


@case
def hessian_of_distances_with_the_diagonal() -> Any:
    x = np.array([[0.1, 0.4], [1.0, -0.5], [0.3, 2.0]])
    rows, columns = np.triu_indices(3, 1)

    def whole(x: Any) -> Any:
        return np.sum(np.linalg.norm(x[:, None] - x[None], axis=-1))

    def pairs(x: Any) -> Any:
        return 2 * np.sum(np.linalg.norm(x[rows] - x[columns], axis=-1))

    return hessians(whole, x), [jitad.hessian(pairs)(x)] * 4


@case
def hessian_of_a_scan_over_distances() -> Any:
    def f(v: Any) -> Any:
        return jitad.scan(lambda s, y: (s + matern32(np.linalg.norm(y)), None), 0.0, v)[0]

    y = np.zeros((2, 2))
    return [h.reshape(4, 4) for h in hessians(f, y)], [-3 * np.eye(4)] * 4


@case
def hessian_in_a_branch() -> Any:
    def f(x: Any) -> Any:
        return jitad.cond(x[0] >= 0, lambda x: matern32(np.linalg.norm(x)), lambda x: x[0], x)

    return curved(f, -3)


@case
def hessian_of_a_variance_through_the_deviation() -> Any:
    right = (np.eye(3) - 1 / 3) * 2 / 3
    return hessians(lambda x: np.std(x) ** 2, np.ones(3)), [right] * 4


@case
def hessian_of_weighted_sizes() -> Any:
    weights = np.array([1.0, 2.0])
    got = (
        hessians(lambda x: np.sqrt(np.sum(weights * x**2)) ** 2),
        hessians(lambda x: np.sqrt(np.sum(x**2 / weights)) ** 2),
        hessians(lambda x: np.abs(x) @ np.diag(weights) @ np.abs(x)),
    )
    return got, tuple([np.diag(d)] * 4 for d in ([2.0, 4.0], [2.0, 1.0], [2.0, 4.0]))


@case
def roots_of_fourth_powers() -> Any:
    """sqrt(x^4) is x^2; sqrt(x^4 + y^4) has no second derivative at 0."""
    bent = jitad.grad(jitad.grad(lambda x: np.sqrt(x**4 + 4 * x**4)))
    second = jitad.grad(jitad.grad(lambda x: np.sqrt(x**4)))
    return (second(0.0), bool(np.isnan(bent(0.0)))), (2.0, True)


@case
def hessian_of_absolute_squares() -> Any:
    return curved(lambda x: np.sum(np.abs(x**2)), 2)


@case
def newton_step_from_zeros() -> Any:
    target = np.array([1.0, -2.0])

    def f(x: Any) -> Any:
        return np.linalg.norm(x) ** 2 + np.linalg.norm(x - target) ** 2

    return -np.linalg.solve(jitad.hessian(f)(Z), jitad.grad(f)(Z)), target / 2


@case
def size_at_its_origin_by_convention() -> Any:
    sizes = (
        np.linalg.norm,
        lambda x: np.hypot(x[0], x[1]),
        lambda x: np.sum(np.abs(x)),
        np.std,
    )
    return [jitad.grad(f)(Z) for f in sizes], [Z] * 4


@case
def infinite_curvature_is_not_zero() -> Any:
    value, second = jitad.jvp(jitad.grad(lambda x: np.linalg.norm(x) ** 1.5), (Z,), (Z + 1,))
    return (value, not np.any(np.isfinite(second))), (Z, True)


# -- ties ------------------------------------------------------------------------------------------


A = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 1.0]])


@case
def logistic_hessian_at_zero_weights() -> Any:
    return hessians(lambda w: np.sum(np.logaddexp(0.0, A @ w))), [A.T @ A / 4] * 4


@case
def softplus_hessian_at_zero_weights() -> Any:
    from jitad.functions.elementwise.special import softplus

    return hessians(lambda w: np.sum(softplus(A @ w))), [A.T @ A / 4] * 4


@case
def logaddexp2_hessian_at_a_tie() -> Any:
    right = np.array([[1.0, -1.0], [-1.0, 1.0]]) * math.log(2) / 4
    return hessians(lambda x: np.logaddexp2(x[0], x[1]), np.ones(2)), [right] * 4


@case
def logaddexp_reduced_at_ties() -> Any:
    right = np.eye(4) / 4 - 1 / 16
    x = np.full(4, 0.5)
    return hessians(np.logaddexp.reduce, x), [right] * 4


@case
def logaddexp_of_infinities() -> Any:
    g = jitad.grad(np.logaddexp, (0, 1))
    return (g(-np.inf, 1.0), g(1.0, -np.inf)), ((0.0, 1.0), (1.0, 0.0))


# -- powers, logarithms and densities --------------------------------------------------------------


LOG2 = math.log(2)


@case
def power_hessian_at_exponent_zero() -> Any:
    right = np.array([[0, 0.5], [0.5, LOG2**2]])
    return hessians(lambda z: z[0] ** z[1], np.array([2.0, 0.0])), [right] * 4


@case
def power_hessian_at_exponent_one() -> Any:
    right = np.array([[0, 1 + LOG2], [1 + LOG2, 2 * LOG2**2]])
    return hessians(lambda z: z[0] ** z[1], np.array([2.0, 1.0])), [right] * 4


@case
def third_derivative_of_x_to_the_x() -> Any:
    g = jitad.grad
    return g(g(g(lambda x: x**x)))(1.0), 3.0


@case
def derivatives_of_powers_by_arrays_at_zero() -> Any:
    n = np.array([0, 1, 2, 3])
    first = jitad.grad(lambda x: np.sum(x**n))
    second, third = jitad.grad(first), jitad.grad(jitad.grad(first))
    return [first(0.0), second(0.0), third(0.0)], [1.0, 2.0, 6.0]


@case
def hessians_of_xlogy_and_xlog1py_at_zero() -> Any:
    got = [hessians(f, np.array([0.0, y])) for f, y in (
        (lambda z: special.xlogy(z[0], z[1]), 2.0), (lambda z: special.xlog1py(z[0], z[1]), 1.0),
    )]  # fmt: skip
    right = np.array([[0, 0.5], [0.5, 0]])
    return got, [[right] * 4] * 2


@case
def hessian_of_kl_div_at_zero() -> Any:
    hessian = jitad.hessian(lambda z: special.kl_div(z[1], z[0]))
    return hessian(np.array([2.0, 0.0]))[0], [0.0, -0.5]


@case
def logpdf_hessians_at_shape_one() -> Any:
    def mixed(f: Any, *z: float) -> list[float]:
        h = jitad.hessian(lambda z: f(*z))(np.array(z))
        return [h[0, 1], h[1, 0]]

    got = (
        mixed(stats.gamma.logpdf, 2.0, 1.0),
        mixed(stats.chi2.logpdf, 4.0, 2.0),
        mixed(lambda x, a: stats.beta.logpdf(x, a, 2.0), 0.25, 1.0),
        mixed(lambda x, b: stats.beta.logpdf(x, 2.0, b), 0.5, 1.0),
        mixed(stats.weibull_min.logpdf, 1.0, 1.0),
        mixed(lambda x, m: stats.f.logpdf(x, m, 4.0), 2.0, 2.0),
    )
    # of f: 1 / (2 x) - m / (2 (n + m x)) - (m + n) n / (2 (n + m x)^2)
    right = ([0.5] * 2, [0.125] * 2, [4.0] * 2, [-2.0] * 2, [0.0] * 2, [-0.0625] * 2)
    return got, right


@case
def laplace_probabilities_at_the_location() -> Any:
    g = jitad.grad
    return [g(lambda x: stats.laplace.cdf(x))(0.0), g(lambda x: stats.laplace.sf(x))(0.0)], [
        0.5,
        -0.5,
    ]


# -- sizes of sizes, and kinks that cancel ---------------------------------------------------------


@case
def hessian_of_a_size_of_sizes() -> Any:
    norm = np.linalg.norm
    sizes = (
        lambda x: norm(np.abs(x)),
        lambda x: np.hypot(np.abs(x[0]), np.abs(x[1])),
        lambda x: np.abs(norm(x)),
        lambda x: np.abs(np.hypot(x[0], x[1])),
        lambda x: np.sqrt(np.abs(x[0]) ** 2 + np.abs(-x[1]) ** 2),
    )
    got = [hessians(lambda x, size=size: matern52(size(x))) for size in sizes]
    by_reverse = [
        order(lambda x: matern52(norm(norm(x.reshape(2, 1), axis=1))))(Z)
        for order in (jitad.hessian, ORDERS[3])
    ]
    return (got, by_reverse), ([[-5 / 3 * np.eye(2)] * 4] * 5, [-5 / 3 * np.eye(2)] * 2)


@case
def hessian_of_the_real_part_of_a_wave_in_a_size() -> Any:
    return curved(lambda x: np.real(np.exp(1j * np.linalg.norm(x))), -1)


def _softplus(x: Any) -> Any:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _taken(f: Any) -> list[Any]:
    """Three derivatives at 0, backward and forward."""
    g, d = jitad.grad, lambda f: lambda x: jitad.jvp(f, (x,), (1.0,))[1]
    return [h(0.0) for h in (g(f), g(g(f)), g(g(g(f))), d(f), d(d(f)), d(d(d(f))))]


@case
def functions_of_a_stable_softplus() -> Any:
    forms = (
        lambda x: _softplus(x) ** 2,
        lambda x: (np.log1p(np.exp(-np.abs(x))) - np.minimum(-x, 0)) ** 2,
        lambda x: np.tanh(_softplus(x)),
    )
    two = math.log(2)  # softplus has the derivatives 1/2, 1/4 and 0; tanh of it 16/25, by t = 3/5
    right = ([two, 0.5 + two / 2, 0.75], [two, 0.5 + two / 2, 0.75], [0.32, -0.032, -0.2752])
    return [_taken(f) for f in forms], [r * 2 for r in right]


@case
def curvature_of_a_stable_logaddexp() -> Any:
    def f(z: Any) -> Any:
        x, y = z
        return np.sin(np.maximum(x, y) + np.log1p(np.exp(-np.abs(y - x))))

    x = np.full(2, 0.5)
    value = 0.5 + math.log(2)
    tie = np.array([[1, -1], [-1, 1]]) / 4
    right = math.cos(value) * tie - math.sin(value) / 4
    return hessians(f, x), [right] * 4


@case
def sizes_written_with_extrema() -> Any:
    forms = (
        lambda x: np.cos(np.maximum(x, -x)),
        lambda x: np.cos(np.maximum(x, 0) + np.maximum(-x, 0)),
        lambda x: np.cos(np.clip(x, 0, None) - np.clip(x, None, 0)),
    )
    return [_taken(f) for f in forms], [[0.0, -1.0, 0.0] * 2] * 3


@case
def odd_functions_written_with_a_sign() -> Any:
    forms = (
        lambda x: np.sign(x) * np.log1p(np.abs(x)),
        lambda x: np.sign(x) * np.arcsinh(np.abs(x)),
        lambda x: 0.5 - 0.5 * np.sign(x) * np.expm1(-np.abs(x)),
    )
    got = [(jitad.grad(f)(0.0), jitad.jvp(f, (0.0,), (1.0,))[1]) for f in forms]
    return got, [(1.0, 1.0), (1.0, 1.0), (0.5, 0.5)]


@case
def probabilities_that_vanish_at_an_end() -> Any:
    """p = 0 or 1, and no events, where their logarithms are infinite."""
    g = jitad.grad
    functions = (
        (lambda p: stats.binom.pmf(1, 3, p), 0.0),  # 3 p (1 - p)^2
        (lambda p: stats.binom.pmf(2, 3, p), 1.0),  # 3 p^2 (1 - p)
        (lambda p: stats.bernoulli.pmf(1, p), 0.0),
        (lambda m: stats.poisson.pmf(1, m), 0.0),  # m exp(-m)
        (lambda p: stats.geom.pmf(2, p), 1.0),  # p (1 - p)
        (lambda p: stats.binom.pmf(5, 3, p), 0.0),
    )
    got = [(g(f)(x), g(g(f))(x)) for f, x in functions]
    return got, [(3.0, -12.0), (-3.0, -12.0), (1.0, 0.0), (1.0, -2.0), (-1.0, -2.0), (0.0, 0.0)]


# -- roots of quadratic forms ----------------------------------------------------------------------


METRIC = np.array([[4.0, 1.0], [1.0, 2.0]])


def _roots_of_forms(x: Any) -> list[Any]:
    rows = x[None]
    return [
        np.sqrt(x @ METRIC @ x),
        np.sqrt(np.einsum("i,ij,j", x, METRIC, x)),
        np.sqrt(np.einsum("ki,ij,kj->k", rows, METRIC, rows))[0],
        np.sqrt(np.sum((rows @ METRIC) * rows, axis=-1))[0],
        np.sqrt(np.maximum(x @ (METRIC @ x), 0.0)),
    ]


@case
def hessians_of_functions_of_roots_of_forms() -> Any:
    n = len(_roots_of_forms(Z))
    got = [hessians(lambda x, k=k: matern52(_roots_of_forms(x)[k])) for k in range(n)]
    return got, [[-5 / 3 * METRIC] * len(ORDERS)] * n


@case
def gradients_of_roots_of_forms_at_zero() -> Any:
    """0 by convention; where a form vanishes and its factors do not there is none."""
    forms = jitad.jacrev(lambda x: np.stack(_roots_of_forms(x)))(Z)
    light = jitad.grad(lambda x: np.sqrt(x @ np.diag([1.0, -1.0]) @ x))(np.ones(2))
    cube = jitad.grad(jitad.grad(lambda x: np.sqrt(x**3)))(0.0)
    return (forms, bool(np.isfinite([*light, cube]).any())), (np.zeros((5, 2)), False)


@case
def hessians_of_clipped_and_complex_sizes() -> Any:
    def f(size: Any) -> list[Any]:
        return hessians(lambda x: matern52(size(x)))

    got = (
        f(lambda x: np.sqrt(np.maximum(np.sum(x**2), 0.0))),
        f(lambda x: np.sqrt(np.real(np.vdot(x + 0j, x + 0j)))),
        f(lambda x: np.sqrt(np.mean((np.fft.fft(x) * np.conj(np.fft.fft(x))).real))),
    )
    return got, ([-5 / 3 * np.eye(2)] * 4,) * 3
