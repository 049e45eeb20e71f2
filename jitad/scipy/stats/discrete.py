"""The discrete distributions, as formulas of the count k and the shapes.

Source: Johnson, Kemp & Kotz, Univariate Discrete Distributions, 3rd ed., 2005, in the
parametrisation of scipy.stats. The count has no derivative.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sp

from jitad.scipy.stats.distribution import Family


def _probability(p: Any) -> Any:
    return (p >= 0) & (p <= 1)


def _choices(k: Any, n: Any) -> Any:
    """The logarithm of n over k."""
    return sp.gammaln(n + 1) - sp.gammaln(k + 1) - sp.gammaln(n - k + 1)


def _binomial_logpmf(k: Any, n: Any, p: Any) -> Any:
    return _choices(k, n) + sp.xlogy(k, p) + sp.xlog1py(n - k, -p)


def _repeated(k: Any, n: Any) -> Any:
    """The logarithm of n + k - 1 over k."""
    return sp.gammaln(n + k) - sp.gammaln(k + 1) - sp.gammaln(n)


def _negative_logpmf(k: Any, n: Any, p: Any) -> Any:
    return _repeated(k, n) + n * np.log(p) + sp.xlog1py(k, -p)


def _times(logarithm: Any, *powers: Any) -> Any:
    """exp(logarithm) times powers that may be 0, of which the first factor is no infinite one."""
    return math.prod(powers, start=np.exp(np.minimum(logarithm, 700.0)))


DISCRETE: dict[str, Family] = {
    "poisson": Family(("mu",), {
            "logpmf": lambda k, mu: sp.xlogy(k, mu) - sp.gammaln(k + 1) - mu,
            "pmf": lambda k, mu: _times(-sp.gammaln(k + 1) - mu, mu**k),
            "cdf": sp.pdtr, "sf": sp.pdtrc,
        },
        support=lambda mu: (0.0, math.inf), valid=lambda mu: mu >= 0, is_discrete=True,
    ),
    "binom": Family(("n", "p"), {
            "logpmf": _binomial_logpmf, "cdf": sp.bdtr, "sf": sp.bdtrc,
            "pmf": lambda k, n, p: _times(_choices(k, n), p**k, (1 - p) ** (n - k)),
        },
        support=lambda n, p: (0.0, n), within=lambda n, p: 0.0,
        valid=lambda n, p: (n >= 0) & _probability(p), is_discrete=True,
    ),
    "bernoulli": Family(("p",), {
            "logpmf": lambda k, p: sp.xlogy(k, p) + sp.xlog1py(1 - k, -p),
            "pmf": lambda k, p: p**k * (1 - p) ** (1 - k),
            "cdf": lambda k, p: 1 - p, "sf": lambda k, p: p,
        },
        support=lambda p: (0.0, 1.0), within=lambda p: 0.0, valid=_probability, is_discrete=True,
    ),
    "geom": Family(("p",), {
            "logpmf": lambda k, p: sp.xlog1py(k - 1, -p) + np.log(p),
            "pmf": lambda k, p: p * (1 - p) ** (k - 1),
            "cdf": lambda k, p: -np.expm1(np.log1p(-p) * k),
            "sf": lambda k, p: np.exp(np.log1p(-p) * k),
            "logsf": lambda k, p: np.log1p(-p) * k,
        },
        support=lambda p: (1.0, math.inf), valid=lambda p: (p > 0) & (p <= 1), is_discrete=True,
    ),
    "nbinom": Family(("n", "p"), {
            "logpmf": _negative_logpmf,
            "pmf": lambda k, n, p: _times(_repeated(k, n), p**n, (1 - p) ** k),
            "cdf": lambda k, n, p: sp.betainc(n, k + 1, p),
            "sf": lambda k, n, p: sp.betaincc(n, k + 1, p),
        },
        support=lambda n, p: (0.0, math.inf),
        valid=lambda n, p: (n > 0) & (p > 0) & (p <= 1), is_discrete=True,
    ),
}  # fmt: skip
"""The families by SciPy's names."""
