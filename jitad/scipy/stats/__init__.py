"""`scipy.stats`, on traced values as well: distributions with their densities and probabilities.

What is supported stands in the tables `continuous`, `discrete` and `multivariate`; other names are
SciPy's own, which take plain arrays and refuse traced values.
"""

from __future__ import annotations

import sys
from typing import Any

import scipy.stats

import jitad.functions.elementwise.special
from jitad.scipy.mirror import mirror
from jitad.scipy.stats.continuous import CONTINUOUS
from jitad.scipy.stats.discrete import DISCRETE
from jitad.scipy.stats.distribution import Distribution, Unsupported
from jitad.scipy.stats.multivariate import MULTIVARIATE
from jitad.scipy.stats.read import family_of

_other, __dir__ = mirror("scipy.stats")
_known: dict[str, Any] = dict(MULTIVARIATE)


def __getattr__(name: str) -> Any:
    if name not in _known:
        _known[name] = _made(name)
    return _known[name]


def _made(name: str) -> Any:
    family = CONTINUOUS.get(name) or DISCRETE.get(name) or family_of(name)
    if family is not None:
        return Distribution(family, getattr(scipy.stats, name))
    original = _other(name)
    plain = getattr(scipy.stats, name)
    if isinstance(plain, (scipy.stats.rv_continuous, scipy.stats.rv_discrete)):
        return Unsupported(name, plain, tuple(sorted({*CONTINUOUS, *DISCRETE})))
    return original


# `import jitad.scipy.stats.norm as norm`, as scripts for autograd and JAX have it.
for _name in (*CONTINUOUS, *DISCRETE, *MULTIVARIATE):
    sys.modules[f"{__name__}.{_name}"] = __getattr__(_name)
