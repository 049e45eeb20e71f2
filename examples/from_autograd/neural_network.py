"""A network of three layers that learns a function of two variables, by Adam.

Its parameters are a list of (weights, biases); Adam works on all of them in one flat vector.
"""

import jitad.numpy as np
from jitad import grad

layers = [(2, 8), (8, 8), (8, 1)]
rng = np.random.RandomState(1)
points = rng.uniform(-1, 1, size=(80, 2))
targets = np.sin(3 * points[:, 0]) * points[:, 1]


def initial_parameters(scale=0.5):
    return [(scale * rng.randn(m, n), scale * rng.randn(n)) for m, n in layers]


def flatten(parameters):
    return np.concatenate([np.ravel(part) for layer in parameters for part in layer])


def unflatten(vector):
    parameters, place = [], 0
    for m, n in layers:
        weights = np.reshape(vector[place : place + m * n], (m, n))
        parameters.append((weights, vector[place + m * n : place + m * n + n]))
        place += m * n + n
    return parameters


def predict(parameters, x):
    for weights, biases in parameters:
        z = np.dot(x, weights) + biases
        x = np.tanh(z)
    return z[:, 0]


def objective(vector):
    parameters = unflatten(vector)
    errors = predict(parameters, points) - targets
    return np.mean(errors**2) + 1e-5 * sum(np.sum(w**2) for w, _ in parameters)


def adam(gradient, x, steps, rate=0.02, b1=0.9, b2=0.999):
    m, v = np.zeros_like(x), np.zeros_like(x)
    for i in range(1, steps + 1):
        g = gradient(x)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        x = x - rate * m / (1 - b1**i) / (np.sqrt(v / (1 - b2**i)) + 1e-8)
    return x


start = flatten(initial_parameters())


def by_complex_step(x, direction, size=1e-30):
    """The slope in a direction from one complex evaluation, which loses no digits."""
    return np.imag(objective(x + 1j * size * direction)) / size


def main():
    gradient = grad(objective)
    fitted = adam(gradient, start, steps=600)
    print(f"{len(start)} parameters, loss {objective(start):.5f} -> {objective(fitted):.5f}")
    direction = rng.randn(len(start))
    slopes = np.array([np.dot(gradient(x), direction) for x in (start, fitted)])
    expected = np.array([by_complex_step(x, direction) for x in (start, fitted)])
    difference = np.abs(slopes - expected).max()
    print(f"\nCheck: slopes differ from those of complex steps by {difference:.1e}")


if __name__ == "__main__":
    main()
