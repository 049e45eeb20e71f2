"""Arrays that loops fill, factorise and change where they are: what is read is final, or is not."""

from __future__ import annotations

import math

import numpy as np

from plain_programs.program import pair, program, vector


@program(pair, (2, 7, 20))
def elimination(x, y):
    n = x.size
    a = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            a[i, j] = x[i] * y[j] + (3.0 if i == j else 0.0)
    s = 0.0
    for k in range(n):
        for i in range(k + 1, n):
            f = a[i, k] / a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= f * a[k, j]
        s += math.log(abs(a[k, k]))
    return s


@program(pair, (2, 7, 20))
def every_row(x, y):
    """As elimination, of all rows but one: those above are changed again."""
    n = x.size
    a = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            a[i, j] = x[i] * y[j] + (3.0 if i == j else 0.0)
    for k in range(n):
        for i in range(n):
            if i != k:
                f = a[i, k] / a[k, k]
                for j in range(k, n):
                    a[i, j] -= f * a[k, j]
    s = 0.0
    for i in range(n):
        s += math.log(abs(a[i, i])) * x[i]
    return s


@program(pair, (1, 6, 20))
def read_and_changed_again(x, y):
    a = x.copy()
    s = 0.0
    for i in range(a.size):
        for j in range(i + 1, a.size):
            a[j] += 0.1 * a[i] * y[j]
            a[i] = 0.9 * a[i] + math.tanh(a[j])
        s += a[i]
    return s


@program(pair, (1, 6, 15))
def table_touched_behind(x, y):
    n, m = x.size, y.size
    d = np.zeros((n + 1, m + 1))
    for i in range(n):
        for j in range(m):
            d[i + 1, j + 1] = d[i, j] * math.cos(x[i] - y[j]) + d[i + 1, j] * 0.5 + x[i]
            d[i, j] += 0.1 * d[i + 1, j + 1]
    return np.sum(d)


@program(pair, (2, 6, 20))
def around(x, y):
    a = np.zeros(x.size)
    for _ in range(3):
        for i in range(x.size):
            a[i] = a[i] * x[i] + math.exp(-y[i]) * a[(i + 1) % x.size] + x[i]
    return np.sum(a * a)


@program(vector, (3, 8, 20))
def old_and_new(x):
    u = x.copy()
    for _ in range(4):
        v = u.copy()
        for i in range(1, u.size - 1):
            v[i] = u[i] + 0.1 * (u[i + 1] * u[i - 1] - 2.0 * u[i])
        u = v
    return np.sum(u * x)


@program(pair, (1, 6, 40))
def functions_before_and_after(x, y):
    """Functions of libm that no turn waits for, and some that turns do."""
    s, r, c = 0.0, 0.0, 1.0
    a = np.zeros(x.size + 1)
    for i in range(x.size):
        p = math.exp(-x[i] * x[i])
        a[i + 1] = 0.5 * a[i] + p * y[i]
        q = math.log(1.0 + a[i + 1] ** 2)
        c = math.sin(c + p)
        s += q * p
        r += math.sin(a[i]) * c
        a[i + 1] += 0.1 * q
    return s * r + a[x.size]


@program(pair, (1, 6, 40))
def picked_by_few_integers(x, y):
    steps = np.array([1, 2, 5])
    s = 0.0
    for i in range(5, x.size):
        for k in range(3):
            t = 0.0
            for j in range(steps[k]):
                t += x[i - j - 1] * y[k % y.size]
            s += t * t / steps[k]
    return s


_MATRICES = [np.array([[0.5, 0.02 * k], [-0.01 * k, 0.4]]) for k in range(40)]
_FUNCTIONS = [np.sin, np.cos, np.tanh]


@program(vector, (2,))
def many_arrays(x):
    h, s = x[:2], x[0]
    for matrix in _MATRICES:
        h = matrix @ h + 0.1 * s
    for k in {3, 5, 8, 13, 21, 34}:
        s = s + x[0] / k
    return np.sum(h) * s


@program(vector, (2, 40))
def a_function_each_turn(x):
    s = x[0]
    for k in range(len(x)):
        s = _FUNCTIONS[k % 3](s) + 0.5 * x[k]
    return s


@program(vector, (2,))
def one_of_many_arrays(x):
    h, marked = x[:2], _MATRICES[11]
    for matrix in _MATRICES:
        h = matrix @ h
        if matrix is marked:
            h = h + x
    return np.sum(h)
