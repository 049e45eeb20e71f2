"""A straight line through measurements that are cut off at zero: Tobin's model.

The likelihood has densities where a value was measured and probabilities where it was cut off. Its
gradient is compared with the formulas by hand, which have the inverse of Mills' ratio.
"""

import scipy.stats
from scipy.optimize import minimize

import jitad.numpy as np
from jitad import value_and_grad
from jitad.scipy.stats import norm

rng = np.random.RandomState(12)
inputs = np.linspace(-2, 2, 60)
uncut = 0.5 + 1.2 * inputs + 0.8 * rng.randn(60)
outputs = np.maximum(uncut, 0.0)
measured = outputs > 0


def negative_log_likelihood(parameters):
    intercept, slope, log_scale = parameters
    scale = np.exp(log_scale)
    means = intercept + slope * inputs
    of_measured = norm.logpdf(outputs[measured], means[measured], scale)
    of_cut = norm.logcdf(0.0, means[~measured], scale)
    return -np.sum(of_measured) - np.sum(of_cut)


start = np.array([0.0, 1.0, 0.3])


def by_hand(parameters):
    """The gradient, with Mills' ratio (1 - F(z)) / f(z) from SciPy's distribution functions."""
    intercept, slope, log_scale = parameters
    scale = np.exp(log_scale)
    z = (outputs - intercept - slope * inputs) / scale
    inverse = np.exp(scipy.stats.norm.logpdf(z) - scipy.stats.norm.logcdf(z))
    by_mean = np.where(measured, z, -inverse) / scale
    by_log_scale = np.where(measured, z**2 - 1, -inverse * z)
    return -np.array([np.sum(by_mean), np.sum(by_mean * inputs), np.sum(by_log_scale)])


def main():
    fit = minimize(value_and_grad(negative_log_likelihood), start, jac=True, method="BFGS")
    naive = np.polyfit(inputs, outputs, 1)
    print(f"{np.sum(~measured)} of {len(inputs)} values are cut off")
    print(f"line {fit.x[0]:.3f} + {fit.x[1]:.3f} x, deviation {np.exp(fit.x[2]):.3f}")
    print(f"least squares without regard to the cut: {naive[1]:.3f} + {naive[0]:.3f} x")
    _, gradient = value_and_grad(negative_log_likelihood)(start)
    difference = np.abs(gradient - by_hand(start)).max()
    print(f"\nCheck: the gradient differs from that by hand by {difference:.1e}")


if __name__ == "__main__":
    main()
