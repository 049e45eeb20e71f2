"""Classes of the user's: made within functions, and what syntax calls of them."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np

from idioms.case import case


@case
def class_made_within(x):
    class Wave:
        rate = 3.0

        def __init__(self, size):
            self.size = size

        def total(self):
            return sum(math.sin(v) * self.size * self.rate for v in x)

    return Wave(x[0]).total()


@case
def subclass_made_within(x):
    class Base:
        def of(self, z):
            return z * math.exp(0.1 * z[0])

    class Derived(Base):
        def of(self, z):
            return super().of(z) + 1.0

    return np.sum(Derived().of(x) ** 2)


@case
def dataclass_made_within(x):
    @dataclasses.dataclass
    class Pair:
        u: float
        w: float = 1.0

        def total(self):
            return self.u * self.w + np.sum(x)

    pair = Pair(x[0])
    pair.w = x[1]
    return pair.total()


@case
def class_that_counts(x):
    class Counter:
        hits = 0

        def hit(self):
            nonlocal total
            total += x[0] ** 2
            Counter.hits += 1
            return self

    total = 0.0
    Counter().hit().hit()
    return total * Counter.hits


class Model:
    """Methods with the names of functions of Python's."""

    def eval(self, x):
        return math.exp(x[0])

    def dir(self, x):
        return x[1] ** 2


@case
def methods_by_pythons_names(x):
    model = Model()
    return model.eval(x) * model.dir(x)


@case
def names_by_text(x):
    y = 2.0 * x
    names = locals()
    return np.sum(names["y"] * globals()["SCALE"]) + eval("np.sum(x * x) + y[0]") + len(vars())


SCALE = 1.5


class Wave:
    """A function with parameters, whose call branches on its argument."""

    rate = 2.0

    def __call__(self, x):
        total = 0.0
        for i in range(len(x)):
            if x[i] > 1:
                total += math.sin(x[i]) * self.rate
            else:
                total -= x[i]
        return total


WAVE = Wave()


@case(np.linspace(-1.03, 3.0, 9))
def object_that_is_called(x):
    return WAVE(x)


class Poly:
    """A polynomial, by what syntax calls."""

    def __init__(self, coefficients):
        self.coefficients = []
        for c in coefficients:
            self.coefficients.append(c)
        self.n = len(self.coefficients)

    def __call__(self, t):
        result = 0.0
        for c in self.coefficients[::-1]:
            result = result * t + c
        return result

    def __mul__(self, other):
        if isinstance(other, Poly):
            product = [0.0] * (self.n + other.n - 1)
            for i in range(self.n):
                for j in range(other.n):
                    product[i + j] = product[i + j] + self.coefficients[i] * other.coefficients[j]
            return Poly(product)
        return Poly([c * other for c in self.coefficients])

    __rmul__ = __mul__

    def __iadd__(self, other):
        self.coefficients[0] = self.coefficients[0] + other
        return self

    def __neg__(self):
        return Poly([-c for c in self.coefficients])

    def __eq__(self, other):
        return self.n == other.n

    def __lt__(self, other):
        return self.coefficients[0] < other.coefficients[0]

    def __contains__(self, v):
        return bool(v > self.coefficients[0])

    def __abs__(self):
        return sum(abs(c) for c in self.coefficients)

    def __bool__(self):
        return bool(self.coefficients[0] > 0)

    def __getitem__(self, k):
        return self.coefficients[k]

    def __setitem__(self, k, v):
        self.coefficients[k] = v if v > 0 else -v

    def __iter__(self):
        yield from_first(self.coefficients)
        for c in self.coefficients[1:]:
            yield 1.0 * c

    def __len__(self):
        return self.n


def from_first(items):
    return items[0] * 2.0


@case
def operators_of_a_class(x):
    p = Poly([x[0], x[1], x[2]])
    q = 2.0 * (p * p) * x[1]
    q += 3.0
    q[1] = x[3] - 1.0
    total = q(0.5) + abs(-q) * len(p) + (1.0 if p == q else 2.0)
    if p < q:
        total = 2 * total
    if x[1] in p:
        total = total + x[3]
    if p:
        total = total + q[2]
    for c in p:
        total = total + math.sin(c)
    return total


class Record:
    """Slots, and a property of what they hold."""

    __slots__ = ("a", "b")

    def __init__(self, a, b=2.0):
        self.a, self.b = a, b

    @property
    def total(self):
        result = 0.0
        for k in range(3):
            if self.a > k:
                result += math.exp(-self.a) * self.b
        return result


@case(np.linspace(-1.03, 3.0, 9))
def objects_made_in_turns(x):
    total = 0.0
    for i in range(len(x)):
        record = Record(x[i])
        record.b = 1.5 * record.b
        total += record.total
    return total


class Lazy:
    """A property that is computed once, and attributes by name."""

    def __init__(self, x):
        self.x = x

    @functools.cached_property
    def positive(self):
        total = 0.0
        for v in self.x:
            if v > 1:
                total += math.sin(v)
        return total

    def __getattr__(self, name):
        if name == "three":
            return 3.0
        raise AttributeError(name)


LAZY = Lazy(np.arange(3.0))


@case
def computed_once(x):
    lazy = Lazy(x)
    return lazy.positive * lazy.positive * lazy.three + LAZY.positive * x[0] * LAZY.three


class Anything:
    __slots__ = ("kept",)

    def __init__(self, kept):
        self.kept = kept

    def __getattr__(self, name):
        return lambda *xs: sum(xs)


ANYTHING = Anything(2.0)


@case
def answers_to_any_name(x):
    own = Anything(x[0])
    for v in x:
        if v > 1:
            own.kept = own.kept * v * ANYTHING.kept
        else:
            own.kept += ANYTHING.total(v, 1.0)
    return own.kept


@dataclasses.dataclass
class Curve:
    rate: float
    scale: float = 2.0
    seen: list = dataclasses.field(default_factory=list)

    def __post_init__(self):
        self.height = math.sin(self.rate) * self.scale
        self.seen.append(self.height)


@dataclasses.dataclass
class Scaled(Curve):
    by: dataclasses.InitVar[float] = 1.0

    def __post_init__(self, by):
        super().__post_init__()
        self.height = self.height * by


@dataclasses.dataclass(frozen=True)
class Frozen:
    rate: float
    power: float = dataclasses.field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "power", math.exp(self.rate))


@dataclasses.dataclass(slots=True)
class Slotted:
    rate: float

    def __post_init__(self):
        self.rate = math.cos(self.rate)


@case
def computed_after_init(x):
    made = [Curve(x[0]), Scaled(x[1], by=3.0), Frozen(x[2]), Slotted(x[3])]
    return sum(made[0].seen) + made[1].height + made[2].power + made[3].rate


@case
def computed_after_init_in_a_loop(x):
    total, curve = 0.0, Curve(x[0])
    for k in range(30):
        curve = Curve(curve.height + 0.01 * k)
        total = total + Frozen(curve.height).power + Slotted(x[1] * k).rate
    return total
