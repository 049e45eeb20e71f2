"""SciPy by its own names: what `jitad.scipy` mirrors is meant."""

from __future__ import annotations

import numpy as np
import scipy.fft
import scipy.integrate
import scipy.linalg
import scipy.signal
import scipy.special
import scipy.stats
from scipy.integrate import odeint, solve_ivp
from scipy.linalg import cho_factor, cho_solve
from scipy.special import logsumexp
from scipy.stats import norm

from idioms.case import A, case


@case
def spectrum(x):
    power = np.abs(scipy.fft.rfft(x)) ** 2
    return power.sum() + np.abs(scipy.fft.fft2(np.outer(x, x), norm="ortho")[0, 1])


@case
def densities(x):
    known = norm.logpdf(x, loc=1.0, scale=x[0]).sum() + scipy.stats.gamma.logpdf(x, 2.0).sum()
    return known + logsumexp(x)


@case
def frozen_distribution(x):
    return norm(loc=x[0], scale=x[1]).logpdf(2.0) + sum(norm.cdf(v) for v in x)


@case
def factorised(x):
    factors = cho_factor(A + np.diag(x))
    return np.dot(x, cho_solve(factors, x)) + np.trace(scipy.linalg.expm(0.1 * A * x))


@case
def spring(x):
    def slope(t, y):
        return [y[1], -x[0] * y[0] - 0.1 * y[1]]

    return solve_ivp(slope, (0.0, 2.0), [x[1], x[2]], rtol=1e-10, atol=1e-12).y[0, -1]


@case
def decay(x):
    times = np.array([0.0, 1.0, 2.0])
    return odeint(lambda y, t: -x[0] * y, x[1], times, rtol=1e-11, atol=1e-12)[-1, 0]


@case
def samples(x):
    sums = scipy.integrate.simpson(x, dx=0.1) + scipy.integrate.trapezoid(x)
    return sums + scipy.signal.convolve(x, x)[2] + scipy.special.gammaln(x).sum()
