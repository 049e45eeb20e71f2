"""A Kalman filter: the variances and the damping of a moving target, by maximum likelihood.

The filter's likelihood is compared with SciPy's density of all observations at once, which are
jointly normal, and its gradient with differences of that density.
"""

from scipy.optimize import minimize
from scipy.stats import multivariate_normal

import jitad.numpy as np
from jitad import value_and_grad

steps = 12
observe = np.array([[1.0, 0.0], [0.3, 1.0]])
start_mean, start_covariance = np.array([0.0, 1.0]), np.diag([1.0, 0.5])


def model(parameters):
    """How the state moves, and the covariances of motion and observation."""
    damping = 1 / (1 + np.exp(-parameters[2]))
    move = np.array([[1.0, 0.5], [0.0, damping]])
    return move, np.exp(parameters[0]) * np.eye(2), np.exp(parameters[1]) * np.eye(2)


def log_likelihood(parameters, observations):
    move, of_motion, of_observation = model(parameters)
    mean, covariance, total = start_mean, start_covariance, 0.0
    for observation in observations:
        surprise = observation - np.dot(observe, mean)
        spread = np.dot(observe, np.dot(covariance, observe.T)) + of_observation
        _, log_determinant = np.linalg.slogdet(2 * np.pi * spread)
        distance = np.dot(surprise, np.linalg.solve(spread, surprise))
        total = total - 0.5 * (log_determinant + distance)
        gain = np.linalg.solve(spread, np.dot(observe, covariance)).T
        mean = np.dot(move, mean + np.dot(gain, surprise))
        covariance = np.dot(np.eye(2) - np.dot(gain, observe), covariance)
        covariance = np.dot(move, np.dot(covariance, move.T)) + of_motion
    return total


def simulate(parameters, rng):
    move, of_motion, of_observation = model(parameters)
    state, observations = rng.multivariate_normal(start_mean, start_covariance), []
    for _ in range(steps):
        observations.append(rng.multivariate_normal(observe @ state, of_observation))
        state = rng.multivariate_normal(move @ state, of_motion)
    return np.array(observations)


data = simulate(np.array([-2.0, -1.5, 2.0]), np.random.RandomState(8))


def objective(parameters):
    return -log_likelihood(parameters, data)


start = np.array([-1.0, -1.0, 1.0])


def by_joint_density(parameters):
    """The objective from means and covariances of all observations, of every pair of times."""
    move, of_motion, of_observation = model(parameters)
    mean, block = start_mean, start_covariance
    means, covariance = [], np.kron(np.eye(steps), of_observation)
    for i in range(steps):
        means.append(observe @ mean)
        later = block
        for j in range(i, steps):
            pair = observe @ later @ observe.T
            covariance[2 * j : 2 * j + 2, 2 * i : 2 * i + 2] += pair
            if j > i:
                covariance[2 * i : 2 * i + 2, 2 * j : 2 * j + 2] += pair.T
            later = move @ later
        mean, block = move @ mean, move @ block @ move.T + of_motion
    return -multivariate_normal(np.concatenate(means), covariance).logpdf(data.ravel())


def differences_of(function, x, h=1e-3):
    """The gradient by central differences of fourth order."""
    shifts = h * np.eye(len(x))
    near = [function(x + shift) - function(x - shift) for shift in shifts]
    far = [function(x + 2 * shift) - function(x - 2 * shift) for shift in shifts]
    return (8 * np.array(near) - np.array(far)) / (12 * h)


def main():
    fit = minimize(value_and_grad(objective), start, jac=True, method="BFGS")
    print(f"log likelihood {-objective(start):.4f} -> {-fit.fun:.4f}, parameters {fit.x.round(3)}")
    value, gradient = value_and_grad(objective)(start)
    expected = by_joint_density(start), differences_of(by_joint_density, start)
    differences = abs(value - expected[0]), np.abs(gradient - expected[1]).max()
    print("\nCheck: differences from the joint density:", end=" ")
    print(f"value {differences[0]:.1e}, gradient {differences[1]:.1e}")


if __name__ == "__main__":
    main()
