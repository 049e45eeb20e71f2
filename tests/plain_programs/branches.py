"""Branches in loops."""

from __future__ import annotations

import numpy as np

from plain_programs.program import pair, program


@program(pair)
def hinge(x, y):
    loss = 0.0
    for i in range(x.shape[0]):
        margin = y[i] * x[i]
        if margin < 1:
            loss += (1 - margin) ** 2
        elif margin > 3 and i != 3:
            continue
        else:
            loss -= 0.1 * margin
    return loss


@program()
def names_of_one_side(x):
    total = 0.0
    for v in x:
        if v > 0:
            scale = v * v
            total += scale
        else:
            shift = v - 1
            total += shift * v
    return total


@program()
def conditional_expressions(x):
    s = 0.0
    for v in x:
        s += (v if v > 0.3 else -2 * v) * (1.0 if -1 < v < 1 else 0.5)
    return s


@program()
def and_or_not(x):
    s = 0.0
    for v in x:
        if (v > 0 and not v > 1) or v < -1:
            s += v**3
    return s


@program()
def running_max(x):
    best = x[0]
    total = 0.0
    for i in range(len(x)):
        if x[i] > best:
            best = x[i]
        total += best * best
    return total


@program()
def builtin_extremes(x):
    s = 0.0
    for v in x:
        if v != 0.0:
            s += max(v, 0.1) * min(1.0, v, 0.7) + abs(v)
    return s


@program()
def clipping(x):
    y = x.copy()
    for i in range(y.size):
        if y[i] > 0.5:
            y[i] = 0.5
        elif y[i] < -0.5:
            y[i] = -0.5 + 0.1 * y[i]
    return np.sum(y * x)


@program()
def best_sum(x):
    best = here = x[0]
    for v in x[1:]:
        here = v if here < 0 else here + v
        if here > best:
            best = here
    return best * best


@program()
def integer_state(x):
    state, s = 0, 0.0
    for v in x:
        if state == 0:
            s += v
            state = 1 if v > 0 else 2
        elif state == 1:
            s += v * v
            state = 2
        else:
            s -= 0.5 * v
            state = 0
    return s + state


@program()
def widening(x):
    count, total = 0, 0
    for v in x:
        if v > 0:
            count += 1
            total += v * count
    return total


@program()
def tuples(x):
    ends = (0.0, 1.0)
    for v in x:
        low, high = ends
        ends = (low + v, high) if v > 0 else (high, low * v)
    return ends[0] * ends[1] + ends[0]


@program()
def numbers_made_in_branches(x):
    total = 0.0
    for i in range(len(x)):
        if x[i] > 0:
            total += float(i) * x[i] ** 2 + complex(x[i], 1.0).real
        else:
            total -= float(x[i])
    return total


@program()
def conditions_of_several(x):
    s = 0.0
    for i in range(1, len(x)):
        if (x[i] > x[i - 1] and x[i] > 0.5) or x[i] < -1.0:
            continue
        if x[i] > 0 or x[i - 1] > 0:
            s += x[i] * s * 0.01 + 1
        else:
            s -= x[i]
        if not (x[i] > 0.2 or s < -2.0) and s > 1.0:
            s *= 1.1
    return s


@program()
def some_ways_go_on_before_others(x):
    s = 0.0
    for v in x:
        a = v
        if v > 1:
            if v > 2:
                continue
            a = v * v
        if v < -1:
            if s > 3:
                break
            if s < -3:
                return s * a
        s += np.sin(a)
    return s


@program()
def shapes_that_differ_where_ways_meet(x):
    s = 0.0
    for k in range(len(x)):
        v = x[:1] * 2.0
        if x[k] > 0:
            v = np.array([x[k], x[0], 1.0])
            if x[k] > 1:
                s += v.sum()
                continue
        s += (v * v).sum()
    return s
