"""Lists that loops fill, and what becomes of them."""

from __future__ import annotations

import math

import numpy as np

from plain_programs.program import pair, program, vector


@program()
def appended(x):
    out = []
    for i in range(len(x)):
        out.append(math.sin(x[i]) * x[i])
    return np.sum(np.array(out) ** 2) + out[-1] * out[0]


@program()
def appended_on_both_sides(x):
    out = [x[0]]
    for v in x:
        if v > 0:
            out.append(v * v)
        elif v > -1:
            out.append(0.0)
        else:
            out.append(-v)
            continue
    return np.sum(np.asarray(out) * np.arange(len(out)))


@program(pair)
def several_lists(x, y):
    lists = {"a": [], "b": []}
    s = 0.0
    for i in range(len(x)):
        s += x[i] * y[i]
        lists["a"].append(s)
        lists["b"].append((s, x[i], None))
        lists["b"] += [(y[i], s * s, None)]
    b = np.array([p[0] * p[1] for p in lists["b"]])
    return np.sum(np.array(lists["a"]) ** 2) + np.mean(b)


@program(vector, (2, 5, 40))
def history(x):
    """States as they were, and under their own names: one array is one object."""
    copies, states, ends = [], [], []
    s = x[:2].copy()
    for i in range(len(x)):
        copies.append(s.copy())
        states.append(s)
        s = 0.9 * s + x[i]
        ends.append(np.sum(s))
    states[0][1] = 3.0
    t = np.stack(copies)[:, 0] @ np.array(ends)
    return t + np.sum(np.vstack(states)[:, 1] * np.array(ends))


@program(vector, (2, 5, 40))
def last_state(x):
    states = []
    for i in range(len(x)):
        s = x * x[i]
        states.append(s)
    s[0] = 7.0
    return np.sum(np.array(states) ** 2) + states[-1][0]


@program(vector, (2, 5, 40))
def one_array_many_times(x):
    states, s = [], x.copy()
    for i in range(len(x)):
        s += x[i]
        states.append(s)
    return np.sum(np.array(states)[0] * x)


@program(vector, (2, 6, 30))
def matrix_of_lists(x):
    matrix = []
    for i in range(len(x)):
        row = []
        for j in range(len(x)):
            row.append(x[i] * x[j] * (i + 2 * j) if j != i else math.exp(x[i]))
        matrix.append(row)
    a = np.array(matrix)
    return np.sum(a @ a.T) + matrix[1][0] * sum(matrix[0])


@program(vector, (2, 6, 30))
def nested_comprehensions(x):
    n = len(x)
    a = np.array([[x[i] * x[j] + math.cos(x[i]) for j in range(n)] for i in range(n)])
    flat = [a[i, j] * x[i] for i in range(n) for j in range(n)]
    return np.trace(a @ a) + np.sum(flat)


@program()
def columns_of_pairs(x):
    pairs = []
    for i in range(len(x)):
        pairs.append((x[i], [x[i] ** 2, 1.0]))
    first, second = zip(*pairs, strict=True)
    t = 0.0
    for (u, (v, w)), f in zip(pairs, first, strict=True):
        t += u * v * w * f
    return t + np.sum(np.array(first) * np.array(second)[:, 0])


@program(vector, (3, 9, 30))
def lists_that_are_read_by_place(x):
    squares = [v * v for v in x]
    t = 0.0
    for i in range(1, len(squares)):
        t += squares[i] * squares[i - 1] + squares[-i]
    return t


@program()
def given_on(x):
    """A list that a function fills, and another reads."""

    def fill(out, v):
        out.append(v * v)
        return v

    def total(values):
        t = 0.0
        for v in values:
            t += v * values[0]
        return t

    out, s = [], 0.0
    for v in x:
        s += fill(out, v)
    also = out
    also.append(s)
    return total(out) * len(also)


@program()
def folds(x):
    s = float(any(v > 5 for v in x)) + float(all(x[i] > -9 for i in range(len(x))))
    s += max(v * v for v in x) + min([v * v * v for v in x]) * max(x) - min(x)
    values = np.fromiter((v * v for v in x), float) * np.array(tuple(v * 2 for v in x))
    return s * x[0] + np.sum(values)


@program(vector, (1, 5, 20))
def weights(x):
    """A list of plain numbers, and one that is as long as what was appended so far."""
    w, out = [0.1 * k for k in range(len(x))], []
    for i in range(len(x)):
        if not out:
            out.append(w[i] * x[i])
        else:
            out.append(w[i] * x[i] * len(out))
    return sum(out)


@program(vector, (3, 8))
def rows_that_are_written_to(x):
    rows = []
    for i in range(len(x)):
        r = np.zeros(3)
        r[0] = x[i]
        rows.append(r)
        r[2] = 5.0 * x[i] ** 2
    before = np.array(rows)
    rows[2][0] = 100.0 * x[0]
    return np.sum(np.array(rows) ** 2) + np.sum(before * rows[1])


class Recorder:
    def __init__(self):
        self.history = []

    def step(self, v):
        self.history.append({"v": v, "square": v * v})


@program()
def records(x):
    recorder = Recorder()
    for v in x:
        recorder.step(v)
    return sum(h["v"] * h["square"] for h in recorder.history)


@program()
def knapsack(x):
    best, weights = [0.0] * (len(x) + 1), [1, 2, 3] * len(x)
    for i in range(len(x)):
        for j in range(len(x), weights[i] - 1, -1):
            best[j] = max(best[j], best[j - weights[i]] + x[i])
    return best[-1] + sum(best)


@program(vector, (1, 5, 20))
def increasing_sums(x):
    sums = []
    for i in range(len(x)):
        best = x[i]
        for j in range(i):
            if x[j] < x[i] and sums[j] + x[i] > best:
                best = sums[j] + x[i]
        sums.append(best)
    return max(sums) * x[0]


@program(vector, (1, 5, 20))
def bubbles(x):
    a = [v * v * v for v in x]
    for i in range(len(a)):
        for j in range(len(a) - 1 - i):
            if a[j] > a[j + 1]:
                a[j], a[j + 1] = a[j + 1], a[j]
    return sum(k * v for k, v in enumerate(a))


@program(vector, (5, 40))
def recurrence_in_a_list(x):
    out = [1.0, x[0]]
    for i in range(2, len(x) + 2):
        if x[i - 2] > 0:
            out.append(0.5 * out[i - 1] + x[i - 2] * out[-2])
        else:
            out.append(out[-1])
            out[i] += 0.1 * out[i - 1]
    return out[-1] + sum(out) * len(out)


@program(vector, (2, 5, 40))
def states_that_are_read_back(x):
    states = [x[:2].copy()]
    for k in range(len(x)):
        y = 0.5 * states[-1] + x[k] * states[k]
        states.append(y)
    y[1] = 2.0
    return np.sum(np.array(states) ** 2)


@program()
def lists_of_fixed_length(x):
    p, counts = [0.0, 1.0, 0.0], [0] * 5
    for i, v in enumerate(x):
        counts[i % 5] += 1
        p[0] += v * p[1]
        p[2] = max(p[2], p[0])
        t = sum(p) * counts[0]
        p[1] = 0.9 * t / (1 + abs(t))
        for w in p:
            t += w
        p[1] += 0.01 * t
    return p[0] + p[2] + sum(counts) * x[0]


@program(vector, (1, 4, 20))
def sums_of_what_there_is(x):
    out = []
    for v in x:
        s = 0.0
        for w in out:
            s += w
        out.append(v - 0.1 * s)
    return np.sum(np.array(out) ** 2)


@program(vector, (1, 3, 30))
def lists_on_sides(x):
    """Sides of a branch that change lists, in turns and around them."""
    pair = [0.0, x[0]]
    if x[0] > 0:
        pair[0] = x[0] * x[-1]
    else:
        pair[1], pair[0] = pair[1] * 2, 1.0
    for v in x:
        row = [v, 1.0, 0.0]
        if v > pair[0]:
            row[1] = v * v
        else:
            row[2] += row[0]
        pair[1] += row[1] * row[2] + row[0] * row[1]
    return pair[0] * pair[1]


@program(vector, (5, 7))
def items_that_move_in_turn(x):
    """Where turns of the inner loop read their places from is the same for all of them."""
    a = [v for v in x if v > -9.0]
    s, k = x[0], 0
    for _ in range(6):
        for _ in x:
            if k % 2 == 0:
                a[k % 3] = 0.5 * x[k % 5] + 0.2 * a[k % 3]
            a.append(a.pop(k % 3))
        for _ in x:
            k = 2 if s > 0.2 else k
    return sum((i + 1) * u for i, u in enumerate(a))


@program(vector, (7,))
def lengths_in_nests(x):
    """A loop in a loop asks how long the list is that both make longer."""
    out = []
    for v in x:
        for j in range(8):
            out.append(v * len(out) + j)
    return np.sum(np.array(out) ** 2) / 1e3


@program(vector, (7,))
def arrays_of_a_list_change(x):
    """A list is asked for its arrays at places, and they are written to by their own names."""
    a, b = x * 1.0, x * 2.0
    both, s = [a, b], 0.0
    for i in range(60):
        s += np.sum(both[i % 2] ** 2) * (i + 1)
        a[0] += 0.1 * x[1]
    return s / 1e3
