"""A charge that is deflected by two others is to land at the origin: where should one of them be?

The charge starts at (0, 8) with velocity (0.75, 0) and is moved by Euler's method in steps of 0.1,
its acceleration the gradient of the potential sum_c 1 / |x - c|, of charges c at (10, 10 - w) and
(10, 0). The square of the abscissa where it lands is minimised over w by descent. A function's two
letters are the modes of the derivative by w and of the gradient: r reverse, f forward.
"""

import numpy as np
from descent import MODES, minimum

import jitad

STEP = 0.1


def landing(w, gradient):
    """The square of the abscissa where the charge lands, w of shape (1,)."""
    charges = np.array([[10.0, 10.0 - w[0]], [10.0, 0.0]])

    def potential(x):
        return np.sum(1 / np.sqrt(np.sum((x - charges) ** 2, axis=1)))

    def fall(state):
        x, v, _ = state
        return x + STEP * v, v - STEP * gradient(potential)(x), v

    start = np.array([0.0, 8.0]), np.array([0.75, 0.0]), np.array([0.75, 0.0])
    x, _, v = jitad.while_loop(lambda state: state[0][1] > 0, fall, start)
    return (x[0] - x[1] / v[1] * v[0]) ** 2


def best(w, outer, inner):
    """The w (1,) where the descent from w ends."""

    def function(w):
        return landing(w, inner)

    return minimum(function, outer(function), w)


def _prepared(outer, inner):
    function = jitad.jit(lambda w: best(w, outer, inner))

    def prepare(given):
        w = np.array([given["w"]], dtype=float)
        return lambda: function(w)

    return prepare


FUNCTIONS = {
    first + second: (_prepared(outer, inner), lambda w: float(w[0]))
    for first, outer in MODES.items()
    for second, inner in MODES.items()
}
