"""A perceptron that learns to tell tumours apart, by subgradients of the perceptron criterion.

A row x of class t = +1 or -1 costs max(0, -t w.x): nothing where it is on its side, the distance
beyond the border where it is not. The derivative of that is Rosenblatt's rule, w <- w + t x for a
row on the wrong side (F. Rosenblatt, The perceptron, Psychological Review 65 (1958), 386-408).
The loop runs in Numba and never returns to Python.
"""

import numpy as np
from numba import njit

import jitad
from jitad.data import load_breast_cancer

features, classes = load_breast_cancer()
features = (features - features.mean(axis=0)) / features.std(axis=0)
rows = np.column_stack([np.ones(len(features)), features])
signs = np.where(classes == 1, 1.0, -1.0)


def cost(weights, row, sign):
    return np.maximum(0.0, -sign * np.dot(row, weights))


slope = jitad.compile(jitad.grad(cost), np.zeros(rows.shape[1]), rows[0], 1.0).njit


@njit
def learn(rows, signs, epochs):
    """Pass over the rows; the mean of the weights after every row is the answer."""
    weights = np.full(rows.shape[1], 1e-3)
    mean = np.zeros_like(weights)
    for _ in range(epochs):
        for k in range(len(rows)):
            weights = weights - slope(weights, rows[k], signs[k])
            mean += weights
    return mean / (epochs * len(rows))


def rosenblatt(rows, signs, epochs):
    """The same with the rule written by hand."""
    weights = np.full(rows.shape[1], 1e-3)
    mean = np.zeros_like(weights)
    for _ in range(epochs):
        for row, sign in zip(rows, signs, strict=True):
            if sign * (row @ weights) < 0:
                weights = weights + sign * row
            mean += weights
    return mean / (epochs * len(rows))


order = np.random.default_rng(0).permutation(len(rows))
test, train = np.split(order, [len(order) // 5])
print("epochs   right in training   right when held out")
for epochs in (1, 3, 10, 30):
    weights = learn(rows[train], signs[train], epochs)
    hits = [np.mean(np.sign(rows[part] @ weights) == signs[part]) for part in (train, test)]
    print(f"{epochs:6}{hits[0]:20.1%}{hits[1]:22.1%}")

difference = np.abs(weights - rosenblatt(rows[train], signs[train], epochs)).max()
print(f"\nCheck: the largest difference from Rosenblatt's rule by hand is {difference:.1e}")
