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
