"""A recurrent network that learns to continue a wave from its last values.

The state passes through a loop over the time steps; the parameters are a dict of arrays.
"""

import jitad.numpy as np
from jitad import grad

rng = np.random.RandomState(2)
steps, sequences, hidden = 10, 12, 6
phases = rng.uniform(0, 2 * np.pi, size=sequences)
times = 0.5 * np.arange(steps + 1)
waves = np.sin(times[:, None] + phases) + 0.3 * np.cos(2 * times[:, None] + phases)


def create_parameters(scale=0.3):
    return {
        "start": scale * rng.randn(hidden),
        "input": scale * rng.randn(1, hidden),
        "change": scale * rng.randn(hidden, hidden),
        "bias": np.zeros(hidden),
        "output": (scale * rng.randn(hidden), 0.0),
    }


def predict(parameters, inputs):
    """One prediction of the next value for each value of `inputs`, (steps, sequences)."""
    state = np.repeat(parameters["start"][None, :], sequences, axis=0)
    weights, bias = parameters["output"]
    outputs = []
    for values in inputs:
        from_input = np.dot(values[:, None], parameters["input"])
        state = np.tanh(from_input + np.dot(state, parameters["change"]) + parameters["bias"])
        outputs.append(np.dot(state, weights) + bias)
    return np.array(outputs)


def loss(parameters):
    return np.mean((predict(parameters, waves[:-1]) - waves[1:]) ** 2)


def combine(function, *trees):
    """The function of corresponding arrays of dicts and tuples of the same form."""
    if isinstance(trees[0], dict):
        return {key: combine(function, *(tree[key] for tree in trees)) for key in trees[0]}
    if isinstance(trees[0], tuple):
        return tuple(combine(function, *parts) for parts in zip(*trees, strict=True))
    return function(*trees)


def train(parameters, iterations=300, rate=0.2, momentum=0.9):
    gradient = grad(loss)
    velocity = combine(np.zeros_like, parameters)
    for _ in range(iterations):
        velocity = combine(lambda v, g: momentum * v - rate * g, velocity, gradient(parameters))
        parameters = combine(np.add, parameters, velocity)
    return parameters


start = create_parameters()


def by_complex_step(parameters, direction, size=1e-30):
    """The slope in a direction from one complex evaluation, which loses no digits."""
    moved = combine(lambda x, d: x + 1j * size * d, parameters, direction)
    return np.imag(loss(moved)) / size


def main():
    fitted = train(start)
    print(f"mean squared error {loss(start):.5f} -> {loss(fitted):.5f}")
    direction = combine(lambda x: rng.randn(*np.shape(x)), start)
    products = combine(lambda g, d: np.sum(g * d), grad(loss)(fitted), direction)
    slope = sum(products[key] for key in products if key != "output") + sum(products["output"])
    difference = abs(slope - by_complex_step(fitted, direction))
    print(f"\nCheck: a slope differs from that of a complex step by {difference:.1e}")


if __name__ == "__main__":
    main()
