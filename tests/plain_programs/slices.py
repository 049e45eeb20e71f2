"""Slices whose bounds are computed: windows, blocks, prefixes, as factorisations are written."""

from __future__ import annotations

import numpy as np

from plain_programs.program import pair, program, vector

WEIGHTS = np.array([1.0, -2.0, 0.5])

TABLE = np.sin(np.arange(400.0))


@program(sizes=(3, 9, 40))
def sums_of_windows(x):
    s = 0.0
    for i in range(len(x) - 2):
        s += np.sum(x[i : i + 3]) ** 2 + np.dot(WEIGHTS, x[i : i + 3])
    return s


@program(sizes=(3, 9, 40))
def windows_around_places(x):
    s = 0.0
    for i in range(1, len(x) - 1):
        a, b, c = x[i - 1 : i + 2]
        s += np.sin(a) * b * c + x[i - 1 : i + 2].max()
    return s


@program(sizes=(6, 12, 48))
def blocks(x):
    s, b = 0.0, 3
    for i in range(len(x) // b):
        block = x[i * b : (i + 1) * b]
        s += np.linalg.norm(block) * np.prod(block[:2]) + block[-1]
    return s


@program(sizes=(6, 12, 48))
def steps_in_slices(x):
    s = 0.0
    for i in range(len(x) - 5):
        s += x[i : i + 5 : 2] @ WEIGHTS - np.sum(x[i + 5 : i : -2] ** 2) * x[i : i + 1][0]
    return s


@program(sizes=(4, 10, 40))
def pairs_of_neighbours(x):
    y = np.zeros(2 * len(x))
    for i in range(len(x)):
        y[2 * i : 2 * i + 2] = x[i], x[i] ** 2
        y[2 * i : 2 * i + 2] *= 1.5
    return np.sum(y[::2] * y[1::2]) + np.sum(y)


@program(sizes=(3, 9, 40))
def windows_that_are_added_to(x):
    y = np.zeros(len(x) + 2)
    for i in range(len(x)):
        y[i : i + 3] += x[i] * WEIGHTS
    return np.sum(y**2)


@program(sizes=(4, 9, 40))
def windows_that_are_overwritten(x):
    y = np.concatenate((x, x[:3] ** 2))
    for i in range(len(x)):
        y[i + 1 : i + 4] = np.tanh(y[i : i + 3]) * x[i]
    return np.sum(y * y)


@program(sizes=(4, 9, 40))
def views_of_windows(x):
    y = x.copy()
    for i in range(len(x) - 3):
        v = y[i : i + 3]
        w = v[1:]
        v[0] = x[i + 3] * v[2]
        y[i + 1] *= 2.0
        w += v[0]
        w[-1] = w[0] * y[i]
    return np.sum(y * y)


@program(sizes=(5, 10, 30))
def windows_of_an_image(x):
    image, k = np.outer(x, np.cos(x)), 3
    filtered = np.zeros((len(x) - k + 1, len(x) - k + 1))
    for i in range(len(x) - k + 1):
        for j in range(len(x) - k + 1):
            filtered[i, j] = np.sum(image[i : i + k, j : j + k] * np.outer(WEIGHTS, WEIGHTS))
    return np.sum(filtered**2)


@program(sizes=(4, 8, 24))
def rows_and_columns_by_blocks(x):
    a, s = np.outer(x, x[::-1]), 0.0
    for i in range(len(x) // 2):
        b = a[2 * i : 2 * i + 2]
        s += np.sum(b[:, i] * b[0, i : i + 2]) + np.sum(a[:, i : i + 2] ** 2)
        s += a[..., i : i + 2].T[1] @ x + np.sum(a[i : i + 2, None, 1:3])
        a[i : i + 2, i] += x[i]
        a[1:3, i : i + 2] *= 0.5
    return s + np.sum(a)


@program(sizes=(4, 8, 24))
def blocks_that_are_written(x):
    a = np.zeros((len(x), 2 * len(x), 2))
    for i in range(len(x)):
        a[i, 2 * i : 2 * i + 2] = np.outer(x[i : i + 1], x[:2])
        a[i, :, 1] += x[i]
        a[i, 2 * i : 2 * i + 2, 0] -= 0.3 * x[i] ** 2
    return np.sum(a**2)


@program(sizes=(3, 9, 40))
def slices_of_a_table(x):
    s = 0.0
    for i in range(len(x)):
        s += np.sum(TABLE[i : i + 4]) * x[i] + TABLE[3 * i : 3 * i + 2] @ TABLE[i : i + 2]
    return s


@program(pair, (3, 9, 40))
def sizes_of_names(x, y):
    w, s = 2, 0.0
    for i in range(w, len(x) - 1):
        near = x[i - w : i + w - 2]
        s += near @ y[i - 2 : i] + np.dot(x[i + 1 - w : i + 1], y[i - w : i])
    return s + y[0] * x[0]


@program(vector, (8, 16, 40))
def loops_in_loops(x):
    s = 0.0
    for i in range(len(x) // 4):
        for j in range(2):
            part = x[4 * i + 2 * j : 4 * i + 2 * j + 2]
            for k in range(i + 1):
                s += part[0] * part[1] * np.sum(x[k : k + 2])
    return s
