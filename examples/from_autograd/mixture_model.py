"""A mixture of normal distributions, fitted by the gradient of its likelihood.

At the maximum one step of the EM algorithm, which uses no derivatives, changes nothing.
"""

from scipy.optimize import minimize

import jitad.numpy as np
from jitad import value_and_grad

rng = np.random.RandomState(6)
data = np.vstack(
    [
        np.array([-2.0, 0.0]) + rng.randn(60, 2) * np.array([0.5, 1.0]),
        np.array([1.5, 1.0]) + rng.randn(40, 2) * np.array([1.0, 0.4]),
        np.array([1.0, -3.0]) + rng.randn(50, 2) * 0.7,
    ]
)
components, dimensions = 3, data.shape[1]


def unpack(vector):
    k, d = components, dimensions
    return {
        "logits": vector[:k],
        "means": vector[k : k + k * d].reshape(k, d),
        "log scales": vector[k + k * d :].reshape(k, d),
    }


def log_sum_exp(x, axis):
    largest = np.max(x, axis=axis, keepdims=True)
    return np.log(np.sum(np.exp(x - largest), axis=axis)) + np.squeeze(largest, axis=axis)


def log_joint(parameters, x):
    """Of each point and each component, shape (points, components)."""
    log_weights = parameters["logits"] - log_sum_exp(parameters["logits"], axis=0)
    columns = []
    for k in range(components):
        z = (x - parameters["means"][k]) / np.exp(parameters["log scales"][k])
        log_density = -0.5 * np.sum(z**2, axis=1) - np.sum(parameters["log scales"][k])
        columns.append(log_weights[k] + log_density - 0.5 * dimensions * np.log(2 * np.pi))
    return np.stack(columns, axis=1)


def objective(vector):
    return -np.mean(log_sum_exp(log_joint(unpack(vector), data), axis=1))


start = np.concatenate([np.zeros(3), np.array([-1.0, 0.5, 1.0, 0.5, 0.0, -1.0]), np.zeros(6)])


def by_expectation_maximisation(parameters):
    """Weights, means and standard deviations after one step of the EM algorithm."""
    joint = np.exp(log_joint(parameters, data))
    shares = joint / joint.sum(axis=1, keepdims=True)
    counts = shares.sum(axis=0)
    means = shares.T @ data / counts[:, None]
    squares = (data[:, None, :] - means) ** 2
    variances = np.sum(shares[:, :, None] * squares, axis=0) / counts[:, None]
    return counts / len(data), means, np.sqrt(variances)


def main():
    options = {"gtol": 1e-9, "maxiter": 1000}
    fit = minimize(value_and_grad(objective), start, jac=True, method="BFGS", options=options)
    parameters = unpack(fit.x)
    weights = np.exp(parameters["logits"] - log_sum_exp(parameters["logits"], axis=0))
    print(f"mean log likelihood {-objective(start):.4f} -> {-fit.fun:.4f}")
    for k in range(components):
        print(f"weight {weights[k]:.3f}, mean {parameters['means'][k].round(3)}")
    found = weights, parameters["means"], np.exp(parameters["log scales"])
    after = by_expectation_maximisation(parameters)
    difference = max(np.abs(x - y).max() for x, y in zip(found, after, strict=True))
    print(f"\nCheck: a step of EM changes the parameters by {difference:.1e}")


if __name__ == "__main__":
    main()
