"""The log-likelihood of a mixture of k Gaussians at n points in d dimensions, with a Wishart prior.

    inner_ik = alpha_k + sum_j q_kj - 1/2 |Q_k (x_i - mu_k)|^2
    F = -n d / 2 log(2 pi) - n lse(alpha) + sum_i lse_k(inner_ik) + prior(q, l)

x (n, d), alpha (k,), mu (k, d), q (k, d), l (k, d (d - 1) / 2). Q_k is lower triangular: exp(q_k)
on the diagonal, and below it l_k, column by column. The prior has the parameters gamma and m.
"""

import math

import numpy as np

import jitad
import jitad.numpy as jnp

NAMES = ("alpha", "mu", "q", "l")


def log_sum_exp(x):
    """Over the first axis of x."""
    a = jitad.stop_gradient(np.max(x, axis=0))
    return a + np.log(np.sum(np.exp(x - a), axis=0))


def log_wishart_constant(d, gamma, m):
    """What each component's prior has beside what depends on its parameters."""
    freedom = d + m + 1
    log_gamma = d * (d - 1) / 4 * math.log(math.pi)
    log_gamma += sum(math.lgamma(freedom / 2 + (1 - j) / 2) for j in range(1, d + 1))
    return freedom * d * (math.log(gamma) - math.log(2) / 2) - log_gamma


def lower_triangular(q, below):
    """Q_k of all components, (k, d, d), of q (k, d) and what is below the diagonals."""
    k, d = q.shape
    columns, rows = np.triu_indices(d, 1)
    factors = jnp.zeros((k, d, d))
    factors[:, rows, columns] = below
    factors[:, np.arange(d), np.arange(d)] = np.exp(q)
    return factors


def objective(alpha, mu, q, below, x, gamma, m):
    """F, of the parameters (`below` is l) and the points x (n, d)."""
    (n, d), k = x.shape, len(alpha)

    def inner(alpha, mu, q, factor):
        """Of one component, at all points: Q (x - mu) = Q x - Q mu."""
        scaled = factor @ x.T - (factor @ mu)[:, None]
        return alpha + np.sum(q) - np.sum(scaled**2, axis=0) / 2

    inners = jitad.vmap(inner)(alpha, mu, q, lower_triangular(q, below))
    likelihood = np.sum(log_sum_exp(inners)) - n * log_sum_exp(alpha)
    squares = np.sum(np.exp(q) ** 2) + np.sum(below**2)
    prior = k * log_wishart_constant(d, gamma, m) - gamma**2 / 2 * squares + m * np.sum(q)
    return likelihood + prior - n * d / 2 * math.log(2 * math.pi)


def _prepared(transform):
    def prepare(given):
        x, gamma, m = np.array(given["x"]), given["gamma"], given["m"]
        alpha, mu, q = (np.array(given[name]) for name in NAMES[:3])
        below = np.array(given["l"]).reshape(len(alpha), -1)
        function = transform(lambda *args: objective(*args, gamma, m))
        compiled = jitad.jit(function, parallel=True)
        return lambda: compiled(alpha, mu, q, below, x)

    return prepare


def _gradient(function):
    return jitad.grad(function, (0, 1, 2, 3))


def _lists(slopes):
    return {name: slope.tolist() for name, slope in zip(NAMES, slopes, strict=True)}


FUNCTIONS = {
    "objective": (_prepared(lambda function: function), float),
    "jacobian": (_prepared(_gradient), _lists),
}
