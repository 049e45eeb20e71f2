"""One function of two numbers at each of many points: all derivatives at once, as of their sum.

This is how tools that have no `vmap` are used for many points. throughput.py has harder functions,
and more points.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from benchmarks.harness import Section, main
from benchmarks.suite.contest import contests
from benchmarks.suite.problem import Function, Problem

_POINTS = {"tiny": (64,), "quick": (10_000,), "full": (10_000, 1_000_000)}

IN_C = """
#include <math.h>
void f(long n, const double *x, double *value, double *gradient) {
    long count = n / 2;
    double total = 0.0;
    for (long i = 0; i < count; i++) {
        double s = x[i], t = x[count + i], a = s / t, e = exp(t), u = a - e, v = sin(a) + u;
        double by_a = (cos(a) + 1.0) * u + v, by_e = -(u + v);
        total += v * u;
        gradient[i] = by_a / t;
        gradient[count + i] = by_e * e - by_a * a / t;
    }
    *value = total;
}
"""


def arrays(np: Any) -> Function:
    """The sum of (sin a + a - exp t)(a - exp t), a = s / t, over the points."""

    def total(x: Any) -> Any:
        count = x.shape[0] // 2
        s, t = x[:count], x[count:]
        a, e = s / t, np.exp(t)
        return np.sum((np.sin(a) + a - e) * (a - e))

    return total


def scalars(math: Any) -> Function:
    """The same of a list."""

    def total(x: Any) -> Any:
        count = len(x) // 2
        result = 0.0
        for s, t in zip(x[:count], x[count:], strict=True):
            a, e = s / t, math.exp(t)
            result = result + (math.sin(a) + a - e) * (a - e)
        return result

    return total


@numba.njit(fastmath=True)
def by_numba(x: np.ndarray) -> tuple[float, np.ndarray]:
    """Value and gradient in one loop."""
    count = x.size // 2
    gradient, total = np.empty(x.size), 0.0
    for i in range(count):
        s, t = x[i], x[count + i]
        a, e = s / t, np.exp(t)
        u = a - e
        v = np.sin(a) + u
        by_a = (np.cos(a) + 1.0) * u + v
        total += v * u
        gradient[i] = by_a / t
        gradient[count + i] = -(u + v) * e - by_a * a / t
    return total, gradient


def by_numpy(x: np.ndarray) -> tuple[Any, np.ndarray]:
    """Value and gradient in array operations."""
    s, t = x.reshape(2, -1)
    a, e = s / t, np.exp(t)
    u = a - e
    v = np.sin(a) + u
    by_a = (np.cos(a) + 1) * u + v
    return np.sum(v * u), np.concatenate([by_a / t, -(u + v) * e - by_a * a / t])


def by_casadi(count: int) -> Any:
    """The derivative of one point, mapped: CasADi's way to many."""

    def build(casadi: Any) -> Any:
        p = casadi.SX.sym("p", 2)
        a, e = p[0] / p[1], casadi.exp(p[1])
        y = (casadi.sin(a) + a - e) * (a - e)
        each = casadi.Function("each", [p], [y, casadi.gradient(y, p)]).map(count)
        x = casadi.MX.sym("x", 2 * count)
        y, gradient = each(casadi.reshape(x, count, 2).T)
        return casadi.Function("derivative", [x], [casadi.sum2(y), casadi.vec(gradient.T)])

    return build


def problems(size: str) -> list[Problem]:
    """One for each number of points."""
    return [_problem(count) for count in _POINTS[size]]


def _problem(count: int) -> Problem:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(0.5, 2.0, count), rng.uniform(0.5, 1.5, count)])
    declined = {"Python duals": "n tangents at n points are n² work",
                "differences": "2 n evaluations"} if count > 100 else {}  # fmt: skip
    if count > 100_000:
        declined["Python tape"] = "needs gigabytes"
    return Problem(f"lecture's function at {count:,} points", x, arrays=arrays, scalars=scalars,
                   numpy=by_numpy, numba=by_numba, c=IN_C, casadi=by_casadi(count),
                   declined=declined)  # fmt: skip


def run(size: str) -> Section:
    """The contests."""
    return contests("benchmarks.elementwise", problems(size), size)


if __name__ == "__main__":
    main(run, __doc__, one_core=True)
