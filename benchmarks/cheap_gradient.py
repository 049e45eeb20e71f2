"""The cheap gradient principle: gradients and tangents cost a few function calls.

TIME(f, grad f) / TIME(f) is at most 4 (Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM
2008, section 4.4: between 3 and 4 by counting operations), TIME(f, J v) / TIME(f) at most 2.5.
All three are compiled by jitad. Functions are large enough that calling them costs nothing beside
computing them; a second table has small ones, where it does.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import numpy as np

import jitad
from benchmarks.harness import Table, main, measure, verdict
from benchmarks.programs import (
    Function,
    rosenbrock,
    straight_line,
    straight_line_function,
    straight_line_point,
)

_SECONDS = {"tiny": 0.005, "quick": 0.04, "full": 0.6}
_MOST_GRADIENT, _MOST_MEDIAN, _MOST_TANGENT = 4.0, 2.5, 2.5

Case = tuple[Function, np.ndarray]
"""A scalar function and where it is evaluated."""


def run(size: str) -> list[Table]:
    """Large functions, then small ones."""
    small = _table("small, the cost of calling included", _SMALL, _SECONDS[size], bounds=False)
    if size == "tiny":
        return [small]
    large = _table("large enough for the call not to matter", _LARGE, _SECONDS[size], bounds=True)
    return [large, small]


def _table(kind: str, scale: tuple[int, ...], seconds: float, *, bounds: bool) -> Table:
    rows: list[Any] = []
    for (name, make), n in zip(CASES.items(), scale, strict=True):
        times = _times(*make(n), seconds)
        value = times["value"]
        rows.append((name, *times.values(), times["gradient"] / value, times["tangent"] / value))
    gradients, tangents = [row[4] for row in rows], [row[5] for row in rows]
    rows.append(("median", None, None, None, *map(statistics.median, (gradients, tangents))))
    rows.append(("largest", None, None, None, max(gradients), max(tangents)))
    note = ""
    if bounds:
        note = (
            f"Gradient: largest {verdict(max(gradients), most=_MOST_GRADIENT)}, "
            f"median {verdict(statistics.median(gradients), most=_MOST_MEDIAN)}. "
            f"Tangent: largest {verdict(max(tangents), most=_MOST_TANGENT)}."
        )
    columns = ("function", "f (s)", "f, grad f (s)", "f, J v (s)", "gradient / f", "tangent / f")
    return Table(f"The cheap gradient principle: functions {kind}", columns, rows, note)


def _times(function: Function, x: np.ndarray, seconds: float) -> dict[str, float]:
    """Best seconds of the value, with the gradient, with a tangent."""
    v = np.cos(np.arange(x.size, dtype=float)).reshape(x.shape)
    gradient = jitad.value_and_grad(function)
    tangent = jitad.jit(lambda x, v: jitad.jvp(function, (x,), (v,)))
    y_dot, slope = tangent(x, v)[1], np.vdot(gradient(x)[1], v)
    if not np.isclose(y_dot, slope, rtol=1e-8, atol=1e-8 * np.abs(gradient(x)[1]).sum()):
        raise AssertionError(f"forward {y_dot} and reverse {slope} differ")
    calls: Any = {
        "value": (jitad.jit(function), (x,)),
        "gradient": (gradient, (x,)),
        "tangent": (tangent, (x, v)),
    }
    return {
        name: timing.best for name, timing in measure(calls, seconds=seconds, rtol=None).items()
    }


# -- the functions ---------------------------------------------------------------------------------


def _rosenbrock(n: int) -> Case:
    return rosenbrock, np.linspace(0.5, 1.5, n)


def _logistic_regression(n: int) -> Case:
    rng = np.random.default_rng(0)
    data, label = rng.standard_normal((n, 30)), rng.integers(0, 2, n) * 2.0 - 1.0

    def loss(w: Any) -> Any:
        return np.mean(np.logaddexp(0.0, -label * (data @ w))) + 0.01 * np.sum(w * w)

    return loss, rng.standard_normal(30) / 10


def _perceptron(n: int) -> Case:
    rng = np.random.default_rng(1)
    data, target = rng.standard_normal((n, 32)), rng.standard_normal((n, 4))

    def loss(w: Any) -> Any:
        first, second = w[: 32 * 64].reshape(32, 64), w[32 * 64 :].reshape(64, 4)
        return np.mean((np.tanh(data @ first) @ second - target) ** 2)

    return loss, rng.standard_normal(32 * 64 + 64 * 4) / 8


def _speelpenning(n: int) -> Case:
    return lambda x: np.prod(x), 1.0 + 0.5 * np.sin(np.arange(n, dtype=float))


def _log_sum_exp(n: int) -> Case:
    def value(x: Any) -> Any:
        top = np.max(x)
        return top + np.log(np.sum(np.exp(x - top)))

    return value, np.random.default_rng(2).standard_normal(n)


def _straight_line(n: int) -> Case:
    return straight_line_function(straight_line(n)), straight_line_point()


def _gaussian(n: int) -> Case:
    sample = np.random.default_rng(3).standard_normal(n)

    def log_likelihood(p: Any) -> Any:
        z = (sample - p[0]) * np.exp(-p[1])
        return -0.5 * np.sum(z * z) - n * (p[1] + 0.5 * np.log(2 * np.pi))

    return log_likelihood, np.array([0.1, 0.2])


def _heat(n: int) -> Case:
    def energy(u: Any) -> Any:
        for _ in range(10):
            inner = u[1:-1] + 0.2 * (u[2:] - 2 * u[1:-1] + u[:-2]) - 0.01 * u[1:-1] ** 3
            u = np.concatenate([u[:1], inner, u[-1:]])
        return np.sum(u * u)

    return energy, np.sin(np.linspace(0, 3, n))


def _horner(n: int) -> Case:
    coefficients = np.cos(np.arange(12.0))

    def polynomials(x: Any) -> Any:
        y = 0.0 * x
        for c in coefficients:
            y = y * x + c
        return np.sum(y)

    return polynomials, np.linspace(-1, 1, n)


def _bodies(n: int) -> Case:
    def potential(x: Any) -> Any:
        apart = x[:, None, :] - x[None, :, :]
        return -np.sum(1.0 / np.sqrt(np.sum(apart * apart, axis=-1) + 0.01))

    return potential, np.random.default_rng(4).standard_normal((n, 3))


def _convolution(n: int) -> Case:
    rng = np.random.default_rng(5)
    kernel = rng.standard_normal((3, 3))

    def response(image: Any) -> Any:
        total = 0.0
        for i in range(3):
            for j in range(3):
                total = total + kernel[i, j] * image[i : n - 2 + i, j : n - 2 + j]
        return np.sum(np.maximum(total, 0.0) ** 2)

    return response, rng.standard_normal((n, n))


def _cross_entropy(n: int) -> Case:
    rng = np.random.default_rng(6)
    target = np.eye(10)[rng.integers(0, 10, n)]

    def loss(z: Any) -> Any:
        shifted = z - np.max(z, axis=1, keepdims=True)
        log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
        return -np.sum(target * log_p) / n

    return loss, rng.standard_normal((n, 10))


CASES: dict[str, Callable[[int], Case]] = {
    "Rosenbrock": _rosenbrock,
    "Rosenbrock, beyond the cache": _rosenbrock,
    "logistic regression": _logistic_regression,
    "two-layer network": _perceptron,
    "Speelpenning's product": _speelpenning,
    "log-sum-exp": _log_sum_exp,
    "straight-line program": _straight_line,
    "Gaussian log-likelihood": _gaussian,
    "ten steps of a heat equation": _heat,
    "polynomials by Horner": _horner,
    "potential of n bodies": _bodies,
    "3 x 3 convolution by slices": _convolution,
    "softmax cross-entropy": _cross_entropy,
}

_LARGE = (20_000, 100_000, 4000, 512, 5000, 20_000, 2000, 20_000, 5000, 5000, 150, 200, 2000)
_SMALL = (10, 100, 20, 8, 20, 20, 60, 20, 12, 10, 5, 8, 5)


if __name__ == "__main__":
    main(run, __doc__)
