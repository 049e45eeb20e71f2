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


def matrix(n, random):
    """A matrix whose diagonal dominates."""
    return (random.normal(size=(n, n)) + 3.0 * n * np.eye(n),)


@program(matrix, (1, 4, 8))
def factored_by_rows(a):
    n = a.shape[0]
    low = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            t = a[i, j] + a[j, i] - np.dot(low[i, :j], low[j, :j])
            low[i, j] = np.sqrt(t) if i == j else t / low[j, j]
    return np.sum(low * np.arange(n))


@program(matrix, (1, 4, 8))
def eliminated(a):
    u = a.copy()
    for i in range(len(u)):
        u[i + 1 :, i] /= u[i, i]
        u[i + 1 :, i + 1 :] -= np.outer(u[i + 1 :, i], u[i, i + 1 :])
    return np.sum(u * u) / len(u) ** 3


@program(matrix, (1, 4, 8))
def triangular_systems(a):
    n = len(a)
    y, x = np.zeros(n), np.zeros(n)
    for i in range(n):
        y[i] = (a[0, i] - a[i, :i] @ y[:i]) / a[i, i]
    for i in range(n - 1, -1, -1):
        x[i] = (y[i] - a[i, i + 1 :] @ x[i + 1 :]) / a[i, i]
    return np.sum(x * y) + x[0]


@program(matrix, (2, 4, 7))
def orthogonalised(a):
    q = a.copy()
    n = len(q)
    for j in range(n):
        q[:, j] -= q[:, :j] @ (q[:, :j].T @ q[:, j])
        q[:, j] /= np.linalg.norm(q[:, j])
    return np.sum(q * np.arange(n))


@program(matrix, (2, 4, 7))
def reflected(a):
    r = a.copy()
    for k in range(len(r) - 1):
        v = r[k:, k].copy()
        v[0] += np.linalg.norm(v)
        v /= np.linalg.norm(v)
        r[k:, k:] -= 2.0 * np.outer(v, v @ r[k:, k:])
    return np.sum(np.triu(r)) / len(r)


@program(sizes=(1, 4, 20))
def reduced_prefixes(x):
    s = 0.0
    for i in range(len(x)):
        s += np.sum(x[:i]) * x[i] + x[i:].mean() - x[: i + 1].max() * np.min(x[i:])
        s += np.prod(np.cos(x[:i])) + np.linalg.norm(x[i:]) + np.var(x[: i + 1]) + len(x[:i])
    return s


@program(sizes=(1, 4, 20))
def written_prefixes(x):
    y = np.zeros(len(x))
    for i in range(len(x)):
        y[:i] += 0.1 * x[i]
        y[i:] = np.tanh(y[i:]) - x[: len(x) - i]
        y[-i:] *= 0.9
        y[i + 1 :] = 0.5 * x[i]
    return np.sum(y * y)


@program(sizes=(1, 4, 20))
def views_of_prefixes(x):
    y = x.copy()
    for i in range(len(x)):
        v = y[i:]
        v *= 0.9
        v[0] += 1.0
        w = v[:2]
        w -= 0.3 * x[i]
        v[-1] = v[0] * w[-1]
        y[i] -= 0.5 * v[0]
    return np.sum(np.tanh(y))


@program(pair, (1, 4, 20))
def products_of_shifted_parts(x, y):
    s = 0.0
    for i in range(len(x)):
        s += x[: i + 1] @ y[len(y) - i - 1 :] + np.dot(x[i:], y[: len(x) - i])
        s += np.sum(x[: i + 1] * y[i::-1]) + np.inner(x[i:] ** 2, np.exp(-np.abs(y[i:])))
    return s


@program(sizes=(1, 4, 20))
def windows_that_the_ends_cut(x):
    s, w = 0.0, 2
    for i in range(len(x)):
        near = x[max(0, i - w) : i + w + 1]
        s += near.mean() ** 2 + np.sum(near > 0) * np.std(near) + near[0] * near[-1]
        s += np.sum(x[i - 1 : i + 2]) + x[i : i + 4 : 2].sum() - x[i : i - 3 : -1].sum()
    return s


@program(sizes=(1, 4, 20))
def parts_of_parts(x):
    s = 0.0
    for i in range(len(x)):
        part = x[i:]
        inner = part[1:] - part[:-1]
        s += np.sum(inner**2) + part[::-1] @ part + np.sum(part[part > 0.0])
        for v in x[:i]:
            s += 0.1 * v * x[i]
    return s


@program(sizes=(1, 4, 20))
def loops_until(x):
    i, s = 0, 0.0
    while i < len(x):
        j = i + 1
        while j < len(x) and x[j] > x[j - 1]:
            j += 1
        s += np.sum(x[i:j]) ** 2 / (j - i)
        i = j
    return s


@program(sizes=(1, 4, 20))
def logarithms_of_what_there_is(x):
    """What is not taken has no logarithm, and takes no part."""
    y = np.concatenate((np.abs(x) + 0.1, np.zeros(len(x))))
    s = 0.0
    for i in range(len(x)):
        s += np.sum(np.log(y[:i])) + np.sum(1.0 / y[: i + 1]) + np.sqrt(y[i : len(x)]).sum()
    return s


@program(matrix, (2, 6))
def parts_of_matrices(a):
    n, s = len(a), 0.0
    b = a / n
    for i in range(n):
        s += np.sum(b[:i, i:]) + np.sum(b[i:, : i + 1].sum(axis=0) ** 2) + b[i:, i].max()
        s += np.sum((b[:i, :] @ b[:, i]) ** 2) + np.sum(b[i:, i:] * b[i, i:]) + b[i:, 0] @ b[0, i:]
        s += np.sum(b[i:, i][:, None] * b[0, :] - b[i:].mean(axis=1, keepdims=True))
        b[:i, i] = b[i, :i] * 0.5
        b[i] = np.where(b[i] > 0.0, b[i], 0.1)
    return s


@program(sizes=(1, 4, 20))
def prefixes_by_number(x):
    k = 1 + int(abs(x[0]) * 7.0) % len(x)
    head, tail = x[:k], x[k:]
    total = np.sum(head**2) - np.sum(np.sin(tail)) + len(tail) * x[-1]
    y = np.zeros(len(x))
    y[:k] = head
    y[k:] -= 2.0
    return total + np.sum(y * x)


@program(sizes=(1, 4, 20))
def parts_that_are_joined(x):
    s, n = 0.0, len(x)
    for i in range(1 + int(abs(x[0]) * 7.0) % n):
        s += np.sum(np.concatenate((x[:i], 2.0 * x[i + 1 :])) ** 2) + np.append(x[:i], x[0])[-1]
        s += np.sum(np.delete(x, i) * np.arange(n - 1)) - np.sum(np.insert(x, i, 0.5) ** 3)
        s += np.insert(x[:i], 0, x[-1]) @ x[: i + 1] + np.sum(np.stack((x[i:], x[i:])) ** 2)
        s += np.hstack((x[i:], x[:i])) @ x + np.sum(np.roll(x[: i + 1], 1) * x[: i + 1])
    return s


@program(sizes=(1, 4, 20))
def parts_in_order(x):
    s, n = 0.0, len(x)
    for i in range(1 + int(abs(x[0]) * 7.0) % n):
        s += np.sort(x[: i + 1])[0] * np.median(x[i:]) + np.quantile(x[: i + 1], 0.3)
        s += x[np.argmax(x[: i + 1])] - x[i + np.argmin(x[i:])] + np.ptp(x[i:])
        s += x[:i].max(initial=0.1) + np.sum(x[np.argsort(x[: i + 1])] * x[: i + 1])
        s += np.sum(x[:i], initial=1.0) + np.sum(x[:i][np.nonzero(x[:i] > 0)[0]])
    return s


@program(sizes=(1, 4, 20))
def arrays_that_are_made_as_long_as_needed(x):
    s, n = 0.0, len(x)
    for i in range(1 + int(abs(x[0]) * 7.0) % n):
        y = np.zeros(i + 1)
        y[:i] = x[:i]
        y[i] += x[0]
        s += y @ np.arange(i + 1) + np.ones(i) @ x[:i] + np.sum(np.full(i, x[0]) * x[:i])
        s += np.linspace(0.0, x[0], i + 1) @ x[: i + 1] + np.sum(x[::-1][:i]) - np.sum(x[i:][:2])
    return s


@program(matrix, (1, 4))
def leading_parts_of_a_matrix(a):
    s, n = 0.0, len(a)
    b = 0.1 * np.tanh(a) + np.eye(n)
    for i in range(1 + int(abs(a[0, 0]) * 7.0) % n):
        s += np.sum(np.linalg.solve(b[:i, :i], b[:i, 0])) + np.linalg.det(b[: i + 1, : i + 1])
        s += np.sum(np.linalg.inv(b[i:, i:])) + np.trace(b[:i, :i]) + np.sum(np.triu(b[i:, i:]))
        s += np.einsum("ij,j->i", b[:i, :i], b[0, :i]).sum() + np.linalg.norm(b[i:, i:])
    return s


@program(sizes=(4, 20))
def places_that_repeat(x):
    y, at = x.copy(), np.array([0, 1, 0, 2])
    for i in range(1 + int(abs(x[0]) * 7.0) % 4):
        y[at] = np.where(np.arange(4) < i + 1, 2.0 * x[:4], y[at])
    return np.sum(y * y)


@program(sizes=(0, 1, 2, 3, 6))
def columns_of_a_factor(x):
    n = len(x)
    a, c = np.outer(x, x) + n * np.eye(n), np.zeros((n, n))
    for j in range(n):
        c[j, j] = np.sqrt(a[j, j] - c[j, :j] @ c[j, :j])
        c[j + 1 :, j] = (a[j + 1 :, j] - c[j + 1 :, :j] @ c[j, :j]) / c[j, j]
    return np.sum(np.sin(c))


@program(sizes=(1, 2, 3, 6))
def reflections(x):
    n = len(x)
    a = np.outer(np.sin(x), x) + 2.0 * np.eye(n)
    for k in range(n):
        v = a[k:, k].copy()
        v[0] += np.copysign(np.sqrt(v @ v), v[0])
        a[k:, k:] -= 2.0 / (v @ v) * np.outer(v, v @ a[k:, k:])
    return np.sum(np.abs(np.diag(a)))


@program(sizes=(1, 2, 3, 6))
def blocks_that_a_later_turn_changes(x):
    n = len(x)
    a = np.outer(np.cos(x), x)
    s = 0.0
    for i in range(n):
        s += np.sum(np.sin(a[i:, : i + 1]) * a[i:, : i + 1])
        a[i, : i + 1] *= a[0, i]
        a[: i + 2, i] = np.cos(a[: i + 2, -1])
    return s


@program(sizes=(1, 2, 3, 5))
def slices_beyond_the_end_in_loops_without_turns(x):
    n = len(x)
    a, s = np.outer(np.sin(x), x), 0.0
    for i in range(n):
        for j in range(1, i):
            a[:, j + 2 :] *= 0.5 + 0.1 * a[j, i]
            s += np.sum(np.sin(a[j : j + 3, j + 1 :]))
        a[i] *= a[i - 1, i]
    return s + np.sum(a)
