"""The continuous distributions, as formulas of the standardised variable z and the shapes.

Sources: Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions, 2nd ed., 1994 and 1995,
in the parametrisation of scipy.stats.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sp

from jitad.scipy.stats.distribution import Family, Formula

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def _positive(*_: Any) -> tuple[float, float]:
    return 0.0, math.inf


def _unit(*_: Any) -> tuple[float, float]:
    return 0.0, 1.0


def _family(shapes: str = "", **formulas: Formula) -> Family:
    return Family(tuple(shapes.split()), formulas)


def _on(
    support: Formula, shapes: str = "", within: float = 0.5, is_open: bool = False, **formulas: Any
) -> Family:
    return Family(
        tuple(shapes.split()), formulas, support, lambda *_: within, is_open=is_open
    )  # fmt: skip


def _cauchy_ppf(q: Any) -> Any:
    """tan(pi (q - 1/2)), from the nearer tail: infinite at 0 and 1, and precise near them."""
    right = q > 0.5
    angle = math.pi * np.where(right, 1 - q, q)
    distance = np.cos(angle) / np.sin(angle)
    return np.where(right, distance, -distance)


def _laplace_cdf(z: Any) -> Any:
    tail = 0.5 * np.exp(np.where(z > 0, -z, z))
    return np.where(z > 0, 1 - tail, tail)


def _laplace_logcdf(z: Any) -> Any:
    return np.where(z > 0, np.log1p(-0.5 * np.exp(-np.abs(z))), z - math.log(2))


def _laplace_ppf(q: Any) -> Any:
    return np.where(q > 0.5, -np.log(2 * (1 - q)), np.log(2 * q))


def _student_logpdf(z: Any, df: Any) -> Any:
    scale = sp.gammaln((df + 1) / 2) - sp.gammaln(df / 2) - 0.5 * np.log(math.pi * df)
    return scale - (df + 1) / 2 * np.log1p(z * z / df)


def _fisher_logpdf(z: Any, m: Any, n: Any) -> Any:
    scale = 0.5 * m * np.log(m) + 0.5 * n * np.log(n) - sp.betaln(0.5 * m, 0.5 * n)
    return scale + sp.xlogy(0.5 * m - 1, z) - 0.5 * (m + n) * np.log(n + m * z)


def _log_mass(a: Any, b: Any) -> Any:
    """log of the normal probability of a < z < b, from the side where neither is near 1."""
    right = a > 0
    low, high = np.where(right, -b, a), np.where(right, -a, b)
    first, last = sp.log_ndtr(low), sp.log_ndtr(high)
    return last + np.log(-np.expm1(first - last))


def _truncated(side: str) -> Formula:
    def formula(z: Any, a: Any, b: Any) -> Any:
        part = _log_mass(a, z) if side == "cdf" else _log_mass(z, b)
        return part - _log_mass(a, b)

    return formula


def _inside(a: Any, b: Any) -> Any:
    """A point between a and b that is neither, not far from 0."""
    step = np.minimum(0.5 * (b - a), 1.0)
    return np.where(a >= 0, a + step, np.where(b <= 0, b - step, 0.0))


_TRUNCATED_LOGCDF, _TRUNCATED_LOGSF = _truncated("cdf"), _truncated("sf")

CONTINUOUS: dict[str, Family] = {
    "norm": _family(
        logpdf=lambda z: -0.5 * z * z - _HALF_LOG_2PI,
        cdf=sp.ndtr, sf=lambda z: sp.ndtr(-z),
        logcdf=sp.log_ndtr, logsf=lambda z: sp.log_ndtr(-z),
        ppf=sp.ndtri, isf=lambda q: -sp.ndtri(q),
    ),
    "t": _family("df",
        logpdf=_student_logpdf,
        cdf=lambda z, df: sp.stdtr(df, z), sf=lambda z, df: sp.stdtr(df, -z),
        ppf=lambda q, df: sp.stdtrit(df, q), isf=lambda q, df: -sp.stdtrit(df, q),
    ),
    "cauchy": _family(
        logpdf=lambda z: -math.log(math.pi) - np.log1p(z * z),
        cdf=lambda z: np.arctan2(1.0, -z) / math.pi, sf=lambda z: np.arctan2(1.0, z) / math.pi,
        ppf=_cauchy_ppf, isf=lambda q: -_cauchy_ppf(q),
    ),
    "laplace": _family(
        logpdf=lambda z: -math.log(2) - np.abs(z),
        cdf=_laplace_cdf, sf=lambda z: _laplace_cdf(-z),
        logcdf=_laplace_logcdf, logsf=lambda z: _laplace_logcdf(-z),
        ppf=_laplace_ppf, isf=lambda q: -_laplace_ppf(q),
    ),
    "logistic": _family(
        logpdf=lambda z: sp.log_expit(z) + sp.log_expit(-z),
        cdf=sp.expit, sf=lambda z: sp.expit(-z),
        logcdf=sp.log_expit, logsf=lambda z: sp.log_expit(-z),
        ppf=sp.logit, isf=lambda q: -sp.logit(q),
    ),
    "gumbel_r": _family(
        logpdf=lambda z: -z - np.exp(-z),
        cdf=lambda z: np.exp(-np.exp(-z)), sf=lambda z: -np.expm1(-np.exp(-z)),
        logcdf=lambda z: -np.exp(-z),
        ppf=lambda q: -np.log(-np.log(q)), isf=lambda q: -np.log(-np.log1p(-q)),
    ),
    "gumbel_l": _family(
        logpdf=lambda z: z - np.exp(z),
        cdf=lambda z: -np.expm1(-np.exp(z)), sf=lambda z: np.exp(-np.exp(z)),
        logsf=lambda z: -np.exp(z),
        ppf=lambda q: np.log(-np.log1p(-q)), isf=lambda q: np.log(-np.log(q)),
    ),
    "uniform": _on(_unit,
        logpdf=lambda z: 0.0 * z,
        cdf=lambda z: z, sf=lambda z: 1 - z, ppf=lambda q: q, isf=lambda q: 1 - q,
    ),
    "expon": _on(_positive,
        logpdf=lambda z: -z,
        cdf=lambda z: -np.expm1(-z), sf=lambda z: np.exp(-z), logsf=lambda z: -z,
        ppf=lambda q: -np.log1p(-q), isf=lambda q: -np.log(q),
    ),
    "halfnorm": _on(_positive,
        logpdf=lambda z: math.log(2) - _HALF_LOG_2PI - 0.5 * z * z,
        cdf=lambda z: sp.erf(z / math.sqrt(2)), sf=lambda z: 2 * sp.ndtr(-z),
        logsf=lambda z: math.log(2) + sp.log_ndtr(-z),
        ppf=lambda q: sp.ndtri((1 + q) / 2), isf=lambda q: -sp.ndtri(q / 2),
    ),
    "gamma": _on(_positive, "a",
        logpdf=lambda z, a: sp.xlogy(a - 1, z) - z - sp.gammaln(a),
        cdf=lambda z, a: sp.gammainc(a, z), sf=lambda z, a: sp.gammaincc(a, z),
        ppf=lambda q, a: sp.gammaincinv(a, q), isf=lambda q, a: sp.gammainccinv(a, q),
    ),
    "invgamma": _on(_positive, "a", is_open=True,
        logpdf=lambda z, a: -(a + 1) * np.log(z) - sp.gammaln(a) - 1 / z,
        cdf=lambda z, a: sp.gammaincc(a, 1 / z), sf=lambda z, a: sp.gammainc(a, 1 / z),
        ppf=lambda q, a: 1 / sp.gammainccinv(a, q), isf=lambda q, a: 1 / sp.gammaincinv(a, q),
    ),
    "chi2": _on(_positive, "df",
        logpdf=lambda z, df: sp.xlogy(df / 2 - 1, z) - z / 2 - sp.gammaln(df / 2)
        - 0.5 * math.log(2) * df,
        cdf=lambda z, df: sp.chdtr(df, z), sf=lambda z, df: sp.chdtrc(df, z),
        ppf=lambda q, df: 2 * sp.gammaincinv(df / 2, q), isf=lambda q, df: sp.chdtri(df, q),
    ),
    "f": _on(_positive, "dfn dfd",
        logpdf=_fisher_logpdf,
        cdf=lambda z, m, n: sp.fdtr(m, n, z), sf=lambda z, m, n: sp.fdtrc(m, n, z),
        ppf=lambda q, m, n: sp.fdtri(m, n, q),
    ),
    "lognorm": _on(_positive, "s", is_open=True,
        logpdf=lambda z, s: -0.5 * (np.log(z) / s) ** 2 - np.log(s * z) - _HALF_LOG_2PI,
        cdf=lambda z, s: sp.ndtr(np.log(z) / s), sf=lambda z, s: sp.ndtr(-np.log(z) / s),
        logcdf=lambda z, s: sp.log_ndtr(np.log(z) / s),
        logsf=lambda z, s: sp.log_ndtr(-np.log(z) / s),
        ppf=lambda q, s: np.exp(s * sp.ndtri(q)), isf=lambda q, s: np.exp(-s * sp.ndtri(q)),
    ),
    "weibull_min": _on(_positive, "c",
        logpdf=lambda z, c: np.log(c) + sp.xlogy(c - 1, z) - z**c,
        cdf=lambda z, c: -np.expm1(-(z**c)), sf=lambda z, c: np.exp(-(z**c)),
        logsf=lambda z, c: -(z**c),
        ppf=lambda q, c: (-np.log1p(-q)) ** (1 / c), isf=lambda q, c: (-np.log(q)) ** (1 / c),
    ),
    "beta": _on(_unit, "a b",
        logpdf=lambda z, a, b: sp.xlog1py(b - 1, -z) + sp.xlogy(a - 1, z) - sp.betaln(a, b),
        cdf=lambda z, a, b: sp.betainc(a, b, z), sf=lambda z, a, b: sp.betaincc(a, b, z),
        ppf=lambda q, a, b: sp.betaincinv(a, b, q), isf=lambda q, a, b: sp.betainccinv(a, b, q),
    ),
    "pareto": _on(lambda b: (1.0, math.inf), "b", within=2.0,
        logpdf=lambda z, b: np.log(b) - (b + 1) * np.log(z),
        cdf=lambda z, b: -np.expm1(-b * np.log(z)), sf=lambda z, b: z**-b,
        logsf=lambda z, b: -b * np.log(z),
        ppf=lambda q, b: (1 - q) ** (-1 / b), isf=lambda q, b: q ** (-1 / b),
    ),
    "truncnorm": Family(("a", "b"), {
            "logpdf": lambda z, a, b: -0.5 * z * z - _HALF_LOG_2PI - _log_mass(a, b),
            "logcdf": _TRUNCATED_LOGCDF, "logsf": _TRUNCATED_LOGSF,
            "cdf": lambda *p: np.exp(_TRUNCATED_LOGCDF(*p)),
            "sf": lambda *p: np.exp(_TRUNCATED_LOGSF(*p)),
        },
        support=lambda a, b: (a, b),
        within=_inside,
        valid=lambda a, b: a < b,
    ),
}  # fmt: skip
"""The families by SciPy's names."""
