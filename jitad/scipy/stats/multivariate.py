"""The multivariate normal and Dirichlet's distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special as sp
import scipy.stats

from jitad.frontend.active import holds_traced
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.value import FUNCTIONS
from jitad.scipy.stats.distribution import Plain, _number


class _Density(Plain):
    """Abstract: the density of a distribution, by its logarithm."""

    methods = ("logpdf", "pdf")

    def __init__(self, name: str) -> None:
        super().__init__(name, getattr(scipy.stats, name), "supported methods: logpdf, pdf")

    def pdf(self, *args: Any, **kwargs: Any) -> Any:
        """The density."""
        return np.exp(self.logpdf(*args, **kwargs))


class MultivariateNormal(_Density):
    """The density of a multivariate normal distribution, through the Cholesky factor of `cov`."""

    def logpdf(self, x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
        """Log of the density; the components stand along the last axis of x."""
        if not holds_traced((x, mean, cov)):
            return self._original.logpdf(x, mean, cov, allow_singular)
        if allow_singular:
            raise TraceError(
                "multivariate_normal.logpdf with allow_singular=True of traced values",
                remedy="leave it out, and give a covariance matrix that is positive definite",
            )
        x, cov = _number(x), _number(cov)
        mean = None if mean is None else _number(mean)
        size = _dimension(mean, cov)
        x = np.reshape(x, _points(x.shape, size))
        gap = x if mean is None else x - mean
        scaled, log_det = _whiten(gap, cov, size)
        return -0.5 * (np.sum(scaled * scaled, axis=-1) + size * math.log(2 * math.pi)) - log_det


def _dimension(mean: Any, cov: Any) -> int:
    if mean is not None:
        return max(1, mean.size)
    return cov.shape[-1] if cov.shape else 1


def _points(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """The shape of the points with their components last; of one component the axis is left out."""
    if size == 1 and (not shape or shape[-1] != 1 or len(shape) == 1):
        return (*shape, 1)
    if not shape or shape[-1] != size:
        raise ShapeError(
            f"points of shape {shape} for a normal distribution of {size} components",
            remedy="put the components last",
        )
    return shape


def _whiten(gap: Any, cov: Any, size: int) -> tuple[Any, Any]:
    """L^-1 gap along the last axis, and log det L, for cov = L L^T."""
    if len(cov.shape) < 2:
        scale = np.sqrt(cov)
        return gap / scale, np.sum(np.log(np.broadcast_to(scale, (size,))))
    if not holds_traced(cov):
        factor = np.linalg.cholesky(cov)
        inverse = scipy.linalg.solve_triangular(factor, np.eye(size), lower=True)
        return gap @ inverse.T, np.sum(np.log(np.diag(factor)))
    factor = np.linalg.cholesky(cov)
    columns = np.reshape(gap, (-1, size)).T
    solve = FUNCTIONS.get(scipy.linalg.solve_triangular)
    scaled = np.linalg.solve(factor, columns) if solve is None else solve(
        factor, columns, lower=True
    )  # fmt: skip
    return np.reshape(scaled.T, np.shape(gap)), np.sum(np.log(np.diagonal(factor)))


class Dirichlet(_Density):
    """The density of Dirichlet's distribution."""

    def logpdf(self, x: Any, alpha: Any) -> Any:
        """Log of the density; the components stand along the first axis of x, the last may lack."""
        if not holds_traced((x, alpha)):
            return self._original.logpdf(x, alpha)
        x, alpha = _number(x), _number(alpha)
        if x.shape[0] + 1 == alpha.shape[0]:
            x = np.concatenate([x, 1 - np.sum(x, axis=0, keepdims=True)])
        if x.shape[0] != alpha.shape[0]:
            raise ShapeError(
                f"{x.shape[0]} components for {alpha.shape[0]} parameters",
                remedy="give as many components as alpha has, or one less",
            )
        log_beta = np.sum(sp.gammaln(alpha)) - sp.gammaln(np.sum(alpha))
        powers = np.reshape(alpha - 1, (alpha.shape[0],) + (1,) * (len(x.shape) - 1))
        return np.sum(sp.xlogy(powers, x), axis=0) - log_beta


MULTIVARIATE = {
    "multivariate_normal": MultivariateNormal("multivariate_normal"),
    "dirichlet": Dirichlet("dirichlet"),
}
