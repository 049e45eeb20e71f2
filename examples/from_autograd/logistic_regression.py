"""Logistic regression: gradient descent on a penalised likelihood of two overlapping clouds.

At the minimum the fit is compared with Newton's iteration, its derivatives written by hand.
"""

import jitad.numpy as np
from jitad import grad

rng = np.random.RandomState(0)
labels = np.repeat([0.0, 1.0], 60)
features = rng.randn(120, 3) + np.outer(labels, [1.5, -1.0, 0.5])
inputs = np.hstack([np.ones((120, 1)), features])
penalty = 0.5


def sigmoid(z):
    return 0.5 * (np.tanh(0.5 * z) + 1)


def predictions(weights):
    return sigmoid(np.dot(inputs, weights))


def training_loss(weights):
    chances = predictions(weights)
    of_labels = chances * labels + (1 - chances) * (1 - labels)
    return -np.sum(np.log(of_labels)) + 0.5 * penalty * np.dot(weights, weights)


training_gradient = grad(training_loss)


def train(weights, rate=0.02, steps=500):
    for _ in range(steps):
        weights = weights - rate * training_gradient(weights)
    return weights


def by_newton(weights):
    """The minimum from the textbook's gradient X^T (p - y) and Hessian X^T diag(p (1 - p)) X."""
    for _ in range(20):
        chances = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (chances - labels) + penalty * weights
        curvature = inputs.T @ (inputs * (chances * (1 - chances))[:, None])
        weights = weights - np.linalg.solve(curvature + penalty * np.eye(4), slope)
    return weights


def main():
    start = np.zeros(4)
    fitted = train(start)
    right = np.mean((predictions(fitted) > 0.5) == (labels == 1))
    print(f"loss {training_loss(start):.4f} -> {training_loss(fitted):.4f}, {right:.1%} right")
    print(f"weights {fitted.round(4)}")
    difference = np.abs(fitted - by_newton(start)).max()
    print(f"\nCheck: the weights differ from Newton's by {difference:.1e}")


if __name__ == "__main__":
    main()
