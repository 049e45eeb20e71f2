"""Iterations until convergence: roots, minima, eigenvalues, linear systems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from control_flow.program import program


@program(quick=(1.1,), slow=(70.0,), less_than_one=(0.2,))
def newton_square_root(a: Any) -> Any:
    y = a
    while abs(y * y - a) > 1e-13 * a:
        y = 0.5 * (y + a / y)
    return y


@program(few=(2.0, 0.5), many=(20.0, 0.5), other_side=(0.3, 0.5))
def bisection(a: Any, b: Any) -> Any:
    """The root of x^3 + b x = a: halving finds it, one step of Newton's gives its derivative."""
    low, high = 0.0, 1.0
    while high**3 + b * high < a:
        high = 2.0 * high
    while high - low > 1e-9:
        middle = 0.5 * (low + high)
        if middle**3 + b * middle < a:
            low = middle
        else:
            high = middle
    x = 0.5 * (low + high)
    for _ in range(2):
        x = x - (x**3 + b * x - a) / (3.0 * x * x + b)
    return x


@program(converges=(0.8,), overshoots=(4.0,), negative=(-2.5,))
def safeguarded_newton(a: Any) -> Any:
    """arctan(x) = a / 10 + ..., by Newton's steps that are halved where the residual grows."""
    target, x = np.tanh(a), 3.0
    residual = np.arctan(x) - target
    for _ in range(60):
        if abs(residual) < 1e-14:
            break
        step = residual * (1.0 + x * x)
        while abs(np.arctan(x - step) - target) > abs(residual):
            step = 0.5 * step
        x = x - step
        residual = np.arctan(x) - target
    return x


@program(tiny=(0.05,), near=(0.9,), far=(6.0,), farther=(9.0,))
def secant(a: Any) -> Any:
    x, y = 0.0, 1.0
    fx, fy = -a, np.exp(1.0) - 1.0 + 1.0 - a
    while abs(y - x) > 1e-12 and fy != fx:
        x, y, fx = y, y - fy * (y - x) / (fy - fx), fy
        fy = np.exp(y) - 1.0 + y - a
    return y * y


@program(one=(0.7, 1.0), two=(2.5, 1.0), three=(6.0, 1.0))
def bracketing(a: Any, width: Any) -> Any:
    """A bracket grown until cos(x) - x / a changes its sign; then a secant through its ends."""

    def f(x: Any) -> Any:
        return np.cos(x) - x / a

    low, high = 0.0, 0.25 * width
    while f(low) * f(high) > 0:
        low, high = high, high + 0.25 * width
    return (low * f(high) - high * f(low)) / (f(high) - f(low))


@program(1, left=(0.6, 1.0), right=(2.2, 1.0), wide=(2.2, 3.0))
def golden_section(a: Any, b: Any) -> Any:
    """The least value of (x - a)^2 + b cos(x) / 4 on [0, 3].

    On a path the place of the minimum is constant. The first derivative is right all the same, for
    the place has no part in it; the second belongs to the path and not to the minimum.
    """

    def f(x: Any) -> Any:
        return (x - a) ** 2 + 0.25 * b * np.cos(x)

    ratio, low, high = 0.6180339887498949, 0.0, 3.0
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    while high - low > 1e-7:
        if f(left) < f(right):
            high, right = right, left
            left = high - ratio * (high - low)
        else:
            low, left = left, right
            right = low + ratio * (high - low)
    return f(0.5 * (low + high))


def descend(f: Callable[[Any], Any], df: Callable[[Any], Any], x: Any, tolerance: float) -> Any:
    """Gradient descent whose steps are halved until Armijo's condition holds."""
    for _ in range(40):
        slope = df(x)
        square = slope @ slope
        if square < tolerance:
            break
        step = 1.0
        while f(x - step * slope) > f(x) - 0.25 * step * square:
            step = 0.5 * step
        x = x - step * slope
    return x


@program(
    round_bowl=(np.array([0.9, 1.1]), np.array([1.0, -0.5])),
    long_bowl=(np.array([3.3, 0.8]), np.array([1.0, -0.5])),
    steep_bowl=(np.array([9.0, 5.0]), np.array([0.2, -0.5])),
)
def descent_with_line_search(scale: Any, start: Any) -> Any:
    def f(x: Any) -> Any:
        return 0.5 * np.sum(scale * x * x) + 0.1 * np.sum(x**4) - x[0]

    def df(x: Any) -> Any:
        return scale * x + 0.4 * x**3 - np.array([1.0, 0.0])

    x = descend(f, df, start, 1e-3)
    return np.sum(x * x) + f(x)


@program(
    fast=(np.array([[40.0, 0.5], [0.5, 1.0]]),),
    slower=(np.array([[5.0, 0.5], [0.75, 1.0]]),),
    negative=(np.array([[-7.0, 0.5], [0.5, 0.5]]),),
)
def power_iteration(a: Any) -> Any:
    v, value, change = np.array([1.0, 0.25]), 0.0, 1.0
    while abs(change) > 1e-12:
        w = a @ v
        v = w / np.sqrt(w @ w)
        new = v @ a @ v
        value, change = new, new - value
    return value


@program(
    in_order=(np.array([[4.0, 1.0, 2.0], [1.0, 3.0, 0.5], [0.5, 1.0, 2.0]]), np.arange(1.0, 4.0)),
    first_swap=(
        np.array([[1.0, 1.0, 2.0], [4.0, 3.0, 0.5], [0.5, 1.0, 2.0]]),
        np.arange(1.0, 4.0),
    ),
    second_swap=(
        np.array([[4.0, 1.0, 2.0], [1.0, 0.5, 0.5], [0.5, 2.0, 2.0]]),
        np.arange(1.0, 4.0),
    ),
    both=(np.array([[1.0, 1.0, 2.0], [2.0, 3.0, 0.5], [4.0, 1.0, 2.0]]), np.arange(1.0, 4.0)),
)
def elimination_with_pivoting(a: Any, b: Any) -> Any:
    rows = [[*row, rhs] for row, rhs in zip(a, b, strict=True)]
    n, sign = len(rows), 1.0
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(rows[i][k]))
        if pivot != k:
            rows[k], rows[pivot] = rows[pivot], rows[k]
            sign = -sign
        for i in range(k + 1, n):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [y - factor * x for x, y in zip(rows[k], rows[i], strict=True)]
    x: list[Any] = [0.0] * n
    for i in reversed(range(n)):
        x[i] = (rows[i][n] - sum(rows[i][j] * x[j] for j in range(i + 1, n))) / rows[i][i]
    determinant = sign * np.prod(np.stack([rows[i][i] for i in range(n)]))
    return {"x": x, "determinant": determinant}


@program(
    dominant=(np.array([[8.0, 0.5], [0.25, 6.0]]), np.array([1.0, 2.0])),
    weaker=(np.array([[4.0, 0.5], [0.5, 3.0]]), np.array([1.0, 2.0])),
    nearly_diagonal=(np.array([[4.0, 0.02], [0.03, 3.0]]), np.array([1.0, 2.0])),
)
def jacobi_until_converged(a: Any, b: Any) -> Any:
    d = np.diagonal(a)
    x = b / d
    while np.max(np.abs(a @ x - b)) > 1e-12:
        x = x + (b - a @ x) / d
    return x


@program(few=(0.3,), more=(0.8,), negative=(-0.9,))
def fixed_point(a: Any) -> Any:
    """Kepler's equation: x = 1 + a sin(x)."""
    x, step = 1.0, 1.0
    while abs(step) > 1e-13:
        new = 1.0 + a * np.sin(x)
        x, step = new, new - x
    return x


@program(
    full=(np.array([1.0, 2.0]), 0.01),
    one_zero=(np.array([1.0, 0.2]), 0.6),
    all_zero=(np.array([0.1, 0.2]), 2.0),
    negative=(np.array([-1.0, 2.0]), 0.3),
)
def lasso_by_coordinates(b: Any, penalty: Any) -> Any:
    """Coordinate descent with soft thresholds, until nothing moves."""
    gram = ((2.0, 0.5), (0.5, 1.5))
    x: list[Any] = [0.0, 0.0]
    for _ in range(100):
        moved = 0.0
        for i in range(2):
            rest = b[i] - gram[i][1 - i] * x[1 - i]
            if rest > penalty:
                new = (rest - penalty) / gram[i][i]
            elif rest < -penalty:
                new = (rest + penalty) / gram[i][i]
            else:
                new = 0.0
            moved, x[i] = max(moved, abs(new - x[i])), new
        if moved < 1e-13:
            break
    return x[0] ** 2 + 2.0 * x[1] ** 2 + penalty * x[0]


@program(
    at_rest=(np.array([0.1, 0.2]), 5.0),
    active=(np.array([3.0, 4.0]), 2.0),
    stretched=(np.array([-0.5, 4.0]), 2.0),
)
def trust_region_step(g: Any, radius: Any) -> Any:
    """The least of g x + x H x / 2 in a ball: Newton's iteration for the multiplier outside."""
    h = np.array([1.0, 2.0])
    x = -g / h
    if np.sqrt(x @ x) <= radius:
        return g @ x + 0.5 * np.sum(h * x * x)
    multiplier, step = 0.0, 1.0
    while abs(step) > 1e-13:
        x = -g / (h + multiplier)
        norm = np.sqrt(x @ x)
        slope = np.sum(x * x / (h + multiplier))
        step = (norm - radius) / radius * norm * norm / slope
        multiplier = multiplier + step
    x = -g / (h + multiplier)
    return g @ x + 0.5 * np.sum(h * x * x)
