"""Objects whose attributes change while a function runs: in branches, turns, methods, helpers."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

from idioms.case import case

Y = np.linspace(-1.03, 2.0, 9)


class Total:
    """A sum that counts what it has got."""

    def __init__(self):
        self.total = 0
        self.n = 0

    def add(self, v):
        self.total += v * v
        self.n += 1


@case(Y)
def methods_in_turns(x):
    total = Total()
    for v in x:
        total.add(v)
    return total.total / total.n


@dataclass
class State:
    """A particle, and how often it was pushed."""

    position: float
    velocity: float = 1.0
    pushes: int = 0
    log: list = field(default_factory=list)


@case(Y)
def attributes_in_branches_of_turns(x):
    s = State(x[0], 0.0)
    for v in x:
        if v > 0:
            s.velocity += 0.1 * v
            s.pushes += 1
        else:
            s.velocity *= 0.9
        s.position = s.position + 0.1 * s.velocity
    return s.position * s.position + s.pushes


@case(Y)
def attributes_in_a_branch(x):
    s = State(x[0])
    if x[1] < 0:
        s.position = 2 * s.position
        s.pushes = 3
    return s.position * s.pushes + s.velocity * x[2]


@case(Y)
def nested_turns(x):
    total = 0.0
    for i in range(len(x)):
        s = State(x[i])
        for _ in range(6):
            if s.position > 0:
                s.position -= 0.1 * x[i] * s.velocity
            s.velocity *= 0.9
        total += s.position
    return total


@case(Y)
def until_it_is_far(x):
    s, i = State(0.0), 0
    while i < len(x) and s.position < 3.05:
        s.position += x[i] ** 2
        i += 1
    return s.position * i


class Filter:
    """Kalman's, of one number."""

    def __init__(self, noise):
        self.noise, self.estimate, self.variance = noise, 0, 1.0

    def update(self, z):
        self.variance = self.variance + self.noise
        gain = self.variance / (self.variance + 0.5)
        self.estimate = self.estimate + gain * (z - self.estimate)
        self.variance = (1 - gain) * self.variance
        return self.estimate


@case(Y)
def filtered(x):
    kalman, total = Filter(0.1 + x[0] ** 2), 0.0
    for z in x:
        total += kalman.update(z) ** 2
    return total


@case(Y)
def namespace(x):
    ns = SimpleNamespace(a=0.0, b=1.0)
    for v in x:
        if v > 0:
            ns.a += v
            if ns.a > 2.1:
                ns.b *= 0.5
                ns.a = 0.0
    return ns.a + ns.b * x[0]


class Thermometer:
    """A property that can be set."""

    def __init__(self):
        self._kelvin = 1.0

    @property
    def celsius(self):
        return self._kelvin - 0.5

    @celsius.setter
    def celsius(self, v):
        self._kelvin = 0.3 * v + 0.5


@case(Y)
def property_set_in_turns(x):
    t = Thermometer()
    for v in x:
        t.celsius = t.celsius * v + 1.0
    return t.celsius


def push(s, v):
    if v > 0.3:
        s.velocity -= v
        return True
    s.position += s.velocity
    return False


@case(Y)
def two_names_and_a_helper(x):
    s = State(1.0)
    other, pushed = s, 0
    for v in x:
        if push(other, v):
            pushed += 1
    return s.position * s.velocity + pushed


@case(Y)
def several_objects_in_a_list(x):
    states = [State(x[0]), State(x[1], 2.0)]
    for v in x:
        for s in states:
            s.position += v * s.velocity
            if s.position > 1.05:
                s.position = 0.5 * v
    return states[0].position + 3 * states[1].position


@case(Y)
def arrays_in_attributes(x):
    s = State(np.zeros(3))
    for k in range(5):
        s.position = s.position + x[:3] * 0.1
        s.position[k % 3] += x[k]
        if x[k] > 0:
            s.log.append(x[k])
    return np.sum(s.position**2) + sum(s.log)


@case(Y)
def attribute_that_becomes_another_kind(x):
    s = State(None, 0)
    for v in x:
        s.velocity += v
        if s.position is None:
            s.position = v
        elif v > s.position:
            s.position = v * v
    return s.position * s.velocity


@case
def helper_that_counts_beside_none_or_a_number(x):
    s, total, o = x[0], 0.0, None

    def moved(p):
        nonlocal s
        s = 0.5 * s + 0.1 * p
        return s - p

    for v in x:
        total += 0.2 * moved(v)
        o = 0.55 * x[1] if o is None or total < o else None
    return s + total + (0.1 if o is None else 0.2 * o)


@case
def emptied_on_both_sides(x):
    """A list that has no items behind a branch, and a dict."""
    found, counts, total = [x[0]], {"a": x[1]}, x[0]
    for v in (x[0] - 1.0, x[1], x[2]):
        if v > 0:
            if found:
                total += found.pop()
            counts.clear()
        elif found:
            total += 2.0 * found.pop(0)
            counts.pop("a", None)
        if v > 1.0:
            found = [v * v]
    return total + 10.0 * len(found) + len(counts)
