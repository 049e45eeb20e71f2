"""Iterators, comprehensions, containers that are gone over."""

from __future__ import annotations

import collections
import functools
import itertools
import math
import operator

import numpy as np

from idioms.case import case


@case
def gen_sum(x):
    return sum(v * v for v in x if v > 0.5)


@case
def comp(x):
    return np.sum(np.array([math.sin(v) * k for k, v in enumerate(x)]))


@case
def dictcomp(x):
    d = {k: v * 2 for k, v in zip("abcd", x)}
    return d["a"] * d["b"] + sum(d.values())


@case
def sort_key(x):
    items = sorted(x, key=lambda t: -t)
    return items[0] * 2 + items[-1]


@case
def deque_(x):
    d = collections.deque(maxlen=2)
    for v in x:
        d.append(v * 2)
    return d[0] * d[1]


@case
def defaultdict_(x):
    d = collections.defaultdict(float)
    for k, v in enumerate(x):
        d[k % 2] += v * v
    return d[0] * d[1]


@case
def clip_py(x):
    return sum(min(max(v, 0.5), 1.5) ** 2 for v in x)


@case
def any_all(x):
    return np.sum(x) if any(v > 1 for v in x) and all(v > 0 for v in x) else 0.0


@case
def list_append(x):
    out = []
    for i in range(len(x)):
        out.append(x[i] ** 2)
    return np.sum(np.array(out)) + np.dot(out, x)


@case
def partial_(x):
    return functools.reduce(operator.mul, map(functools.partial(lambda a, b: a + b, 1.0), x))


@case
def zip_star(x):
    pts = list(zip(x[:2], x[2:]))
    a, b = zip(*pts)
    return a[0] * b[1] + sum(b)


@case
def star_unpack(x):
    first, *rest = x
    return first * sum(rest)


@case
def iter_next(x):
    it = iter(x)
    a = next(it)
    b = next(it, 0.0)
    return a * b


@case
def chain_(x):
    return (
        sum(a * b for a, b in itertools.combinations(x, 2))
        + sum(itertools.chain(x[:2], x[2:]))
        + sum(itertools.accumulate(x))
    )


@case
def prodd(x):
    return math.prod(x) + math.hypot(x[0], x[1]) + math.fsum(x) + math.dist(x[:2], x[2:])


@case
def lists_of_lists(x):
    g = [[x[i] * x[j] for j in range(4)] for i in range(4)]
    return g[1][2] + np.trace(np.array(g)) + sum(map(sum, g))


def gen(x):
    for v in x:
        yield v * v


@case
def generator(x):
    return sum(gen(x))


@case
def zip_next(x):
    it = zip(x, x[::-1])
    a = next(it)
    b = next(it)
    return a[0] * b[1]


@case
def zip_twice(x):
    z = list(zip(x, x * 2))
    s = 0.0
    for a, b in z:
        s += a * b
    for a, b in z:
        s += a
    return s


@case
def chunks(x):
    return sum(a * b for a, b in zip(*[iter(x)] * 2))


@case
def rev(x):
    s = 0.0
    for i in reversed(range(len(x))):
        s = s * x[0] + x[i]
    for v in reversed(x):
        s = s * 0.5 + v
    for v in x[::-1]:
        s = s * 0.5 + v
    return s


@case
def rev_enum(x):
    s = 0.0
    for i, v in reversed(list(enumerate(x))):
        s = s * x[0] + v * i
    return s


@case
def pairs(x):
    it = iter(x)
    prev = next(it)
    s = 0.0
    for v in it:
        s += (v - prev) ** 2
        prev = v
    return s


@case
def iter_until(x):
    it = iter(x)
    for v in it:
        if v > 1:
            break
    return sum(it) + v


@case
def enum_left(x):
    e = enumerate(x)
    k, v = next(e)
    return sum(i * w for i, w in e) + v


@case
def mapped(x):
    s = 0.0
    for v in map(lambda t: t * t, x):
        s += v
    for v in filter(lambda t: t > 1, x):
        s += v
    return s


@case
def lst_iter(x):
    l = [x[0], x[1]]
    it = iter(l)
    return next(it) * next(it)


@case
def sentinel(x):
    l = [1, 2, 3]
    return sum(x[k] for k in iter(l.pop, 1))


@case
def dict_iter(x):
    d = dict(a=x[0], b=x[1])
    s = 0
    for k in d:
        s += d[k]
    for k, v in d.items():
        s += v * v
    return s + sum(d.values()) + next(iter(d.values()))


@case
def it_tools(x):
    s = 0.0
    for a, b in itertools.pairwise(x):
        s += a * b
    for (i, a), c in zip(enumerate(x), "abc"):
        s += a * i
    for i, j in itertools.product(range(2), repeat=2):
        s += x[i] * x[j]
    for a in itertools.islice(x, 2):
        s += a
    return s


def those_above(x, least):
    for v in x:
        if v > least:
            yield v


@case
def generator_under_an_if(x):
    return sum(those_above(x, 1.0)) + x[0] * sum(1 for v in x if v > 1)


@case
def generators_in_turn(x):
    a, b = those_above(x, 0.5), those_above(x[::-1], 1.0)
    first = next(a)
    return first * next(b) + sum(v * w for v, w in zip(a, b))


@case
def generator_with_a_conditional(x):
    a, b = (v * 2.0 if len(x) == 4 else v for v in (x, x[::-1]))
    return np.hypot(a, b).sum()


@case
def driven_by_the_clock(x):
    """What turns have from their number alone is computed of all at once."""
    y = x
    for k in range(300):
        t = 0.01 * k
        y = y + 0.01 * (np.sin(t) - y * np.cos(3 * t))
    return np.sum(y * y)


def sorted_by_what_is_traced(x):
    a, b = sorted(x), sorted(x, key=abs, reverse=True)
    c = sorted(range(4), key=lambda i: x[i])
    pairs = sorted(zip(x, range(4), strict=True))
    d = [v * v for v in x]
    d.sort()
    d.append(x[0])
    return a[0] * b[1] + x[c[1]] * 5 + pairs[0][0] * pairs[1][1] + d[1] * d[-1]


@case
def sorted_by_parts(x):
    s = sorted([(v > 1, v, i) for i, v in enumerate(x)], reverse=True)
    y = np.floor(x)  # ties stay in order, backwards too
    up = sorted(range(4), key=lambda i: y[i])
    down = sorted(range(4), key=lambda i: y[i], reverse=True)
    total = sum(k * x[i] for k, i in enumerate(up)) + sum(k * k * x[i] for k, i in enumerate(down))
    return s[0][1] * (s[1][2] + 1) + total


@case(np.array([0.7, 1.3, 2.1, 0.4, -0.3, 1.1, 0.9, 0.5, 1.7, -1.1, 0.2, 2.5]))
def pairs_of_a_loop_sorted(x):
    pairs = [(x[2 * i], x[2 * i + 1]) for i in range(6)]
    nested = [[(x[2 * i], x[11 - i]), x[i]] for i in range(6)]
    total = sum(k * a * b for k, (a, b) in enumerate(sorted(pairs)))
    for k, ((a, b), c) in enumerate(sorted(nested, key=lambda y: -y[1])):
        total += k * a * b + c * c
    low, high = min(pairs), max(pairs, key=lambda pair: pair[1])
    return total + low[1] * high[0]


@case
def extremes_by_key(x):
    a = max(range(4), key=lambda i: x[i] * x[i])
    c = max((x[0], 0), (x[1], 1))
    d = min([(v, i) for i, v in enumerate(x)])
    return x[a] * 2 + min(x, key=abs) * 3 + c[0] * (c[1] + 1) + d[0] * d[1] + max(x, default=0.0)


@case
def sorted_by_comparing(x):
    s = sorted(x, key=functools.cmp_to_key(lambda a, b: 1 if a > b else -1))
    return s[0] ** 2 * s[-1]


@case(np.linspace(0.1, 3.0, 40))
def ranks(x):
    s = 0.0
    for k, v in enumerate(sorted(np.sin(3 * x))):
        s += k * v
    return s


@case
def generators_to_the_end(x):
    squares = tuple(v * v for v in x)
    return sum(squares) * len(list(v for v in x)) + max(list(v - 1 for v in x))


@case
def list_that_grows_as_it_is_gone_over(x):
    todo, total = [x[0], 2.0 * x[1]], 0.0
    for v in todo:
        total += v * v
        if len(todo) < 6:
            todo.append(0.5 * v)
        if total > 9.0:
            break
    return total


@case
def one_of_several_arguments(x):
    """One array is one object, however often it is asked for."""

    def added(arrays):
        first, total = arrays[2], 0.0
        for a in arrays:
            total = total * 0.5 + np.sum(a * a)
            if a is first:
                total += 1.0
        return total + (3.0 if arrays[1] is arrays[1] else 0.0)

    return added([x, 2.0 * x, x + 1.0]) + added((x * x, x, x - 1.0, x + 2.0, 3.0 * x, x / 2.0))


@case
def elements_by_an_iterator_of_numpys(x):
    total = 0.0
    for v in np.nditer(np.outer(x, x[:2])):
        total = total + v**2
    return total
