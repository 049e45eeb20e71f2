"""Piecewise functions: losses, activations, splines, brackets, with the pieces chosen by Python."""

from __future__ import annotations

from typing import Any

import numpy as np

from control_flow.program import program


@program(inside=(0.4, 1.0), outside=(2.5, 1.0))
def huber(x: Any, width: Any) -> Any:
    if abs(x) <= width:
        return 0.5 * x * x
    return width * (abs(x) - 0.5 * width)


@program(
    relu_on=("relu", 1.5),
    relu_off=("relu", -1.5),
    leaky=("leaky", -1.5),
    elu=("elu", -1.5),
    hard_sigmoid_middle=("hard_sigmoid", 0.75),
    hard_sigmoid_high=("hard_sigmoid", 4.0),
    selu_on=("elu", 1.5),
)
def activations(kind: str, x: Any) -> Any:
    if kind == "hard_sigmoid":
        return min(max(x / 6.0 + 0.5, 0.0), 1.0) * x
    if x > 0:
        return x
    negative = {"relu": lambda x: 0.0 * x, "leaky": lambda x: 0.01 * x, "elu": np.expm1}
    return negative[kind](x)


BRACKETS = ((0.0, 0.1), (10.0, 0.2), (40.0, 0.35), (100.0, 0.45))


@program(lowest=(5.0,), second=(25.0,), third=(75.0,), top=(250.0,), nothing=(-3.0,))
def tax(income: Any) -> Any:
    due = 0.0
    for (start, rate), (end, _) in zip(BRACKETS, (*BRACKETS[1:], (np.inf, 0.0)), strict=True):
        if income <= start:
            break
        due = due + rate * (min(income, end) - start)
    return due


@program(
    left=(-0.5, np.array([1.0, 2.0, 0.5, 1.5])),
    first=(0.3, np.array([1.0, 2.0, 0.5, 1.5])),
    second=(1.3, np.array([1.0, 2.0, 0.5, 1.5])),
    third=(2.3, np.array([1.0, 2.0, 0.5, 1.5])),
    right=(3.5, np.array([1.0, 2.0, 0.5, 1.5])),
)
def cubic_spline(x: Any, y: Any) -> Any:
    """Catmull and Rom's spline through values at 0, 1, 2, 3; constant slopes beyond."""
    if x < 0:
        return y[0] + (y[1] - y[0]) * x
    if x > 3:
        return y[3] + (y[3] - y[2]) * (x - 3.0)
    k = 0
    while x > k + 1:
        k += 1
    t = x - k
    a = 0.5 * (y[k + 1] - y[k - 1]) if k > 0 else y[1] - y[0]
    b = 0.5 * (y[k + 2] - y[k]) if k < 2 else y[3] - y[2]
    rise = y[k + 1] - y[k]
    return y[k] + t * (a + t * (3.0 * rise - 2.0 * a - b + t * (a + b - 2.0 * rise)))


@program(flat=(0.3,), first=(1.4,), second=(2.4,), beyond=(3.6,), negative=(-1.4,))
def cubic_b_spline(x: Any) -> Any:
    x = abs(x) if x < 0 else x
    if x < 1.0:
        return 2.0 / 3.0 - x * x + 0.5 * x**3
    if x < 2.0:
        return (2.0 - x) ** 3 / 6.0
    return 0.0 if x < 3.0 else (x - 3.0) ** 2


@program(
    inner=(np.array([0.1, -0.2, 0.3]), 0.5),
    one_outlier=(np.array([0.1, -2.0, 0.3]), 0.5),
    outliers=(np.array([1.1, -2.0, 3.3]), 0.5),
)
def tukey_loss(residuals: Any, width: Any) -> Any:
    total = 0.0
    for r in residuals:
        if abs(r) < width:
            total = total + width**2 * (1.0 - (1.0 - (r / width) ** 2) ** 3) / 6.0
        else:
            total = total + width**2 / 6.0
    return total


@program(margin=(0.25, 1), safe=(1.75, 1), wrong=(0.5, -1))
def smooth_hinge(score: Any, label: Any) -> Any:
    z = score * label
    if z >= 1:
        return 0.0
    return 0.5 - z if z <= 0 else 0.5 * (1 - z) ** 2


@program(small=(1e-6,), large=(0.8,))
def sinc_with_a_series(x: Any) -> Any:
    if abs(x) < 1e-2:
        return 1.0 - x * x / 6.0 + x**4 / 120.0
    return np.sin(x) / x


@program(small=(0.5,), middle=(3.3,), large=(12.0,), reflected=(-0.6,))
def log_gamma_by_recurrence(x: Any) -> Any:
    """Stirling's series above 8; the recurrence below; reflection for negative numbers."""
    if x < 0:
        return np.log(np.pi / np.abs(np.sin(np.pi * x))) - stirling(1.0 - x)
    return stirling(x)


def stirling(x: Any) -> Any:
    product = 1.0
    while x < 8.0:
        product = product * x
        x = x + 1.0
    series = 1 / (12 * x) - 1 / (360 * x**3) + 1 / (1260 * x**5)
    return (x - 0.5) * np.log(x) - x + 0.5 * np.log(2 * np.pi) + series - np.log(product)


@program(laminar=(900.0, 0.01), transitional=(3000.0, 0.01), turbulent=(50000.0, 0.01))
def pipe_friction(reynolds: Any, roughness: Any) -> Any:
    """Darcy's factor: 64/Re, a bridge between the regimes, and Colebrook's equation iterated."""
    if reynolds < 2000.0:
        return 64.0 / reynolds
    if reynolds < 4000.0:
        t = (reynolds - 2000.0) / 2000.0
        return 0.032 * (1.0 - t) + colebrook(4000.0, roughness) * t
    return colebrook(reynolds, roughness)


def colebrook(reynolds: Any, roughness: Any) -> Any:
    y, step = 5.0, 1.0
    while abs(step) > 1e-12:
        new = -2.0 * np.log10(roughness / 3.7 + 2.51 * y / reynolds)
        y, step = new, new - y
    return 1.0 / (y * y)


@program(
    red=(np.array([0.75, 0.5, 0.25]),),
    green=(np.array([0.25, 0.75, 0.5]),),
    blue=(np.array([0.25, 0.5, 0.75]),),
    wrapped=(np.array([0.75, 0.25, 0.5]),),
)
def hue(rgb: Any) -> Any:
    r, g, b = rgb
    high, low = max(rgb), min(rgb)
    if high == r:
        angle = (g - b) / (high - low)
        return angle + 6.0 if angle < 0 else angle
    if high == g:
        return 2.0 + (b - r) / (high - low)
    return 4.0 + (r - g) / (high - low)


@program(
    elastic=(np.array([0.1, 0.2, 0.15]),),
    yields_once=(np.array([0.1, 1.5, 1.45]),),
    yields_both_ways=(np.array([1.5, 3.0, -2.0]),),
)
def plasticity(strains: Any) -> Any:
    """A bar that hardens: return mapping over a history of strains."""
    stiffness, hardening, limit = 2.0, 0.5, 1.0
    plastic, accumulated, work = 0.0, 0.0, 0.0
    for strain in strains:
        stress = stiffness * (strain - plastic)
        excess = abs(stress) - (limit + hardening * accumulated)
        if excess > 0:
            flow = excess / (stiffness + hardening)
            plastic = plastic + (flow if stress > 0 else -flow)
            accumulated = accumulated + flow
            stress = stiffness * (strain - plastic)
        work = work + stress * strain
    return work
