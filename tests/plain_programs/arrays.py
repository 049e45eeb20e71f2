"""Arrays that loops write to, and loops that need numbers."""

from __future__ import annotations

import math

import numpy as np

from plain_programs.program import positive, program, vector


@program(positive, (3, 8, 30))
def tridiagonal(d):
    n = len(d)
    c, r = np.zeros(n), np.zeros(n)
    for i in range(n):
        below = 0.5 if i > 0 else 0.0
        scale = d[i] + 2 - below * (c[i - 1] if i > 0 else 0.0)
        c[i] = 0.5 / scale
        r[i] = (1.0 - below * (r[i - 1] if i > 0 else 0.0)) / scale
    return np.sum(r)


@program()
def swapped(x):
    old, new = x.copy(), np.zeros(len(x))
    for _ in range(6):
        for i in range(len(x)):
            left = old[i - 1] if i > 0 else 0.0
            new[i] = 0.7 * old[i] + 0.2 * left * old[i]
        old, new = new, old
    return np.sum(old)


@program()
def two_names(x):
    a = np.zeros(len(x))
    b = a
    for i in range(len(x)):
        if x[i] > 0:
            a[i] = x[i] ** 2
        else:
            b[i] = x[i]
    return np.sum(b * x)


@program(vector, (2, 9))
def rows(x):
    a = np.zeros((len(x), 3))
    for i in range(len(x)):
        row = a[i]
        if x[i] > 0:
            row[1] = x[i]
        row += 0.5 * x[i]
    return np.sum(a**2)


@program(vector, (2, 9, 30))
def row_views(x):
    """A row shares its elements with the array, whichever of them is written to."""
    a = np.outer(x, np.array([1.0, -2.0, 0.5, 3.0]))
    for i in range(1, len(x)):
        v = a[i]
        v[0] = v[1] * 2.0
        a[i, 2] = x[i] ** 2
        a[i - 1, 1] += v[0] * v[2]
        v[1:3] *= 0.5
    return np.sum(a**2)


@program(vector, (3, 9, 30))
def views_of_views(x):
    a = np.zeros((len(x), 2, 3))
    for i in range(len(x)):
        block = a[i]
        for j in range(2):
            row = block[j]
            row[j] = x[i]
            row += 0.25 * x[i - 1]
            if x[i] > 0:
                block[1 - j, 2] += row[0] * x[i]
    return np.sum(a**3)


@program(vector, (3, 9, 30))
def columns(x):
    a = np.zeros((4, len(x)))
    for i in range(len(x)):
        a[:, i] = x[i]
        a[1:3, i] *= x[i - 1]
        c = a[..., i]
        c[-1] = np.sum(c[:2]) ** 2
        a[::2, i] = a[1::2, i - 1]
    return np.sum(a * a)


@program(vector, (3, 9, 30))
def rows_by_number(x):
    """Rows at places that are data: some are written to twice."""
    a = np.zeros((5, 3))
    for i in range(len(x)):
        k = int(abs(x[i]) * 3) % 5
        a[k] = a[k] * 0.5 + x[i]
        a[k - 1, :] -= np.sin(x[i])
        a[-k, 1:] *= x[i]
    return np.sum(a * a)


@program(vector, (3, 9, 30))
def normalised_rows(x):
    a = np.outer(x, x) + np.eye(len(x)) * 3
    for row in a:
        row /= row[0] + 4.0
        row[-1] = x[0]
    return np.sum(a[:, 1] * a[0])


@program(vector, (3, 9, 30))
def rows_change_places(x):
    a = np.outer(x, np.array([1.0, 2.0]))
    for i in range(1, len(x)):
        if a[i, 0] < a[i - 1, 0]:
            before = a[i].copy()
            a[i] = a[i - 1]
            a[i - 1] = before
    return np.sum(a * np.arange(len(x))[:, None])


def _doubled_at(v, k):
    v[k] *= 2.0
    return v


@program(vector, (3, 9, 30))
def row_handed_on(x):
    a = np.outer(x, np.array([1.0, 2.0, -1.0]))
    s = 0.0
    for i in range(len(x)):
        w = _doubled_at(a[i], 1)
        a[i, 1] += x[0]
        s += w[1] * w[2]
    return s


def _relu_into(out, x, k):
    for i in range(len(x)):
        if x[i] > k:
            out[i] += (x[i] - k) ** 2


@program()
def by_reference(x):
    out = np.zeros(len(x))
    for k in range(5):
        _relu_into(out, x, 0.1 * k)
    return out.sum()


def _soft(v):
    if v > 1:
        return v - 0.5
    if v < -1:
        return -v - 0.5
    return 0.5 * v * v


@program()
def helper_with_returns(x):
    s = 0.0
    for v in x:
        s += _soft(v) if v != 0.25 else 0.0
    return s


@program(vector, (2, 9))
def histogram(x):
    counts = np.zeros(4)
    for v in x:
        k = 0
        while k < 3 and v > -1.0 + k:
            k += 1
        counts[k] += v
    return np.sum(counts**2)


TABLE = np.array([0.5, 1.5, -0.5, 2.0, 3.0, 1.0])
STEPS = np.array([0.0, 0.4, 0.8, 1.2, 1.6, 2.0])


@program(positive)
def table_search(x):
    s = 0.0
    for v in x:
        k = 0
        while k < 4 and STEPS[k + 1] <= v:
            k += 1
        w = (v - STEPS[k]) / 0.4
        s += (1 - w) * TABLE[k] + w * TABLE[k + 1]
    return s


@program(vector, (2, 6))
def lists(x):
    kept = []
    for v in x:
        w = v * v
        kept.append(w if len(kept) % 2 else 2 * w)
    s = 0.0
    for k, w in enumerate(kept):
        s += k * w
    return s


@program(vector, (2, 8))
def prefixes(x):
    s = 0.0
    for i in range(len(x)):
        if i % 2 == 0:
            s += np.sum(x[: i + 1]) ** 2
    return s


@program(vector, (3, 10))
def zipped(x):
    s = 0.0
    for k, (a, b) in enumerate(zip(x, x[1:], strict=False)):  # noqa: RUF007  to be read
        if a < b:
            s += k * a * b
    return s


@program(positive)
def refused(x):
    s = 0.0
    for v in x:
        if v < 0:
            raise ValueError("negative")
        s += math.log(v)
    return s


@program(vector, (2, 9, 30))
def places_of_a_matrix(x):
    a = np.outer(x, x[:3])
    b = np.zeros(a.shape)
    for (i, j), v in np.ndenumerate(a):
        if v > 0:
            b[i, j] = (i + 2 * j) * v**2
        a[i, -1] = v
    for place in np.ndindex(a.shape):
        b[place] += a[place] * (place[0] + 1)
    return np.sum(b * a)


@program(vector, (2, 9, 30))
def places_of_few_axes_and_many(x):
    s = 0.0
    for place, v in np.ndenumerate(np.sum(x)):
        s += v * (len(place) + 1)
    for i, j, k in np.ndindex(2, len(x), 3):
        s += x[j] ** 2 * (i + k) if x[j] > i else x[j]
    for (k,) in np.ndindex(len(x)):
        s += k * x[k]
    for _ in np.ndindex(0, len(x)):
        s = 7.0 * s
    return s
