"""Random straight-line programs of scalars, whose Jacobians are eliminated, against series.

A program is a list of statements on a growing pool that begins with x and y, and a point at a seam.
The oracle computes with the power series of tests/fuzz/scalars.py in 30 digits; a statement that is
not analytic at its operands, or large, is left out.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import mpmath as mp
import numpy as np

import jitad
from tests.fuzz.fuzzer import Fuzzer, register
from tests.fuzz.scalars import DIGITS, OPERATIONS, POINTS, NotAnalytic, Series

MOST = 1e3
"""Statements with larger coefficients are left out: rounding would decide what follows."""


@dataclass(frozen=True)
class Program:
    """Statements: an operation and the places of two operands, counted from the pool's end; how
    many of the last results are asked for; at which point; whether their second derivatives are."""

    statements: tuple[tuple[str, int, int], ...]
    results: int
    at: tuple[float, float]
    second: bool


def _make(rng: np.random.Generator) -> Program:
    statements = tuple(
        (str(rng.choice(list(OPERATIONS))), *(int(k) for k in rng.integers(0, 6, size=2)))
        for _ in range(rng.integers(2, 16))
    )
    at = float(rng.choice(POINTS)), float(rng.choice(POINTS))
    return Program(statements, int(rng.integers(1, 5)), at, bool(rng.random() < 0.25))


def _operands(pool: list[Any], name: str, places: Iterable[int]) -> list[Any]:
    return [pool[-1 - k % len(pool)] for k in places][: OPERATIONS[name].arity]


def _series(program: Program) -> tuple[list[Series], list[bool], float]:
    """The pool; which statements are in it; the size of the largest coefficient."""
    pool: list[Any] = [{(0, 0): mp.mpf(a), (1 - k, k): mp.mpf(1)} for k, a in enumerate(program.at)]
    kept, largest = list[bool](), 1.0
    for name, *places in program.statements:
        size = mp.inf
        try:
            made = OPERATIONS[name].series(*_operands(pool, name, places))
            size = max((abs(a) for a in made.values()), default=mp.mpf(0))
        except (NotAnalytic, ValueError, ZeroDivisionError):
            made = {}
        kept.append(bool(mp.isfinite(size) and size < MOST))
        if kept[-1]:
            pool.append(made)
            largest = max(largest, float(size))
    return pool, kept, largest


def _function(program: Program, kept: list[bool]) -> Callable[[Any], Any]:
    def f(z: Any) -> Any:
        pool = [z[0], z[1]]
        for (name, *places), is_kept in zip(program.statements, kept, strict=True):
            if is_kept:
                pool.append(OPERATIONS[name].ours(*_operands(pool, name, places)))
        return np.stack(pool[-program.results :])

    return f


def _check(program: Program) -> str:
    with mp.workdps(DIGITS):
        pool, kept, largest = _series(program)
        right = np.array([_derivatives(s) for s in pool[-program.results :]])
    f, point, limit = _function(program, kept), np.array(program.at), 1e-9 * largest**2
    eliminated = jitad.jacobian(f, mode="eliminate")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        said = _differs("the Jacobian", eliminated(point), right[:, :2], limit)
        if not said and program.second:
            got = jitad.jacfwd(eliminated)(point).reshape(-1, 4)
            said = _differs("second derivatives", got, right[:, [2, 3, 3, 4]], limit * 1e2)
    return said


def _derivatives(s: Series) -> list[float]:
    """By x, y, xx, xy and yy."""
    coefficients = [s.get(k, 0) for k in ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2))]
    return [float(a * n) for a, n in zip(coefficients, (1, 1, 2, 1, 2), strict=True)]


def _differs(what: str, got: Any, right: Any, limit: float) -> str:
    same = got.shape == right.shape and bool(np.all(np.abs(got - right) <= limit))
    return "" if same else f"{what}: {got.tolist()}, right is {right.tolist()}"


def _smaller(program: Program) -> Iterable[Program]:
    for k in range(len(program.statements)):
        yield replace(program, statements=program.statements[:k] + program.statements[k + 1 :])
    if program.results > 1:
        yield replace(program, results=1)
    if program.second:
        yield replace(program, second=False)


register(Fuzzer("elimination", _make, _check, _smaller))
