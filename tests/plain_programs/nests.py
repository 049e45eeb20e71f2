"""Loops in loops."""

from __future__ import annotations

import numpy as np

from plain_programs.program import pair, program, vector


@program(vector, (2, 9, 20))
def triangle(x):
    s = 0.0
    for i in range(len(x)):
        for j in range(i):
            if x[i] > x[j]:
                s += (x[i] - x[j]) * x[j]
    return s


@program(vector, (2, 9, 20))
def inner_break(x):
    s = 0.0
    for i in range(len(x)):
        t = 0.0
        for j in range(len(x)):
            t += x[j] * x[j]
            if t > 1.0 + i:
                break
        s += t * x[i]
    return s


@program(pair, (1, 6, 15))
def warping(x, y):
    n, m = len(x), len(y)
    d = np.full((n + 1, m + 1), np.inf)
    d[0, 0] = 0.0
    for i in range(n):
        for j in range(m):
            cost = (x[i] - y[j]) ** 2
            best = d[i, j]
            if d[i, j + 1] < best:
                best = d[i, j + 1]
            if d[i + 1, j] < best:
                best = d[i + 1, j]
            d[i + 1, j + 1] = cost + best
    return d[n, m]


@program(vector, (2, 9, 20))
def insertion_sort(x):
    a = x.copy()
    for i in range(1, len(a)):
        key = a[i]
        j = i - 1
        while j >= 0 and a[j] > key:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = key
    s = 0.0
    for i in range(len(a)):
        s += i * a[i] ** 2 if a[i] != 0.0 else 1.0
    return s


@program(vector, (1, 4, 12))
def rotations(x):
    """Givens' rotations, from the last row up: the inner loop counts down to the outer's turn."""
    n = len(x)
    a = np.sin(np.outer(np.arange(n) + 1.0, x)) + 3.0 * np.eye(n)
    for j in range(n):
        for i in range(n - 1, j, -1):
            r = np.sqrt(a[i - 1, j] ** 2 + a[i, j] ** 2)
            c, s = a[i - 1, j] / r, a[i, j] / r
            for k in range(j, n):
                u, v = a[i - 1, k], a[i, k]
                a[i - 1, k] = c * u + s * v
                a[i, k] = c * v - s * u
    return np.sum(np.abs(np.diag(a)))


@program(vector, (2, 9, 20))
def every_third_from_above(x):
    s = 0.0
    for i in range(len(x)):
        for j in range(len(x) - 1, i - 2, -3):
            s += x[i] * x[j] * (j + 1)
    return s


@program(pair, (1, 4, 6))
def turns_by_the_hundred(x, y):
    """While loops within a loop, of none to hundreds of turns: their stacks grow, or need not."""
    s = 0.0
    for i in range(len(x)):
        v, w = x[i], np.outer(y[:4], np.ones(70))
        k = 0
        while k < 130 * (i % 3):
            v = np.sin(v) + 0.3 * y[i]
            w = np.sin(w) * v
            k += 1
        s += v * v + np.sum(w)
    return s


@program(vector, (2, 9, 20))
def exchanged_where_smaller(x):
    """Each turn asks elements of an array that it changes, and that is changed before."""
    a = x.copy()
    n = len(a)
    for i in range(1, n):
        if a[i] < a[i - 1]:
            k = i
            while k > 0 and a[k] < a[k - 1]:
                a[k], a[k - 1] = a[k - 1] * 1.5, a[k]
                k -= 1
        a[i] = a[i] * a[(i + 2) % n]
    return np.sum(a * x)
