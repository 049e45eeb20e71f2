"""Gradient descent whose steps double after ten successes and halve after a failure.

Both loops that use it are themselves differentiated: the gradient is given, and comparisons read
values only.
"""

import numpy as np

import jitad

MODES = {"r": jitad.grad, "f": jitad.jacfwd}
"""Of a gradient, by the letters of the evals."""

SMALL = 1e-5


def norm(x):
    """The length of a vector."""
    return np.sqrt(np.sum(x * x))


def minimum(function, gradient, start):
    """Where the descent on `function` from `start` (n,) ends."""

    def step(state):
        x, value, slope, rate, successes, _ = state
        is_tenth = successes == 10
        rate = np.where(is_tenth, 2 * rate, rate)
        after = x - rate * slope
        moved = norm(x - after) > SMALL

        def arrived():
            return x, value, slope, rate, successes, False

        def tried():
            there = function(after)
            return jitad.cond(there < value, lambda: taken(there), refused)

        def taken(there):
            slope = gradient(after)
            count = np.where(is_tenth, 1, successes + 1)
            return after, there, slope, rate, count, norm(slope) > SMALL

        def refused():
            return x, value, slope, rate / 2, 0, True

        return jitad.cond(moved, tried, arrived)

    slope = gradient(start)
    state = (start, function(start), slope, SMALL, 0, norm(slope) > SMALL)
    return jitad.while_loop(lambda state: state[-1], step, state)[0]
