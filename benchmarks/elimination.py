"""Jacobians by elimination: how often each order multiplies, and times beside forward and reverse.

The functions are small, and narrow between many inputs and many outputs: mechanics, fluxes, systems
of equations of MINPACK-2 (Averick et al., Argonne, 1992), chemical kinetics, finance.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import jitad
from benchmarks.harness import Table, interleave, main, peer, verdict

_SECONDS = {"tiny": 0.01, "quick": 0.1, "full": 1.0}
_GAMMA, _RING = 1.4, 0.05 * np.arange(15.0)


class Program(NamedTuple):
    """A function over NumPy or jax.numpy, and a point."""

    over: Callable[[Any], Callable[[Any], Any]]
    x: np.ndarray


# -- functions -------------------------------------------------------------------------------------


def _lecture_over(np: Any) -> Callable[[Any], Any]:
    def lecture(x: Any) -> Any:
        quotient = x[0] / x[1]
        difference = quotient - np.exp(x[1])
        return np.stack([(np.sin(quotient) + difference) * difference, difference / x[0]])

    return lecture


def _arm_over(joints: int) -> Callable[[Any], Callable[[Any], Any]]:
    """Where the hand of an arm is, and the frame of its hand, by the joints' angles."""
    links = [(0.1 * (k % 3), (-1) ** k * 1.2, 0.3 + 0.05 * k) for k in range(joints)]

    def over(np: Any) -> Callable[[Any], Any]:
        def arm(q: Any) -> Any:
            place, x, y, z = [0.0] * 3, [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]
            for k, (length, twist, offset) in enumerate(links):
                c, s = np.cos(q[k]), np.sin(q[k])
                turned = [c * a + s * b for a, b in zip(x, y, strict=True)]
                across = [c * b - s * a for a, b in zip(x, y, strict=True)]
                place = [
                    p + length * a + offset * b for p, a, b in zip(place, turned, z, strict=True)
                ]
                ct, st = float(_np.cos(twist)), float(_np.sin(twist))
                x = turned
                y = [ct * a + st * b for a, b in zip(across, z, strict=True)]
                z = [ct * b - st * a for a, b in zip(across, z, strict=True)]
            return np.stack([*place, *x, *z])

        return arm

    return over


def _roe_over(dimensions: int) -> Callable[[Any], Callable[[Any], Any]]:
    """Roe's flux across a face (Journal of Computational Physics 43 (1981), 357), of the states on
    both sides: density, momenta, energy."""

    def over(np: Any) -> Callable[[Any], Any]:
        def side(u: Any) -> Any:
            rho, energy = u[0], u[dimensions + 1]
            v = [u[k] / rho for k in range(1, dimensions + 1)]
            p = (_GAMMA - 1) * (energy - 0.5 * rho * sum(a * a for a in v))
            flux = [rho * v[0], *(rho * v[0] * a for a in v), (energy + p) * v[0]]
            flux[1] = flux[1] + p
            return rho, v, p, (energy + p) / rho, flux

        def roe(u: Any) -> Any:
            n = dimensions + 2
            rho1, v1, p1, h1, f1 = side(u[:n])
            rho2, v2, p2, h2, f2 = side(u[n:])
            w1, w2 = np.sqrt(rho1), np.sqrt(rho2)
            v = [(w1 * a + w2 * b) / (w1 + w2) for a, b in zip(v1, v2, strict=True)]
            h, rho = (w1 * h1 + w2 * h2) / (w1 + w2), w1 * w2
            square = sum(a * a for a in v)
            c = np.sqrt((_GAMMA - 1) * (h - 0.5 * square))
            dp, dv = p2 - p1, [b - a for a, b in zip(v1, v2, strict=True)]
            still = np.abs(v[0]) * (rho2 - rho1 - dp / c**2)
            left = np.abs(v[0] - c) * (dp - rho * c * dv[0]) / (2 * c**2)
            right = np.abs(v[0] + c) * (dp + rho * c * dv[0]) / (2 * c**2)
            shear = [np.abs(v[0]) * rho * a for a in dv[1:]]
            loss = [left + still + right]
            loss.append(left * (v[0] - c) + still * v[0] + right * (v[0] + c))
            loss += [(left + still + right) * a + s for a, s in zip(v[1:], shear, strict=True)]
            sheared = sum((a * s for a, s in zip(v[1:], shear, strict=True)), 0.5 * square * still)
            loss.append(left * (h - c * v[0]) + sheared + right * (h + c * v[0]))
            return np.stack([0.5 * (a + b - d) for a, b, d in zip(f1, f2, loss, strict=True)])

        return roe

    return over


def _dipole_over(np: Any) -> Callable[[Any], Any]:
    """Human heart dipole: eight equations of eight unknowns."""

    def dipole(x: Any) -> Any:
        a, b, c, d, t, u, v, w = (x[k] for k in range(8))
        tv, uw = t * t - v * v, u * u - w * w
        t3, v3 = t * (t * t - 3 * v * v), v * (v * v - 3 * t * t)
        u3, w3 = u * (u * u - 3 * w * w), w * (w * w - 3 * u * u)
        return np.stack([
            a + b, c + d, t * a + u * b - v * c - w * d, v * a + w * b + t * c + u * d,
            a * tv - 2 * c * t * v + b * uw - 2 * d * u * w,
            c * tv + 2 * a * t * v + d * uw + 2 * b * u * w,
            a * t3 + c * v3 + b * u3 + d * w3, c * t3 - a * v3 + d * u3 - b * w3,
        ])  # fmt: skip

    return dipole


def _propane_over(np: Any) -> Callable[[Any], Any]:
    """Combustion of propane in air, eleven equations of eleven unknowns."""

    def propane(x: Any) -> Any:
        a, b, c, d, e, f, g, h, i, j, total = (x[k] for k in range(11))
        p = 40.0 / total
        root, ra, rb, rc, rd = np.sqrt(p), np.sqrt(a), np.sqrt(b), np.sqrt(c), np.sqrt(d)
        return np.stack([
            a + d - 3, 2 * a + b + d + g + h + i + 2 * j - 10, 2 * b + 2 * e + f + g - 8,
            2 * c + i - 40, 0.193 * b * d - a * e, 0.002597 * rb * rd - ra * f * root,
            0.003448 * ra * rb - rd * g * root, 1.799e-5 * a - d * h * p,
            2.155e-4 * a * rc - d * i * root, 3.846e-5 * a * a - d * d * j * p,
            total - (a + b + c + d + e + f + g + h + i + j),
        ])  # fmt: skip

    return propane


def _kinetics_over(np: Any) -> Callable[[Any], Any]:
    """Rates of 15 species and of the temperature, by 30 reactions of Arrhenius' law: two species,
    so far apart in a ring, become two of a third."""

    def kinetics(y: Any) -> Any:
        c, hot, change, heat = y[:15], 1 / y[15], 0.0, 0.0
        for apart, third in ((1, 4), (3, 7)):
            rate = np.exp(-(0.5 + apart * _RING) * hot) * c * np.roll(c, -apart)
            change = change - rate - np.roll(rate, apart) + 2 * np.roll(rate, third)
            heat = heat + np.sum((0.3 + _RING) * rate)
        return np.concatenate([change, np.reshape(heat, (1,))])

    return kinetics


def _reprojection_over(np: Any) -> Callable[[Any], Any]:
    """The error of an observation by its camera, point and weight, as in bundle adjustment."""

    def reprojection(x: Any) -> Any:
        r, y = [x[0], x[1], x[2]], [x[11] - x[3], x[12] - x[4], x[13] - x[5]]
        angle = np.sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2])
        v = [a / angle for a in r]
        c, s = np.cos(angle), np.sin(angle)
        along = (v[0] * y[0] + v[1] * y[1] + v[2] * y[2]) * (1 - c)
        cross = [v[k - 2] * y[k - 1] - v[k - 1] * y[k - 2] for k in range(3)]
        p = [y[k] * c + cross[k] * s + v[k] * along for k in range(3)]
        q = [p[0] / p[2], p[1] / p[2]]
        size = q[0] * q[0] + q[1] * q[1]
        bent = (1 + x[9] * size + x[10] * size * size) * x[6]
        return np.stack([x[14] * (q[k] * bent + x[7 + k] - 0.3) for k in range(2)])

    return reprojection


def _greeks_over(np: Any) -> Callable[[Any], Any]:
    """First derivatives of the price of an option (Black and Scholes) by spot, strike, rate,
    volatility and time, with a logistic function for the normal distribution's."""

    def greeks(x: Any) -> Any:
        spot, strike, rate, volatility, time = (x[k] for k in range(5))
        root = np.sqrt(time)
        wide = volatility * root
        first = (np.log(spot / strike) + (rate + 0.5 * volatility**2) * time) / wide
        second = first - wide
        discount = strike * np.exp(-rate * time)
        density = 0.3989422804014327 * np.exp(-0.5 * first * first)
        below, beside = (1 / (1 + np.exp(-1.702 * d)) for d in (first, second))
        decay = -spot * density * volatility / (2 * root) - rate * discount * beside
        return np.stack([
            below, -discount * beside / strike, time * discount * beside, spot * density * root,
            decay,
        ])  # fmt: skip

    return greeks


_np = np
_random = np.random.default_rng(7)


def _states(dimensions: int) -> np.ndarray:
    sides = [[1.0 + 0.2 * k, *(0.3 - 0.2 * k,) * dimensions, 2.5 + k] for k in range(2)]
    return np.concatenate(sides)


PROGRAMS = {
    "lecture function, 2 outputs": Program(_lecture_over, np.array([1.5, 0.5])),
    "arm of 6 joints": Program(_arm_over(6), np.linspace(0.1, 1.2, 6)),
    "arm of 7 joints": Program(_arm_over(7), np.linspace(0.1, 1.2, 7)),
    "Roe flux, 1-D": Program(_roe_over(1), _states(1)),
    "Roe flux, 3-D": Program(_roe_over(3), _states(3)),
    "human heart dipole": Program(_dipole_over, _random.uniform(0.5, 1.5, 8)),
    "propane combustion": Program(_propane_over, _random.uniform(0.5, 5.0, 11)),
    "kinetics of 15 species": Program(_kinetics_over, _random.uniform(0.5, 1.5, 16)),
    "reprojection": Program(_reprojection_over, _random.uniform(0.2, 1.0, 15)),
    "Black-Scholes, second order": Program(_greeks_over, np.array([1.0, 1.1, 0.02, 0.3, 1.5])),
}


# -- counts and times ------------------------------------------------------------------------------


def counts(name: str) -> dict[str, int]:
    """How often each order multiplies, as `explain` says."""
    program = PROGRAMS[name]
    function = jitad.jacobian(program.over(np), mode="eliminate")
    text = jitad.explain(function, program.x)
    line = next(line for line in text.splitlines() if "multiplications:" in line)
    found = re.findall(r"([a-zA-Z ]+) (\d+)", line.split(":")[1])
    return {order.strip(): int(n) for order, n in found}


def run(size: str) -> list[Table]:
    """The counts, and the times."""
    names = list(PROGRAMS)[:2] if size == "tiny" else list(PROGRAMS)
    return [_counts(names), _times(names, size)]


def _counts(names: list[str]) -> Table:
    rows: list[Any] = []
    for name in names:
        found = counts(name)
        ratio = found["search"] / max(min(found["forward"], found["reverse"]), 1)
        rows.append((name, *found.values(), ratio, verdict(ratio, most=1.0)))
    columns = ("Jacobian of", "forward", "reverse", "Markowitz", "relative Markowitz", "search",
               "of the better", "bound")  # fmt: skip
    return Table("Multiplications by order of elimination", columns, rows, repeated=False)


def _times(names: list[str], size: str) -> Table:
    rows: list[Any] = []
    for name in names:
        calls = dict(_calls(PROGRAMS[name]))
        timings = interleave(calls, seconds=_SECONDS[size])
        best = {kind: timing.best for kind, timing in timings.items()}
        ratio = best["eliminated"] / min(best["jacfwd"], best["jacrev"])
        rows.append((name, *map(best.get, _KINDS), ratio))
    columns = ("Jacobian of", *(f"{kind} (s)" for kind in _KINDS), "of the better of ours")
    return Table("Times of a bound call", columns, rows)


_KINDS = ("eliminated", "jacfwd", "jacrev", "JAX jacfwd", "JAX jacrev")


def _calls(program: Program) -> Iterator[tuple[str, Any]]:
    function = program.over(np)
    ours = (
        jitad.jacobian(function, mode="eliminate"),
        jitad.jacfwd(function),
        jitad.jacrev(function),
    )
    for kind, transformed in zip(_KINDS, ours, strict=False):
        yield kind, (jitad.compile(transformed, program.x).bind(program.x), ())
    if (jax := peer("jax")) is not None:
        jax.config.update("jax_enable_x64", True)
        x = jax.numpy.asarray(program.x)
        for kind, transform in zip(_KINDS[3:], (jax.jacfwd, jax.jacrev), strict=True):
            compiled = jax.jit(transform(program.over(jax.numpy)))
            yield kind, (lambda compiled=compiled: compiled(x).block_until_ready(), ())


if __name__ == "__main__":
    main(run, __doc__, one_core=True)
