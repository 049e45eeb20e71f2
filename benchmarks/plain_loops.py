"""Programs in plain loops, as users of Numba write them, beside the value in Numba's njit.

One function serves both: jitad reads it as a program. Numba has no gradients: its value is the
measure of both. What counts beside it is the time to the first gradient, whatever the size. Calls
go through several data, at which branches differ; JAX's own loops stand beside some.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

import jitad
from benchmarks.branching_loops import american_puts
from benchmarks.harness import Table, check_equal, main, measure, once, peer, verdict
from benchmarks.loop_programs import (
    PROGRAMS,
    Arguments,
    Program,
    definite,
    matrices,
    matrix,
    points,
    program,
    returns,
    series,
    system,
    vector,
)

_SECONDS = {"tiny": 0.01, "quick": 0.3, "full": 2.0}
_DATA = 3
_FIRST = 1.0
_MOST_OF_NUMBA = 1.2
_MOST_OF_VALUE = 4.0


@program(vector, 30, 100_000)
def sum_of_squares(x):
    s = 0.0
    for i in range(x.size):
        s += x[i] * x[i]
    return s


@program(series, 30, 10, 1_000, 1_000_000)
def hinge(x, y):
    s = 0.0
    for i in range(x.size):
        margin = 1.0 - 0.3 * x[i] * y[i]
        if margin > 0.0:
            s += margin
    return s


@program(vector, 30, 20_000)
def clipping(x):
    s = 0.0
    for i in range(x.size):
        v = x[i]
        if v > 1.0:
            v = 1.0
        elif v < -1.0:
            v = -1.0
        s += v * v * x[i]
    return s


@program(vector, 30, 100_000)
def autoregression(x):
    s, y = 0.0, 0.0
    for i in range(x.size):
        y = 0.9 * y + x[i]
        s += y * y
    return s


@program(matrix, 8, 200)
def heat(u):
    n, m = u.shape
    u = u.copy()
    for _ in range(100):
        v = u.copy()
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                v[i, j] = u[i, j] + 0.2 * (
                    u[i + 1, j] + u[i - 1, j] + u[i, j + 1] + u[i, j - 1] - 4.0 * u[i, j]
                )
        u = v
    return np.sum(u * u)


@program(points, 8, 1_000)
def pairwise(p):
    n, d = p.shape
    s = 0.0
    for i in range(n):
        for j in range(i):
            r = 0.1
            for k in range(d):
                r += (p[i, k] - p[j, k]) ** 2
            s += 1.0 / math.sqrt(r)
    return s


@program(matrices, 6, 200)
def product(a, b):
    n = a.shape[0]
    c = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            s = 0.0
            for k in range(n):
                s += a[i, k] * b[k, j]
            c[i, j] = s
    return np.sum(c * c)


@program(definite, 6, 200)
def cholesky(a):
    n = a.shape[0]
    c = np.zeros((n, n))
    s = 0.0
    for i in range(n):
        for j in range(i + 1):
            t = a[i, j]
            for k in range(j):
                t -= c[i, k] * c[j, k]
            if i == j:
                c[i, i] = math.sqrt(t)
                s += math.log(c[i, i])
            else:
                c[i, j] = t / c[j, j]
    return s


@program(definite, 6, 200)
def elimination(a):
    a = a.copy()
    n = a.shape[0]
    s = 0.0
    for k in range(n):
        for i in range(k + 1, n):
            f = a[i, k] / a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= f * a[k, j]
        s += math.log(abs(a[k, k]))
    return s


@program(definite, 6, 200)
def outer_products(a):
    """A factorisation by slices."""
    a = a.copy()
    n = a.shape[0]
    for k in range(n - 1):
        a[k + 1 :, k] /= a[k, k]
        a[k + 1 :, k + 1 :] -= np.outer(a[k + 1 :, k], a[k, k + 1 :])
    return np.sum(np.log(np.abs(np.diag(a))))


@program(system, 6, 200)
def back_substitution(a, b):
    n = b.size
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        x[i] = (b[i] - a[i, i + 1 :] @ x[i + 1 :]) / a[i, i]
    return np.sum(x * x)


@program(system, 6, 200)
def forward_substitution(a, b):
    n = b.size
    x = np.zeros(n)
    for i in range(n):
        x[i] = (b[i] - a[i, :i] @ x[:i]) / a[i, i]
    return np.sum(x * x)


@program(vector, 8, 500)
def minima_of_rests(x):
    s = 0.0
    for i in range(x.size):
        s += np.min(x[i:])
    return s


@program(series, 8, 30, 300, 500)
def warping(x, y):
    n, m = x.size, y.size
    d = np.full((n + 1, m + 1), np.inf)
    d[0, 0] = 0.0
    for i in range(n):
        for j in range(m):
            cost = (x[i] - y[j]) ** 2
            d[i + 1, j + 1] = cost + min(d[i, j + 1], d[i + 1, j], d[i, j])
    return d[n, m]


@program(series, 8, 300)
def edits(x, y):
    """As Levenshtein's distance, with costs that have derivatives."""
    n, m = x.size, y.size
    before = np.arange(m + 1.0)
    for i in range(n):
        now = np.zeros(m + 1)
        now[0] = i + 1.0
        for j in range(m):
            change = before[j] + math.tanh(abs(x[i] - y[j]))
            now[j + 1] = min(change, before[j + 1] + 1.0, now[j] + 1.0)
        before = now
    return before[m]


@program(returns, 30, 5_000)
def aparch(parameters, resids):
    omega, alpha, gamma, beta, delta = parameters
    n = resids.size
    sigma = np.ones(n)
    s = 0.0
    for t in range(1, n):
        shock = abs(resids[t - 1]) - gamma * resids[t - 1]
        sigma[t] = omega + alpha * shock**delta + beta * sigma[t - 1]
        s += math.log(sigma[t]) + resids[t] ** 2 / sigma[t]
    return s


@program(returns, 60, 5_000)
def harch(parameters, resids):
    lags = np.array([1, 5, 22])
    n = resids.size
    s = 0.0
    for t in range(22, n):
        v = parameters[0]
        for k in range(3):
            mean = 0.0
            for j in range(lags[k]):
                mean += resids[t - j - 1]
            v += parameters[1 + k] * mean * mean / lags[k]
        s += math.log(v) + resids[t] ** 2 / v
    return s


@program(returns, 60, 2_000)
def figarch(parameters, resids):
    phi, d, beta = parameters[1], parameters[2], parameters[0]
    n, m = resids.size, 100
    weights = np.zeros(m)
    weights[0] = phi - beta + d
    delta = d
    for i in range(1, m):
        before = delta
        delta = (i - d) / (i + 1.0) * delta
        weights[i] = beta * weights[i - 1] + delta - phi * before
    s = 0.0
    for t in range(n):
        v = 0.1
        for i in range(min(t, m)):
            v += abs(weights[i]) * resids[t - i - 1] ** 2
        s += math.log(v) + resids[t] ** 2 / v
    return s


@program(matrix, 8, 60)
def lattice(rho):
    """Lattice Boltzmann with five directions, ten steps of collision and streaming."""
    n, m = rho.shape
    weights = np.array([1.0 / 3.0, 1.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0])
    f = np.zeros((5, n, m))
    for k in range(5):
        for i in range(n):
            for j in range(m):
                f[k, i, j] = weights[k] * (1.0 + 0.1 * rho[i, j])
    for _ in range(10):
        g = np.zeros((5, n, m))
        for i in range(n):
            for j in range(m):
                r = f[0, i, j] + f[1, i, j] + f[2, i, j] + f[3, i, j] + f[4, i, j]
                g[0, i, j] = 0.4 * f[0, i, j] + 0.6 * weights[0] * r
                g[1, (i + 1) % n, j] = 0.4 * f[1, i, j] + 0.6 * weights[1] * r
                g[2, (i - 1) % n, j] = 0.4 * f[2, i, j] + 0.6 * weights[2] * r
                g[3, i, (j + 1) % m] = 0.4 * f[3, i, j] + 0.6 * weights[3] * r
                g[4, i, (j - 1) % m] = 0.4 * f[4, i, j] + 0.6 * weights[4] * r
        f = g
    return np.sum(f * f)


def run(size: str) -> list[Table]:
    """One table: values and gradients of each program."""
    rows: list[Any] = []
    for p in PROGRAMS:
        for n in p.full if size == "full" else (p.tiny,):
            rows.append(_measured(p, n, size))
    rows.append(_row("american_put, 401 spots", american_puts(_SECONDS[size]), size))
    columns = ("program", "Numba's value (s)", "jitad: first gradient (s)", "first at other data",
               "value, times Numba's", "gradient, times Numba's value", "JAX's gradient",
               "first", "value", "gradient")  # fmt: skip
    return [Table("Plain loops", columns, rows)]


def _measured(p: Program, n: int, size: str) -> Any:
    random = np.random.default_rng(0)
    data = [p.make(n, random) for _ in range(_DATA)]
    plain, value, gradient = numba.njit(p.function), jitad.jit(p.function), jitad.grad(p.function)
    first = once(lambda: gradient(*data[0]))
    other = max(once(lambda args=args: gradient(*args)) for args in data[1:])
    for args in data:
        check_equal(p.function.__name__, value(*args), plain(*args), 1e-9)
    functions = {"Numba": plain, "value": value, "gradient": gradient}
    jax = _jax_gradient(p.function.__name__)
    if jax is not None:
        check_equal(f"JAX: {p.function.__name__}", jax(*data[0]), gradient(*data[0]), 1e-7)
        functions["JAX"] = jax
    seconds = {
        name: measure({name: (_each, (f, data))}, seconds=_SECONDS[size], repeats=5, rtol=None)
        for name, f in functions.items()
    }
    found = {name: seconds[name][name].best / _DATA for name in seconds}
    name = p.function.__name__ if len(p.full) == 1 else f"{p.function.__name__} {n:,}"
    return _row(name, {"first": first, "other": other, **found}, size)


def _each(f: Any, data: list[Arguments]) -> None:
    for args in data:
        f(*args)


def _row(name: str, found: dict[str, float], size: str) -> Any:
    base, first = found["Numba"], found["first"]
    ratios = found["value"] / base, found["gradient"] / base
    jax = found["JAX"] / base if "JAX" in found else None
    bounds: list[Any] = [None] * 3
    if size == "full":
        bounds = [
            verdict(first, most=_FIRST),
            verdict(ratios[0], most=_MOST_OF_NUMBA),
            verdict(ratios[1], most=_MOST_OF_VALUE),
        ]
    return (name, base, first, found["other"], *ratios, jax, *bounds)


def _jax_gradient(name: str) -> Any:
    if peer("jax") is None:
        return None
    from benchmarks.jax_loops import gradient

    return gradient(name)


if __name__ == "__main__":
    main(run, __doc__)
