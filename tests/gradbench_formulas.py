"""GradBench's functions in plain NumPy, for its tests: loops and exponentials, for complex numbers.

Derivatives are taken by the complex step: Im f(x + i h) / h, exact to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.linalg import expm

H = 1e-30
"""The complex step."""


def by_complex_step(function: Callable[[Any], Any], x: Any) -> Any:
    """The Jacobian: result's shape + x's shape."""
    x = np.asarray(x, dtype=complex)
    columns = []
    for k in range(x.size):
        moved = x.copy()
        moved.reshape(-1)[k] += 1j * H
        columns.append(np.imag(function(moved)) / H)
    stacked = np.stack(columns, axis=-1)
    return stacked.reshape(*stacked.shape[:-1], *x.shape)


def gmm(alpha: Any, mu: Any, q: Any, below: Any, given: Any) -> Any:
    """The log-likelihood, of alpha (k,), mu (k, d), q (k, d), below (k, d (d - 1) / 2)."""
    (n, d), k, m, gamma = given["x"].shape, given["k"], given["m"], given["gamma"]
    total = -n * d / 2 * math.log(2 * math.pi) - n * np.log(np.sum(np.exp(alpha)))
    factors = []
    for j in range(k):
        factor = np.diag(np.exp(q[j])).astype(complex)
        left = iter(below[j])
        for column in range(d):
            for row in range(column + 1, d):
                factor[row, column] = next(left)
        factors.append(factor)
    for x in given["x"]:
        lengths = [sum((factors[j] @ (x - mu[j])) ** 2) for j in range(k)]
        terms = [alpha[j] + sum(q[j]) - lengths[j] / 2 for j in range(k)]
        total += np.log(np.sum(np.exp(terms)))
    freedom = d + m + 1
    constant = freedom * d * (math.log(gamma) - math.log(2) / 2)
    constant -= d * (d - 1) / 4 * math.log(math.pi)
    constant -= sum(math.lgamma((freedom - j) / 2) for j in range(d))
    squares = np.sum(np.exp(q) ** 2) + np.sum(below**2)
    return total + k * constant - gamma**2 / 2 * squares + m * np.sum(q)


def turn(r: Any) -> Any:
    """The rotation about r by |r|, as an exponential."""
    return expm(np.array([[0, -r[2], r[1]], [r[2], 0, -r[0]], [-r[1], r[0], 0]]))


def reprojection(unknowns: Any, feature: Any) -> Any:
    """The error (2,), of a camera, a point and a weight (15,) and the feature (2,)."""
    r, centre, (f, *u, k1, k2), x = np.split(unknowns[:14], [3, 6, 11])
    p = turn(r) @ (x - centre)
    q = p[:2] / p[2]
    size = q[0] ** 2 + q[1] ** 2
    return unknowns[14] * ((1 + k1 * size + k2 * size**2) * f * q + np.array(u) - feature)


def entries(i: int, n: int, m: int) -> list[int]:
    """Where the two rows of an observation have entries."""
    camera, point = 11 * (i % n), 11 * n + 3 * (i % m)
    return [*range(camera, camera + 11), *range(point, point + 3), 11 * n + 3 * m + i]


def about(axis: int, angle: Any) -> Any:
    """The rotation about a coordinate axis: (3, 3)."""
    return turn(np.array([angle if k == axis else 0 for k in range(3)]))


def hand(theta: Any, model: Any) -> Any:
    """The posed model's vertices (V, 3), of theta (26,)."""
    bones = len(model["parents"])
    turns = [np.eye(3, dtype=complex) for _ in range(bones)]
    for finger in range(5):
        x, z, second, third = theta[6 + 4 * finger : 10 + 4 * finger]
        turns[4 * finger + 2] = about(2, z) @ about(0, x)
        turns[4 * finger + 3], turns[4 * finger + 4] = about(0, second), about(0, third)
    absolute: list[Any] = []
    vertices = np.zeros((len(model["base_positions"]), 3), dtype=complex)
    for b, parent in enumerate(model["parents"]):
        own = np.eye(4, dtype=complex)
        own[:3, :3] = turns[b]
        moved = model["base_relatives"][b] @ own
        absolute.append(moved if parent == -1 else absolute[parent] @ moved)
        transform = absolute[b] @ model["inverse_base_absolutes"][b]
        for v, position in enumerate(model["base_positions"]):
            vertices[v] += model["weights"][v, b] * (transform @ position)[:3]
    if model["is_mirrored"]:
        vertices[:, 0] *= -1
    small = np.sum(np.real(theta[:3]) ** 2) < 1e-8
    return vertices @ (np.eye(3) if small else turn(theta[:3])).T + theta[3:6]


def lstm(params: Any, layers: int, state: Any, sequence: Any) -> Any:
    """The loss, of all parameters as one vector, state (2 layers, b), sequence (c, b)."""
    bits = state.shape[1]
    main, extra = params[: 8 * layers * bits].reshape(2 * layers, 4, bits), params[-3 * bits :]
    extra, state = extra.reshape(3, bits), state.astype(complex)
    total = 0
    for x, target in pairwise(sequence):
        x = x * extra[0]
        for k in range(layers):
            (w, b), h = main[2 * k : 2 * k + 2], state[2 * k]
            gates = [seen * w[j] + b[j] for j, seen in enumerate((x, h, x, h))]
            f, i, o = (1 / (1 + np.exp(-gate)) for gate in gates[:3])
            state[2 * k + 1] = state[2 * k + 1] * f + i * np.tanh(gates[3])
            state[2 * k] = x = o * np.tanh(state[2 * k + 1])
        y = x * extra[1] + extra[2]
        total += target @ (y - np.log(2 + np.sum(np.exp(y))))
    return -total / (len(sequence) - 1) / bits


def rk4(x: Any, s: int) -> Any:
    """y(2) (n,), of the rates x (n,), after s steps.

    On y' = A y + b a step of the method is the fourth Taylor polynomial of the exponential.
    """
    n = len(x)
    system = np.zeros((n + 1, n + 1), dtype=complex)
    system[0, n] = x[0]
    system[np.arange(1, n), np.arange(n - 1)] = x[1:]
    move = 2 / s * system
    step = sum(np.linalg.matrix_power(move, k) / math.factorial(k) for k in range(5))
    return np.linalg.matrix_power(step, s)[:n, n]


def descend(function: Any, gradient: Any, x: Any) -> Any:
    """Where the descent from x (n,) ends; both functions are of real vectors."""
    rate, successes = 1e-5, 0
    slope, value = gradient(x), function(x)
    while np.linalg.norm(slope) > 1e-5:
        if successes == 10:
            rate, successes = 2 * rate, 0
            continue
        after = x - rate * slope
        if np.linalg.norm(x - after) <= 1e-5:
            break
        if function(after) < value:
            x, value, slope, successes = after, function(after), gradient(after), successes + 1
        else:
            rate, successes = rate / 2, 0
    return x


def landing(w: Any) -> Any:
    """The square of where the charge lands; w may be complex."""
    x, v = np.array([0, 8], dtype=complex), np.array([0.75, 0], dtype=complex)
    while True:
        away = [x - np.array(c) for c in ((10, 10 - w), (10, 0))]
        a = sum(r / (r @ r) ** 1.5 for r in away)
        x = x + 0.1 * v
        if x[1].real <= 0:
            return (x[0] - x[1] / v[1] * v[0]) ** 2
        v = v + 0.1 * a
