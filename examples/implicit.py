"""Derivatives of what an equation defines: Kepler's equation, and a penalty chosen by its gradient.

Kepler's M = E - e sin E gives the eccentric anomaly E of a planet only implicitly. Newton's method
is differentiated through, step by step, and by the implicit function theorem, which takes one
division at the solution. In the second part the solution is a whole model: the weights of a
logistic regression are the minimum of a penalised cost, and the gradient of its error on rows that
were held out, by the logarithm of the penalty, goes through that minimum.

Source: Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, chapter 15; Pedregosa,
Hyperparameter optimization with approximate gradient, ICML 2016.
"""

import numpy as np
import scipy.optimize

import jitad
from jitad.data import load_breast_cancer
from jitad.implicit import argmin, root


def by_newton(mean_anomaly, eccentricity):
    """The eccentric anomaly by a loop that stops where steps are small: how soon depends on it."""
    anomaly, step = mean_anomaly, 1.0
    while abs(step) > 1e-12:
        gap = anomaly - eccentricity * np.sin(anomaly) - mean_anomaly
        step = gap / (1 - eccentricity * np.cos(anomaly))
        anomaly = anomaly - step
    return anomaly


def by_equation(mean_anomaly, eccentricity):
    """The same as the root of Kepler's equation, by whatever solver."""

    def kepler(anomaly, theta):
        return anomaly - theta[1] * np.sin(anomaly) - theta[0]

    return root(kepler, mean_anomaly, (mean_anomaly, eccentricity))


print("eccentricity   dE/dM and dE/de through the steps    by the theorem")
difference = 0.0
for eccentricity in (0.0167, 0.2056, 0.9671):  # the Earth, Mercury, Halley's comet
    through, implicit = (
        np.array(jitad.grad(f, (0, 1))(1.0, eccentricity)) for f in (by_newton, by_equation)
    )
    difference = max(difference, np.abs(through - implicit).max())
    print(f"{eccentricity:12.4f}{through[0]:15.9f}{through[1]:15.9f}", end="")
    print(f"{implicit[0]:18.9f}{implicit[1]:15.9f}")

features, classes = load_breast_cancer()
features = (features - features.mean(axis=0)) / features.std(axis=0)
rows = np.column_stack([np.ones(len(features)), features])
signs = np.where(classes == 1, 1.0, -1.0)
order = np.random.default_rng(0).permutation(len(rows))
held_out, train = np.split(order, [len(order) // 3])


def cost(weights, part):
    """The mean logistic cost of a part of the rows."""
    return np.mean(np.logaddexp(0, -signs[part] * (rows[part] @ weights)))


def fitted(log_penalty):
    """The weights of least penalised cost on the training rows."""

    def penalised(weights, log_penalty):
        return cost(weights, train) + np.exp(log_penalty) * np.sum(weights**2)

    return argmin(penalised, np.zeros(rows.shape[1]), log_penalty)


def error(log_penalty):
    return cost(fitted(log_penalty), held_out)


slope = jitad.value_and_grad(error)
print("\npenalty      cost when held out     its slope by log(penalty)")
for log_penalty in (-9.0, -6.0, -3.0):
    value, by_penalty = slope(log_penalty)
    print(f"{np.exp(log_penalty):.6f}{value:20.6f}{by_penalty:24.6f}")

best = scipy.optimize.brentq(lambda x: slope(x)[1], -9.0, -3.0, xtol=1e-10)
print(f"{np.exp(best):.6f}{slope(best)[0]:20.6f}   the best, where the slope is zero")

step = 1e-3
by_difference = (error(-6.0 + step) - error(-6.0 - step)) / (2 * step)
wrong = abs(by_difference - slope(-6.0)[1])
print(f"\nCheck: Newton's method through its steps and by the theorem differ by {difference:.1e},")
print(f"       the slope of the held-out cost and a difference of two fits by {wrong:.1e}")
