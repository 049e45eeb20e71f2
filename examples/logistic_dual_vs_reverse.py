"""Logistic regression fitted twice: with dual numbers' vector form, and with reverse mode.

A dual number carries one tangent, x + dx eps; its vector form carries one for each weight, so that
one forward sweep gives the whole gradient. Reverse mode gives it in one sweep back, whatever the
number of weights. The gradients are equal, and so are the fits; what differs is the time.
"""

import time

import numpy as np
from scipy.optimize import minimize

import jitad
from jitad.data import load_breast_cancer

features, classes = load_breast_cancer()
features = (features - features.mean(axis=0)) / features.std(axis=0)
rows = np.column_stack([np.ones(len(features)), features])
directions = np.eye(rows.shape[1])


def loss(weights):
    scores = rows @ weights
    misfit = np.mean(np.logaddexp(0, scores) - classes * scores)
    return misfit + 0.01 * np.sum(weights[1:] ** 2)


def dual_numbers(weights):
    """Value and gradient, forward: all unit directions at once as tangents."""
    return jitad.jvp(loss, (weights,), (directions,))


reverse_mode = jitad.value_and_grad(loss)


def fit(value_and_gradient):
    start = np.zeros(rows.shape[1])
    options = {"gtol": 1e-10, "ftol": 1e-15, "maxiter": 500}
    return minimize(value_and_gradient, start, jac=True, method="L-BFGS-B", options=options)


def microseconds(value_and_gradient, weights, calls=200):
    started = time.perf_counter()
    for _ in range(calls):
        value_and_gradient(weights)
    return 1e6 * (time.perf_counter() - started) / calls


fits = {}
for name, method in [("dual numbers", dual_numbers), ("reverse mode", reverse_mode)]:
    fits[name] = result = fit(method)
    spent = microseconds(method, result.x)
    print(
        f"{name}: loss {result.fun:.12f} after {result.nit} iterations, {spent:.0f} us a gradient"
    )

forward, reverse = (fits[name].x for name in ("dual numbers", "reverse mode"))
hits = np.mean((rows @ reverse > 0) == (classes == 1))
print(f"both put {hits:.1%} of {len(rows)} patients into their class\n")
print("weight        dual numbers    reverse mode")
for k in range(5):
    print(f"{'intercept' if k == 0 else f'feature {k}':12}{forward[k]:14.8f}{reverse[k]:16.8f}")

print(f"\nCheck: the largest difference of {len(forward)} weights", end=" ")
print(f"is {np.abs(forward - reverse).max():.1e}")
