"""Variational inference: a mean-field normal distribution fitted to a posterior by samples.

The samples of every step are matched to mean 0 and covariance 1, so that for this posterior, which
is normal, the bound has no noise: its maximum is known in closed form.
"""

import jitad.numpy as np
from jitad import grad

rng = np.random.RandomState(7)
inputs = np.column_stack([np.ones(40), rng.randn(40), rng.randn(40)])
outputs = np.dot(inputs, np.array([0.5, -1.0, 2.0])) + 0.5 * rng.randn(40)
noise, prior = 0.5, 2.0


def log_normal(x, mean, scale):
    return -0.5 * ((x - mean) / scale) ** 2 - np.log(scale) - 0.5 * np.log(2 * np.pi)


def log_posterior(samples):
    """Of each sample of the weights, without the constant; samples has shape (count, 3)."""
    log_prior = np.sum(log_normal(samples, 0.0, prior), axis=1)
    fits = np.dot(samples, inputs.T)
    return log_prior + np.sum(log_normal(outputs, fits, noise), axis=1)


def objective(parameters, standard):
    """The negative evidence lower bound, from samples of a standard normal distribution."""
    mean, log_scale = parameters[:3], parameters[3:]
    samples = mean + standard * np.exp(log_scale)
    entropy = np.sum(log_scale) + 1.5 * (1 + np.log(2 * np.pi))
    return -entropy - np.mean(log_posterior(samples))


def matched_samples(count):
    samples = rng.randn(count, 3)
    samples = samples - samples.mean(axis=0)
    root = np.linalg.cholesky(samples.T @ samples / count)
    return np.linalg.solve(root, samples.T).T


def adam(gradient, x, steps, b1=0.9, b2=0.999):
    m, v = np.zeros_like(x), np.zeros_like(x)
    for i in range(1, steps + 1):
        g = gradient(x, matched_samples(20))
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        rate = 0.1 * 0.995**i
        x = x - rate * m / (1 - b1**i) / (np.sqrt(v / (1 - b2**i)) + 1e-8)
    return x


start = np.concatenate([np.zeros(3), -np.ones(3)])
first_samples = matched_samples(20)


def exact():
    """Posterior mean, and the deviations 1 / sqrt(diagonal of the precision) of the best fit."""
    precision = inputs.T @ inputs / noise**2 + np.eye(3) / prior**2
    mean = np.linalg.solve(precision, inputs.T @ outputs / noise**2)
    return mean, 1 / np.sqrt(np.diag(precision))


def main():
    fitted = adam(grad(objective), start, steps=2500)
    bounds = [-objective(x, first_samples) for x in (start, fitted)]
    print(f"evidence lower bound {bounds[0]:.3f} -> {bounds[1]:.3f}")
    mean, scale = exact()
    print(f"means {fitted[:3].round(4)}, deviations {np.exp(fitted[3:]).round(4)}")
    differences = np.abs(fitted[:3] - mean).max(), np.abs(np.exp(fitted[3:]) - scale).max()
    print("\nCheck: differences from the closed form:", end=" ")
    print(f"means {differences[0]:.1e}, deviations {differences[1]:.1e}")


if __name__ == "__main__":
    main()
