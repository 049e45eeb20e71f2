"""NumPy and math as people write them."""

from __future__ import annotations

import math
import statistics

import numpy as np

from idioms.case import A, case


@case
def errstate(x):
    with np.errstate(all="ignore"):
        y = np.log(x)
    return np.sum(y)


@case
def in_place_ops(x):
    y = x.copy()
    y += 1
    y *= x
    y[1:] -= y[:-1]
    y[y > 1] = 0.5 * y[y > 1]
    return np.sum(y**2)


@case
def slices(x):
    m = np.zeros((4, 4))
    m[0] = x
    m[:, 1] = x**2
    m[2:, 2:] = np.outer(x[:2], x[2:])
    np.fill_diagonal(m, 1.0)
    return np.linalg.det(m @ m.T + np.eye(4))


@case
def np_where(x):
    return np.sum(np.where(x > 1, x**2, np.sqrt(x)))


@case
def mask_assign(x):
    y = np.zeros_like(x)
    m = x > 1
    y[m] = x[m] ** 2
    y[~m] = -x[~m]
    return y.sum()


@case
def matrix_ops(x):
    L = np.linalg.cholesky(A + np.diag(x))
    z = np.linalg.solve(L, x)
    return z @ z + 2 * np.log(np.diag(L)).sum()


@case
def eig(x):
    w, v = np.linalg.eigh(A + np.diag(x))
    return w[0] * w[-1] + (v[:, 0] ** 2 @ x)


@case
def interp(x):
    return np.sum(np.interp(x, [0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 4.0, 9.0]))


@case
def searchs(x):
    g = np.linspace(0, 3, 7)
    i = np.searchsorted(g, x) - 1
    return np.sum((x - g[i]) ** 2)


@case
def cumul(x):
    return np.sum(np.cumsum(x) * np.arange(4)) + np.diff(x).sum() + np.trapezoid(x)


@case
def einsum_(x):
    return np.einsum("i,ij,j->", x, A, x)


@case
def poly(x):
    return np.polyval([1.0, x[0], x[1]], x[2]) + np.polynomial.polynomial.polyval(
        x[0], [1.0, 2.0, 3.0]
    )


@case
def cplx(x):
    z = x[0] + 1j * x[1]
    return abs(z * z) ** 2 + (z * np.conj(z)).real


@case
def trig(x):
    return (
        math.atan2(x[0], x[1])
        + math.pow(x[2], 1.5)
        + math.log(x[3], 2)
        + math.erf(x[0])
        + math.gamma(x[1])
    )


@case
def simpson(x):
    n = 10
    h = x[0] / n
    s = math.exp(0) + math.exp(-(x[0] ** 2))
    for i in range(1, n):
        s += (4 if i % 2 else 2) * math.exp(-((i * h) ** 2))
    return s * h / 3


@case
def rk4(x):
    y = np.array([x[0], x[1]])
    f = lambda y: np.array([y[1], -x[2] * y[0]])
    for _ in range(10):
        k1 = f(y)
        k2 = f(y + 0.05 * k1)
        k3 = f(y + 0.05 * k2)
        k4 = f(y + 0.1 * k3)
        y = y + 0.1 / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y[0]


@case(np.array(2.5))
def scalar0(t):
    return t**2 if t > 1 else t


@case(np.array([[1.0, 2.0], [3.0, 4.0]]))
def mat(m):
    for row in m:
        pass
    s = 0.0
    for i, row in enumerate(m):
        for j, v in enumerate(row):
            if i != j:
                s += v * v
    return s + m.T.sum() + (m * m)[0].sum()


@case
def statistics_of_a_list(x):
    data = [v * v for v in x]
    spread = statistics.stdev(data) + statistics.pvariance(data, mu=x[0])
    means = statistics.mean(x) * statistics.geometric_mean(data) * statistics.harmonic_mean(data)
    return spread + means + statistics.median(data) + statistics.fmean(x, weights=[1, 2, 3, 4])


@case
def numbers_of_at_least_one_axis(x):
    a = np.array(x[1], ndmin=1, copy=None)
    return np.sum(a * np.arange(1.0, 4.0)) * a.ndim


@case
def polynomials_of_numpys_package(x):
    p, q = np.polynomial.Polynomial(x), np.polynomial.Chebyshev(x[:3])
    product = (p * p.coef[1] + p.integ()) ** 2 - 3.0
    fit = np.polynomial.Polynomial.fit(np.arange(4.0), x, 2).convert()
    return product(0.3) + q.deriv()(x[1]) + np.sum(fit.coef) + np.polydiv(x, x[:2])[0][1]


@case
def functions_of_selections_with_other_arguments(x):
    a, m = np.outer(x, np.array([1.0, -2.0, 0.5])), x > 0.5
    rows = np.linalg.norm(a[m], axis=1).sum() + np.sum(a[m], 0, None)[1] + np.size(a[m], 0)
    places = np.sum(np.where(x[m] > 1.0)[0]) + np.linalg.norm(x[m], ord=np.inf)
    return rows + places * x[0] + np.dot(x[m], x[m], None) + np.average(x[m], None, x[m] ** 2)


@case
def sets_of_numbers(x):
    joined = np.union1d(x, 2.0 * x)
    return np.sum(joined**2) + np.prod(np.setdiff1d(x, x[1:3])) + np.sum(np.intersect1d(x, x[:2]))


@case
def plain_arrays_of_traced_numbers(x):
    filled = np.full_like(A[0], x[0]) + np.full_like([1.0, 2.0, 3.0, 4.0], x[1], dtype=float)
    return np.sum(filled * x) + np.sum(np.full_like(A, x)) + np.full_like(3.0, x[2])
