"""Programs in plain loops, as users of Numba write them, beside the value in Numba's njit.

One function serves both: jitad reads it as a program. Numba has no gradients: its value is the
measure of both. What counts beside it is the time to the first gradient, whatever the size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np

import jitad
from benchmarks.harness import Table, check_equal, main, measure, once, verdict

_SECONDS = {"tiny": 0.01, "quick": 0.3, "full": 2.0}
_FIRST = 1.0
_MOST_OF_NUMBA = 1.2
_MOST_OF_VALUE = 4.0


class Program(NamedTuple):
    """A function, and what makes its arguments of a size: tiny, full."""

    function: Callable[..., Any]
    make: Callable[[int, Any], tuple[Any, ...]]
    sizes: tuple[int, int]


PROGRAMS: list[Program] = []


def _vector(n: int, random: Any) -> tuple[Any, ...]:
    return (random.normal(size=n),)


def _matrix(n: int, random: Any) -> tuple[Any, ...]:
    return (random.normal(size=(n, n)),)


def _matrices(n: int, random: Any) -> tuple[Any, ...]:
    return random.normal(size=(n, n)), random.normal(size=(n, n))


def _definite(n: int, random: Any) -> tuple[Any, ...]:
    a = random.normal(size=(n, n))
    return (a @ a.T / n + np.eye(n),)


def _points(n: int, random: Any) -> tuple[Any, ...]:
    return (random.normal(size=(n, 3)),)


def _series(n: int, random: Any) -> tuple[Any, ...]:
    return random.normal(size=n), random.normal(size=n)


def _returns(n: int, random: Any) -> tuple[Any, ...]:
    return np.array([0.1, 0.08, 0.2, 0.85, 1.3]), random.normal(size=n)


def program(make: Any, tiny: int, full: int) -> Callable[[Any], Any]:
    """Enter a program."""

    def enter(f: Any) -> Any:
        PROGRAMS.append(Program(f, make, (tiny, full)))
        return f

    return enter


@program(_vector, 30, 100_000)
def sum_of_squares(x):
    s = 0.0
    for i in range(x.size):
        s += x[i] * x[i]
    return s


@program(_series, 30, 1_000_000)
def hinge(x, y):
    s = 0.0
    for i in range(x.size):
        margin = 1.0 - 0.3 * x[i] * y[i]
        if margin > 0.0:
            s += margin
    return s


@program(_vector, 30, 20_000)
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


@program(_vector, 30, 100_000)
def autoregression(x):
    s, y = 0.0, 0.0
    for i in range(x.size):
        y = 0.9 * y + x[i]
        s += y * y
    return s


@program(_matrix, 8, 200)
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


@program(_points, 8, 1_000)
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


@program(_matrices, 6, 200)
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


@program(_definite, 6, 200)
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


@program(_definite, 6, 200)
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


@program(_series, 8, 500)
def warping(x, y):
    n, m = x.size, y.size
    d = np.full((n + 1, m + 1), np.inf)
    d[0, 0] = 0.0
    for i in range(n):
        for j in range(m):
            cost = (x[i] - y[j]) ** 2
            d[i + 1, j + 1] = cost + min(d[i, j + 1], d[i + 1, j], d[i, j])
    return d[n, m]


@program(_series, 8, 300)
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


@program(_returns, 30, 5_000)
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


@program(_returns, 60, 5_000)
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


@program(_returns, 60, 2_000)
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


@program(_matrix, 8, 60)
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
    rows = [_measured(p, size) for p in PROGRAMS]
    columns = ("program", "Numba's value (s)", "jitad: first gradient (s)", "value, times Numba's",
               "gradient, times Numba's value", "first", "value", "gradient")  # fmt: skip
    return [Table("Plain loops", columns, rows)]


def _measured(p: Program, size: str) -> Any:
    args = p.make(p.sizes[size == "full"], np.random.default_rng(0))
    plain, value, gradient = numba.njit(p.function), jitad.jit(p.function), jitad.grad(p.function)
    first = once(lambda: gradient(*args))
    check_equal(p.function.__name__, value(*args), plain(*args), 1e-9)
    calls = {"Numba": (plain, args), "value": (value, args), "gradient": (gradient, args)}
    found = {k: measure({k: call}, seconds=_SECONDS[size], repeats=5)[k].best
             for k, call in calls.items()}  # fmt: skip
    base = found["Numba"]
    ratios = found["value"] / base, found["gradient"] / base
    bounds: list[Any] = [None] * 3
    if size == "full":
        bounds = [
            verdict(first, most=_FIRST),
            verdict(ratios[0], most=_MOST_OF_NUMBA),
            verdict(ratios[1], most=_MOST_OF_VALUE),
        ]
    return (p.function.__name__, base, first, *ratios, *bounds)


if __name__ == "__main__":
    main(run, __doc__)
