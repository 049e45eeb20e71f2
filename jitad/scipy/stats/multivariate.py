"""Distributions of vectors and of matrices, by their densities."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special as sp
import scipy.stats

from jitad.frontend.active import holds_traced
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.value import FUNCTIONS
from jitad.scipy.stats.distribution import Frozen, Plain, _number


class _Density(Plain):
    """Abstract: the density of a distribution, by its logarithm."""

    methods = ("logpdf", "pdf")

    def __init__(self, name: str) -> None:
        known = f"supported methods: {', '.join(self.methods)}"
        super().__init__(name, getattr(scipy.stats, name), known)

    def __call__(self, *args: Any, **kwargs: Any) -> Frozen:
        return Frozen(self, args, kwargs)

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


class _Formula(_Density):
    """A density whose logarithm is a formula of x and the parameters, as SciPy names them."""

    def __init__(self, name: str, formula: Any) -> None:
        super().__init__(name)
        self._formula = formula

    def logpdf(self, *args: Any, **kwargs: Any) -> Any:
        """Log of the density."""
        return self._of("logpdf", args, kwargs)

    def _of(self, method: str, args: Any, kwargs: Any) -> Any:
        if not holds_traced([*args, *kwargs.values()]):
            return getattr(self._original, method)(*args, **kwargs)
        given = inspect.signature(self._formula).bind(*args, **kwargs)
        given.apply_defaults()
        numbers = [None if x is None else _number(x) for x in given.args]
        return self._formula(*numbers)


class _Counts(_Formula):
    """The same of counts."""

    methods = ("logpmf", "pmf")

    def logpmf(self, *args: Any, **kwargs: Any) -> Any:
        """Log of the probability."""
        return self._of("logpmf", args, kwargs)

    def pmf(self, *args: Any, **kwargs: Any) -> Any:
        """The probability."""
        return np.exp(self.logpmf(*args, **kwargs))


def _student(x: Any, loc: Any = None, shape: Any = 1, df: Any = 1) -> Any:
    size = _dimension(loc, shape)
    x = np.reshape(x, _points(x.shape, size))
    scaled, log_det = _whiten(x if loc is None else x - loc, shape, size)
    half = 0.5 * (df + size)
    scale = sp.gammaln(half) - sp.gammaln(0.5 * df) - 0.5 * size * np.log(df * math.pi) - log_det
    return scale - half * np.log1p(np.sum(scaled * scaled, axis=-1) / df)


def _single(name: str, x: Any) -> int:
    """The size of one matrix."""
    if len(x.shape) != 2:
        raise TraceError(
            f"scipy.stats.{name} of an array of shape {x.shape}, of traced values",
            remedy="give one matrix, and use jitad.vmap for several",
        )
    return x.shape[-1]


def _log_det(x: Any) -> Any:
    return np.linalg.slogdet(x)[1]


def _wishart(x: Any, df: Any, scale: Any) -> Any:
    p = _single("wishart", x)
    inner = (df - p - 1) * _log_det(x) - np.trace(np.linalg.solve(scale, x))
    outer = df * (p * math.log(2) + _log_det(scale))
    return 0.5 * (inner - outer) - _gamma(0.5 * df, p)


def _inverse_wishart(x: Any, df: Any, scale: Any) -> Any:
    p = _single("invwishart", x)
    inner = (df + p + 1) * _log_det(x) + np.trace(np.linalg.solve(x, scale))
    outer = df * (_log_det(scale) - p * math.log(2))
    return 0.5 * (outer - inner) - _gamma(0.5 * df, p)


def _gamma(a: Any, p: int) -> Any:
    """log of the gamma function of matrices."""
    total = 0.25 * p * (p - 1) * math.log(math.pi)
    return total + sum(sp.gammaln(a - 0.5 * k) for k in range(p))


def _matrix_normal(X: Any, mean: Any = None, rowcov: Any = 1, colcov: Any = 1) -> Any:
    _single("matrix_normal", X)
    n, p = X.shape
    u, v = (c if len(c.shape) == 2 else c * np.eye(k) for c, k in ((rowcov, n), (colcov, p)))
    gap = X if mean is None else X - mean
    square = np.sum(gap * np.linalg.solve(u, np.linalg.solve(v, gap.T).T))
    logs = n * p * math.log(2 * math.pi) + p * _log_det(u) + n * _log_det(v)
    return -0.5 * (logs + square)


def _multinomial(x: Any, n: Any, p: Any) -> Any:
    """The last of the probabilities is what the others leave, as SciPy has it."""
    p = np.concatenate([p[..., :-1], 1 - np.sum(p[..., :-1], axis=-1, keepdims=True)], axis=-1)
    value = sp.gammaln(n + 1) + np.sum(sp.xlogy(x, p) - sp.gammaln(x + 1), axis=-1)
    return np.where(np.sum(x, axis=-1) == n, value, -np.inf)


def _dirichlet_multinomial(x: Any, alpha: Any, n: Any) -> Any:
    total = np.sum(alpha, axis=-1)
    value = sp.gammaln(total) + sp.gammaln(n + 1) - sp.gammaln(n + total)
    rest = sp.gammaln(x + alpha) - sp.gammaln(alpha) - sp.gammaln(x + 1)
    return np.where(np.sum(x, axis=-1) == n, value + np.sum(rest, axis=-1), -np.inf)


MULTIVARIATE: dict[str, Any] = {
    "multivariate_normal": MultivariateNormal("multivariate_normal"),
    "dirichlet": Dirichlet("dirichlet"),
    "multivariate_t": _Formula("multivariate_t", _student),
    "wishart": _Formula("wishart", _wishart),
    "invwishart": _Formula("invwishart", _inverse_wishart),
    "matrix_normal": _Formula("matrix_normal", _matrix_normal),
    "multinomial": _Counts("multinomial", _multinomial),
    "dirichlet_multinomial": _Counts("dirichlet_multinomial", _dirichlet_multinomial),
}
