"""Objects of which one side of a branch, or a turn, has another name, or changes a part."""

from __future__ import annotations

import numpy as np

from idioms.case import case

X = np.array([1.1, -2.0, 3.0, -0.5])
NEGATIVE = np.array([-1.1, -2.0, -3.0, -4.0])
MIXED = np.array([-1.5, 2.0, -2.0, -3.0])
LAST = np.array([1.5, -1.0, 2.0, 3.0])


class Cell:
    def __init__(self, a):
        self.a = a


@case(NEGATIVE)
def changed_here_and_made_there(x):
    p = Cell(x[0])
    if x[2] > 0:
        p = Cell(x[1])
    else:
        p.a = 5.0 * x[3]
    return p.a


@case(X)
def list_changed_here_and_made_there_in_turns(x):
    p = [x[0]]
    for i in range(4):
        if x[i] > 0:
            p = [x[1]]
        else:
            p[0] = 5.0 * x[2]
    return p[0]


@case(LAST)
def array_within_changed_here_and_moved_there(x):
    p = {"u": x * 2}
    if x[2] > 0:
        p["u"][1] = 7.0
    else:
        p = {"u": p["u"]}
    return p["u"].sum()


@case(LAST)
def array_of_an_object_changed_here(x):
    p = Cell(x.copy())
    if x[0] > 0:
        p.a[0] = 5.0
    else:
        p = Cell(p.a * 2)
    p.a[1] = p.a[0]
    return p.a.sum()


@case(X)
def swapped_and_changed_on_one_side(x):
    p, q = [x[0]], [x[1]]
    if x[2] > 0:
        p, q = q, p
        p[0] = 7.0
    return p[0] + 10 * q[0]


@case(MIXED)
def swapped_here_and_changed_there(x):
    q, r = {"u": x.copy()}, {"u": x.copy()}
    if x[3] > 0:
        q, r = r, q
    else:
        r["u"][0] += x[0]
    return q["u"].sum() + 10 * r["u"].sum()


@case(MIXED)
def named_here_and_changed_there(x):
    p, q = Cell(x[0]), Cell(x[1])
    if x[2] > 0:
        q = p
    else:
        q.a = 1.0 * x[3]
    return p.a + 10 * q.a


@case(LAST)
def none_or_changed_in_turns(x):
    o = None
    for i in range(4):
        if x[i] > 0:
            if o is None:
                o = Cell(x[i])
            else:
                o.a += x[i]
    return o.a if o is not None else -1.0


@case(X)
def swapped_and_given_the_other_s(x):
    p, q = Cell(x.copy()), Cell(x * 2)
    if x[0] > x[1]:
        p, q = q, p
        p.a = q.a
    w = np.arange(1.0, 5.0)
    return (p.a * w).sum() + 4 * (q.a * w).sum()


@case(LAST)
def second_name_of_a_dict(x):
    p, q = {"a": x[0]}, {"a": x[1]}
    if x[2] > 0:
        q = p
    q["a"] = 6.0 * x[3]
    return p["a"] + 10 * q["a"]


@case(LAST)
def second_name_of_an_array_in_a_dict(x):
    p, q = {"u": x.copy()}, {"u": x * 2}
    if x[2] > 0:
        q = p
    p["u"][0] = 6.0
    return p["u"].sum() + 10 * q["u"].sum()


@case(LAST)
def one_list_twice_in_another(x):
    p = [[x[0]], [x[1]]]
    if x[2] > 0:
        p[0] = p[1]
    p[1][0] = 7.0 * x[3]
    return p[0][0] + 10 * p[1][0]


@case(LAST)
def copy_of_a_list_or_itself(x):
    items = [x[0], x[1]]
    k = items[:]
    if x[2] > 0:
        k = items
    k[1] = 5.0 * x[3]
    return sum(items) + 3 * sum(k)


@case(MIXED)
def array_that_a_dict_has_too(x):
    a = x.copy()
    d, e = {"u": a}, [a]
    if x[0] > 0:
        d["u"] = a * 2
        e[0] = a * 3
    a[0] = 9.0 * x[1]
    return d["u"].sum() + e[0].sum()


@case(LAST)
def argument_or_a_new_list(x):
    def either(items):
        if x[0] > 0:
            return items
        return [x[2], x[3]]

    a = [x[3], x[0]]
    b = either(a)
    b[1] = 11.0 * x[2]
    return a[1] + 10 * b[1]


@case(MIXED)
def none_or_an_object(x):
    o, p = Cell(x[0]), None
    if x[1] > 0:
        p = o
    if p is not None:
        p.a = 5.0 * x[2]
    return o.a


@case(np.array([1.1, 2.0, 3.0, 4.0]))
def changed_and_swapped_within(x):
    p, r = Cell(x[0]), Cell(x[1])
    if x[0] > 0 and x[1] > 0:
        p.a += 1.0
        r, p = p, r
    return p.a + 10 * r.a


@case(LAST)
def arrays_of_swapped_objects(x):
    p, q = Cell(x.copy()), Cell(x * 2)
    if x[0] > x[1]:
        p, q = q, p
        p.a[0] += 5.0
    q.a[0] = x[2]
    return p.a.sum() + 10 * q.a.sum()


@case(NEGATIVE)
def array_that_an_object_has_too(x):
    a = np.zeros(4)
    o = Cell(0.0)
    o.a = a
    if x[0] > 0:
        o.a = x * 2
    o.a[1] = 5.0 * x[1]
    return o.a.sum() + 3 * a.sum()


@case(X)
def another_object_or_a_new_one_in_turns(x):
    o = Cell(0.0)
    k = o
    for i in range(4):
        k = o if x[i] > 0 else Cell(x[i])
        k.a += 1.0 * x[0]
    return o.a + 10 * k.a


@case(X)
def another_list_from_a_turn_on(x):
    best, o = [x[0]], [0.0]
    for i in range(4):
        if x[i] > 0:
            best = o
        best[0] += x[i]
    return o[0] + 10 * best[0]


@case(MIXED)
def one_array_in_two_dicts_after_a_loop(x):
    q, p = {"u": x.copy()}, {"u": x * 2}
    for _ in range(3):
        if x[2] > 0:
            p = {"u": p["u"] * 2}
        else:
            q["u"][0] = p["u"][1]
        q = {"u": p["u"]}
    q["u"][1] += 7.0
    return p["u"].sum() + 10 * q["u"].sum()


@case(X)
def back_to_the_first_object_in_turns(x):
    p = Cell(8.0)
    q = p
    for i in range(3):
        p.a += x[0]
        p = Cell(p.a)
        if x[i] > 0:
            p = q
    return p.a + 4 * q.a


@case(X)
def parts_moved_and_changed_in_turns(x):
    q = {"u": x * 2}
    for i in range(4):
        if x[i] > 0:
            q = {"u": q["u"]}
        else:
            q["u"][1] += x[0]
    return q["u"].sum()


@case(LAST)
def array_written_to_here_and_replaced_there(x):
    p, q = {"u": x * 2}, {"u": x.copy()}
    if x[0] > x[1]:
        q["u"][0] = 5.0
    else:
        q["u"] = p["u"]
    p = {"u": q["u"] * 2}
    return p["u"].sum() + 10 * q["u"][0] * x[1]


@case(np.array([-3.0, 1.5, 0.4, -0.2]))
def list_that_moves_to_another_dict_in_turns(x):
    p, q = {"u": [x[0] * x[1], 3.0]}, {"u": [7.0, x[0] * x[1]]}
    r = p
    for i in range(3):
        if x[i] < 0:
            r = {"u": q["u"]}
        q = {"u": [2.0, x[0] * x[1]]}
    return p["u"][0] + 4 * q["u"][1] + 7 * (r["u"][0] + 2 * r["u"][1])


@case
def one_of_several_lists_of_a_list_grows(x):
    parts, two = [[], [], []], [[], []]
    for v in x:
        parts[int(v)].append(v)
        two[1 if v > 1.0 else 0].append(v)
    return sum(np.prod(part) if part else 0.0 for part in parts) + sum(two[0]) * sum(two[1])


@case
def sets_of_what_is_found(x):
    found = {i for i in range(4) if x[i] > 1.0}
    total = len(found) * x[0]
    for i in found:
        total += x[i] ** 2
    return total + sum(x[i] for i in frozenset(found))
