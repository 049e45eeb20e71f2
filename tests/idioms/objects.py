"""Classes, methods, functions made inside, objects of the standard library."""

from __future__ import annotations

import collections
import contextlib
import copy
import dataclasses
import enum
import functools
import math

import numpy as np

from idioms.case import case


class Callable_:
    def __init__(self, w):
        self.w = w
        self.n = 0

    def __call__(self, x):
        return self.w * np.sum(x**2)

    @property
    def scaled(self):
        return self.w * 2

    @classmethod
    def make(cls, w):
        return cls(w)

    @staticmethod
    def help(t):
        return math.tanh(t)

    def __getitem__(self, i):
        return self.w + i


obj = Callable_(2.0)


@case
def obj_call(x):
    return obj(x) * obj.scaled + Callable_.help(x[0]) + Callable_.make(x[1])(x) + obj[2] * x[3]


@functools.lru_cache
def cached(n):
    return math.factorial(n)


@case
def lru(x):
    return sum(x[k] / cached(k) for k in range(4))


@functools.cache
def cached_of_data(t):
    return math.sin(t) * t


class Cached:
    @functools.lru_cache  # noqa: B019
    def of(self, t):
        return math.exp(t)


KEEPING = Cached()


@case
def lru_of_traced(x):
    total = cached_of_data(1.0) + KEEPING.of(x[0])
    for v in x:
        total = total + cached_of_data(v)
    return total


@case
def recursion(x):
    def fact(n, t):
        return 1.0 if n == 0 else t * fact(n - 1, t)

    return fact(3, x[0]) + fact(2, x[1])


def fib(n, a, b):
    return a if n == 0 else fib(n - 1, b, a + b)


@case
def recursion2(x):
    return fib(6, x[0], x[1])


@case
def varargs(x):
    def f(*args, scale=1.0, **kw):
        return scale * sum(args) + kw.get("c", 0.0)

    return f(*x, scale=2.0, c=x[0]) + f(*[x[1], x[2]], **{"scale": 3.0})


@case
def vectorized(x):
    return np.sum(np.vectorize(lambda t: t**2 if t > 1 else t)(x))


Point = collections.namedtuple("Point", "x y")


@case
def ntuple(x):
    p = Point(x[0], x[1])
    q = p._replace(y=p.x * 2)
    return q.x * q.y + sum(p)


class Mode(enum.Enum):
    A = 1
    B = 2


@case
def enums(x, m=Mode.B):
    return x[0] if m is Mode.A else x[1] * m.value


@case
def nested_fn(x):
    total = 0.0

    def add(v):
        nonlocal total
        total = total + v * v

    for v in x:
        add(v)
    return total


@dataclasses.dataclass
class P:
    a: float
    b: np.ndarray

    def total(self):
        return self.a * self.b.sum()


@case
def dclass(x):
    p = P(x[0], x[1:])
    q = dataclasses.replace(p, a=p.a * 2)
    return q.total()


@case
def copy_deep(x):
    p = {"w": x[:2], "b": x[2]}
    q = copy.deepcopy(p)
    q["b"] = q["b"] * 2
    return np.sum(q["w"]) * q["b"]


@case
def typed(x):
    return np.float64(x[0]) * 2 + float(x[1]) + np.asarray(x, dtype=np.float64)[2]


@case
def isinst(x):
    if isinstance(x, np.ndarray) and x.dtype == float:
        return np.sum(x)
    return 0.0


@case
def set_attr(x):
    class R:
        pass

    r = R()
    r.v = x[0]
    r.v *= 2
    r.w = x[1]
    return r.v * r.w


class Layer:
    def __init__(self, n):
        self.W = np.full((n, n), 0.1)
        self.cache = None

    def forward(self, x):
        self.cache = x
        return np.tanh(self.W @ x)


class Net:
    def __init__(self):
        self.layers = [Layer(4), Layer(4)]

    def __call__(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return np.sum(x)


net = Net()


@case
def network(x):
    return net(x)


class Base:
    def val(self, x):
        return x * 2


class Derived(Base):
    def val(self, x):
        return super().val(x) + 1


@case
def supers(x):
    return np.sum(Derived().val(x))


@contextlib.contextmanager
def ctx():
    yield 2.0


@case
def with_user(x):
    with ctx() as k:
        return k * np.sum(x)
