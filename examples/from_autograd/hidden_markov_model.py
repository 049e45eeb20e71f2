"""A hidden Markov model with normal emissions, fitted by the gradient of the forward algorithm.

The likelihood is compared with a sum over all paths of hidden states, its gradient with complex
steps in that sum.
"""

from itertools import product

from scipy.optimize import minimize

import jitad.numpy as np
from jitad import value_and_grad
from jitad.scipy.special import logsumexp

states, length = 2, 9
rng = np.random.RandomState(11)
hidden = np.array([0, 0, 0, 1, 1, 0, 0, 1, 1])
data = np.array([-1.0, 1.5])[hidden] + 0.6 * rng.randn(length)


def unpack(vector):
    return vector[:2], vector[2:6].reshape(2, 2), vector[6:8], vector[8]


def log_normalize(x):
    return x - logsumexp(x, axis=-1, keepdims=True)


def log_emissions(means, log_scale):
    """Of each observation in each state, shape (length, states)."""
    z = (data[:, None] - means) / np.exp(log_scale)
    return -0.5 * z**2 - log_scale - 0.5 * np.log(2 * np.pi)


def log_likelihood(vector):
    start_logits, move_logits, means, log_scale = unpack(vector)
    log_moves = log_normalize(move_logits)
    emissions = log_emissions(means, log_scale)
    forward = log_normalize(start_logits) + emissions[0]
    for emission in emissions[1:]:
        forward = logsumexp(forward[:, None] + log_moves, axis=0) + emission
    return logsumexp(forward)


def objective(vector):
    return -log_likelihood(vector)


start = np.array([0.3, -0.2, 1.0, 0.0, 0.1, 0.8, -0.5, 1.0, 0.0])


def over_all_paths(vector):
    """The objective as a sum of the probabilities of all paths; complex vectors as well."""
    start_logits, move_logits, means, log_scale = unpack(vector)
    starts = np.exp(start_logits) / np.sum(np.exp(start_logits))
    moves = np.exp(move_logits) / np.sum(np.exp(move_logits), axis=1, keepdims=True)
    emissions = np.exp(log_emissions(means, log_scale))
    paths = np.array(list(product(range(states), repeat=length)))
    chances = starts[paths[:, 0]] * np.prod(moves[paths[:, :-1], paths[:, 1:]], axis=1)
    return -np.log(np.sum(chances * np.prod(emissions[np.arange(length), paths], axis=1)))


def by_complex_steps(function, x, size=1e-30):
    return np.array([np.imag(function(x + 1j * size * unit)) / size for unit in np.eye(len(x))])


def main():
    options = {"maxiter": 30}
    fit = minimize(value_and_grad(objective), start, jac=True, method="L-BFGS-B", options=options)
    print(f"log likelihood {-objective(start):.4f} -> {-fit.fun:.4f}")
    print(f"means {unpack(fit.x)[2].round(3)}")
    value, gradient = value_and_grad(objective)(start)
    expected = over_all_paths(start), by_complex_steps(over_all_paths, start)
    differences = abs(value - expected[0]), np.abs(gradient - expected[1]).max()
    print(f"\nCheck: differences from the sum over {states**length} paths:", end=" ")
    print(f"value {differences[0]:.1e}, gradient {differences[1]:.1e}")


if __name__ == "__main__":
    main()
