"""Poisson regression: the mode of the posterior by Newton's method, and a normal law around it.

The Hessian and the mode are compared with those from derivatives by hand.
"""

from scipy.optimize import root

import jitad.numpy as np
from jitad import grad, hessian

rng = np.random.RandomState(10)
days = 50
inputs = np.column_stack([np.ones(days), np.linspace(-1, 1, days), rng.randn(days)])
counts = rng.poisson(np.exp(np.dot(inputs, np.array([1.0, 0.8, -0.4]))))
prior = 3.0


def log_posterior(weights):
    """Without the terms that do not depend on the weights."""
    log_rates = np.dot(inputs, weights)
    log_prior = -0.5 * np.sum((weights / prior) ** 2)
    return np.sum(counts * log_rates - np.exp(log_rates)) + log_prior


gradient, curvature = grad(log_posterior), hessian(log_posterior)
start = np.zeros(3)


def newton(weights, steps=8):
    for _ in range(steps):
        weights = weights - np.linalg.solve(curvature(weights), gradient(weights))
    return weights


def gradient_by_hand(weights):
    return inputs.T @ (counts - np.exp(inputs @ weights)) - weights / prior**2


def curvature_by_hand(weights):
    return -(inputs.T * np.exp(inputs @ weights)) @ inputs - np.eye(3) / prior**2


def main():
    mode = newton(start)
    deviations = np.sqrt(np.diag(np.linalg.inv(-curvature(mode))))
    for i, name in enumerate(["rate", "trend", "effect"]):
        print(f"{name:8}{mode[i]:8.4f} +- {deviations[i]:.4f}")
    expected = root(gradient_by_hand, start, jac=curvature_by_hand, tol=1e-12).x
    difference = np.abs(curvature(mode) / curvature_by_hand(mode) - 1).max()
    print(f"\nCheck: the mode differs from SciPy's root by {np.abs(mode - expected).max():.1e},")
    print(f"       and the Hessian from that by hand by {difference:.1e}, relative")


if __name__ == "__main__":
    main()
