"""The logarithm of a sum of exponentials, and its gradient, the softmax.

    LSE(x) = a + log(sum_i exp(x_i - a)),    a = max_i x_i,    x of shape (n,)

The maximum only keeps the exponentials from overflowing: what it adds in one place it takes away
in the other, so its derivative is left out.
"""

import numpy as np

import jitad


def log_sum_exp(x):
    """The value, of x (n,)."""
    a = jitad.stop_gradient(np.max(x))
    return a + np.log(np.sum(np.exp(x - a)))


def _prepared(function):
    compiled = jitad.jit(function, parallel=True)

    def prepare(given):
        x = np.array(given["x"])
        return lambda: compiled(x)

    return prepare


FUNCTIONS = {
    "primal": (_prepared(log_sum_exp), float),
    "gradient": (_prepared(jitad.grad(log_sum_exp)), np.ndarray.tolist),
}
