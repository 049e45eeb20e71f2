"""Compositions of complex functions at axes, cuts, branch points, near and far.

A program is the names of functions, innermost first, and points. Values are compared with NumPy's,
those and three derivatives with series in high precision (mpmath), by the side of a cut that the
sign of a zero says; the tolerance is what rounding of each step by a few ulp would change.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np

import jitad
from tests.fuzz.fuzzer import Fuzzer, register

POWER = (1.5, -0.5)

FUNCTIONS: dict[str, tuple[Any, Any]] = {
    "sqrt": (np.sqrt, mp.sqrt),
    "exp": (np.exp, mp.exp),
    "exp2": (np.exp2, lambda z: mp.exp(z * mp.log(2))),
    "expm1": (np.expm1, lambda z: mp.exp(z) - 1),
    "log": (np.log, mp.log),
    "log2": (np.log2, lambda z: mp.log(z) / mp.log(2)),
    "log10": (np.log10, lambda z: mp.log(z) / mp.log(10)),
    "log1p": (np.log1p, lambda z: mp.log(1 + z)),
    "sin": (np.sin, mp.sin),
    "cos": (np.cos, mp.cos),
    "tan": (np.tan, mp.tan),
    "sinh": (np.sinh, mp.sinh),
    "cosh": (np.cosh, mp.cosh),
    "tanh": (np.tanh, mp.tanh),
    "arcsin": (np.arcsin, mp.asin),
    "arccos": (np.arccos, mp.acos),
    "arctan": (np.arctan, mp.atan),
    "arcsinh": (np.arcsinh, mp.asinh),
    "arccosh": (np.arccosh, mp.acosh),
    "arctanh": (np.arctanh, mp.atanh),
    "square": (np.square, lambda z: z * z),
    "reciprocal": (np.reciprocal, lambda z: 1 / z),
    "negative": (np.negative, lambda z: -z),
    "cube": (lambda z: z**3, lambda z: z**3),
    "half": (lambda z: z**0.5, mp.sqrt),
    "power": (lambda z: z ** complex(*POWER), lambda z: mp.exp(mp.mpc(*POWER) * mp.log(z))),
    "above": (lambda z: z + 1, lambda z: z + 1),
    "below": (lambda z: 1 - z, lambda z: 1 - z),
    "turned": (lambda z: 1j * z, lambda z: mp.mpc(0, 1) * z),
    "divided": (lambda z: z / (0.5 - 2j), lambda z: z / mp.mpc(0.5, -2)),
    "inverse": (lambda z: (3 - 1j) / (z + 2j), lambda z: mp.mpc(3, -1) / (z + mp.mpc(0, 2))),
}

SEAMS = (0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 1 + 2.0**-30, 1e-9, -1e-12, 30.0, -800.0, 1e30, 1e-30)
POINTS = 4
DIGITS = 380
NUDGE = mp.mpf(10) ** -48  # of a zero, to the side that its sign says
STEP = mp.mpf(10) ** -60
NOISE = mp.mpf(2) ** -50


class Program(NamedTuple):
    names: tuple[str, ...]
    points: tuple[complex, ...]


def _part(rng: np.random.Generator) -> float:
    kind = rng.integers(4)
    if kind < 2:
        return float(rng.choice(SEAMS))
    return float(rng.normal() * 10.0 ** (rng.integers(-3, 2) if kind == 2 else 0))


def make(rng: np.random.Generator) -> Program:
    names = rng.choice(list(FUNCTIONS), size=rng.integers(1, 4))
    points = [complex(_part(rng), _part(rng)) for _ in range(POINTS)]
    return Program(tuple(map(str, names)), tuple(points))


def _composed(names: tuple[str, ...]) -> Any:
    def f(z: Any) -> Any:
        for name in names:
            z = FUNCTIONS[name][0](z)
        return z

    return f


def _beside(z: complex, nudge: Any) -> Any:
    """z, off its axes to the sides that the signs of its zeros say, and off all other seams."""
    x, y = (
        mp.mpf(t) if t else nudge * (1 if np.copysign(1, t) > 0 else -1) for t in (z.real, z.imag)
    )
    return mp.mpc(x, y) * (1 + nudge * mp.mpc(0.3, 0.1))


def _derivatives(f: Any, z: Any) -> list[Any]:
    """f and three derivatives, by differences so small that they are exact to 50 digits."""
    h = STEP * (1 + abs(z)) if abs(z) > 1 else STEP * max(abs(z), NUDGE)
    y = [f(z + k * h) for k in range(4)]
    first, second, third = y[1] - y[0], y[2] - 2 * y[1] + y[0], y[3] - 3 * y[2] + 3 * y[1] - y[0]
    return [y[0], first / h, second / h**2, third / h**3]


def _chained(outer: list[Any], inner: list[Any]) -> list[Any]:
    """Faa di Bruno's formula to third order."""
    (_, f1, f2, f3), (_, g1, g2, g3) = outer, inner
    return [outer[0], f1 * g1, f2 * g1**2 + f1 * g2, f3 * g1**3 + 3 * f2 * g1 * g2 + f1 * g3]


def _exact(names: tuple[str, ...], z: Any, noise: Any) -> tuple[list[Any], list[Any]]:
    """The composition and its derivatives, each step off by a factor; the sizes that are summed."""
    total, sizes = (
        [z, mp.mpf(1), mp.mpf(0), mp.mpf(0)],
        [mp.mpf(0), mp.mpf(1), mp.mpf(0), mp.mpf(0)],
    )
    for k, name in enumerate(names):
        # A power is exp(y log z), NumPy's too: what rounds y log z is relative to the power.
        scale = 1 + abs(mp.mpc(*POWER)) * abs(mp.log(total[0])) if name == "power" else 1
        off = 1 + noise * scale * mp.expj(k)
        step = [v * off for v in _derivatives(FUNCTIONS[name][1], total[0])]
        summed = [abs(step[0]), *(max(map(abs, step[1 : j + 1])) for j in (1, 2, 3))]
        total, sizes = _chained(step, total), _chained(summed, sizes)
    return total, sizes


def _right(names: tuple[str, ...], z: complex) -> list[tuple[complex, float]] | None:
    """Values and how far off rounding may be; None where z is a pole or far outside of numbers."""
    with mp.workdps(DIGITS):
        near = _beside(z, NUDGE), _beside(z, NUDGE / 2)
        try:
            exact, sizes = _exact(names, near[0], mp.mpf(0))
            noisy = [_exact(names, near[0], NOISE)[0], _exact(names, near[1], -NOISE)[0]]
        except (ZeroDivisionError, ValueError, OverflowError):
            return None
        if not all(mp.isfinite(v) and abs(v) < mp.mpf(10) ** 100 for v in [*exact, *sizes]):
            return None
        limits = [
            8 * max(abs(w[k] - v) for w in noisy) + mp.mpf("1e-14") * sizes[k]
            for k, v in enumerate(exact)
        ]
        return [(complex(v), float(limit)) for v, limit in zip(exact, limits, strict=True)]


def _tangent(f: Any) -> Any:
    return lambda z: jitad.jvp(f, (z,), (np.ones(POINTS, complex),))[1]


def _all(f: Any, z: Any) -> Any:
    """Values, three derivatives forwards, two of which also backwards and forward over that."""
    first = _tangent(f)
    second = _tangent(first)
    backwards = jitad.grad(lambda z: np.sum(f(z)), holomorphic=True)
    of_real = jitad.grad(lambda z: np.sum(np.real(f(z))))
    return f(z), first(z), second(z), _tangent(second)(z), backwards(z), _tangent(of_real)(z)


def _numbers(names: tuple[str, ...], z: np.ndarray) -> np.ndarray:
    """NumPy's values; NaN where a step is no number, or 0, as it is where all has cancelled."""
    known = np.isfinite(z)
    with np.errstate(all="ignore"):
        for name in names:
            z = FUNCTIONS[name][0](z)
            known &= np.isfinite(z) & (z != 0)
    return np.where(known, z, np.nan)


def check(program: Program) -> str:
    names, points = program
    f = _composed(names)
    z = np.array(points + (0.5 + 0.25j,) * (POINTS - len(points)))
    results = [np.asarray(x) for x in jitad.jit(lambda z: _all(f, z))(z)]
    plain = _numbers(names, z)
    for k, point in enumerate(points):
        right = None if np.isnan(plain[k]) else _right(names, point)
        if right is None or abs(plain[k] - right[0][0]) > 1e-6 * abs(plain[k]) + 100 * right[0][1]:
            continue  # no number, or NumPy's rounding is on the other side of a cut
        for got, order in zip(results, (0, 1, 2, 3, 1, 2), strict=True):
            value, limit = right[order]
            if limit > 0.01 * abs(value) and limit > 1e-9:
                break  # a pole, or one next to it
            if not abs(got[k] - value) <= limit + 1e-40:
                return f"at {point} derivative {order}: {got[k]}, right is {value}"
    return ""


def smaller(program: Program) -> Iterable[Program]:
    names, points = program
    for k in range(len(names)):
        if len(names) > 1:
            yield Program(names[:k] + names[k + 1 :], points)
    for point in points:
        if len(points) > 1:
            yield Program(names, (point,))


FUZZER = register(Fuzzer("complex_numbers", make, check, smaller))
