"""Functions, closures, exceptions, classes, generators, and questions."""

from __future__ import annotations

import functools
import logging
import math

import numpy as np

from idioms.case import case


@case
def default_mutable(x):
    def f(v, acc=[]):
        return v * 2

    return f(x[0]) + f(x[1])


@case
def closure_late(x):
    fs = [lambda: k * x[k] for k in range(3)]
    return sum(f() for f in fs)


@case
def closure_early(x):
    fs = [lambda k=k: k * x[k] for k in range(3)]
    return sum(f() for f in fs)


@case
def counter(x):
    n = 0

    def inc(v):
        nonlocal n
        n += 1
        return v * n

    return inc(x[0]) + inc(x[1]) + inc(x[2])


@case
def cond_count(x):
    n = 0
    for v in x:
        if v > 1:
            n += 1
    return n * np.sum(x)


@case
def while_else(x):
    i = 0
    while i < 4:
        if x[i] > 100:
            break
        i += 1
    else:
        return np.sum(x) * 2
    return x[0]


@case
def try_in_loop(x):
    s = 0.0
    for i in range(6):
        try:
            s += x[i]
        except IndexError:
            s += 1.0
    return s


@case
def nested_try(x):
    try:
        try:
            raise ValueError(1)
        except ValueError as e:
            s = x[0] * e.args[0]
        finally:
            t = x[1]
    except KeyError:
        s = 0
    return s * t


@case
def custom_exc(x):
    class E(Exception):
        pass

    def f(v):
        if v.shape == ():
            raise E("scalar")
        return v

    try:
        f(x[0])
        return 0.0
    except E as e:
        return x[0] * len(str(e))


@case
def horner(x):
    r = 0.0
    for c in [1.0, 2.0, 3.0][::-1]:
        r = r * x[0] + c
    return r


@case
def obj_state(x):
    class Acc:
        def __init__(self):
            self.s = 0.0
            self.l = []

        def add(self, v):
            self.s = self.s + v
            self.l.append(v)
            return self

        def __len__(self):
            return len(self.l)

        def __iter__(self):
            return iter(self.l)

    a = Acc()
    for v in x:
        a.add(v * v)
    return a.s * len(a) + sum(a)


@case
def operator_class(x):
    class V:
        def __init__(self, d):
            self.d = d

        def __add__(self, o):
            return V(self.d + o.d)

        def __mul__(self, o):
            return V(self.d * o)

        def __getitem__(self, i):
            return self.d[i]

        __rmul__ = __mul__

        def __abs__(self):
            return np.sqrt(np.sum(self.d**2))

    v = V(x) + 2.0 * V(x**2)
    return abs(v) + v[1]


@case
def dual_return(x):
    def f(v):
        if v > 1:
            return v, 1
        return v * 2, 0

    a, i = f(x[0])
    b, j = f(x[1])
    return a * b + i + 2 * j


@case
def early_none(x):
    def find(x):
        for i, v in enumerate(x):
            if v > 1:
                return i
        return None

    i = find(x)
    return x[0] if i is None else x[i] * 3


@case
def bool_ops(x):
    a = (x[0] > 0.5 and x[1] > 1) or x[2] < 0
    b = not a
    return x[0] * a + x[1] * b + (x[2] if a else 0) + (x[0] or 1.0)


@case
def chained(x):
    return x[0] if 0 < x[0] < x[1] < 5 else -x[0]


@case
def int_floor(x):
    return (
        (x[2] // 0.5) * x[0]
        + x[2] % 0.6
        + divmod(x[1], 0.4)[1]
        + int(x[2]) * x[1]
        + round(x[1]) * x[0]
    )


@case
def minmax(x):
    return max(x) - min(x) + max(x[0], x[1], key=lambda v: -v) + max([x[2], 0.5]) + min(x[0], 1)


@case
def power_of(x):
    return x[0] ** 2 + 2 ** x[1] + x[2] ** x[0] + x[1] ** -1 + x[0] ** 0.5 + (-x[0]) ** 2


@case
def abs_sign(x):
    return abs(x[0] - 1) + np.sign(x[1]) * x[1] + math.fabs(x[2]) + math.copysign(x[0], -1.0)


@case
def trap(x):
    f = lambda t: np.exp(-x[0] * t * t)
    n = 20
    h = x[1] / n
    s = 0.5 * (f(0.0) + f(x[1]))
    for i in range(1, n):
        s += f(i * h)
    return s * h


@case
def gen_send(x):
    def acc():
        t = 0.0
        while True:
            v = yield t
            if v is None:
                return
            t += v

    g = acc()
    next(g)
    g.send(x[0])
    return g.send(x[1]) * 2


@case
def yield_from(x):
    def a():
        yield from x[:2]
        yield x[3]

    return sum(v * v for v in a())


@case
def star_args(x):
    def f(a, *b, c=1.0, **d):
        return a + sum(b) * c + d.get("e", 0)

    return f(*x, c=2.0, **{"e": x[0]}) + f(1.0, x[1])


@case
def lambda_default(x):
    return (lambda a, b=x[1]: a * b)(x[0])


@case
def global_np(x):
    import numpy.linalg as la
    from numpy import dot, sin

    return dot(sin(x), x) + la.norm(x) + np.linalg.norm(x, 1)


@case
def format_text(x):
    s = f"{x[0]:.3f} {x[1]!r} {len(x)}"
    return x[0] if s else 0.0


@case
def enum_zip(x):
    s = 0.0
    for i, (a, b) in enumerate(zip(x, x[1:])):
        s += i * a * b
    return s


@case
def comp_cond(x):
    return sum([v for v in x if v > 0.5]) + sum(v if v > 1 else -v for v in x)


RUNS = []


def counting():
    runs = 0

    def f(x):
        nonlocal runs
        runs += 1
        y = x * 1.0
        while y[0] < 5.0:
            y = y * 1.5 + np.sin(y)
        RUNS.append(type(runs))
        return np.sum(y)

    return f


@case
def a_count_beside_a_loop(x):
    value = counting()(x)
    assert RUNS.pop() is int
    return value


@case
def percent(x):
    forms = ("%.3f %s", "%(a)5.2e|%(b)d%%", "%r")
    texts = [f % v for f, v in zip(forms, ((x[0], x[1]), {"a": x[2], "b": 3}, x), strict=True)]
    return x[0] ** 2 + len(texts)


@case
def class_of(x):
    names = x.__class__.__name__, type(x).__name__, x[0].__class__.__name__
    return x[0] ** 2 if names == ("ndarray", "ndarray", "float64") else x[0] ** 3


@functools.singledispatch
def measure(v):
    return 1.0


@measure.register
def _(v: float):
    return v * 2


@measure.register(np.ndarray)
def _(v):
    return v.sum() * 3


@case
def single_dispatch(x):
    @functools.singledispatch
    def g(v):
        return 1.0

    @g.register
    def _(v: list):
        return len(v)

    return measure(x) + measure(x[0]) * measure("s") + g([x]) + measure(2.0)


@case
def until_no_item_is_left(x):
    it, s = iter(x), 0.0
    while True:
        try:
            v = next(it)
        except StopIteration:
            break
        s = s * 0.5 + v
    return s


@case(np.linspace(0.1, 2.0, 40))
def nothing_in_the_first_turn(x):
    before, s = None, 0.0
    for v in x * np.array([1.0, -0.5] * 20):
        if before is not None and v > before:
            s += (v - before) ** 2
        before = v
    return s


_LOG = logging.Logger("idioms", logging.INFO)
_LOG.addHandler(logging.NullHandler())
_ADAPTED = logging.LoggerAdapter(_LOG, {})


@case
def logged_numbers(x):
    s = 0.0
    for k in range(3):
        s += x[k] ** 2
        _LOG.info("loss %.3f of %s, %d%%", s, x, k)
        _LOG.log(logging.INFO, "%(a)g", {"a": s})
        _ADAPTED.warning("%s", x)
        _LOG.debug("%q", s)
        if s > 1.0:
            _LOG.error("large: %8.2e", s, extra={"k": k})
    return s
