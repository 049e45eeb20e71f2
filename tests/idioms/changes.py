"""What is changed in place: arrays and their views, containers; algorithms that do so."""

from __future__ import annotations

import collections

import numpy as np

from idioms.case import A, case


@case
def alias(x):
    a = x.copy()
    b = a
    b += 1
    c = a[1:]
    c *= 2
    a[0] = 5 * x[0]
    return np.sum(a * b) + c.sum()


@case
def alias_in_if(x):
    a = x.copy()
    b = x * 2
    c = a if x[0] > 0.5 else b
    c += 1.0
    return np.sum(a) + 2 * np.sum(b)


@case
def list_alias(x):
    l = [x[0], x[1]]
    m = l
    m.append(x[2])
    m[0] = x[3]
    return l[0] * l[2]


@case
def sort_in_place(x):
    y = x.copy()
    y.sort()
    z = np.sort(x)[::-1]
    return y[0] * z[0] + y[-1]


@case
def argmaxed(x):
    i = np.argmax(x)
    return x[i] * i + x[int(np.argmin(x))]


@case
def fancy(x):
    idx = [0, 2]
    y = x[idx]
    y[0] = 10.0 * x[1]
    z = x[np.array([True, False, True, False])]
    return y.sum() + z.prod() + x[[1, 1]].sum()


@case
def two_d(x):
    m = np.outer(x, x)
    r = m[1]
    r[:] = 0.0
    c = m[:, 2]
    c += x
    return m.sum() + r[2]


@case
def swap_rows(x):
    m = np.outer(x, x) + np.eye(4)
    m[[0, 1]] = m[[1, 0]]
    a = m[2].copy()
    m[2] = m[3]
    m[3] = a
    return np.linalg.det(m) + m[0, 1]


@case
def tuple_swap(x):
    a = x.copy()
    a[0], a[1] = a[1], a[0]
    return a[0] * 2 + a[1]


@case
def view_swap(x):
    m = np.outer(x, x)
    m[0], m[1] = m[1], m[0]  # both are views
    return m[0, 0] * 2 + m[1, 1] * 3


@case
def aug_slice(x):
    y = x.copy()
    y[1:] += y[:-1]
    y[::2] -= 1
    y[-1] **= 2
    return np.sum(y)


@case
def inplace_int(x):
    n = np.zeros(4, int)
    n[x > 1] += 2
    n += 1
    return np.sum(n * x)


@case
def kahan(x):
    s = c = 0.0
    for v in x:
        y = v - c
        t = s + y
        c = (t - s) - y
        s = t
    return s * s


@case
def memo(x):
    cache = {}

    def fib(n):
        if n in cache:
            return cache[n]
        r = x[0] if n == 0 else x[1] if n == 1 else fib(n - 1) + fib(n - 2)
        cache[n] = r
        return r

    return fib(10)


@case
def string_key(x):
    p = {"a": x[0], "b": x[1]}
    for k in p:
        p[k] = p[k] * 2
    p.update(c=x[2])
    p.setdefault("d", x[3])
    q = {**p, "a": 1.0}
    return sum(p.values()) * q["b"]


@case
def set_ops(x):
    s = {1, 2, 3} & {2, 3}
    return sum(x[k] for k in sorted(s))


@case
def while_list(x):
    stack = [x[0], x[1]]
    s = 0.0
    while stack:
        v = stack.pop()
        s = s + v * v
        if len(stack) == 0 and s is None:
            stack.append(v)
    return s


@case
def bfs(x):
    g = {0: [1, 2], 1: [3], 2: [3], 3: []}
    dist = {0: x[0]}
    q = collections.deque([0])
    while q:
        u = q.popleft()
        for w in g[u]:
            if w not in dist:
                dist[w] = dist[u] + x[w]
                q.append(w)
    return sum(dist.values())


@case
def matrix_free(x):
    def mv(v):
        return A @ v + x * v

    r = x.copy()
    p = r.copy()
    z = np.zeros(4)
    rs = r @ r
    for _ in range(4):
        Ap = mv(p)
        al = rs / (p @ Ap)
        z += al * p
        r -= al * Ap
        new = r @ r
        if np.sqrt(new) < 1e-14:
            break
        p = r + (new / rs) * p
        rs = new
    return z.sum()


@case
def power_iter(x):
    v = np.ones(4)
    for _ in range(30):
        v = (A + np.diag(x)) @ v
        v /= np.linalg.norm(v)
    return v @ (A + np.diag(x)) @ v


@case
def lu(x):
    a = A + np.diag(x)
    n = 4
    for k in range(n):
        p = k + np.argmax(np.abs(a[k:, k]))
        if p != k:
            a[[k, p]] = a[[p, k]]
        a[k + 1 :, k] /= a[k, k]
        a[k + 1 :, k + 1 :] -= np.outer(a[k + 1 :, k], a[k, k + 1 :])
    return np.log(np.abs(np.diag(a))).sum()


@case
def broadcasting(x):
    return (x[:, None] * x[None, :] - np.arange(4)).sum(axis=0).max()


@case
def diagonal_views(x):
    a = np.outer(x, x)
    d = np.einsum("ii->i", a)
    d[:] = 1.0
    d += x
    np.fill_diagonal(a[:, ::-1], 0.5)
    np.fill_diagonal(a[1:, 1:], x[0])
    return np.linalg.det(a) + a[0, 3]


@case
def flat_elements(x):
    a = np.outer(x, x)
    b = a.flat[1:5]
    b += 100.0
    a.flat[::3] = 2.0
    a.T.flat[1] = x[0]
    a.flat[[0, 2]] *= 2
    return np.sum(a**2) + sum(a.flat)


@case
def other_names_of_one(x):
    a = np.zeros((4, 2))
    a.reshape(8)[1::2] = x
    b = a.view()
    b[0] = x[3]
    c = x.copy()
    c.partition(1)
    z = np.zeros(4, complex)
    z.real, z.imag = x, a[:, 1]
    return np.sum(a**2) + c[1] * c[0] + np.sum(np.abs(z) ** 2)


@case
def joined_by_index(x):
    c = np.c_[x, 2 * x]
    c[0] = 1.0
    r = np.r_[0.0, x, 1:3, x[0]]
    r[0] = x[1]
    return np.sum(c**2) + r @ r


@case
def written_into_what_was_computed(x):
    inverse, twice, negative = np.linalg.inv(A), 2 * A, -A
    inverse[0] = x
    twice[1, 1:3] = x[:2] ** 2
    negative[:, 2] *= x
    return inverse.sum() + np.linalg.det(twice) + np.sum(negative**3)


@case
def written_into_copies(x):
    whole, rows, cut = A.copy(), A[[0, 2]], A[A > 0.3]
    whole[2] = x
    rows[1] += np.sin(x)
    cut[:4] = x
    return np.sum(whole @ A) + np.sum(rows**2) + np.sum(cut**3)


@case(np.array([-0.7, 1.3, 2.1, 0.4]))
def second_name_of_what_one_side_binds_anew(x):
    v = x * 2.0
    u, w = v, [v]
    if x[0] > 0:
        v = x * 3.0
    v[0] = 7.0 * x[1]
    return np.sum(u) + np.sum(w[0] ** 2) + v[1]


@case
def second_name_of_what_turns_bind_anew(x):
    v = x * 2.0
    u = v
    for i in range(6):
        if x[i % 4] > 1.2:
            v = x * i
        v[i % 4] += x[0]
        u[1] *= 0.5
    return np.sum(u) + np.sum(v**2)


@case
def name_of_an_array_that_its_side_has_changed(x):
    a = x * 2.0
    v = x + 1.0
    if x[1] > 0:
        a[0] = x[2]
        v = a
    v[1] = 3.0 * x[3]
    return np.sum(a) + np.sum(v**2)


@case
def slices_of_lists_replaced_and_deleted(x):
    a, b = list(x), [v for v in x if v > 0.5]
    if x[0] > 0.0:
        del a[1:3]
    else:
        a[:2] = [x[1] * x[2]]
    b[1:3] = [x[0] ** 2]
    del b[::2]
    return sum((i + 1) * v * v for i, v in enumerate(a + b))
