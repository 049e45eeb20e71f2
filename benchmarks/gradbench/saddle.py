"""The saddle point of f(x, y) = |x|^2 - |y|^2, x and y of two elements, by descent on a maximum.

    x* = argmin_x f(x, argmax_y f(x, y)),    y* = argmax_y f(x*, y)

Both searches are descents from one start; that over x is differentiated through the one over y. A
function's two letters are the modes of the outer and of the inner derivative: r reverse, f forward.
"""

import numpy as np
from descent import MODES, minimum

import jitad


def height(x, y):
    """f, of x and y (2,)."""
    return np.sum(x * x) - np.sum(y * y)


def saddle_point(start, outer, inner):
    """(x*, y*) as one vector (4,)."""

    def highest(x):
        def depth(y):
            return -height(x, y)

        return minimum(depth, inner(depth), start)

    def ridge(x):
        return height(x, highest(x))

    x = minimum(ridge, outer(ridge), start)
    return np.concatenate([x, highest(x)])


def _prepared(outer, inner):
    function = jitad.jit(lambda start: saddle_point(start, outer, inner))

    def prepare(given):
        start = np.array(given["start"], dtype=float)
        return lambda: function(start)

    return prepare


FUNCTIONS = {
    first + second: (_prepared(outer, inner), np.ndarray.tolist)
    for first, outer in MODES.items()
    for second, inner in MODES.items()
}
