"""Derivatives through solvers: an ODE at fixed and at adaptive steps, and Newton's method.

The pendulum q'' = -g sin q conserves its energy, and the sensitivities of its flow have determinant
one (Liouville); both are checked. The adaptive method is Bogacki and Shampine's pair of orders 3
and 2 (A 3(2) pair of Runge-Kutta formulas, Applied Mathematics Letters 2 (1989), 321-325): how many
steps it takes, and how long they are, depends on the data.
"""

import numpy as np

import jitad
import jitad.implicit


def field(state, gravity):
    return np.stack([state[1], -gravity * np.sin(state[0])])


def rk4(state, gravity, end, steps):
    """The classical method of Runge and Kutta, its steps one loop."""
    h = end / steps

    def step(y, _):
        a = field(y, gravity)
        b = field(y + h / 2 * a, gravity)
        c = field(y + h / 2 * b, gravity)
        d = field(y + h * c, gravity)
        return y + h / 6 * (a + 2 * b + 2 * c + d), None

    return jitad.scan(step, state, length=steps)[0]


def bogacki_shampine(y, gravity, h):
    """A step of order 3, and the difference from that of order 2."""
    a = field(y, gravity)
    b = field(y + h / 2 * a, gravity)
    c = field(y + 3 * h / 4 * b, gravity)
    after = y + h / 9 * (2 * a + 3 * b + 4 * c)
    d = field(after, gravity)
    return after, h * (-5 / 72 * a + b / 12 + c / 9 - d / 8)


def next_step(h, size):
    """The step that the error, as a multiple of the tolerance, suggests; it has no derivative."""
    return jitad.stop_gradient(h * np.clip(0.9 * size ** (-1 / 3), 0.2, 5.0))


def adaptive(state, gravity, end, tolerance):
    """As a while_loop: steps too long are tried again, shorter."""

    def going_on(carry):
        return carry[0] < end

    def step(carry):
        t, y, h, count = carry
        h = np.minimum(h, end - t)
        after, error = bogacki_shampine(y, gravity, h)
        size = np.max(np.abs(error)) / tolerance + 1e-10
        good = size <= 1
        return np.where(good, t + h, t), np.where(good, after, y), next_step(h, size), count + 1

    _, y, _, count = jitad.while_loop(going_on, step, (0.0 * end, state, 0.01 * end, 0))
    return y, count


def adaptive_in_python(state, gravity, end, tolerance):
    """The same as an ordinary loop, which decides by the data."""
    t, y, h = 0.0, state, 0.01 * end
    while t < end:
        h = np.minimum(h, end - t)
        after, error = bogacki_shampine(y, gravity, h)
        size = np.max(np.abs(error)) / tolerance + 1e-10
        if size <= 1:
            t, y = t + h, after
        h = next_step(h, size)
    return y


state, gravity, end = np.array([1.0, 0.5]), 9.81, 2.0
flow = jitad.jacobian(lambda state, g: rk4(state, g, end, 4000), (0, 1))
by_start, by_gravity = flow(state, gravity)
print("The pendulum after two seconds, by RK4 of 4,000 steps")
print(f"  state          {rk4(state, gravity, end, 4000)}")
print(f"  d / d start    {by_start.ravel()}, determinant {np.linalg.det(by_start):.12f}")
print(f"  d / d gravity  {by_gravity}")

print("\nAt adaptive steps: their number, and how far the derivatives are from those above")
solve = jitad.jacobian(lambda y, g, tol: adaptive(y, g, end, tol)[0], (0, 1))
gaps = []
for tolerance in (1e-3, 1e-5, 1e-7, 1e-9):
    _, count = jitad.jit(lambda y, g, tol: adaptive(y, g, end, tol))(state, gravity, tolerance)
    found = solve(state, gravity, tolerance)
    gaps.append(max(np.abs(found[0] - by_start).max(), np.abs(found[1] - by_gravity).max()))
    print(f"  tolerance {tolerance:.0e}: {count:6} steps, {gaps[-1]:.1e}")

in_python = jitad.jacobian(lambda y, g: adaptive_in_python(y, g, 0.5, 1e-4), (0, 1))
as_loop = jitad.jacobian(lambda y, g: adaptive(y, g, 0.5, 1e-4)[0], (0, 1))
pairs = zip(in_python(state, gravity), as_loop(state, gravity), strict=True)
same = max(np.abs(a - b).max() for a, b in pairs)
print(f"  written as a loop of Python's, its derivatives differ by {same:.1e}")


def kepler(anomaly, eccentricity):
    """E of E - e sin E = M, Kepler's equation, by Newton's method until a step is tiny."""

    def step(carry):
        angle, _ = carry
        error = angle - eccentricity * np.sin(angle) - anomaly
        move = error / (1 - eccentricity * np.cos(angle))
        return angle - move, np.abs(move)

    return jitad.while_loop(lambda carry: carry[1] > 1e-9, step, (anomaly, 1.0 + 0 * anomaly))[0]


def kepler_in_python(anomaly, eccentricity):
    """The same by a `while` of Python's."""
    angle, move = anomaly, 1.0
    while abs(move) > 1e-9:
        error = angle - eccentricity * np.sin(angle) - anomaly
        move = error / (1 - eccentricity * np.cos(angle))
        angle = angle - move
    return angle


def kepler_implicitly(anomaly, eccentricity):
    """By whatever solver; the derivatives come from the equation alone."""

    def equation(angle, data):
        return angle - data[1] * np.sin(angle) - data[0]

    return jitad.implicit.root(equation, 1.0, (anomaly, eccentricity))


anomaly, eccentricity = 0.8, 0.6
angle = jitad.jit(kepler)(anomaly, eccentricity)
# By the implicit function theorem, with pencil and paper.
exact = np.array([1.0, np.sin(angle)]) / (1 - eccentricity * np.cos(angle))
print(f"\nKepler's equation, E = {angle:.12f}: dE/dM and dE/de")
kepler_gaps = []
for name, solver in [
    ("through a while_loop", kepler),
    ("through Python's while", kepler_in_python),
    ("implicitly", kepler_implicitly),
]:
    slopes = np.array(jitad.grad(solver, (0, 1))(anomaly, eccentricity))
    kepler_gaps.append(np.abs(slopes - exact).max())
    print(f"  {name:24}{slopes[0]:.12f}  {slopes[1]:.12f}")

print("\nCheck: the largest differences are")
print(f"       determinant from one {abs(np.linalg.det(by_start) - 1):.1e};")
print(f"       adaptive from fixed steps {gaps[-1]:.1e}, from a Python loop {same:.1e};")
print(f"       Kepler's three from the theorem by hand {max(kepler_gaps):.1e}")
