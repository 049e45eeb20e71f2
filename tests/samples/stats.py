"""Calls of the distributions of scipy.stats: densities, probabilities and quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.scipy import stats
from samples.arrays import LONG, Call, M, V

X = np.array([0.3125, 0.5, 1.25, 1.75])
UNIT = np.array([0.25, 0.375, 0.625, 0.875])
A, B = np.array([[1.75], [3.25]]), np.array(2.25)
LOC, SCALE = np.array(0.125), np.array([[1.25], [0.75]])
ONES = np.array([[1.125], [1.25]])
COUNTS = np.array([0, 1, 2, 5])

CONTINUOUS: dict[str, tuple[np.ndarray, tuple[Any, ...]]] = {
    "norm": (V, (np.array(0.5), np.array(1.5))),
    "t": (V, (A, LOC, SCALE)),
    "cauchy": (V, (LOC, SCALE)),
    "laplace": (V, (LOC, SCALE)),
    "logistic": (V, (LOC, SCALE)),
    "gumbel_r": (V, (LOC, SCALE)),
    "gumbel_l": (V, (LOC, SCALE)),
    "uniform": (UNIT, (LOC, ONES)),
    "expon": (X, (LOC, SCALE)),
    "halfnorm": (X, (LOC, SCALE)),
    "gamma": (X, (A, LOC, SCALE)),
    "invgamma": (X, (A, LOC, SCALE)),
    "chi2": (X, (A, LOC, SCALE)),
    "f": (X, (A, B, LOC, SCALE)),
    "lognorm": (X, (A, LOC, SCALE)),
    "weibull_min": (X, (A, LOC, SCALE)),
    "beta": (UNIT, (A, B, LOC, ONES)),
    "pareto": (X + 1.5, (A, LOC, SCALE)),
    "truncnorm": (UNIT, (np.array([[-1.5], [-0.25]]), np.array(2.0), LOC, ONES)),
}
DISCRETE: dict[str, tuple[Any, ...]] = {
    "poisson": (A,),
    "binom": (np.array([[7], [9]]), np.array([[0.375], [0.5]])),
    "bernoulli": (np.array([[0.375], [0.5]]),),
    "geom": (np.array([[0.375], [0.5]]),),
    "nbinom": (A, np.array(0.375)),
}


def _methods(name: str, *methods: str) -> Any:
    """Several methods of a distribution at once, in double precision as SciPy's results are."""

    def function(*operands: Any) -> list[Any]:
        doubles = [x.astype(np.float64) if x.dtype.kind == "f" else x for x in operands]
        return [getattr(getattr(stats, name), m)(*doubles) for m in methods]

    function.__name__ = f"{name}.{methods[0]}"
    return function


SAMPLES: dict[Any, list[Call]] = {}
for _name, (_x, _parameters) in CONTINUOUS.items():
    SAMPLES[_methods(_name, "logpdf", "pdf", "cdf", "sf", "logcdf", "logsf")] = [
        Call((_x, *_parameters), {})
    ]
    _quantiles = ("ppf",) if _name == "f" else ("ppf", "isf")
    if _name != "truncnorm":
        SAMPLES[_methods(_name, *_quantiles)] = [Call((UNIT, *_parameters), {})]
for _name, _parameters in DISCRETE.items():
    _counts = {"bernoulli": COUNTS[:2], "geom": COUNTS + 1}.get(_name, COUNTS)
    SAMPLES[_methods(_name, "logpmf", "pmf", "cdf", "sf")] = [Call((_counts, *_parameters), {})]
SAMPLES[_methods("norm", "logpdf", "logcdf")] = [Call((LONG * 4,), {})]


def _normal(*operands: Any) -> Any:
    return stats.multivariate_normal.logpdf(*(x.astype(np.float64) for x in operands))


def _dirichlet(x: Any, alpha: Any) -> Any:
    """Components that are positive and sum to 1, the last of them left out."""
    x = np.exp(x.astype(np.float64))
    x = x / (1 + np.sum(x, axis=0))
    return stats.dirichlet.logpdf(x, alpha.astype(np.float64))


SPREAD = np.array([[1.5, 0.25, 0.5], [0.25, 1.25, -0.125], [0.5, -0.125, 2.0]])
SAMPLES |= {
    _normal: [
        Call((V[:3], V[1:4], np.array(1.75)), {}),
        Call((M[:, :3], V[:3], np.array([1.25, 0.5, 2.0])), {}),
        Call((M[:, :3],), {}, lambda x: _normal(x, V[:3], SPREAD)),
    ],
    _dirichlet: [
        Call((V[:2], np.array([1.5, 0.75, 2.0])), {}),
        Call((M[:2], np.array([1.5, 0.75, 2.0])), {}),
    ],
}
