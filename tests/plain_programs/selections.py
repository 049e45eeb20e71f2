"""Elements where a mask of the data is true: as many as there are."""

from __future__ import annotations

import numpy as np

from plain_programs.program import pair, program


@program()
def sums_of_what_a_mask_selects(x):
    m = x > 0.3
    return np.sum(x[m] ** 2) + np.sum(1.0 + np.abs(x[~m])) + np.log(x[x > 0.0]).sum()


@program()
def how_many_there_are(x):
    return len(x[x > 0]) * x[0] + x[x < 0].size * np.sum(x) + np.count_nonzero(x[x > 0] > 0.5)


@program()
def products_by_one_mask(x):
    m = x > -0.5
    return x[m] @ np.sin(x[m]) + np.dot(x[x > -0.5], x[m] ** 2) + np.linalg.norm(x[m])


@program()
def filled_where_a_mask_is_true(x):
    y, m = np.zeros(len(x)), x > 0
    y[m] = np.sqrt(x[m]) + 1.0
    y[~m] -= 2.0 * x[~m]
    y[y > 1.5] *= 3.0
    return np.sum(y * np.arange(len(x)))


@program()
def a_selection_that_is_written_to(x):
    r = x[x > 0]
    s = r
    r += 1.0
    r[r > 1.5] = 1.5 * r[r > 1.5]
    return np.sum(s * r) + np.sum(x)


@program()
def selections_of_selections(x):
    r = x[x > -1.0]
    r = r[r < 1.0]
    return np.sum(np.where(r > 0.0, r * r, 3.0)) + np.clip(r, -0.5, 0.5).sum() + (2.0**r).sum()


@program()
def extremes_of_those_that_there_are(x):
    m = x > -9.0
    spread = np.std(x[m]) if len(x[m]) > 1 else 0.0
    return x[m].max() * np.min(x[m]) + spread + sum(x[m]) - max(x[m])


@program()
def rows_of_a_matrix(x):
    a = np.outer(x, np.array([1.0, -2.0, 0.5]))
    rows = a[x > 0]
    return np.sum(rows.sum(axis=0) ** 2) + len(rows) + a[a > 0.5].sum()


@program(pair)
def thresholds_in_a_loop(x, y):
    total = 0.0
    for k in range(len(x)):
        near = np.abs(x - y[k]) < 0.7
        if near.any():
            total += np.mean(x[near]) * y[k]
    return total


@program()
def weights_of_a_table(x):
    w = np.arange(1.0, 1.0 + len(x))
    m = x > -9.0
    return np.sum(w[x > 0.2] * x[x > 0.2]) + np.average(x[m], weights=np.exp(x[m]))


@program()
def logarithms_where_they_exist(x):
    with np.errstate(all="ignore"):
        logs, roots, inverses = np.log(x), np.sqrt(x), 1.0 / x
    return np.sum(logs[x > 0]) + np.sum(roots[x >= 0.1]) + np.sum(inverses[x != 0.0])


@program()
def columns_where_a_mask_is_true(x):
    a = np.outer(x, np.array([1.0, -2.0, 0.5]))
    m = x > 0
    total = a[m, 0].sum() + np.sum(a[~m, 1:] ** 2)
    a[m, 2] = 7.0 * x[m]
    a[m] *= 2.0
    return total + np.sum(a * a)


@program()
def complex_numbers_where_a_mask_is_true(x):
    c = (x + 1j * x**2)[x > 0.1]
    return np.sum(np.abs(c) ** 2) + c.real.sum() + np.sum(c * c).imag


@program()
def places_of_what_is_true(x):
    (i,) = np.nonzero(x > 0.1)
    j, k = np.where(x < 0)[0], np.flatnonzero(np.abs(x) > 0.4)
    total = np.sum(x[i] ** 2 * i) + len(i) * x[0] + j.size * np.sum(np.exp(x[k]))
    return total + np.mean(np.concatenate([x, x])[np.nonzero(x > -9.0)[0] + len(x)])


@program()
def written_at_places(x):
    y, i, j = x * 1.0, np.flatnonzero(x > 0), np.flatnonzero(x <= 0)
    y[i] = np.sqrt(x[i]) + i
    y[j] -= 2.0 * x[j]
    return np.sum(y * np.arange(len(x)))


@program()
def rows_and_pairs_of_places(x):
    a = np.outer(x, np.array([1.0, -2.0, 0.5]))
    i, (k, m) = np.nonzero(x > 0)[0], np.nonzero(a > 0.2)
    a[i, 1] += 3.0
    return np.sum(a[i]) + np.sum(a[i, 2] ** 2) + np.sum(a[k, m] ** 2 * (k + 1) * m)


@program()
def changes_of_sign(x):
    i = np.flatnonzero(x[:-1] * x[1:] < 0)
    return np.sum((x[i + 1] - x[i]) ** 2) + 0.1 * len(i) * x[0]
