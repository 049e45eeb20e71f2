"""Structured control flow: scan, map, fori_loop, while_loop, cond, switch, checkpoint.

Every program is judged twice: by NumPy and differences (`oracle`), and by the same program unrolled
in plain Python, whose derivatives of every kind must be the same.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import oracle
import pytest
from control_programs import PROGRAMS
from unrolled import Plain, either

import jitad


def bound(name: str, lax: Any) -> tuple[Any, tuple[Any, ...]]:
    """A program in terms of `lax`, and its arguments."""
    f, args = PROGRAMS[name]
    return (lambda *xs: f(lax, *xs)), args


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_numpy_and_differences(name: str) -> None:
    f, args = bound(name, either)
    oracle.check_all(f, args)


def same(got: Any, want: Any) -> None:
    """Equal to 1e-11 of the largest element."""
    oracle.assert_same(got, oracle.leaves(want), 1e-11)


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_unrolled(name: str) -> None:
    """Jacobians, which are many tangents or adjoints at once, and Hessians.

    Those of tangents of adjoints are in `test_as_numpy_and_differences`.
    """
    loops, args = bound(name, jitad)
    unrolled, _ = bound(name, Plain)
    numbers = tuple(range(len(args)))
    want = jitad.jacfwd(unrolled, numbers)(*args)
    for transform in (jitad.jacfwd, jitad.jacrev):
        same(transform(loops, numbers)(*args), want)

    def energy(f: Any) -> Any:
        return lambda *xs: sum(np.sum(np.sin(y)) for y in oracle.flatten(f(*xs))[0])

    want = jitad.hessian(energy(unrolled))(*args)
    for outer, inner in (
        (jitad.jacrev, jitad.jacrev), (jitad.jacrev, jitad.jacfwd), (jitad.jacfwd, jitad.jacfwd),
    ):  # fmt: skip
        same(outer(inner(energy(loops)))(*args), want)


@pytest.mark.parametrize("name", PROGRAMS)
def test_kept_for_later(name: str) -> None:
    """vjp and linearize keep residuals from one kernel to another, and serve many calls."""
    loops, args = bound(name, jitad)
    unrolled, _ = bound(name, Plain)
    rng = np.random.default_rng(2)
    value, pullback = jitad.vjp(loops, *args)
    expected, expected_pullback = jitad.vjp(unrolled, *args)
    same(value, expected)
    _, linear = jitad.linearize(loops, *args)
    for _ in range(2):
        leaves, structure = oracle.flatten(value)
        y_bar = oracle.unflatten(structure, oracle.directions(rng, leaves))
        same(pullback(y_bar), expected_pullback(y_bar))
        dxs = oracle.directions(rng, args)
        same(linear(*dxs), jitad.jvp(unrolled, args, dxs)[1])


@pytest.mark.parametrize("name", PROGRAMS)
def test_within_numba(name: str) -> None:
    """The gradient's kernel, called from compiled code."""
    loops, args = bound(name, jitad)

    def total(*xs: Any) -> Any:
        return sum(np.sum(np.cos(y)) for y in oracle.flatten(loops(*xs))[0])

    gradient = jitad.grad(total)
    native = jitad.compile(gradient, *args).njit

    @numba.njit
    def called(args: Any) -> Any:
        return native(*args)

    same(called(args), gradient(*args))
