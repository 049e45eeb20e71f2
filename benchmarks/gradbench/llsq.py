"""Least squares for a polynomial that is to be the sign of its argument.

    y(x) = 1/2 sum_i (sign(t_i) - sum_j x_j t_i^j)^2,    t_i = -1 + 2 i / (n - 1)

for i = 0 .. n - 1 and j = 0 .. m - 1; x has shape (m,).
"""

import numpy as np

import jitad


def objective(x, t):
    """The value, of the coefficients x (m,) at the places t (n,)."""

    def add(carry, coefficient):
        residual, power = carry
        return (residual - coefficient * power, power * t), None

    (residual, _), _ = jitad.scan(add, (np.sign(t), np.ones_like(t)), x)
    return np.sum(residual**2) / 2


def _prepared(function):
    def prepare(given):
        x, n = np.array(given["x"]), given["n"]
        t = -1 + 2 * np.arange(n) / (n - 1)
        return lambda: function(x, t)

    return prepare


FUNCTIONS = {
    "primal": (_prepared(jitad.jit(objective)), float),
    "gradient": (_prepared(jitad.grad(objective)), np.ndarray.tolist),
}
