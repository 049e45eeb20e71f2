"""Arrays that loops carry: each write in its place, forward and in the reverse sweep.

A program is written twice, with jitad's loops and plainly. Values are compared with the plain one,
gradients with differences of it; and every loop within has all arrays that it carries in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from oracle import compiled

import jitad
from benchmarks import carried
from jitad import cond, fori_loop
from jitad.codegen.polls import work
from jitad.ir.op import Control
from jitad.ir.tape import Tape
from jitad.ops.control import loop
from jitad.passes.in_place import homes, in_place
from jitad.passes.pipeline import optimise
from jitad.passes.schedule import schedule


class Program(NamedTuple):
    """A program on an array of some shape, and the plain one."""

    loops: Callable[[Any], Any]
    plain: Callable[[np.ndarray], Any]
    shape: tuple[int, ...]


def two_reads(x: Any) -> Any:
    def turn(i: Any, o: Any) -> Any:
        return o.at[i].set(0.5 * o[i - 1] - 0.3 * np.sin(o[i - 2]) + x[i])

    return np.sum(fori_loop(2, len(x), turn, np.zeros(len(x))))


def two_reads_plainly(x: np.ndarray) -> Any:
    o = np.zeros(len(x))
    for i in range(2, len(x)):
        o[i] = 0.5 * o[i - 1] - 0.3 * np.sin(o[i - 2]) + x[i]
    return np.sum(o)


def neighbours(x: Any) -> Any:
    return fori_loop(1, len(x), lambda i, s: 0.9 * s + x[i] * x[i - 1], 0.0)


def neighbours_plainly(x: np.ndarray) -> Any:
    s = 0.0
    for i in range(1, len(x)):
        s = 0.9 * s + x[i] * x[i - 1]
    return s


def write_under_if(x: Any) -> Any:
    def turn(i: Any, o: Any) -> Any:
        return cond(x[i] > 0, lambda: o.at[i].set(x[i] * x[i] + o[i - 1]), lambda: o)

    return np.sum(fori_loop(1, len(x), turn, np.ones(len(x))) ** 2)


def write_under_if_plainly(x: np.ndarray) -> Any:
    o = np.ones(len(x))
    for i in range(1, len(x)):
        if x[i] > 0:
            o[i] = x[i] * x[i] + o[i - 1]
    return np.sum(o**2)


def rows(x: Any) -> Any:
    def turn(i: Any, o: Any) -> Any:
        return o.at[i].set(0.5 * o[i - 1] * x[i] + np.sin(x[i]))

    return np.sum(fori_loop(1, x.shape[0], turn, np.ones(x.shape)) ** 2)


def rows_plainly(x: np.ndarray) -> Any:
    o = np.ones(x.shape)
    for i in range(1, x.shape[0]):
        o[i] = 0.5 * o[i - 1] * x[i] + np.sin(x[i])
    return np.sum(o**2)


def product_by_elements(a: Any) -> Any:
    n = a.shape[0]

    def add(i: Any, j: Any, c: Any) -> Any:
        return fori_loop(0, n, lambda k, c: c.at[i, j].add(a[i, k] * a[k, j]), c)

    def row(i: Any, c: Any) -> Any:
        return fori_loop(0, n, lambda j, c: add(i, j, c), c)

    return np.sum(np.sin(fori_loop(0, n, row, np.zeros((n, n)))))


def product_plainly(a: np.ndarray) -> Any:
    return np.sum(np.sin(a @ a))


def warping(x: Any) -> Any:
    return carried.warping(carried.Library(np, fori_loop, cond), x)


def sweeps(b: Any) -> Any:
    def sweep(s: Any, u: Any) -> Any:
        def turn(i: Any, u: Any) -> Any:
            return u.at[i].set(0.25 * (u[i - 1] + u[i + 1] + b[i] * u[i]) + b[i])

        return fori_loop(1, len(b) - 1, turn, u)

    return np.sum(fori_loop(0, 3, sweep, np.zeros(len(b))) ** 2)


def sweeps_plainly(b: np.ndarray) -> Any:
    u = np.zeros(len(b))
    for _ in range(3):
        for i in range(1, len(b) - 1):
            u[i] = 0.25 * (u[i - 1] + u[i + 1] + b[i] * u[i]) + b[i]
    return np.sum(u**2)


def read_afterwards(x: Any) -> Any:
    """The old array is read after it was changed, by what is no update of it."""

    def turn(i: Any, carry: Any) -> Any:
        o, s = carry
        new = o.at[i].set(x[i] * o[i - 1])
        return new, s + np.sin(o[i]) * new[i]

    o, s = fori_loop(1, len(x), turn, (np.ones(len(x)), 0.0))
    return s + np.sum(o)


def read_afterwards_plainly(x: np.ndarray) -> Any:
    o, s = np.ones(len(x)), 0.0
    for i in range(1, len(x)):
        new = o.copy()
        new[i] = x[i] * o[i - 1]
        s, o = s + np.sin(o[i]) * new[i], new
    return s + np.sum(o)


def layers(w: Any) -> Any:
    """Each turn reads rows of parts of an array, whose adjoint is one array that it adds to."""

    def turn(i: Any, h: Any) -> Any:
        for part in w:
            h = np.tanh(h * part[0] + part[1]) * part[2]
        return h

    return np.sum(fori_loop(0, 5, turn, np.ones(w.shape[2])))


def layers_plainly(w: np.ndarray) -> Any:
    h = np.ones(w.shape[2])
    for _ in range(5):
        for a, b, c in w:
            h = np.tanh(h * a + b) * c
    return np.sum(h)


def orbit(x: Any) -> Any:
    """A state of few numbers, which the condition asks too."""

    def turn(state: Any) -> Any:
        place, speed, seen = state
        force = -place / np.sum(place * place) ** 1.5
        return place + 0.1 * speed, speed + 0.1 * force, np.array([seen[1] + 1.0, seen[0] + 1.0])

    start = x[:2], x[2:4], np.zeros(2)
    place, speed, _ = jitad.while_loop(lambda state: state[2][1] < 20, turn, start)
    return np.sum(place * speed)


def orbit_plainly(x: np.ndarray) -> Any:
    place, speed = x[:2], x[2:4]
    for _ in range(20):
        place, speed = place + 0.1 * speed, speed - 0.1 * place / np.sum(place * place) ** 1.5
    return np.sum(place * speed)


def _rotated(a: Any, b: Any, c: Any) -> Any:
    """Three arrays that change places, each changed where it is or handed on."""
    return b.at[1:-1].set(0.5 * a[:-2] * a[2:]), c.at[0].add(a[1]), a


def rotated(x: Any, turns: Any = 7) -> Any:
    start = x, np.zeros(len(x)), np.ones(len(x))
    a, b, c = fori_loop(0, turns, lambda i, state: _rotated(*state), start)
    return np.sum(a * x) + np.sum(b) - np.sum(c * b)


def rotated_plainly(x: np.ndarray, turns: int = 7) -> Any:
    a, b, c = x.copy(), np.zeros(len(x)), np.ones(len(x))
    for _ in range(turns):
        b[1:-1] = 0.5 * a[:-2] * a[2:]
        c[0] += a[1]
        a, b, c = b, c, a
    return np.sum(a * x) + np.sum(b) - np.sum(c * b)


def streamed(x: Any) -> Any:
    """Two writes a turn, to places that a shift moves."""
    n, m = x.shape
    g = np.zeros((2, n, m))
    for i in range(n):
        for j in range(m):
            r = x[i, j] * x[i, j]
            g[0, i, j] = 0.4 * x[i, j] + 0.3 * r
            g[1, (i + 1) % n, j] = 0.4 * r + 0.3 * g[0, i, j]
    return np.sum(g * g)


def eliminated(x: Any) -> Any:
    """Loops whose turns depend on those around them."""
    a = x + 5.0 * np.eye(len(x))
    n, s = len(x), 0.0
    for k in range(n):
        for i in range(k + 1, n):
            f = a[i, k] / a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= f * a[k, j]
        s += np.log(np.abs(a[k, k]))
    return s


def factorised(x: Any) -> Any:
    """An array that is written under a branch and read in a loop within: read back by undoing."""
    a = x @ x.T + 3.0 * np.eye(len(x))
    n = len(x)
    c, s = np.zeros((n, n)), 0.0
    for i in range(n):
        for j in range(i + 1):
            t = a[i, j]
            for k in range(j):
                t -= c[i, k] * c[j, k]
            if i == j:
                c[i, i] = np.sqrt(t)
                s += np.log(c[i, i])
            else:
                c[i, j] = t / c[j, j]
    return s + np.sum(np.sin(c))


def overwritten(x: Any) -> Any:
    """Elements are read, written over and read again, by rows and alone, at places that repeat."""
    a, s = x.copy(), 0.0
    for k in range(2 * len(x)):
        i = k % len(x)
        s += a[i, 0] * a[i - 1, 1]
        a[i] = np.sin(a[i] * a[i - 1])
        a[i, 1] *= np.cos(s)
        a[i * i % len(x), 0] += 0.1 * a[i, 2] ** 2
    return s * np.sum(a[1:] * x[1:])


PROGRAMS = (
    Program(factorised, factorised, (6, 6)),
    Program(overwritten, overwritten, (5, 4)),
    Program(streamed, streamed, (5, 6)),
    Program(eliminated, eliminated, (7, 7)),
    Program(two_reads, two_reads_plainly, (37,)),
    Program(neighbours, neighbours_plainly, (37,)),
    Program(write_under_if, write_under_if_plainly, (37,)),
    Program(rows, rows_plainly, (11, 8)),
    Program(product_by_elements, product_plainly, (7, 7)),
    Program(warping, carried.warping_plainly, (9,)),
    Program(sweeps, sweeps_plainly, (23,)),
    Program(read_afterwards, read_afterwards_plainly, (23,)),
)


def _differences(f: Callable[[np.ndarray], Any], x: np.ndarray, h: float = 1e-4) -> np.ndarray:
    """The gradient by central differences of fourth order."""

    def at(k: int, step: float) -> Any:
        moved = x.copy()
        moved.flat[k] += step
        return f(moved)

    slopes = [
        (8 * (at(k, h) - at(k, -h)) - (at(k, 2 * h) - at(k, -2 * h))) / (12 * h)
        for k in range(x.size)
    ]
    return np.reshape(slopes, x.shape)


def _kernels(program: Program) -> tuple[jitad.Kernel, jitad.Kernel]:
    """The program's value and gradient, which are right."""
    x = np.random.default_rng(5).normal(size=program.shape)
    value, slope = jitad.compile(program.loops, x), jitad.compile(jitad.grad(program.loops), x)
    np.testing.assert_allclose(value(x), program.plain(x), rtol=1e-13)
    expected = _differences(program.plain, x)
    np.testing.assert_allclose(slope(x), expected, rtol=1e-5, atol=1e-7)
    return value, slope


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.loops.__name__)
def test_carried_arrays(program: Program) -> None:
    for kernel in _kernels(program):
        assert not list(_copied(optimise(kernel.tape)))


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("turns", range(6))
def test_arrays_that_change_places(turns: int, known: bool) -> None:
    x = np.random.default_rng(4).normal(size=300)

    def f(x: Any, n: Any) -> Any:
        return rotated(x, turns if known else n)

    kernel, slope = (jitad.compile(g, x, turns) for g in (f, jitad.grad(f)))
    assert turns < 2 or not list(_copied(optimise(kernel.tape)))
    np.testing.assert_allclose(kernel(x, turns), rotated_plainly(x, turns), rtol=1e-13)
    expected = _differences(lambda x: rotated_plainly(x, turns), x)
    np.testing.assert_allclose(slope(x, turns), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("width", (5, 43, 64))
def test_rows_of_one_adjoint(width: int) -> None:
    _kernels(Program(layers, layers_plainly, (2, 3, width)))


def test_few_numbers_are_carried_apart() -> None:
    for kernel in _kernels(Program(orbit, orbit_plainly, (4,))):
        for instr in optimise(kernel.tape).instrs:
            if instr.op is loop:
                body, carries = instr.params[0].body, instr.params[0].carries
                assert not any(body.instrs[i].shape for i in body.outputs[:carries])


@pytest.mark.parametrize("f", [two_reads, write_under_if, sweeps])
def test_a_turn_is_as_much_work_whatever_the_length_of_arrays(f: Any) -> None:
    """By its work a loop asks from time to time whether it was interrupted."""
    turns: list[list[float]] = []
    for n in (300, 3000):
        tape = optimise(jitad.grad(f).plan(np.ones(n)).tape)
        loops = [instr.params[0] for instr in tape.instrs if instr.op is loop]
        turns.append([work(form.body) / (n if f is sweeps else 1) for form in loops])
    np.testing.assert_allclose(turns[0], turns[1], rtol=0.05)


def left_early(x: Any) -> Any:
    s = 0.0
    for i in range(x.size):
        for j in range(x.size):
            if j > i:
                break
            s += x[i] * x[j]
    return s


def by_steps(x: Any) -> Any:
    s, j = 0.0, x.size - 1
    while j >= 0 and s < 30.0:
        s += x[j] * x[j - 1]
        j -= 2
    return s


def sorted_by_insertion(x: Any) -> Any:
    a = x.copy()
    for i in range(1, a.size):
        k, j = a[i], i - 1
        while j >= 0 and a[j] > k:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = k
    return np.sum(a * np.arange(a.size))


@pytest.mark.parametrize("f", [left_early, by_steps, sorted_by_insertion])
def test_what_is_counted_is_not_kept(f: Any) -> None:
    """Nor what is read at a place that is counted, of an array that stays as it is."""
    _kernels(Program(f, f, (41,)))
    assert "[-1]" not in compiled(jitad.grad(f), np.ones(41))


def factored(x: Any) -> Any:
    """Cholesky's method by elements, of which each is read in many later turns."""
    n = x.shape[0]
    c = np.zeros((n, n))
    s = 0.0
    for i in range(n):
        for j in range(i + 1):
            t = x[i, j] + (2.0 * n if i == j else 0.0)
            for k in range(j):
                t -= c[i, k] * c[j, k]
            if i == j:
                c[i, i] = np.sqrt(t)
                s += np.log(c[i, i])
            else:
                c[i, j] = t / c[j, j]
    return s


def streamed(x: Any) -> Any:
    """Arrays that turns make anew."""
    n, f = x.shape[0], np.outer(x, x)
    for _ in range(5):
        g = np.zeros((n, n))
        for i in range(n):
            for j in range(n):
                r = f[i, j] * f[j, i]
                g[(i + 1) % n, j] = 0.4 * f[i, j] + 0.1 * r
        f = g
    return np.sum(f * f)


@pytest.mark.parametrize(("f", "shape"), [(factored, (20, 20)), (streamed, (17,))])
def test_no_turn_keeps_an_array_that_others_change(f: Any, shape: tuple[int, ...]) -> None:
    """What a sweep reads of it is kept, number by number."""
    _, slope = _kernels(Program(f, f, shape))
    inner = max(len(instr.shape) for instr in optimise(slope.tape).instrs)
    assert inner <= 3
    assert not list(_copied(optimise(slope.tape))) or f is streamed


def _copied(tape: Tape) -> Iterator[str]:
    """Loops, also within others, that copy an array which they carry."""
    for instr in tape.instrs:
        if not isinstance(instr.op, Control):
            continue
        form = instr.params[0]
        if instr.op is loop:
            arrays = {k for k, i in enumerate(form.body.outputs[: form.carries])
                      if form.body.instrs[i].shape}  # fmt: skip
            moved = {k for k, j in enumerate(homes(form, schedule)) if k != j}
            if not arrays <= in_place(instr, schedule).keys() | moved:
                yield str(form.body)
        for inner in instr.op.tapes(form):
            yield from _copied(inner)
