"""Calls of the functions of scipy.special that are composed of others; its ufuncs are rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special as sp

import jitad.scipy.special as special
from samples.arrays import FLAGS, INTS, LONG, Call, M, S, T, V, array, by

P, X = np.abs(M) + 0.5, np.abs(V) + 0.25
HOLES = np.where(FLAGS, -np.inf, 0.0)


def special_call(name: str, *args: Any, **kwargs: Any) -> Call:
    return Call(args, kwargs, getattr(special, name))


def _sums(name: str) -> list[Call]:
    """The forms of axis= of a function of a whole array."""
    return [
        special_call(name, S),
        special_call(name, V),
        special_call(name, T),
        special_call(name, M, axis=1),
        special_call(name, T, axis=-2),
        special_call(name, T, axis=(0, 2)),
        special_call(name, M * 200, axis=0),
        special_call(name, INTS, axis=0),
        special_call(name, LONG),
        special_call(name, [V[0], V[1], S]),
    ]


SAMPLES: dict[Any, list[Call]] = {
    sp.zeta: [
        special_call("zeta", 2, P),
        special_call("zeta", np.array([2, 3, 5]), X[:3]),
        special_call("zeta", 3.5, X),
        by(lambda x: special.zeta(2.5) * x, V),
    ],
    sp.polygamma: [
        special_call("polygamma", 0, X),
        special_call("polygamma", 1, P),
        special_call("polygamma", 4, X),
        special_call("polygamma", np.array([0, 1, 2, 3, 4]), X),
        special_call("polygamma", 2, -0.5 - X / 16),
    ],
    sp.multigammaln: [special_call("multigammaln", P + 1, 3), special_call("multigammaln", X, 1)],
    sp.factorial: [special_call("factorial", X), special_call("factorial", INTS)],
    sp.comb: [
        special_call("comb", X + 5, np.array([0, 1, 2, 3, 4])),
        special_call("comb", 9, INTS),
        special_call("comb", INTS, 3),
        special_call("comb", X + 5, X),
        special_call("comb", INTS, 2, repetition=True),
    ],
    sp.perm: [special_call("perm", X + 5, X), special_call("perm", INTS, 2)],
    sp.lambertw: [
        by(lambda x: special.lambertw(x).real, P),
        by(lambda x: special.lambertw(-0.3 / (1 + x), k=-1).real, X),
        by(lambda x: special.lambertw(x).real, LONG**2),
    ],
    sp.assoc_laguerre: [
        special_call("assoc_laguerre", X, 3),
        special_call("assoc_laguerre", P, 2, 1.5),
    ],
    sp.logsumexp: [
        *_sums("logsumexp"),
        special_call("logsumexp", M, axis=1, keepdims=True),
        special_call("logsumexp", T, keepdims=True),
        special_call("logsumexp", M, b=P),
        special_call("logsumexp", M, b=np.abs(V[:4]), axis=0),
        special_call("logsumexp", M, b=M, axis=1, return_sign=True),
        special_call("logsumexp", V, b=np.array([1.0, 0.0, 2.0, 1.0, 0.0])),
        special_call("logsumexp", M, b=FLAGS, axis=0, return_sign=True),
        by(lambda x: special.logsumexp(x + HOLES, axis=1), M),
        by(lambda x: special.logsumexp(x + HOLES, b=P), M),
    ],
    sp.softmax: [*_sums("softmax"), by(lambda x: special.softmax(x + HOLES, axis=1), M)],
    sp.log_softmax: [
        *_sums("log_softmax"),
        by(lambda x: special.log_softmax(x + 100.0, axis=1), M),
    ],
}
if "softplus" in sp.__all__:
    SAMPLES[sp.softplus] = [special_call("softplus", M), special_call("softplus", LONG * 10)]

UFUNCS: dict[Any, list[Call]] = {
    sp.sici: [special_call("sici", P), special_call("sici", [S**2, 2.0])],
    sp.shichi: [special_call("shichi", P)],
    sp.fresnel: [special_call("fresnel", M)],
    sp.airy: [special_call("airy", M)],
    sp.jv: [special_call("jv", INTS, P), special_call("jv", 1, LONG[:20])],
    sp.eval_legendre: [special_call("eval_legendre", 7, M / 4)],
    sp.erf: [special_call("erf", [[S, 1.0], [V[0], 0.5]]), special_call("erf", array(3, 1))],
}
SAMPLES.update(UFUNCS)
