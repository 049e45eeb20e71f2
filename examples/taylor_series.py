"""An orbit by Taylor's method of order 25: the coefficients of the solution, from the equation.

If y(t) = y_0 + y_1 t + y_2 t^2 + ... solves y' = f(y), then (k + 1) y_{k+1} is coefficient k of
f(y(t)), which y_0 .. y_k say (Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008,
section 13.4). The steps are long, and their error is what the last coefficients say.
"""

import numpy as np

import jitad

ORDER = 25
ECCENTRICITY = 0.6


def kepler(y):
    """Position and velocity of a body on its orbit around the origin."""
    q, p = y[:2], y[2:]
    return np.concatenate([p, -q / (q @ q) ** 1.5])


def along(t, coefficients):
    """kepler(y(t)) on the curve that the coefficients describe."""
    y = coefficients[ORDER]
    for k in range(ORDER):
        y = y * t + coefficients[ORDER - 1 - k]
    return kepler(y)


@jitad.jit
def series(y):
    """The coefficients of the solution from y, shape (ORDER + 1, 4): each turn makes one known."""
    coefficients = np.zeros((ORDER + 1, 4))
    coefficients[0] = y
    for k in range(ORDER):
        rates = jitad.taylor(lambda t: along(t, coefficients), 0.0, 1.0, ORDER)
        coefficients[k + 1] = rates[k] / (k + 1)
    return coefficients


y = np.array([1 - ECCENTRICITY, 0, 0, np.sqrt((1 + ECCENTRICITY) / (1 - ECCENTRICITY))])
start, t, steps = y, 0.0, 0
while t < 2 * np.pi:
    c = series(y)
    size = np.abs(c[-1]).max()
    step = min((1e-16 / size) ** (1 / ORDER), 2 * np.pi - t)
    y = np.polynomial.polynomial.polyval(step, c)
    t, steps = t + step, steps + 1
    if steps <= 5:
        print(f"step {steps}: {step:.3f} long, at ({y[0]:+.6f}, {y[1]:+.6f})")

print(f"\nOne period in {steps} steps of order {ORDER}.")
error = np.abs(y - start).max()
energy = abs((y[2:] @ y[2:]) / 2 - 1 / np.hypot(*y[:2]) + 0.5)
print(f"\nCheck: return to the start {error:.1e}, energy {energy:.1e}")
