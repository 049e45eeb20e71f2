"""Ten functions as they are written for Numba, differentiated without any change to them.

Each is compiled by Numba for ordinary arguments. `jitad.grad` of one traces the Python function
that it was made of, and the `@njit` and `@vectorize` functions that it calls: loops over indices,
scratch arrays, `math`, branches and early returns included.
"""

import math

import numpy as np
from numba import njit, prange, vectorize

import jitad


@njit
def n_body_energy(positions, velocities, masses):
    """Kinetic and gravitational energy of bodies in space."""
    energy = 0.0
    for i in range(len(masses)):
        speed = 0.0
        for k in range(3):
            speed += velocities[i, k] ** 2
        energy += 0.5 * masses[i] * speed
        for j in range(i + 1, len(masses)):
            squared = 0.0
            for k in range(3):
                squared += (positions[i, k] - positions[j, k]) ** 2
            energy -= masses[i] * masses[j] / math.sqrt(squared)
    return energy


@njit(parallel=True)
def ising_energy(spins, coupling, field):
    """Mean-field energy of soft spins on a torus, with the entropy of each."""
    rows, columns = spins.shape
    energy = 0.0
    for i in prange(rows):
        for j in range(columns):
            neighbours = spins[(i + 1) % rows, j] + spins[i, (j + 1) % columns]
            up = 0.5 * (1.0 + spins[i, j])
            entropy = -up * math.log(up) - (1.0 - up) * math.log(1.0 - up)
            energy += -coupling * spins[i, j] * neighbours - field * spins[i, j] - entropy
    return energy


@njit
def american_put(spot, strike, rate, volatility, maturity, steps=16):
    """The price of an option that may be exercised early, by a binomial tree."""
    dt = maturity / steps
    up = math.exp(volatility * math.sqrt(dt))
    discount = math.exp(-rate * dt)
    p = (math.exp(rate * dt) - 1 / up) / (up - 1 / up)
    values = np.empty(steps + 1)
    for i in range(steps + 1):
        values[i] = max(strike - spot * up ** (2 * i - steps), 0.0)
    for n in range(steps - 1, -1, -1):
        for i in range(n + 1):
            held = discount * (p * values[i + 1] + (1 - p) * values[i])
            values[i] = max(held, strike - spot * up ** (2 * i - n))
    return values[0]


@njit
def dynamic_time_warping(x, y):
    """The least cost of an alignment of two series."""
    n, m = len(x), len(y)
    cost = np.full((n + 1, m + 1), np.inf)
    cost[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            step = min(cost[i - 1, j], cost[i, j - 1], cost[i - 1, j - 1])
            cost[i, j] = (x[i - 1] - y[j - 1]) ** 2 + step
    return cost[n, m]


@njit
def kalman_likelihood(observed, noise, drift):
    """Log-likelihood of positions, of a body of constant velocity that is jolted."""
    move = np.array([[1.0, 1.0], [0.0, 1.0]])
    jolt = drift * np.array([[0.25, 0.5], [0.5, 1.0]])
    look = np.array([1.0, 0.0])
    state, spread = np.zeros(2), np.eye(2) * 10.0
    total = 0.0
    for t in range(observed.shape[0]):
        state = move @ state
        spread = move @ spread @ move.T + jolt
        variance = look @ spread @ look + noise
        surprise = observed[t] - look @ state
        gain = spread @ look / variance
        state = state + gain * surprise
        spread = spread - np.outer(gain, look @ spread)
        total -= 0.5 * (math.log(2 * math.pi * variance) + surprise**2 / variance)
    return total


@njit
def hit(origin, direction, centre, radius):
    """Distance along a ray to a sphere; negative where it is missed."""
    away = origin - centre
    b = np.dot(away, direction)
    discriminant = b * b - (np.dot(away, away) - radius * radius)
    if discriminant < 0.0:
        return -1.0
    root = math.sqrt(discriminant)
    if -b - root > 0.0:
        return -b - root
    return -b + root


@njit
def brightness(origin, target, centres, radii, light):
    """How brightly the nearest of some spheres is lit where a ray meets it."""
    direction = (target - origin) / np.linalg.norm(target - origin)
    nearest, found = np.inf, -1
    for k in range(radii.size):
        distance = hit(origin, direction, centres[k], radii[k])
        if 0.0 < distance < nearest:
            nearest, found = distance, k
    if found < 0:
        return 0.0
    normal = (origin + nearest * direction - centres[found]) / radii[found]
    return max(0.0, np.dot(normal, light))


@njit
def solve_tridiagonal(lower, diagonal, upper, right):
    """Thomas' algorithm, in one scratch array."""
    n = diagonal.size
    scratch = np.empty(n)
    x = right.copy()
    scratch[0] = upper[0] / diagonal[0]
    x[0] /= diagonal[0]
    for i in range(1, n):
        pivot = diagonal[i] - lower[i - 1] * scratch[i - 1]
        if i < n - 1:
            scratch[i] = upper[i] / pivot
        x[i] = (x[i] - lower[i - 1] * x[i - 1]) / pivot
    for i in range(n - 2, -1, -1):
        x[i] -= scratch[i] * x[i + 1]
    return x


@njit
def bending(lower, diagonal, upper, right):
    """How far a chain bends, squared."""
    x = solve_tridiagonal(lower, diagonal, upper, right)
    return np.sum(x**2)


@njit
def accelerations(positions, out):
    """Of particles that repel one another as 1 / r^2, within a bowl; written into `out`."""
    out[:] = -positions
    for i in range(positions.shape[0]):
        for j in range(positions.shape[0]):
            if i != j:
                gap = positions[i] - positions[j]
                out[i] += gap / math.sqrt(np.sum(gap * gap)) ** 3


@njit
def after_verlet_steps(positions, velocities, dt, steps):
    """The sum of squared positions after some steps of velocity Verlet."""
    x, v = positions.copy(), velocities.copy()
    force = np.empty_like(x)
    accelerations(x, force)
    for _ in range(steps):
        v += 0.5 * dt * force
        x += dt * v
        accelerations(x, force)
        v += 0.5 * dt * force
    return np.sum(x * x)


@njit
def evaluate_spline(knots, values, curvatures, x):
    """A cubic spline, from its second derivatives; the interval is searched by bisection."""
    low, high = 0, knots.size - 1
    while high - low > 1:
        middle = (low + high) // 2
        if knots[middle] > x:
            high = middle
        else:
            low = middle
    width = knots[high] - knots[low]
    a = (knots[high] - x) / width
    b = (x - knots[low]) / width
    cubic = (a**3 - a) * curvatures[low] + (b**3 - b) * curvatures[high]
    return a * values[low] + b * values[high] + cubic * width * width / 6.0


@njit
def spline_misfit(knots, values, points, wanted):
    """Squared misfit of a natural cubic spline through some knots."""
    n = knots.size
    inner = n - 2
    lower, diagonal, right = np.empty(inner - 1), np.empty(inner), np.empty(inner)
    for i in range(inner):
        left, ahead = knots[i + 1] - knots[i], knots[i + 2] - knots[i + 1]
        diagonal[i] = (left + ahead) / 3.0
        if i > 0:
            lower[i - 1] = left / 6.0
        rise = (values[i + 2] - values[i + 1]) / ahead
        right[i] = rise - (values[i + 1] - values[i]) / left
    curvatures = np.zeros(n)
    curvatures[1:-1] = solve_tridiagonal(lower, diagonal, lower, right)
    total = 0.0
    for k in range(points.size):
        total += (evaluate_spline(knots, values, curvatures, points[k]) - wanted[k]) ** 2
    return total


@vectorize
def replacement(x, y):
    """What it costs to have one letter in the place of another; far ones cost alike."""
    gap = abs(x - y)
    if gap < 1.0:
        return gap * gap
    return 1.0 - math.exp(-gap) + math.exp(-1.0)


@njit
def soft_minimum(a, b, c, softness):
    """A smooth lower bound of three numbers."""
    least = min(a, min(b, c))
    total = math.exp((least - a) / softness)
    total += math.exp((least - b) / softness) + math.exp((least - c) / softness)
    return least - softness * math.log(total)


@njit
def soft_edit_distance(x, y, gap, softness):
    """Levenshtein's distance of two words of vectors, with soft minima: two rows are kept."""
    costs = replacement(x.reshape(-1, 1), y)
    before = np.arange(y.size + 1) * gap
    row = np.empty(y.size + 1)
    for i in range(x.size):
        row[0] = (i + 1) * gap
        for j in range(y.size):
            row[j + 1] = soft_minimum(
                before[j + 1] + gap, row[j] + gap, before[j] + costs[i, j], softness
            )
        before, row = row, before
    return before[y.size]


rng = np.random.default_rng(3)


def a_chain(n):
    return (
        rng.normal(size=n - 1),
        4.0 + rng.normal(size=n),
        rng.normal(size=n - 1),
        rng.normal(size=n),
    )


PROGRAMS = [
    ("n-body energy", n_body_energy, (0, 1, 2),
     (rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.uniform(1, 2, size=4))),
    ("Ising energy", ising_energy, (0, 1, 2), (rng.uniform(-0.9, 0.9, size=(4, 5)), 0.7, 0.2)),
    ("American put", american_put, (0, 1, 2, 3, 4), (95.3, 100.0, 0.04, 0.3, 1.0)),
    ("dynamic time warping", dynamic_time_warping, (0, 1),
     (rng.normal(size=7), rng.normal(size=9))),
    ("Kalman filter", kalman_likelihood, (0, 1, 2), (rng.normal(size=6).cumsum(), 0.5, 0.2)),
    ("ray and spheres", brightness, (0, 1, 2, 3, 4),
     (np.array([0.1, 0.2, -5.0]), np.array([0.0, 0.1, 0.0]),
      np.array([[0.0, 0.0, 3.0], [0.2, 0.0, 0.5], [3.0, 0.0, 0.0]]), np.array([1.0, 1.2, 1.0]),
      np.array([0.6, 0.48, -0.64]))),
    ("tridiagonal solve", bending, (0, 1, 2, 3), a_chain(8)),
    ("Verlet steps", after_verlet_steps, (0, 1, 2),
     (rng.normal(size=(3, 2)), rng.normal(size=(3, 2)), 0.05, 4)),
    ("spline evaluation", spline_misfit, (0, 1, 2, 3),
     (np.arange(6.0) + rng.uniform(-0.3, 0.3, size=6), rng.normal(size=6),
      np.array([0.4, 1.7, 2.6, 3.8]), rng.normal(size=4))),
    ("soft edit distance", soft_edit_distance, (0, 1, 2, 3),
     (rng.normal(size=5), rng.normal(size=6), 0.8, 0.3)),
]  # fmt: skip


def difference(function, arguments, k, step=1e-3):
    """The derivative by argument k along a random direction: that direction, and the quotient."""
    direction = np.random.default_rng(k).normal(size=np.shape(arguments[k]))
    total = 0.0
    for n, weight in ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60)):
        for sign in (1, -1):
            moved = list(arguments)
            moved[k] = arguments[k] + sign * n * step * direction
            total += sign * weight * function(*moved) / step
    return direction, total


if __name__ == "__main__":
    worst = 0.0
    print(f"{'':22}{'value':>14}  slope along a direction of each argument")
    for name, function, argnums, arguments in PROGRAMS:
        value, gradient = jitad.value_and_grad(function, argnums)(*arguments)
        slopes = []
        for k, part in zip(argnums, gradient, strict=True):
            direction, wanted = difference(function, arguments, k)
            slopes.append(np.sum(part * direction))
            worst = max(worst, abs(slopes[-1] - wanted) / max(1.0, abs(wanted)))
        worst = max(worst, abs(value - function(*arguments)))
        print(f"{name:22}{value:14.6f}  " + " ".join(f"{slope:.4f}" for slope in slopes))
    print("\nCheck: the largest difference from Numba's values and their difference quotients")
    print(f"       {worst:.1e}")
