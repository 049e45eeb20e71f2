"""Loops that carry a state: an ordinary differential equation, a recurrent network, an LSTM.

jitad and JAX get them as `scan`; the others, which have none, as Python loops, and CasADi unrolled
or as `mapaccum`. loops.py has far longer ones.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from benchmarks.harness import Section, main
from benchmarks.suite.contest import contests
from benchmarks.suite.problem import Function, Problem

_STEPS = {"tiny": 5, "quick": 100, "full": 100}
_HIDDEN, _INPUTS = 16, 8
_UNROLLED = ("torch.compile", "CasADi C")
_TANGENTS = "hundreds of tangents through every operation"


def problems(size: str) -> list[Problem]:
    """Three."""
    steps = _STEPS[size]
    return [lorenz(steps), _network(steps), _lstm(steps)]


def run(size: str) -> Section:
    """The contests."""
    return contests("benchmarks.recurrences", problems(size), size)


# -- Lorenz's equations, by Runge and Kutta --------------------------------------------------------


def lorenz(steps: int) -> Problem:
    """The sum of the last state by the first state and by the three constants."""
    h = 0.5 / steps

    def arrays(np: Any) -> Function:
        def total(x: Any) -> Any:
            s, r, b = x[3], x[4], x[5]

            def slope(y: Any) -> Any:
                return np.stack(
                    [s * (y[1] - y[0]), y[0] * (r - y[2]) - y[1], y[0] * y[1] - b * y[2]]
                )

            def step(y: Any, _: Any) -> Any:
                k1 = slope(y)
                k2 = slope(y + h / 2 * k1)
                k3 = slope(y + h / 2 * k2)
                k4 = slope(y + h * k3)
                return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), None

            return np.sum(np.scan(step, x[:3], None, length=steps)[0])

        return total

    x = np.array([1.0, 1.2, 20.0, 10.0, 28.0, 8 / 3])
    return Problem(f"Lorenz's equations, {steps} Runge-Kutta steps", x, arrays=arrays,
                   scalars=lambda math: _lorenz_of_scalars(steps, h),
                   numba=lambda x: _lorenz_by_hand(x, steps, h), long=_UNROLLED,
                   rtol=1e-8)  # fmt: skip


def _lorenz_of_scalars(steps: int, h: float) -> Function:
    def total(x: Any) -> Any:
        s, r, b = x[3:]

        def slope(u: Any, v: Any, w: Any) -> Any:
            return s * (v - u), u * (r - w) - v, u * v - b * w

        y = x[:3]
        for _ in range(steps):
            k1 = slope(*y)
            k2 = slope(*(a + h / 2 * k for a, k in zip(y, k1, strict=True)))
            k3 = slope(*(a + h / 2 * k for a, k in zip(y, k2, strict=True)))
            k4 = slope(*(a + h * k for a, k in zip(y, k3, strict=True)))
            y = [
                a + h / 6 * (p + 2 * q + 2 * r + t)
                for a, p, q, r, t in zip(y, k1, k2, k3, k4, strict=True)
            ]
        return y[0] + y[1] + y[2]

    return total


@numba.njit
def _slope(y: np.ndarray, p: np.ndarray, out: np.ndarray) -> None:
    out[0] = p[0] * (y[1] - y[0])
    out[1] = y[0] * (p[1] - y[2]) - y[1]
    out[2] = y[0] * y[1] - p[2] * y[2]


@numba.njit
def _pull(y: np.ndarray, p: np.ndarray, bar: np.ndarray, y_bar: np.ndarray, p_bar: Any) -> None:
    """Adds to y_bar and p_bar what the adjoint of a slope at y contributes."""
    y_bar[0] += -p[0] * bar[0] + (p[1] - y[2]) * bar[1] + y[1] * bar[2]
    y_bar[1] += p[0] * bar[0] - bar[1] + y[0] * bar[2]
    y_bar[2] += -y[0] * bar[1] - p[2] * bar[2]
    p_bar[0] += (y[1] - y[0]) * bar[0]
    p_bar[1] += y[0] * bar[1]
    p_bar[2] -= y[2] * bar[2]


@numba.njit
def _lorenz_by_hand(x: np.ndarray, steps: int, h: float) -> tuple[float, np.ndarray]:
    """The points of the four slopes of each step are kept, and walked back through."""
    p, ahead = x[3:], np.array([h / 2, h / 2, h])
    weight = np.array([h / 6, h / 3, h / 3, h / 6])
    points, k, y = np.empty((steps, 4, 3)), np.empty((4, 3)), x[:3].copy()
    for i in range(steps):
        for j in range(4):
            for m in range(3):
                points[i, j, m] = y[m] + (ahead[j - 1] * k[j - 1, m] if j else 0.0)
            _slope(points[i, j], p, k[j])
        for m in range(3):
            for j in range(4):
                y[m] += weight[j] * k[j, m]
    gradient, bar, at, y_bar = np.zeros(6), np.ones(3), np.zeros(3), np.ones(3)
    for i in range(steps - 1, -1, -1):
        at[:] = 0.0
        y_bar[:] = bar
        for j in range(3, -1, -1):
            for m in range(3):
                k[j, m] = weight[j] * bar[m] + (ahead[j] * at[m] if j < 3 else 0.0)
            at[:] = 0.0
            _pull(points[i, j], p, k[j], at, gradient[3:])
            y_bar += at
        bar[:] = y_bar
    gradient[:3] = bar
    return y.sum(), gradient


# -- recurrent networks ----------------------------------------------------------------------------


def _data(steps: int, hidden: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(steps, _INPUTS)), 0.1 * rng.normal(size=(steps, hidden))


def _network(steps: int) -> Problem:
    """h = tanh(W [x, h, 1]), the squared distance of all states from targets."""
    xs, targets = _data(steps, _HIDDEN)
    columns = _INPUTS + _HIDDEN + 1

    def arrays(np: Any) -> Function:
        inputs, wanted = np.array(xs), np.array(targets)
        start, zero = np.zeros(_HIDDEN), np.array(0.0 * targets[0, 0])

        def loss(w: Any) -> Any:
            w = w.reshape(_HIDDEN, columns)
            by_x, by_h, bias = w[:, :_INPUTS], w[:, _INPUTS:-1], w[:, -1]

            def step(carry: Any, row: Any) -> Any:
                h, total = carry
                x, target = row
                h = np.tanh(by_x @ x + by_h @ h + bias)
                return (h, total + np.sum((h - target) ** 2)), None

            return np.scan(step, (start, zero), (inputs, wanted))[0][1]

        return loss

    def casadi(casadi: Any) -> Any:
        def cell(casadi: Any, w: Any, h: Any, x: Any) -> Any:
            matrix = casadi.reshape(w, columns, _HIDDEN).T
            h = casadi.tanh(casadi.mtimes(matrix, casadi.vertcat(x, h, 1)))
            return h, h

        return _accumulated(casadi, cell, _HIDDEN * columns, _HIDDEN, xs, targets)

    x = 0.3 * np.random.default_rng(1).normal(size=_HIDDEN * columns)
    return Problem(f"recurrent network, {_HIDDEN} states, {steps} steps", x, arrays=arrays,
                   scalars=_network_of_scalars(xs, targets), casadi=casadi,
                   declined={"Python duals": _TANGENTS}, long=_UNROLLED[:1])  # fmt: skip


def _network_of_scalars(xs: np.ndarray, targets: np.ndarray) -> Any:
    """The same, one scalar at a time."""

    def scalars(math: Any) -> Function:
        rows = list(zip(xs.tolist(), targets.tolist(), strict=True))

        columns = _INPUTS + _HIDDEN + 1

        def loss(w: Any) -> Any:
            cut = [w[k * columns : (k + 1) * columns] for k in range(_HIDDEN)]
            h, total = [0.0] * _HIDDEN, 0.0
            for x, target in rows:
                seen = [*x, *h, 1.0]
                h = [math.tanh(sum(a * b for a, b in zip(row, seen, strict=True))) for row in cut]
                for a, t in zip(h, target, strict=True):
                    total = total + (a - t) * (a - t)
            return total

        return loss

    return scalars


def _lstm(steps: int) -> Problem:
    """As in loops.py, with all weights in one vector."""
    n = 14
    xs, targets = _data(steps, n)
    columns = _INPUTS + n + 1

    def arrays(np: Any) -> Function:
        inputs, wanted = np.array(xs), np.array(targets)
        start, zero = np.zeros(n), np.array(0.0 * targets[0, 0])

        def logistic(x: Any) -> Any:
            return 1 / (1 + np.exp(-x))

        def loss(w: Any) -> Any:
            w = w.reshape(4 * n, columns)
            by_x, by_h, bias = w[:, :_INPUTS], w[:, _INPUTS:-1], w[:, -1]

            def step(carry: Any, row: Any) -> Any:
                h, c, total = carry
                x, target = row
                gates = by_x @ x + by_h @ h + bias
                i, f, o, g = (gates[k * n : (k + 1) * n] for k in range(4))
                c = logistic(f) * c + logistic(i) * np.tanh(g)
                h = logistic(o) * np.tanh(c)
                return (h, c, total + np.sum((h - target) ** 2)), None

            return np.scan(step, (start, start, zero), (inputs, wanted))[0][2]

        return loss

    x = 0.3 * np.random.default_rng(1).normal(size=4 * n * columns)
    return Problem(f"LSTM, {n} states, {steps} steps", x, arrays=arrays,
                   casadi=_lstm_of_casadi(xs, targets, n, columns),
                   declined={"differences": "2 n evaluations"}, long=_UNROLLED)  # fmt: skip


def _lstm_of_casadi(xs: np.ndarray, targets: np.ndarray, n: int, columns: int) -> Any:
    """The same by `mapaccum`."""

    def casadi(casadi: Any) -> Any:
        def logistic(x: Any) -> Any:
            return 1 / (1 + casadi.exp(-x))

        def cell(casadi: Any, w: Any, state: Any, x: Any) -> Any:
            matrix = casadi.reshape(w, columns, 4 * n).T
            gates = casadi.mtimes(matrix, casadi.vertcat(x, state[:n], 1))
            i, f, o, g = casadi.vertsplit(gates, n)
            c = logistic(f) * state[n:] + logistic(i) * casadi.tanh(g)
            h = logistic(o) * casadi.tanh(c)
            return casadi.vertcat(h, c), h

        return _accumulated(casadi, cell, 4 * n * columns, 2 * n, xs, targets)

    return casadi


def _accumulated(
    casadi: Any, cell: Any, weights: int, states: int, xs: np.ndarray, targets: np.ndarray
) -> tuple[Any, Any]:
    """CasADi's loop: a step as a Function of scalars, mapped along with its state."""
    w, state = casadi.SX.sym("w", weights), casadi.SX.sym("s", states)
    x, target = casadi.SX.sym("x", xs.shape[1]), casadi.SX.sym("t", targets.shape[1])
    after, h = cell(casadi, w, state, x)
    step = casadi.Function("step", [state, w, x, target], [after, casadi.sumsqr(h - target)])
    steps = len(xs)
    p = casadi.MX.sym("p", weights)
    _, distances = step.mapaccum(steps)(
        casadi.DM.zeros(states), casadi.repmat(p, 1, steps), casadi.DM(xs.T), casadi.DM(targets.T)
    )
    return p, casadi.sum2(distances)


if __name__ == "__main__":
    main(run, __doc__, one_core=True)
