"""The main job: a trace to read, a fit of real data, and what compiling gradients gains."""

from __future__ import annotations

import sys
import time
import timeit
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize

import jitad
from jitad.data import load_breast_cancer
from jitad.textbook import dual, tape
from jitad.textbook import exp as scalar_exp
from jitad.textbook import log as scalar_log
from jitad.textbook import sin as scalar_sin

Array = NDArray[np.float64]


def demo() -> None:
    """The three parts, one after the other."""
    started = time.perf_counter()
    show_trace()
    show_fit()
    show_speed()
    print(f"\nAll of it took {time.perf_counter() - started:.1f} s.")


def _heading(text: str) -> None:
    print(f"\n{text}\n{'=' * len(text)}\n")


# -- the evaluation trace --------------------------------------------------------------------------


def lecture(x1: Any, x2: Any) -> Any:
    """Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, equation (1.2)."""
    return (np.sin(x1 / x2) + x1 / x2 - np.exp(x2)) * (x1 / x2 - np.exp(x2))


def show_trace() -> None:
    """Every intermediate value of the lecture's function, with its tangent and its adjoint."""
    _heading("Evaluation trace of [sin(x1/x2) + x1/x2 - exp(x2)] * [x1/x2 - exp(x2)] at (1.5, 0.5)")
    print(jitad.trace(lecture, 1.5, 0.5).evaluation_trace(mode="both"))
    value, (by_x1, by_x2) = jitad.value_and_grad(lecture, argnums=(0, 1))(1.5, 0.5)
    print(f"\nCompiled, in one call: y = {value:.6f}, dy/dx1 = {by_x1:.6f}, dy/dx2 = {by_x2:.6f}.")
    rounded = 1.4924 * 1.3513
    print(f"By hand, from factors of four decimals, y = 1.4924 * 1.3513 = {rounded:.4f}.")


# -- logistic regression ---------------------------------------------------------------------------


class Split(NamedTuple):
    """Rows to fit and rows held out: standardised features with a column of ones, and classes."""

    x: Array
    y: Array
    x_test: Array
    y_test: Array


@dataclass
class Progress:
    """How far a fit is: one line updated in place on a terminal, lines now and then elsewhere."""

    every: int = 5
    iteration: int = 0
    started: float = field(default_factory=time.perf_counter)

    def __call__(self, intermediate_result: OptimizeResult) -> None:
        self.iteration += 1
        seconds = time.perf_counter() - self.started
        line = f"iteration {self.iteration:3}  loss {intermediate_result.fun:.6f}  {seconds:.2f} s"
        if sys.stdout.isatty():
            print(f"\r{line}", end="", flush=True)
        elif self.iteration % self.every == 0:
            print(line)

    def close(self) -> None:
        """End the line."""
        if sys.stdout.isatty():
            print()


def split_data() -> Split:
    """Four fifths to fit and one to test, after a fixed shuffle; standardised by the first."""
    features, classes = load_breast_cancer()
    order = np.random.default_rng(0).permutation(len(classes))
    test, train = np.split(order, [len(order) // 5])
    mean, deviation = features[train].mean(axis=0), features[train].std(axis=0)
    x, x_test = (
        np.column_stack([np.ones(len(rows)), (features[rows] - mean) / deviation])
        for rows in (train, test)
    )
    return Split(x, classes[train], x_test, classes[test])


def logistic_loss(weights: Any, x: Any, y: Any, penalty: float = 1e-3) -> Any:
    """Mean negative log-likelihood, and a penalty on all weights but the intercept's."""
    scores = x @ weights
    return np.mean(np.logaddexp(0, scores) - y * scores) + penalty * np.sum(weights[1:] ** 2)


def accuracy(weights: Array, x: Array, y: Array) -> float:
    """The share of rows that are put into their class."""
    return float(np.mean((x @ weights > 0) == (y > 0.5)))


def show_fit() -> None:
    """Fit the Wisconsin breast cancer data by SciPy's L-BFGS-B with compiled gradients."""
    data = split_data()
    count, width = data.x.shape
    _heading(f"Logistic regression: breast cancer, {count} rows to fit, {len(data.x_test)} to test")
    started = time.perf_counter()
    value_and_grad = jitad.value_and_grad(lambda weights: logistic_loss(weights, data.x, data.y))
    progress = Progress()
    fit = minimize(value_and_grad, np.zeros(width), method="L-BFGS-B", jac=True, callback=progress)
    seconds = time.perf_counter() - started
    progress.close()
    right = accuracy(fit.x, data.x_test, data.y_test)
    print(f"final loss          {fit.fun:.6f}, gradient at most {np.abs(fit.jac).max():.1e}")
    print(
        f"held-out accuracy   {right:.4f} ({round(right * len(data.y_test))} of {len(data.y_test)})"
    )
    print(f"wall time           {seconds:.2f} s, tracing and compiling included")
    print(f"evaluations         {fit.nfev} of value and gradient, in {fit.nit} iterations")


# -- time per gradient -----------------------------------------------------------------------------


class Contest(NamedTuple):
    """One function in NumPy and in Python scalars, and where to differentiate it."""

    name: str
    array: Callable[[Any], Any]
    scalar: Callable[[Sequence[Any]], Any]
    x: Array


def rosenbrock(x: Any) -> Any:
    """Rosenbrock's function of n numbers."""
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def scalar_rosenbrock(x: Sequence[Any]) -> Any:
    """The same, one scalar at a time."""
    total = 0.0
    for a, b in pairwise(x):
        residual, distance = b - a * a, 1 - a
        total = total + 100 * (residual * residual) + distance * distance
    return total


def scalar_lecture(x: Sequence[Any]) -> Any:
    """The lecture's function, with its common subexpressions computed once."""
    a, b = x[0] / x[1], scalar_exp(x[1])
    return (scalar_sin(a) + a - b) * (a - b)


def scalar_logistic_loss(weights: Sequence[Any], x: list[list[float]], y: list[float]) -> Any:
    """`logistic_loss` without a penalty, one scalar at a time."""
    total = 0.0
    for row, target in zip(x, y, strict=True):
        score = sum(w * element for w, element in zip(weights, row, strict=True))
        total = total + scalar_log(1 + scalar_exp(score)) - target * score
    return total / len(y)


def contests() -> list[Contest]:
    """The functions that are timed."""
    data = split_data()
    x, y = np.ascontiguousarray(data.x[:100, :10]), data.y[:100].copy()
    return [
        Contest("lecture", lambda x: lecture(x[0], x[1]), scalar_lecture, np.array([1.5, 0.5])),
        Contest("Rosenbrock", rosenbrock, scalar_rosenbrock, np.linspace(-1, 1, 10)),
        Contest("Rosenbrock", rosenbrock, scalar_rosenbrock, np.linspace(-1, 1, 100)),
        Contest(
            "logistic loss of 100 rows",
            lambda weights: logistic_loss(weights, x, y, 0.0),
            partial(scalar_logistic_loss, x=x.tolist(), y=y.tolist()),
            np.linspace(-0.5, 0.5, 10),
        ),
    ]


def microseconds(function: Callable[[], Any]) -> float:
    """The time of one call: the best of five runs of about 20 ms."""
    timer = timeit.Timer(function)
    once = max(min(timer.repeat(3, 1)), 1e-7)
    calls = max(1, round(0.02 / once))
    return 1e6 * min(timer.repeat(5, calls)) / calls


def show_speed() -> None:
    """Time per value and gradient: compiled, and in pure Python by either mode."""
    _heading("Time per value and gradient, in microseconds")
    print(f"{'':36}{'jitad':>8}{'dual numbers':>24}{'reverse mode':>24}")
    for contest in contests():
        compiled = jitad.value_and_grad(contest.array)
        numbers = contest.x.tolist()
        methods = [
            partial(compiled, contest.x),
            partial(dual.value_and_gradient, contest.scalar, numbers),
            partial(tape.value_and_gradient, contest.scalar, numbers),
        ]
        _check_equal(contest.name, [method() for method in methods])
        own, *others = (microseconds(method) for method in methods)
        ratios = "".join(f"{t:14.1f}{f'({t / own:.0f} x)':>10}" for t in others)
        print(f"{f'{contest.name}, n = {len(numbers)}':36}{own:8.2f}{ratios}")
    print("\nIn pure Python: jitad.textbook. All gradients were checked to be equal.")


def _check_equal(name: str, results: Sequence[Any]) -> None:
    (value, gradient), *others = results
    for other_value, other_gradient in others:
        close = np.allclose(gradient, other_gradient, rtol=1e-10, atol=1e-12)
        if not (close and np.isclose(value, other_value, rtol=1e-12)):
            raise SystemExit(f"the gradients of {name} differ: {gradient} and {other_gradient}")
