"""`jitad.numpy`: functions that fill arrays in loops, as they would for Numba.

Each program takes the namespace: with NumPy it is the oracle, with `jitad.numpy` it is traced.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy
import oracle
import pytest
from filling import PROGRAMS
from hypothesis import given
from hypothesis import strategies as some

import jitad
import jitad.numpy
import jitad.passes.scalarize

X = numpy.random.default_rng(5).normal(size=6).astype(numpy.float32).astype(float)


def traced(function: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    def with_jitad(x: Any) -> Any:
        return function(jitad.numpy, x)

    return with_jitad


@pytest.mark.parametrize("function", PROGRAMS, ids=lambda f: f.__name__)
def test_a_program_that_writes(function: Callable[[Any, Any], Any], path: str) -> None:
    f = traced(function)
    want = oracle.plain(lambda x: function(numpy, x), [X])
    oracle.assert_same(f(X), want)  # outside of a trace: NumPy itself
    oracle.assert_same(jitad.jit(f)(X), want)
    oracle.check_all(f, [X])


def test_outside_of_a_trace_all_is_numpys() -> None:
    np = jitad.numpy
    for made in (np.zeros(3), np.array([1.0]), np.arange(3), np.full(2, 1.0), np.ones_like(X)):
        assert type(made) is numpy.ndarray
    assert np.pi == numpy.pi and np.linalg is numpy.linalg and np.sin is numpy.sin
    assert np.zeros(2, np.float32).dtype == np.float32 == numpy.float32
    assert isinstance(np.float64(1), np.float64) and type(np.int64(2.5)) is numpy.int64


# -- indices that are traced -----------------------------------------------------------------------


def at_elements(np: Any, x: Any, i: Any) -> Any:
    out = np.array(x)
    out[i[0]] = 3 * x[0]
    out[i[1]] += x[2]
    out[i] = x[:4] * 2
    return out


def at_rows(np: Any, x: Any, i: Any) -> Any:
    a = np.zeros((6, 6), x.dtype)
    a[i] = x
    a[i, i] = x[0]
    a[i[0]] = x * 2
    a[i[0], 2:4] = x[1]
    a[:, i] += x[0]
    a[i[:2]] *= x
    b = a.T[::-1]
    b[i] = x
    return a


def accumulated(np: Any, x: Any, i: Any) -> Any:
    a = np.zeros((6, 6), x.dtype)
    for k in range(4):
        a[i[k], k] += x[k]
    np.add.at(a, i, x)
    np.subtract.at(a, (i, i), x[:4])
    np.multiply.at(a, (i, i), x[:4])
    return a


def by_masks(np: Any, x: Any, i: Any) -> Any:
    chosen = i[0] > 0
    a = np.array(x)
    a[(x > 0) & chosen] = x[0]
    b = np.outer(a, a)
    b[x > 0] = x
    b[b < 0.3] *= 2
    b[x < 0] = b[x < 0][::-1]
    b[chosen] = x[3]
    return a, b


def one_element(np: Any, x: Any, i: Any) -> Any:
    a, b = np.zeros(1, x.dtype), np.zeros(1, x.dtype)
    a[i * 0] = x[:4]
    np.add.at(b, i * 0, x[:4])
    return a, b, np.sum(x[:1][i * 0] * x[:4])


def counted_bounds(np: Any, x: Any, i: Any) -> Any:
    a = np.arange(i[0] + 2, dtype=x.dtype)
    a[0] = x[0]
    b = np.zeros(6, x.dtype)
    b[: i[0]] = x[1]
    return a, b


@pytest.mark.parametrize(
    "function",
    [at_elements, at_rows, accumulated, by_masks, one_element, counted_bounds],
    ids=lambda f: f.__name__,
)
def test_a_traced_index(function: Callable[[Any, Any, Any], Any], path: str) -> None:
    def f(x: Any, i: Any) -> Any:
        return function(jitad.numpy, x, i)

    compiled, forward, reverse = jitad.jit(f), jitad.jacfwd(f), jitad.jacrev(f)
    for i in (numpy.array([1, 4, 1, -1]), numpy.array([0, 0, 2, 3])):
        fixed = traced(lambda np, x, i=i: function(np, x, i))
        oracle.assert_same(compiled(X, i), oracle.plain(lambda x, f=fixed: f(x), [X]))
        want = oracle.leaves(jitad.jacfwd(fixed)(X))
        for jacobian in (forward, reverse):
            for got, expected in zip(oracle.leaves(jacobian(X, i)), want, strict=True):
                numpy.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)
    oracle.check_all(fixed, [X])


@pytest.mark.parametrize("place", [6, -7])
def test_a_traced_index_out_of_bounds_is_an_error(place: int, path: str) -> None:
    def f(x: Any, i: Any) -> Any:
        out = jitad.numpy.zeros((6, 2))
        out[i] = x[:2]
        out[i, 0] = x[0]
        return out

    compiled = jitad.jit(f)
    compiled(X, 5)
    with pytest.raises(jitad.ShapeError):
        compiled(X, place)


# -- random programs -------------------------------------------------------------------------------

Step = tuple[int, int, int, int]

VIEWS: tuple[Callable[[Any], Any], ...] = (
    lambda a: a[1:],
    lambda a: a[::-1],
    lambda a: a[..., ::2],
    lambda a: a[..., 1:-1],
    lambda a: a[0],
    lambda a: a[:, -1] if a.ndim > 1 else a[:2],
    lambda a: a[-1:, None],
    lambda a: a.T,
    lambda a: a.swapaxes(0, -1),
    lambda a: a.reshape(-1),
    lambda a: a.reshape(2, -1) if a.size % 2 == 0 and a.size else a,
    lambda a: a[None][:, 1::-1],
    lambda a: a.ravel()[:: len(a) + 1],
    lambda a: a.copy(),
    lambda a: a[[0, -1, 0]],
)


def _interpret(np: Any, steps: list[Step], x: Any) -> list[Any]:
    """Views of views, written to in turn; every write adds up to an affine function of x."""
    arrays = [np.zeros((3, 4)), np.array(x), np.arange(24.0).reshape(2, 3, 4)]
    for kind, which, other, place in steps:
        a, b = arrays[which % len(arrays)], arrays[other % len(arrays)]
        if a.size == 0 or a.ndim == 0 or kind < 4:
            if a.size and a.ndim:
                arrays.append(VIEWS[(5 * kind + place) % len(VIEWS)](a))
        elif kind == 4:
            a[place % len(a)] = x[place % len(x)]
        elif kind == 5:
            a[...] = b.ravel()[0] if b.size else 1.5
        elif kind == 6:
            a += x[place % len(x)]
        elif kind == 7:
            a[place % len(a) :] *= 2.0
        elif kind == 8:
            a.flat[place % a.size] = 0.25
        else:
            a[place % len(a)] = a[-1]
    return [a for a in arrays if a.ndim]


@given(some.lists(some.tuples(*(some.integers(0, n) for n in (9, 40, 40, 40))), max_size=14))
def test_random_views_and_writes(steps: list[Step]) -> None:
    def f(x: Any) -> list[Any]:
        return _interpret(jitad.numpy, steps, x)

    compiled = jitad.jit(f)
    ahead = [numpy.asarray(y) for y in _interpret(numpy, steps, X + 1)]
    behind = [numpy.asarray(y) for y in _interpret(numpy, steps, X)]
    oracle.assert_same(compiled(X), behind)
    oracle.assert_same(compiled(X + 1), ahead)
    weights = [numpy.cos(numpy.arange(y.size)).reshape(y.shape) for y in behind]
    _, pullback = jitad.vjp(f, X)
    (x_bar,) = pullback(weights)
    want = sum(
        float(numpy.sum(w * (a - b))) for w, a, b in zip(weights, ahead, behind, strict=True)
    )
    assert math.isclose(float(numpy.sum(x_bar)), want, rel_tol=1e-9, abs_tol=1e-9)


# -- what is refused -------------------------------------------------------------------------------


def _argument(x: Any) -> Any:
    x[0] = 1.0
    return x


def _view_of_argument(x: Any) -> Any:
    y = x[1:]
    y += 1.0
    return x


def _outer(x: Any) -> Any:
    out = jitad.numpy.zeros(3)

    def inner(y: Any) -> Any:
        out[0] = y
        return y

    return jitad.grad(inner)(x[0])


def _read_only(x: Any) -> Any:
    a = jitad.numpy.zeros((3, 3))
    a.diagonal()[0] = x[0]
    return a


def _integers(x: Any) -> Any:
    n = jitad.numpy.zeros(3, int)
    n += x[0]
    return n


def _integers_at(x: Any) -> Any:
    n = jitad.numpy.zeros(3, int)
    numpy.add.at(n, [0], x[:1])
    return n


def _at_argument(x: Any) -> Any:
    numpy.add.at(x, [0], 1.0)
    return x


def _dropped(x: Any) -> Any:
    return x.at[9].set(1.0, mode="drop")


def _shapes(x: Any) -> Any:
    out = jitad.numpy.zeros(3)
    out[:2] = x
    return out


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (_argument, r"y = jitad.numpy.array\(x\)"),
        (_outer, "create the array in the function that writes to it"),
        (_view_of_argument, "view of an argument"),
        (_read_only, "read-only"),
        (_integers, "dtype=float"),
        (_integers_at, "dtype=float"),
        (_at_argument, r"x.at\[i\].add"),
        (_dropped, "mode"),
        (_shapes, "broadcast"),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_what_cannot_be_written_says_so(function: Callable[[Any], Any], words: str) -> None:
    with pytest.raises(jitad.JitadError, match=words) as caught:
        jitad.jacobian(function)(X)
    assert "test_mutation.py" in str(caught.value)


def test_an_array_of_an_outer_trace_is_read_inside() -> None:
    def f(x: Any) -> Any:
        out = jitad.numpy.zeros(3)
        out[1] = x[0]
        inner = jitad.grad(lambda y: numpy.sum(out * y**2))(x[1:4])
        out[1] = 5.0
        return inner, out

    slopes, out = jitad.jit(f)(X)
    numpy.testing.assert_allclose(slopes, [0, 2 * X[0] * X[2], 0])
    numpy.testing.assert_array_equal(out, [0, 5, 0])
    jacobian = jitad.jacrev(lambda x: f(x)[0])(X)
    numpy.testing.assert_allclose(jacobian[1, :4], [2 * X[2], 0, 2 * X[0], 0])


def test_what_is_kept_of_an_array_is_what_it_was() -> None:
    """A pullback holds the array as it was when it was made."""

    def f(x: Any) -> Any:
        out = jitad.numpy.ones(3)
        out[0] = x[0]
        _, pullback = jitad.vjp(lambda y: out * y, x[:3])
        out[0] = 100.0
        return pullback(jitad.numpy.ones(3))[0]

    numpy.testing.assert_allclose(jitad.jit(f)(X), [X[0], 1, 1])


def test_long_loops_leave_short_programs() -> None:
    """Each element is a value of its own: no array is copied for each that is written."""

    def f(np: Any, x: Any) -> Any:
        out = np.zeros(len(x))
        for i in range(len(x)):
            out[i] = np.sin(x[i]) * x[i - 1]
        return np.sum(out**2)

    x = numpy.linspace(0.1, 1, 300)
    tape = jitad.jit(jitad.grad(traced(f))).plan(x).tape
    assert not any(instr.op.name in ("index_set", "scatter_set") for instr in tape.instrs)
    got = jitad.grad(traced(f))(x)
    y = numpy.sin(x) * numpy.roll(x, 1)
    ahead = numpy.roll(2 * y * numpy.sin(x), -1)
    numpy.testing.assert_allclose(got, 2 * y * numpy.cos(x) * numpy.roll(x, 1) + ahead)


# -- arrays that lists have, too -------------------------------------------------------------------


def written_after_it_was_appended(x: Any) -> Any:
    found = []
    for i in range(60):
        y = x * i
        if x[i % 3] > 0:
            found.append(y)
        y[0] = 7.0
    return sum(z[0] for z in found) + numpy.sum(found[1])


def written_behind_the_branch(x: Any) -> Any:
    found, y = [], x * 1.0
    for i in range(60):
        if x[i % 3] > 0:
            y = x * i
            found.append(y)
        y[0] = 7.0
    return sum(z[0] for z in found)


def written_in_the_next_turn(x: Any) -> Any:
    found, y = [], x * 1.0
    for i in range(60):
        y += x[i % 3]
        if x[i % 3] > 0:
            found.append(y)
    return sum(z[0] for z in found)


def written_behind_the_loop(x: Any) -> Any:
    found, y = [], x * 1.0
    for i in range(60):
        if x[i % 3] > 0:
            y = x * i
            found.append(y)
    y[1] = 3.0
    return sum(z[1] for z in found)


def written_by_its_first_name(x: Any) -> Any:
    found, y = [], x * 1.0
    first = y
    for i in range(60):
        if x[i % 3] > 0:
            found.append(y)
        y = y + x[i % 3]
    first[0] = 100.0
    return sum(z[0] for z in found)


@pytest.mark.parametrize(
    "function",
    [written_after_it_was_appended, written_behind_the_branch, written_in_the_next_turn,
     written_behind_the_loop, written_by_its_first_name],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_an_array_that_a_list_has_too_is_one(function: Callable[[Any], Any]) -> None:
    """Where data say how many items there are: the right answer, or an error with the line."""
    x = numpy.array([1.0, -2.0, 3.0])
    try:
        got = jitad.jit(function)(x)
    except jitad.TraceError as error:
        assert "an array that a list has, too, is written to" in str(error)
        assert error.line is not None
        assert error.line.file == __file__
    else:
        assert got == function(x)
