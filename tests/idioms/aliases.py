"""Names of one object, and copies of it: what is changed by one is seen by the others."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from idioms.case import case

Y = np.linspace(-1.03, 2.0, 40)


@dataclass
class Body:
    """A number, and a list."""

    x: float
    log: list = field(default_factory=list)


@case(Y)
def two_names_then_change(x):
    d = {"a": 0.0}
    m = d
    for v in x:
        d = {"a": d["a"] * 0.9 + v}
    m["a"] = 5.0
    d["b"] = 1.0
    return d["a"] + m["a"] + d["b"]


@case(Y)
def cond_rebind_then_change_other(x):
    d = {"a": 1.0}
    m = d
    for v in x:
        if v > 0.5:
            d = {"a": d["a"] * 0.9 + v}
    m["a"] = 5.0
    return d["a"] + m["a"]


@case(Y)
def cond_rebind_then_change(x):
    d = {"a": 1.0}
    m = d
    for v in x:
        if v > 1.5:
            d = {"a": d["a"] * 0.9 + v}
    d["a"] = 5.0
    return d["a"] + m["a"]


@case(Y)
def change_then_rebind(x):
    d = {"a": 1.0}
    m = d
    for v in x:
        d["a"] += v
        d = {"a": d["a"] * 0.5}
    return d["a"] + m["a"]


@case(Y)
def reset_in_loop(x):
    d = {"a": 0.0, "n": 0}
    for v in x:
        d["a"] += v
        if v < -0.5:
            d = {"a": 0.0, "n": d["n"] + 1}
    return d["a"] + d["n"]


@case(Y)
def two_names_in_turn(x):
    d = {"a": 0.0}
    e = d
    for v in x:
        d = {"a": e["a"] * 0.9 + v}
        e = d
    e["a"] += 1
    return d["a"] + e["a"]


@case(Y)
def two_names_in_turn_changed(x):
    d = {"a": 0.0}
    e = d
    for v in x:
        d = {"a": e["a"] * 0.9 + v}
        e = d
        e["a"] += 1
    return d["a"] + e["a"]


@case(Y)
def held_by_two(x):
    d = {"a": 0.0}
    e = {"d": d}
    for v in x:
        d["a"] += v
        e["d"]["a"] *= 0.9
    return d["a"] + e["d"]["a"]


@case(Y)
def appended_then_changed(x):
    h = []
    d = {"a": 0.0}
    for v in x:
        d = {"a": d["a"] * 0.9 + v}
        h.append(d)
    d["a"] = 7.0
    return sum([y["a"] for y in h]) + h[-1]["a"]


@case(Y)
def appended_then_item_changed(x):
    h = []
    d = {"a": 0.0}
    for v in x:
        d = {"a": d["a"] * 0.9 + v}
        h.append(d)
    h[-1]["a"] = 7.0
    h[0]["a"] = 3.0
    return sum([y["a"] for y in h]) + d["a"]


@case(Y)
def appended_same_object(x):
    h = []
    d = {"a": 0.0}
    for v in x:
        d["a"] = d["a"] * 0.9 + v
        h.append(d)
    return sum([y["a"] for y in h])


@case(Y)
def appended_before(x):
    h = []
    d = {"a": 0.0}
    for v in x:
        h.append(d)
        d = {"a": d["a"] * 0.9 + v}
    h[0]["a"] = 10.0
    return sum([y["a"] for y in h]) + d["a"]


@case(Y)
def appended_list_copy(x):
    h = []
    s = [0.0, 1.0]
    for v in x:
        s[0] = s[0] * 0.9 + v
        h.append(list(s))
        h.append(s[:])
    return np.sum(np.array(h))


@case(Y)
def rows_read_and_first_changed(x):
    m = [[0.1, 1.0] for _ in range(6)]
    for v in x:
        for r in m:
            m[3][0] = m[3][0] * 0.9 + r[0] * v * 0.1
    return m[3][0]


@case(Y)
def same_row_thrice(x):
    m = [[0.1, 1.0]] * 6
    for v in x:
        m[0][0] = m[0][0] * 0.9 + v
    return m[5][0]


@case(Y)
def dict_row_same(x):
    r = {"w": 0.1}
    m = {"a": r, "b": r}
    for v in x:
        m["a"]["w"] = m["a"]["w"] * 0.9 + v
    return m["b"]["w"]


@case(Y)
def object_shared(x):
    p = Body(x[0])
    q = {"p": p}
    for v in x:
        p.x = p.x * 0.9 + v
        q["p"].x *= 0.99
    return p.x + q["p"].x


@case(Y)
def object_bound_then_changed(x):
    p = Body(x[0])
    q = p
    for v in x:
        q.x += v
        p = Body(p.x * 0.9, p.log)
    return p.x + q.x


@case(Y)
def object_swap(x):
    p, q = (Body(x[0]), Body(x[1]))
    for v in x:
        p, q = (q, p)
        p.x = p.x * 0.9 + v
    return p.x - q.x


@case(Y)
def list_swap_names(x):
    p, q = ([x[0], x[1]], [x[1], 1.0])
    for v in x:
        p, q = (q, p)
        p[0] = p[0] * 0.9 + v
    return p[0] - q[0]


@case(Y)
def prev_cur_both_read(x):
    prev = [0.0, 1.0]
    cur = prev
    for v in x:
        cur = [prev[1] + v, prev[0] * 0.9]
        prev = cur
    cur[0] += 1
    return prev[0] + cur[1]


@case(Y)
def array_in_dict_alias(x):
    a = np.zeros(3)
    d = {"a": a}
    for v in x:
        a[1] += v
        d["a"] = d["a"] * 0.9 + a
    return np.sum(d["a"]) + a[1]


@case(Y)
def array_in_dict_alias2(x):
    a = np.zeros(3)
    d = {"a": a}
    for v in x:
        d["a"] = a
        d["a"][0] += v
    return np.sum(d["a"]) + a[0]


@case(Y)
def array_in_tuple(x):
    p = (np.zeros(3), 1.0)
    for v in x:
        p[0][1] += v
        p = (p[0] * 0.9, p[1] + v)
    return np.sum(p[0]) * p[1]


@case(Y)
def array_in_tuple_alias(x):
    a = np.zeros(3)
    p = (a, 1.0)
    for v in x:
        p[0][1] += v
        p = (p[0], p[1] + v)
    return np.sum(p[0]) * p[1] + a[1]


@case(Y)
def hist_of_attr_arrays(x):
    s = Body(np.zeros(2))
    h = []
    for v in x:
        s.x = s.x * 0.9 + v
        h.append(s.x)
    s.x[0] = 100.0
    return np.sum(np.array(h))


@case(Y)
def hist_of_attr_arrays_inplace(x):
    s = Body(np.zeros(2))
    h = []
    for v in x:
        h.append(s.x)
        s.x[0] += v
        s.x = s.x * 0.9 + v
    return np.sum(np.array(h))


@case(Y)
def attr_list_rebound(x):
    s = Body(0.0, [0.0, 1.0])
    for v in x:
        s.log = [s.log[1], s.log[0] * 0.9 + v]
    s.log[0] = 3.0
    return s.log[0] + s.log[1]


@case(Y)
def iterate_while_change(x):
    l = [1.0, 2.0, 3.0]
    for v in x:
        for i, u in enumerate(l):
            l[i] = u * 0.9 + l[(i + 1) % 3] * 0.1 * v
    return sum(l)


@case(Y)
def setdefault(x):
    d = {}
    for v in x:
        d.setdefault("a", 1.0)
        d["a"] += v
        d.setdefault("l", []).append(v)
    return d["a"] + sum(d["l"])


@case(Y)
def order_of_keys(x):
    d = {"a": 1.0, "b": 2.0}
    for v in x:
        t = d.pop("a")
        d["a"] = t * 0.9 + v
        t = d.pop("b")
        d["b"] = t * 0.8 + v
    return next(iter(d.values())) * 2 + d["a"]


@case(Y)
def side_list_new(x):
    l = [0.0, 0.0]
    for v in x:
        l = [l[0] + v, l[1]] if v > 0 else [l[0], l[1] - v]
    l[0] *= 2
    return l[0] * l[1]


@case(Y)
def top_branch(x):
    d = {"a": 0.0}
    m = d
    if x[0] > 0:
        d["a"] = x[1]
    else:
        d = {"a": x[2]}
    m["b"] = 1.0
    return d["a"] + len(d) * x[3]


@case(Y)
def shallow_copy(x):
    p = {"w": [0.1, 0.2], "b": 0.0}
    o = p["w"]
    for v in x:
        q = dict(p)
        q["w"][0] += v
        q["b"] = q["w"][0] * 0.9
        p = q
    return p["w"][0] + p["b"] + o[0]


@case(Y)
def rebound_same_place(x):
    a = [1.0, 2.0]
    b = [a, a]
    for v in x:
        b = [[b[0][0] * 0.9 + v, b[1][1]], b[0]]
    return b[0][0] + b[1][0]


@case(Y)
def a_number_or_a_list(x):
    o = x[0]
    for v in x:
        if v > 0:
            o = [v, v] if isinstance(o, list) else [o, v]
    return np.sum(np.array(o))


@case(Y)
def a_name_among_many(x):
    many = [[*range(120)] for _ in range(120)]
    d = {"a": 1.0}
    m = d
    for v in x:
        if v > 3:
            d = {"a": d["a"] * 0.9 + v + many[0][1]}
    m["a"] = 3.0 * x[0]
    return d["a"] + m["a"]
