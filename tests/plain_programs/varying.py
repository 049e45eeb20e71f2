"""Lists that are appended to in some turns, and what becomes of them."""

from __future__ import annotations

import math

import numpy as np

from plain_programs.program import pair, program, vector


@program()
def appended_under_a_condition(x):
    out = []
    for v in x:
        if v > 0:
            out.append(v * v)
    return sum(out) + len(out) * x[0]


@program()
def comprehension_with_a_condition(x):
    a = np.array([v * v for v in x if v > 0])
    return np.sum(np.sqrt(1.0 + a)) + a.size * x[0]


@program()
def extremes_of_what_is_left(x):
    out = [x[0]]
    for v in x:
        if v > 0:
            out.append(v * v)
    return np.mean(out) + 2.0 * max(out) - min(out) + out[-1] * out[0]


@program()
def gone_over_again(x):
    out = [v for v in x if v > -0.5]
    s = 0.1 * x[0]
    for k, v in enumerate(out):
        s = 0.5 * s + k * v * v
    for a, b in zip(out, out[1:], strict=False):  # noqa: RUF007
        s += a * b
    return s + sum(out[::-1][:2])


@program()
def stack_of_numbers(x):
    stack, s = [], 0.1 * x[0]
    for v in x:
        if v > 0:
            stack.append(v)
        elif stack:
            s += stack.pop() * v
    return s + sum(stack)


@program()
def pairs_of_some(x):
    out = []
    for i in range(len(x)):
        if x[i] > 0:
            out.append((x[i], i))
    s = 0.1 * x[0]
    for v, i in out:
        s = 0.9 * s + v * i
    return s + sum(v * v for v, _ in out)


@program(vector, (1, 5, 12))
def arrays_of_some(x):
    out = []
    for i in range(len(x)):
        if x[i] > 0:
            out.append(x * x[i])
    s = np.zeros(len(x))
    for row in out:
        s = 0.5 * s + row
    return np.sum(s * x) + x[0]


@program()
def appended_up_to_a_break(x):
    out = []
    for v in x:
        if v > 1.0:
            break
        out.append(v * v)
    return np.sum(np.array(out)) + len(out) * x[0]


@program()
def last_ones(x):
    out = [0.0, 0.5]
    for v in x:
        if v > 0:
            out.append(0.5 * out[-1] + 0.2 * out[-2] + v)
        elif len(out) > 3:
            out[-1] += v
    return out[-1] * out[len(out) // 2]


@program(vector, (2, 5, 20))
def of_two_loops(x):
    out = []
    for i in range(len(x)):
        for j in range(i):
            if x[i] > x[j]:
                out.append(x[i] - x[j])
    return sum(out) / max(len(out), 1) + x[0]


@program(pair)
def of_two_lists(x, y):
    first, second, rest = [], [], {"b": []}
    for i in range(len(x)):
        if x[i] > 0:
            first.append(x[i])
            second.append(x[i] * y[i])
        else:
            rest["b"].append(x[i] * y[i])
    return np.sum(np.array(first) * np.array(second)) + sum(rest["b"]) * len(first)


@program()
def by_a_helper(x):
    def keep(out, v):
        if v > 0:
            out.append(v)
            return True
        return False

    out, kept = [], 0
    for v in x:
        kept += keep(out, 2.0 * v)
    return sum(v * v for v in out if v > 0.3) + kept * x[0]


@program(vector, (1, 6, 40))
def runs_that_are_closed(x):
    """Lists that are begun anew, within one that grows."""
    means, run = [x[0]], []
    for v in x:
        if run and (v > 0) != (run[-1] > 0):
            means.append(sum(run) / len(run))
            run.clear()
        run.append(v)
    return sum(v * v for v in means) + len(run) * x[0]


@program()
def last_one_decides(x):
    """The list may have none where the branch is not taken, as at the data that it is traced at."""
    run, s = [], 0.1 * x[0]
    for v in x:
        if run and (v > 0) != (run[-1] > 0):
            s += sum(run) ** 2
            run.clear()
        run.append(v)
    return s


@program()
def some_of_some(x):
    out = [v * v for v in x if v > 0]
    large = []
    for v in out:
        if v > 0.5:
            large.append(v)
    any_large = any(v > 1.5 for v in large)
    return sum(large) + x[0] * any_large + max((v * x[0] for v in x if v > -1), default=0.0)


@program(vector, (1, 4))
def without_a_loop(x):
    out = []
    if x[0] > 0:
        out.append(x[0])
    if x[-1] > 0.2:
        out.extend([x[-1] ** 2, 1.0])
    return sum(out) + len(out) * x[0]


@program()
def sums_by_key(x):
    sums, signs = {0: 0.0, 1: x[0], 2: 0.5}, {True: 0.0, False: 1.0}
    for i in range(len(x)):
        sums[i % 3] += x[i] ** 2
        signs[x[i] > 0] += sums[(i + 1) % 3]
    return sums[0] + 2.0 * sums[1] + 3.0 * sums[2] + signs[True] * signs[False]


@program()
def least_busy(x):
    busy = [0.0, 0.1, 0.2]
    for i in range(len(x)):
        k = 0
        for j in range(3):
            if busy[j] < busy[k]:
                k = j
        busy[k] += abs(x[i])
    return max(busy) + busy[1]


@program()
def steps_of_an_integrator(x):
    """Nobody knows how many steps there are."""
    t, y, ts, ys = 0.0, x[0], [0.0], [x[0]]
    while t < 1.0:
        h = 0.2 / (1.0 + y * y)
        y, t = y + h * np.sin(y + x[-1]), t + h
        ts.append(t)
        ys.append(y)
    return np.sum(np.array(ys)) * 0.1 + sum(t * t for t in ts) + ys[-1] * len(ts)


@program(vector, (1, 6, 40))
def walk_of_a_tree(x):
    s, stack = 0.1 * x[0], [(0, 1.0)]
    while stack:
        k, weight = stack.pop()
        s += weight * x[k] ** 2
        if x[k] > -0.5 and 2 * k + 1 < len(x):
            stack.append((2 * k + 1, 0.5 * weight))
        if x[k] < 0.5 and 2 * k + 2 < len(x):
            stack.append((2 * k + 2, weight * x[k]))
    return s


@program(vector, (3,))
def halved_intervals(x):
    total, stack, a = 0.0, [(0.0, 1.0, 0)], 3.0 * abs(x[0])
    while stack:
        low, high, depth = stack.pop()
        middle = 0.5 * (low + high)
        if depth >= 6 or abs(math.sin(a * high) - math.sin(a * low)) < 0.3:
            total += math.sin(a * middle) * (high - low) * x[1]
        else:
            stack.append((low, middle, depth + 1))
            stack.append((middle, high, depth + 1))
    return total


@program(vector, (2,))
def appended_in_nested_loops(x):
    out, a = [], abs(x[0]) + 1.0
    while a > 0.3:
        b = a
        while b > 0.5:
            b = 0.6 * b
            out.append(a * b * x[1])
        for k in range(3):
            if a * k > 0.5:
                out.append(a)
        a = 0.7 * a
    return sum(out) + len(out) * x[1]
