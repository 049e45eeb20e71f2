"""A network with one hidden layer, in plain NumPy, trained by mini-batch gradient descent.

The parameters are a dict of arrays, and so is the gradient.
"""

import time

import numpy as np

import jitad
from jitad.data import load_breast_cancer

rng = np.random.default_rng(0)
features, classes = load_breast_cancer()
order = rng.permutation(len(features))
test, train = np.split(order, [len(order) // 5])
features = (features - features[train].mean(axis=0)) / features[train].std(axis=0)


def initial(inputs, hidden):
    return {
        "hidden": {
            "weights": rng.normal(size=(inputs, hidden)) / np.sqrt(inputs),
            "bias": np.zeros(hidden),
        },
        "output": {"weights": rng.normal(size=hidden) / np.sqrt(hidden), "bias": 0.0},
    }


def scores(params, x):
    hidden = np.tanh(x @ params["hidden"]["weights"] + params["hidden"]["bias"])
    return hidden @ params["output"]["weights"] + params["output"]["bias"]


def loss(params, x, y):
    z = scores(params, x)
    return np.mean(np.logaddexp(0, z) - y * z)


def step(params, slopes, rate):
    """params - rate * slopes, through the dict."""
    if isinstance(params, dict):
        return {key: step(params[key], slopes[key], rate) for key in params}
    return params - rate * slopes


def accuracy(params, part):
    return np.mean((scores(params, features[part]) > 0) == (classes[part] == 1))


value_and_grad = jitad.value_and_grad(loss)
params = initial(features.shape[1], hidden=16)
batch = 24
started = time.perf_counter()
print("epoch   mean loss   right in training   right when held out")
for epoch in range(1, 41):
    losses = []
    for rows in rng.permutation(train)[: len(train) // batch * batch].reshape(-1, batch):
        value, slopes = value_and_grad(params, features[rows], classes[rows])
        params = step(params, slopes, rate=0.1)
        losses.append(value)
    if epoch in (1, 2, 5, 10, 20, 40):
        hits = [accuracy(params, part) for part in (train, test)]
        print(f"{epoch:5}{np.mean(losses):12.4f}{hits[0]:20.1%}{hits[1]:22.1%}")
steps = 40 * (len(train) // batch)
print(f"{steps} steps in {time.perf_counter() - started:.2f} s, tracing and compiling included")

_, slopes = value_and_grad(params, features, classes)
shift, w = 1e-5, params["hidden"]["weights"]
ahead, behind = w.copy(), w.copy()
ahead[3, 2] += shift
behind[3, 2] -= shift
around = [{**params, "hidden": {**params["hidden"], "weights": v}} for v in (ahead, behind)]
quotient = np.subtract(*(loss(p, features, classes) for p in around)) / (2 * shift)
difference = abs(quotient - slopes["hidden"]["weights"][3, 2])
print(f"\nCheck: one derivative differs from a central difference by {difference:.1e}")
