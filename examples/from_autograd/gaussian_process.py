"""Gaussian process regression: kernel and noise fitted by the marginal likelihood.

Its value is compared with SciPy's density of a multivariate normal distribution, its gradient with
the trace formula of Rasmussen & Williams, Gaussian Processes for Machine Learning, equation (5.9).
"""

from scipy.optimize import minimize
from scipy.stats import multivariate_normal

import jitad.numpy as np
from jitad import value_and_grad

rng = np.random.RandomState(5)
inputs = np.sort(rng.uniform(-3, 3, size=30))
outputs = np.sin(2 * inputs) + 0.1 * rng.randn(30)


def covariance(kernel_parameters, x, z):
    scale, length = np.exp(kernel_parameters)
    differences = (x[:, None] - z[None, :]) / length
    return scale**2 * np.exp(-0.5 * differences**2)


def unpack(parameters):
    return parameters[:2], np.exp(2 * parameters[2])


def log_marginal_likelihood(parameters):
    kernel_parameters, noise = unpack(parameters)
    k = covariance(kernel_parameters, inputs, inputs) + noise * np.eye(len(inputs))
    root = np.linalg.cholesky(k)
    whitened = np.linalg.solve(root, outputs)
    log_determinant = 2 * np.sum(np.log(np.diag(root)))
    return -0.5 * (np.dot(whitened, whitened) + log_determinant + len(inputs) * np.log(2 * np.pi))


def objective(parameters):
    return -log_marginal_likelihood(parameters)


def predict(parameters, x):
    kernel_parameters, noise = unpack(parameters)
    k = covariance(kernel_parameters, inputs, inputs) + noise * np.eye(len(inputs))
    return np.dot(covariance(kernel_parameters, x, inputs), np.linalg.solve(k, outputs))


start = np.log(np.array([0.7, 0.5, 0.3]))


def by_trace_formula(parameters):
    """Value and gradient of the objective, with the derivatives of the kernel by hand."""
    kernel_parameters, noise = unpack(parameters)
    part = covariance(kernel_parameters, inputs, inputs)
    k = part + noise * np.eye(len(inputs))
    squares = ((inputs[:, None] - inputs) / np.exp(parameters[1])) ** 2
    slopes = [2 * part, part * squares, 2 * noise * np.eye(len(inputs))]
    inverse = np.linalg.inv(k)
    solved = inverse @ outputs
    gradient = [-0.5 * np.trace((np.outer(solved, solved) - inverse) @ s) for s in slopes]
    return -multivariate_normal(np.zeros(len(inputs)), k).logpdf(outputs), np.array(gradient)


def main():
    fit = minimize(value_and_grad(objective), start, jac=True, method="BFGS")
    scale, length, noise = np.exp(fit.x)
    print(f"log likelihood {-objective(start):.3f} -> {-fit.fun:.3f}")
    print(f"scale {scale:.3f}, length {length:.3f}, noise {noise:.3f}")
    print(f"at 0.5: {predict(fit.x, np.array([0.5]))[0]:.3f}, without noise {np.sin(1.0):.3f}")
    value, gradient = value_and_grad(objective)(start)
    expected, expected_gradient = by_trace_formula(start)
    differences = abs(value - expected), np.abs(gradient - expected_gradient).max()
    print("\nCheck: differences from SciPy's density and the trace formula:", end=" ")
    print(f"value {differences[0]:.1e}, gradient {differences[1]:.1e}")


if __name__ == "__main__":
    main()
