"""Programs in plain loops whose branches and turns depend on data, for `plain_loops`."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

import jitad
from benchmarks.harness import check_equal, measure, once
from benchmarks.loop_programs import classes, positive, program, vector


@program(classes, 30, 5_000)
def hinge_descent(weights, x, y):
    w = weights.copy()
    n, d = x.shape
    for i in range(n):
        margin = 0.0
        for k in range(d):
            margin += w[k] * x[i, k]
        for k in range(d):
            step = 0.01 * w[k]
            if y[i] * margin < 1.0:
                step -= y[i] * x[i, k]
            w[k] -= 0.05 * step
    s = 0.0
    for k in range(d):
        s += w[k] * w[k]
    return s


@program(positive, 30, 5_000)
def table_search(x):
    steps = np.linspace(0.0, 2.0, 65)
    s = 0.0
    for i in range(x.size):
        low, high = 0, 64
        while high - low > 1:
            middle = (low + high) // 2
            if steps[middle] <= x[i]:
                low = middle
            else:
                high = middle
        share = (x[i] - steps[low]) / (steps[high] - steps[low])
        s += (1.0 - share) * low * low + share * high * high
    return s


@program(positive, 30, 1_000)
def bisection(x):
    s = 0.0
    for i in range(x.size):
        low, high = 0.0, 2.0
        while high - low > 1e-9:
            middle = 0.5 * (low + high)
            if middle * middle * middle + middle < x[i]:
                low = middle
            else:
                high = middle
        s += 0.5 * (low + high) * x[i]
    return s


@program(positive, 30, 300)
def bounces(x):
    """Balls that fall from x and bounce: events within steps of constant length."""
    s = 0.0
    for i in range(x.size):
        height, speed = x[i], 0.0
        for _ in range(200):
            below = height + 0.01 * speed - 0.5 * 9.81 * 0.01 * 0.01
            if below < 0.0:
                at = (speed + math.sqrt(speed * speed + 2.0 * 9.81 * height)) / 9.81
                speed = 0.8 * (9.81 * at - speed)
                left = 0.01 - at
                height = max(left * speed - 0.5 * 9.81 * left * left, 0.0)
                speed -= 9.81 * left
            else:
                height = below
                speed -= 9.81 * 0.01
        s += height * height
    return s


@program(positive, 30, 300)
def adaptive_heun(x):
    """y' = -x y (1 + cos(5 t)) from 0 to 2, in steps whose error is below 1e-5."""
    s = 0.0
    for i in range(x.size):
        t, y, h = 0.0, 1.0, 0.1
        while t < 2.0:
            h = min(h, 2.0 - t)
            a = -x[i] * y * (1.0 + math.cos(5.0 * t))
            b = -x[i] * (y + h * a) * (1.0 + math.cos(5.0 * (t + h)))
            error = abs(0.5 * h * (b - a))
            if error < 1e-5 or h < 1e-4:
                t += h
                y += 0.5 * h * (a + b)
            h *= min(2.0, max(0.3, 0.9 * math.sqrt(1e-5 / (error + 1e-12))))
        s += y * y
    return s


@program(vector, 10, 100)
def insertion_sort(x):
    a = x.copy()
    for i in range(1, a.size):
        key = a[i]
        j = i - 1
        while j >= 0 and a[j] > key:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = key
    s = 0.0
    for i in range(a.size):
        s += i * a[i] ** 2
    return s


@program(vector, 20, 200)
def inner_break(x):
    s = 0.0
    for i in range(x.size):
        t = 0.0
        for j in range(x.size):
            t += x[j] * x[j]
            if t > 1.0 + i:
                break
        s += t * x[i]
    return s


@program(vector, 20, 200)
def triangle(x):
    s = 0.0
    for i in range(x.size):
        for j in range(i):
            if x[i] > x[j]:
                s += (x[i] - x[j]) * x[j]
    return s


@numba.njit
def american_put(spot, strike, rate, volatility, expiry):
    """The guide's: a tree of 16 steps."""
    steps = 16
    step = expiry / steps
    up = math.exp(volatility * math.sqrt(step))
    chance = (math.exp(rate * step) - 1 / up) / (up - 1 / up)
    values = np.empty(steps + 1)
    for i in range(steps + 1):
        values[i] = max(strike - spot * up ** (2 * i - steps), 0.0)
    for n in range(steps - 1, -1, -1):
        for i in range(n + 1):
            held = math.exp(-rate * step) * (chance * values[i + 1] + (1 - chance) * values[i])
            values[i] = max(held, strike - spot * up ** (2 * i - n))
    return values[0]


def american_puts(seconds: float) -> dict[str, float]:
    """Seconds of the put at 401 spots in a loop under njit: by Numba, and by kernels' `.njit`."""
    rest = (100.0, 0.04, 0.3, 1.0)

    def kernels() -> Any:
        value = jitad.compile(american_put, 95.3, *rest)
        gradient = jitad.compile(jitad.grad(american_put, (0, 3)), 95.3, *rest)
        found.update(value=_at_spots(value.njit), gradient=_at_spots(gradient.njit))
        return found["gradient"](np.full(1, 95.3), *rest)

    found: dict[str, Any] = {"Numba": _at_spots(american_put)}
    first, spots = once(kernels), np.linspace(50.0, 150.0, 401)
    other = once(lambda: found["gradient"](spots, *rest))
    check_equal("american_put", found["value"](spots, *rest), found["Numba"](spots, *rest), 1e-9)
    times = {k: measure({k: (f, (spots, *rest))}, seconds=seconds, repeats=5)[k].best
             for k, f in found.items()}  # fmt: skip
    return {"first": first, "other": other, **times}


def _at_spots(f: Any) -> Any:
    @numba.njit
    def loop(spots: np.ndarray, strike: float, rate: float, volatility: float, expiry: float):
        last = f(spots[0], strike, rate, volatility, expiry)
        for k in range(1, spots.size):
            last = f(spots[k], strike, rate, volatility, expiry)
        return last

    return loop
