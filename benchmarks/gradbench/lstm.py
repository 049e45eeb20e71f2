"""The loss of an LSTM that predicts the next character of a text; its weights are diagonal.

For each character x (b bits) but the last, through the layers with x from below, h and g of before:

    f = s(x Wf + Bf)    i = s(h Wi + Bi)    o = s(x Wo + Bo)    a = tanh(h Wa + Ba)
    g = g f + i a       h = o tanh(g)       x = h

and the loss is that of y = x extra_1 + extra_2, normalised, against the next character. Shapes:
main parameters (2 l, 4 b), weights and biases of each layer in turn; extra (3, b); state (2 l, b),
h and g of each layer in turn; sequence (c, b). All products are elementwise.
"""

import numpy as np

import jitad


def sigmoid(x):
    """The logistic function."""
    return 1 / (1 + np.exp(-x))


def objective(main, extra, state, sequence):
    """The loss."""
    layers, bits = len(main) // 2, extra.shape[1]
    weights = main.reshape(layers, 2, 4, bits)

    def step(carry, row):
        x, target = row
        states = []
        x = x * extra[0]
        for k in range(layers):
            h, g = carry[k]
            w, b = weights[k, 0], weights[k, 1]
            forget, out = sigmoid(x * w[0] + b[0]), sigmoid(x * w[2] + b[2])
            into, change = sigmoid(h * w[1] + b[1]), np.tanh(h * w[3] + b[3])
            g = g * forget + into * change
            h = out * np.tanh(g)
            states.append((h, g))
            x = h
        y = x * extra[1] + extra[2]
        return states, np.sum(target * (y - np.log(2 + np.sum(np.exp(y)))))

    start = [(state[2 * k], state[2 * k + 1]) for k in range(layers)]
    _, gains = jitad.scan(step, start, (sequence[:-1], sequence[1:]))
    return -np.sum(gains) / gains.size / bits


def _prepared(function):
    def prepare(given):
        names = ("main_params", "extra_params", "state", "sequence")
        args = [np.array(given[name], dtype=float) for name in names]
        return lambda: function(*args)

    return prepare


def _flat(slopes):
    return np.concatenate([slope.ravel() for slope in slopes]).tolist()


FUNCTIONS = {
    "objective": (_prepared(jitad.jit(objective)), float),
    "jacobian": (_prepared(jitad.grad(objective, (0, 1))), _flat),
}
