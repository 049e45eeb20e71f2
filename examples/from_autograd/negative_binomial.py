"""Counts that vary more than Poisson's: a negative binomial law, its mean a function of inputs.

Value and fit are compared with SciPy's distribution, the gradient with digamma functions by hand.
"""

import scipy.stats
from scipy.optimize import minimize
from scipy.special import digamma

import jitad.numpy as np
from jitad import value_and_grad
from jitad.scipy.special import gammaln

rng = np.random.RandomState(13)
inputs = np.column_stack([np.ones(80), rng.uniform(-1, 1, size=80)])
counts = rng.negative_binomial(3, 3 / (3 + np.exp(np.dot(inputs, np.array([1.0, 0.7])))))


def log_mass(count, mean, size):
    of_choice = gammaln(count + size) - gammaln(count + 1.0) - gammaln(size)
    return of_choice + size * np.log(size / (size + mean)) + count * np.log(mean / (size + mean))


def objective(parameters):
    weights, size = parameters["weights"], np.exp(parameters["log size"])
    return -np.sum(log_mass(counts, np.exp(np.dot(inputs, weights)), size))


def unflatten(vector):
    return {"weights": vector[:2], "log size": vector[2]}


def flatten(parameters):
    return np.append(parameters["weights"], parameters["log size"])


start = {"weights": np.array([0.5, 0.2]), "log size": 0.4}


def by_hand(vector):
    """Value from SciPy's masses, gradient from the digamma function."""
    mean, size = np.exp(inputs @ vector[:2]), np.exp(vector[2])
    value = -np.sum(scipy.stats.nbinom(size, size / (size + mean)).logpmf(counts))
    by_weights = inputs.T @ (size * (counts - mean) / (size + mean))
    by_size = digamma(counts + size) - digamma(size) + np.log(size / (size + mean))
    by_size = by_size + (mean - counts) / (size + mean)
    return value, -np.append(by_weights, size * np.sum(by_size))


def main():
    value_and_slopes = value_and_grad(objective)

    def flat_objective(vector):
        value, slopes = value_and_slopes(unflatten(vector))
        return value, flatten(slopes)

    fit = minimize(flat_objective, flatten(start), jac=True, method="BFGS")
    print(f"weights {fit.x[:2].round(3)}, size {np.exp(fit.x[2]):.3f}")
    value, gradient = flat_objective(flatten(start))
    expected = by_hand(flatten(start))
    differences = abs(value - expected[0]), np.abs(gradient - expected[1]).max()
    print("\nCheck: differences from SciPy's law and from digamma functions:", end=" ")
    print(f"value {differences[0]:.1e}, gradient {differences[1]:.1e}")


if __name__ == "__main__":
    main()
