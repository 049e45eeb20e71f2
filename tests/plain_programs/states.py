"""Loops whose state is held by tuples, lists, dicts and objects, bound anew or changed."""

from __future__ import annotations

import copy
from collections import Counter, defaultdict, deque, namedtuple
from dataclasses import dataclass, field, replace

import numpy as np

from plain_programs.program import program, vector

State = namedtuple("State", "x v")


@dataclass
class Body:
    """What changes."""

    x: float
    v: float = 1.0
    seen: list = field(default_factory=list)


@dataclass(frozen=True)
class Fixed:
    """What does not."""

    x: float
    v: float = 1.0


@program(vector, (3, 5, 40))
def named_tuples(x):
    s, p = State(x[0], 1.0), (x[1], "text", None)
    for v in x:
        s = State(s.x + 0.1 * s.v, s.v * 0.99 - 0.1 * v * s.x)
        s = s._replace(v=s.v + 0.1) if v > 0 else s
        p = (p[0] * 0.9 + v, *p[1:])
    return s.x * s.v + p[0] * len(p[1])


@program(vector, (3, 5, 40))
def dicts_bound_anew(x):
    d, e = {"a": 0.0, "b": 1.0}, dict(a=x[0])
    for v in x:
        d = {"a": d["a"] + v, "b": d["b"] * 0.9 + d["a"]}
        d = {k: w * 0.99 for k, w in d.items()}
        e = {**e, "a": e["a"] * 0.9 + d["a"]}
    return d["a"] * d["b"] + e["a"]


@program(vector, (3, 5, 40))
def dicts_written_to(x):
    d, seen = {"a": 0.0, "b": 1.0, "c": x[0]}, {"pos": 0.0, "neg": 0.0}
    for v in x:
        for k in d:
            d[k] += v * len(seen)
        for k, w in d.items():
            d[k] = w * 0.9
        d.update(a=d["a"] * 0.9 + v)
        t = d.pop("b")
        d["b"] = t + 0.1
        seen["pos" if v > 0 else "neg"] += v * v
    return d["a"] * d["b"] + d["c"] + seen["pos"] * seen["neg"] + list(d.values())[-1]


@program(vector, (3, 5, 40))
def keys_made_in_the_first_turn(x):
    d, s, n = defaultdict(float), {}, Counter()
    for v in x:
        d["sum"] += v
        s["last"] = s.get("last", 1.0) * 0.9 + v
        n["all"] += 1
        if "first" not in s:
            s["first"] = v
    return d["sum"] * s["last"] / n["all"] + s["first"]


@program(vector, (3, 5, 40))
def arrays_in_dicts(x):
    p, m = {"w": x[:2] * 1.0, "b": x[1]}, None
    for v in x:
        g = {k: 2 * p[k] - v for k in p}
        m = {k: 0 * g[k] for k in p} if m is None else m
        m = {k: 0.9 * m[k] + 0.1 * g[k] for k in p}
        p["w"] = p["w"] - 0.1 * m["w"]
        p["w"][0] *= 0.9
        p["b"] -= 0.1 * m["b"]
    return np.sum(p["w"]) * p["b"]


@program(vector, (3, 5, 40))
def lists_bound_anew(x):
    s, rows = [x[0], 1.0], [[1.0, 0.0], [0.0, 1.0]]
    for v in x:
        s = [s[1], s[0] * 0.9 + v]
        rows = [[rows[0][0] + v * rows[1][0], rows[0][1]], [rows[1][0], rows[1][1] * 0.9 + v]]
        s = [0.5 * u + r[0] for u, r in zip(s, rows, strict=True)]
    s[0] *= 2
    return s[0] * s[1] + rows[0][0] * rows[1][1]


@program(vector, (3, 5, 40))
def rows_of_a_table(x):
    before, now = [1.0] * 20, [0.0] * 20
    whole = [0.1 * k for k in range(20)]
    for v in x:
        for j in range(20):
            now[j] = before[j] * 0.9 + v * j
        before, now = now, before
        row = whole[:]
        for j in range(1, 20):
            row[j] = min(row[j - 1] * 0.5, whole[j]) + v
        whole = row
    return sum(before) - sum(now) * 0.5 + whole[-1]


@program(vector, (3, 5, 40))
def windows(x):
    w, last, few = [0.0, 0.0, 0.0], deque(maxlen=4), []
    t = 0.0
    for v in x:
        w.append(v)
        w.pop(0)
        last.append(v)
        few = [*few, v * v][-3:]
        t += w[0] * w[1] + w[2] + sum(last) / len(last) + sum(few) / len(few)
    return t


@program(vector, (3, 5, 40))
def nested_containers(x):
    d = {"a": [(0.0, 1.0), (1.0, 2.0)], "b": [(x[0], x[1])]}
    layers = {"l": {"w": 0.1, "b": 0.0}, "m": {"w": 0.2, "b": x[0]}}
    for v in x:
        d = {"a": [(p + v, q * 0.9) for p, q in d["a"]], "b": [(d["b"][0][0] * 0.9, d["a"][1][0])]}
        for layer in layers.values():
            for k in layer:
                layer[k] = layer[k] - 0.1 * (layer[k] - v)
    return d["a"][0][0] * d["b"][0][1] + layers["l"]["w"] * layers["m"]["b"]


@program(vector, (3, 5, 40))
def objects_bound_anew(x):
    s, f = Body(x[0]), Fixed(x[1])
    for v in x:
        s = Body(s.x * 0.9 + v, s.v)
        s.v *= 0.99
        f = replace(f, x=f.x * 0.9 + s.x)
    return s.x * s.v + f.x


@program(vector, (3, 5, 40))
def objects_in_containers(x):
    ps, named = [Body(x[0]), Body(x[1]), Body(x[-1])], {"p": Body(np.zeros(2))}
    for v in x:
        for p in ps:
            p.x += v * p.v
            if p.x > 0:
                p.v *= 0.9
        named["p"].x = named["p"].x * 0.9 + v
        named["p"].seen = [p.x for p in ps]
    return ps[0].x * ps[2].v + np.sum(named["p"].x) + sum(named["p"].seen)


@program(vector, (3, 5, 40))
def copies(x):
    p, o = {"w": [0.1, 0.2], "b": 0.0}, Body(x[0])
    for v in x:
        q = copy.deepcopy(p)
        q["w"][0] = q["w"][0] * 0.9 + v
        q["b"] = q["w"][1] * 0.9 + q["w"][0]
        r = copy.copy(o)
        r.x = r.x * 0.9 + q["b"]
        p, o = q, r
    return p["w"][0] + p["b"] + o.x


@program(vector, (3, 5, 40))
def the_best_so_far(x):
    best, named = {"v": -9.0, "i": -1}, (0.0, "none")
    for i, v in enumerate(x):
        if v > best["v"]:
            best = {"v": v, "i": i}
        if v > named[0]:
            named = (v, "some")
    best["v"] *= 2
    return best["v"] * (best["i"] + 1) + named[0] * len(named[1])


@program(vector, (3, 5, 40))
def states_that_are_kept(x):
    s, o, log, arrays = {"a": 0.0}, Body(np.zeros(2)), [], []
    for v in x:
        s = {"a": s["a"] * 0.9 + v}
        log.append(s)
        o.x = o.x * 0.9 + v
        arrays.append(o.x)
    o.x[0] = 5.0
    return sum([y["a"] for y in log]) * s["a"] + np.sum(np.array(arrays))
