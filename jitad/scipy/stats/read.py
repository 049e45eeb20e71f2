"""Distributions of which SciPy's own formulas are read, within their supports.

A row names the methods of which tests know that they are right; SciPy has others by integrals and
searches, or in compiled code.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats

from jitad.functions.program.mirrors import as_program
from jitad.scipy.stats.distribution import Family

_WHOLE = """
    alpha anglit arcsine argus bradford burr12 chi crystalball erlang
    exponweib fatiguelife foldcauchy foldnorm genexpon gengamma
    genhalflogistic genlogistic gibrat gompertz halfcauchy halfgennorm
    halflogistic invweibull johnsonsb johnsonsu levy levy_l loglaplace loguniform lomax
    maxwell moyal nakagami powerlaw powerlognorm powernorm rayleigh recipinvgauss reciprocal
    rel_breitwigner skewcauchy truncexpon truncweibull_min weibull_max wrapcauchy
"""
_WHOLE_COUNTS = "betabinom betanbinom boltzmann dlaplace logser nhypergeom planck randint yulesimon"
_ALL = "logpdf pdf cdf sf logcdf logsf ppf isf"
_COUNTS = "logpmf pmf cdf sf logcdf logsf"

ROWS: dict[str, str] = {
    **dict.fromkeys(_WHOLE.split(), _ALL),
    **dict.fromkeys(_WHOLE_COUNTS.split(), _COUNTS),
    "betaprime": "logpdf pdf cdf sf",
    "burr": "logpdf pdf cdf logcdf logsf ppf isf",
    "cosine": "logpdf pdf",
    "dgamma": "logpdf pdf ppf isf",  # their probabilities are written by abs(x), and smooth at 0
    "dpareto_lognorm": "logpdf pdf",
    "dweibull": "logpdf pdf ppf isf",
    "gennorm": "logpdf pdf ppf isf",
    "exponpow": "logpdf logsf ppf isf",
    "fisk": "logpdf pdf cdf sf logcdf ppf isf",
    "hypsecant": "pdf cdf sf logcdf logsf ppf isf",
    "invgauss": "logpdf pdf cdf sf logcdf logsf",
    "jf_skew_t": "pdf cdf sf logcdf logsf ppf isf",
    "kappa3": "logpdf pdf cdf ppf isf",
    "loggamma": "pdf cdf sf logcdf logsf ppf isf",
    "mielke": "logpdf pdf cdf sf logcdf ppf isf",
    "rdist": "logpdf pdf cdf sf",
    "rice": "logpdf pdf",
    "semicircular": "logpdf pdf cdf sf logcdf logsf",
    "triang": "ppf isf",
    "truncpareto": "pdf cdf sf ppf isf",
    "tukeylambda": "ppf isf",
    "vonmises": "logpdf pdf",
    "vonmises_line": "logpdf pdf",
    "wald": "logpdf pdf cdf sf logcdf logsf",
    "hypergeom": "logpmf",
}
"""By names the methods that are read."""


def family_of(name: str) -> Family | None:
    """A row's family; None where no row is of that name."""
    if name not in ROWS:
        return None
    original = getattr(scipy.stats, name)
    names = original.shapes.split(", ") if original.shapes else ()
    support = as_program(original._get_support)
    return Family(
        tuple(names),
        {method: as_program(getattr(original, f"_{method}")) for method in ROWS[name].split()},
        support,
        lambda *shapes: _between(*support(*shapes)),
        as_program(original._argcheck),
        is_discrete=isinstance(original, scipy.stats.rv_discrete),
    )


def _between(low: Any, high: Any) -> Any:
    """A point inside of the support."""
    start = np.where(np.isinf(low), np.where(np.isinf(high), -0.5, high - 2.0), low)
    end = np.where(np.isinf(high), start + 2.0, high)
    return 0.5 * (start + end)
