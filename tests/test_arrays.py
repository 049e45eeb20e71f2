"""Building arrays and taking parts: errors that teach, guards, and properties judged by NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import assert_same, plain

import jitad
from jitad.frontend.trace import trace
from jitad.ir.builder import evaluate

M = np.arange(12.0).reshape(3, 4)
V = np.array([3.0, -1.0, 2.0, 0.5])


def run(f: Callable[..., Any], *arrays: np.ndarray) -> list[np.ndarray]:
    """The function traced, and its tape run instruction by instruction."""
    names = [f"x{k}" for k in range(len(arrays))]
    traced = trace(lambda xs: f(*xs), arrays, names)
    return evaluate(traced.tape, [*arrays, *traced.captured])


def check(f: Callable[..., Any], *arrays: np.ndarray) -> None:
    """The traced function gives NumPy's values; where NumPy refuses, it refuses too."""
    try:
        want = plain(f, arrays)
    except (ValueError, IndexError, TypeError):
        with pytest.raises(jitad.JitadError):
            run(f, *arrays)
        return
    assert_same(run(f, *arrays), want)


# -- errors ----------------------------------------------------------------------------------------

ERRORS: list[tuple[Callable[[Any], Any], str]] = [
    (lambda x: np.split(x, 2), "array_split"),
    (lambda x: np.array_split(x, 0), "np.split(x, [2, 5])"),
    (lambda x: np.vsplit(x[0], 2), "axis="),
    (lambda x: np.reshape(x, (5, -1)), "one of them may be -1"),
    (lambda x: np.reshape(x, (-3, -4)), "multiply"),
    (lambda x: np.reshape(x, "ab"), "tuple"),
    (lambda x: np.reshape(x, (2.0, 6)), "int"),
    (lambda x: np.moveaxis(x, (0, 0), (0, 1)), "once"),
    (lambda x: np.concatenate([x, x[0]]), "equal lengths"),
    (lambda x: np.concatenate([x, x], dtype=int), "x.astype"),
    (lambda x: np.concatenate([x, x], out=M), "returned"),
    (lambda x: np.stack([x, x[0]]), "np.concatenate"),
    (lambda x: np.block([[x], x]), "levels of lists"),
    (lambda x: np.block([x, (x, x)]), "lists"),
    (lambda x: np.take(x, [0, 1], out=V), "returned"),
    (lambda x: np.take(x, 1, mode="around"), "'wrap'"),
    (lambda x: np.take(x, [1.5]), "integers"),
    (lambda x: np.take(x, 99), "count from 0"),
    (lambda x: np.take(x[:0], [0], axis=0), "x.size"),
    (lambda x: np.take_along_axis(x, np.zeros(3, int), 0), "as many axes"),
    (lambda x: np.take_along_axis(x, np.zeros((3, 1)), 0), "integers"),
    (lambda x: np.compress(x > 0, x), "x[mask]"),
    (lambda x: np.compress([1, 1, 1, 1], x, axis=0), "each place"),
    (lambda x: np.choose(x, [x, x]), "integers"),
    (lambda x: np.choose((x > 3) * 2, [x, x]), "mode='wrap'"),
    (lambda x: np.select([x], [x]), "x != 0"),
    (lambda x: np.select([x > 0], [x, x]), "one condition"),
    (lambda x: np.piecewise(x, [x > 0], [1.0, 2.0, 3.0]), "one function"),
    (lambda x: np.piecewise(x, [x[0] > 0], [1.0]), "shape of the array"),
    (lambda x: np.nonzero(x[0, 0]), "atleast_1d"),
    (lambda x: np.unravel_index(np.argmax(x) + 12, x.shape), "range"),
    (lambda x: np.ravel_multi_index((np.argmax(x, 0) + 3, 0), x.shape), "mode='wrap'"),
    (lambda x: np.repeat(x, -1), "none negative"),
    (lambda x: np.repeat(x, [1, 2], axis=0), "each place"),
    (lambda x: np.tile(x, -1), "not negative"),
    (lambda x: np.roll(x, (1, 2, 3), axis=(0, 1)), "each axis"),
    (lambda x: np.rot90(x, axes=(0, -2)), "differ"),
    (lambda x: np.delete(x, 7, axis=0), "an int, a slice"),
    (lambda x: np.insert(x, 7, 1.0, axis=0), "an int, a slice"),
    (lambda x: np.insert(x, 1, [1.0, 2.0], axis=0), "trailing axes"),
    (lambda x: np.pad(x, -1), "negative"),
    (lambda x: np.pad(x, (1, 2, 3)), "one pair"),
    (lambda x: np.pad(x, 1, "empty"), "constant"),
    (lambda x: np.pad(x, 1, lambda *_: None), "reflect"),
    (lambda x: np.pad(x, 1, "edge", constant_values=1), "leave it out"),
    (lambda x: np.pad(x, 1, "mean", stat_length=0), "1 or more"),
    (lambda x: np.pad(x, 1, "reflect", reflect_type="both"), "'odd'"),
    (lambda x: np.pad(x[:0], 1, "edge"), "mode='constant'"),
    (lambda x: np.linspace(0, x, -2), "negative"),
    (lambda x: np.meshgrid(x, x, indexing="ji"), "'ij'"),
    (lambda x: np.diag(x[None]), "np.diagonal"),
    (lambda x: np.diag_indices_from(x), "equal lengths"),
    (lambda x: np.tril_indices_from(x[0]), "matrix"),
    (lambda x: np.trim_zeros(x, "middle"), "'fb'"),
]

WRITES = [  # which derivatives refuse
    (lambda x: (np.copyto(x, 1.0), x)[1], "jitad.numpy"),
    (lambda x: (np.put(x, [0], 1.0), x)[1], "x.at[places].set"),
    (lambda x: (np.put_along_axis(x, np.zeros((3, 1), int), 0.0, 1), x)[1], "x.at[index].set"),
    (lambda x: (np.place(x, M > 0, [1.0]), x)[1], "np.where(mask"),
    (lambda x: (np.putmask(x, M > 0, 1.0), x)[1], "np.where(mask"),
    (lambda x: (np.fill_diagonal(x, 1.0), x)[1], "np.eye"),
]


@pytest.mark.parametrize(("f", "remedy"), ERRORS + WRITES)
def test_errors_say_what_to_write(f: Callable[[Any], Any], remedy: str) -> None:
    with pytest.raises(jitad.JitadError) as caught:
        jitad.jacobian(f)(M) if (f, remedy) in WRITES else jitad.jit(f)(M)
    assert remedy in caught.value.remedy
    assert caught.value.line is not None
    assert caught.value.line.file == __file__


def test_a_traced_value_prints_as_text() -> None:
    texts: list[str] = []

    def f(x: Any) -> Any:
        texts.extend((np.array_repr(x), np.array_str(x), np.array2string(x, precision=3)))
        return x

    jitad.jit(f)(V)
    assert len(texts) == 3
    assert all("4" in text for text in texts)


# -- guards and traced places ----------------------------------------------------------------------


def _again(f: Callable[..., Any], *points: Any) -> int:
    """How often a function is traced for the points, where it gives NumPy's values."""
    runs: list[None] = []

    def counted(*xs: Any) -> Any:
        runs.append(None)
        return f(*xs)

    compiled = jitad.jit(counted)
    for xs in points:
        assert_same(compiled(*xs), plain(f, xs))
    return len(runs)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.roll(x, np.argmax(x)),
        lambda x: np.roll(x, -np.argmax(x) - 9),
        lambda x: np.take(x, np.argsort(x) - 2, mode="wrap"),
        lambda x: np.take_along_axis(x, np.argsort(x), None),
        lambda x: np.choose(np.argsort(x), [x, 2 * x, 3 * x, 4 * x]),
        lambda x: np.unravel_index(np.argmax(x), (2, 2)),
        lambda x: np.triu(np.outer(x, x), np.argmax(x) - 1),
        lambda x: np.select([x > 1, x < 0], [x, -x], 7.0),
        lambda x: np.piecewise(x, [x > 1], [np.log, np.cos]),
        lambda x: np.isin(x, x[:2] + 1),
    ],
)
def test_values_that_decide_no_shape_are_not_guarded(f: Callable[..., Any]) -> None:
    assert _again(f, (V,), (V[::-1].copy(),), (-V,)) == 1


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.repeat(x, (x > 0) + 1),
        lambda x: np.nonzero(x > 0),
        lambda x: np.extract(x > 0, x),
        lambda x: np.compress(x > 0, x),
        lambda x: np.trim_zeros(np.maximum(x, 0)),
    ],
)
def test_values_that_decide_a_shape_are_guarded(f: Callable[..., Any]) -> None:
    assert _again(f, (V,), (V * 2,), (-V,), (V,)) == 2


@pytest.mark.parametrize(
    "f", [lambda x: np.delete(x, np.argmax(x)), lambda x: np.insert(x, np.argmax(x), 9.0)]
)
def test_places_of_one_element_are_one_program(f: Callable[..., Any]) -> None:
    assert _again(f, (V,), (V * 2,), (-V,), (V,)) == 1


def test_an_index_that_leaves_its_range_later_is_an_error() -> None:
    f = jitad.jit(lambda i: np.unravel_index(i, (2, 3)))
    g = jitad.jit(lambda x, i: np.choose(i, [x, -x]))
    h = jitad.jit(lambda x, i: np.take_along_axis(x, i, 1))
    good = np.array([[1, 0], [0, 1]])
    x = M[:2, :2]
    f(good), g(x, good), h(x, good)
    for bad in (good * 6, good - 7):
        with pytest.raises(jitad.ShapeError):
            f(bad)
        with pytest.raises(jitad.ShapeError):
            g(x, bad)
        with pytest.raises(jitad.ShapeError):
            h(x, bad)


def test_a_closed_over_array_of_counts_may_change() -> None:
    counts = np.array([1, 0, 2, 1])
    f = jitad.jit(lambda x: np.repeat(x, counts))
    assert_same(f(V), [np.repeat(V, counts)])
    counts[1] = 3
    assert_same(f(V), [np.repeat(V, counts)])


# -- derivatives -----------------------------------------------------------------------------------


def test_the_pieces_not_taken_leave_no_nan_in_a_gradient() -> None:
    x = np.array([-1.0, 0.0, 4.0])
    pieces = jitad.grad(lambda x: np.sum(np.piecewise(x, [x > 0], [np.sqrt, 2.0])))
    choice = jitad.grad(lambda x: np.sum(np.select([x > 0, x < 0], [np.log(x), 1 / x])))
    np.testing.assert_array_equal(pieces(x), [0, 0, 0.25])
    np.testing.assert_array_equal(choice(x), [-1, 0, 0.25])


def test_a_range_ends_where_it_is_told_to() -> None:
    for low, high, count in ((0.1, 0.7, 7), (-1e-3, 1e6, 50), (1 / 3, 1 / 7, 11)):
        numbers = jitad.jit(lambda x, y, count=count: np.linspace(x, y, count))(low, high)
        assert numbers[0] == low
        assert numbers[-1] == high
        geometric = jitad.jit(lambda x, y: np.geomspace(x, y, 5))(abs(low), high)
        assert geometric[0] == abs(low)
        assert geometric[-1] == high
    slope = jitad.jacobian(lambda y: np.linspace(0.0, y, 7))(3.0)
    np.testing.assert_allclose(slope, np.linspace(0, 1, 7), rtol=1e-15)


# -- properties ------------------------------------------------------------------------------------

lengths = st.integers(1, 5)
pairs = st.tuples(st.integers(0, 9), st.integers(0, 9))
PADDINGS: list[tuple[str, dict[str, Any]]] = [
    ("constant", {"constant_values": (1.5, -2.0)}),
    ("edge", {}),
    ("linear_ramp", {"end_values": 3}),
    ("maximum", {"stat_length": (1, 2)}),
    ("mean", {}),
    ("median", {"stat_length": 3}),
    ("reflect", {}),
    ("reflect", {"reflect_type": "odd"}),
    ("symmetric", {}),
    ("symmetric", {"reflect_type": "odd"}),
    ("wrap", {}),
]


@settings(max_examples=150, deadline=None)
@given(lengths, lengths, pairs, pairs, st.sampled_from(PADDINGS))
def test_pad_is_numpys(m: int, n: int, rows: Any, columns: Any, padding: Any) -> None:
    mode, options = padding
    x = np.random.default_rng(0).integers(-8, 9, (m, n)) / 8
    check(lambda x: np.pad(x, (rows, columns), mode, **options), x)


places = st.one_of(
    st.integers(-6, 6),
    st.lists(st.integers(-5, 5), max_size=5),
    st.builds(
        slice, *[st.one_of(st.none(), st.integers(-6, 6))] * 2, st.sampled_from([-2, -1, 1, 3])
    ),
)


@settings(max_examples=150, deadline=None)
@given(lengths, places, st.sampled_from([None, 0, 1, -1]))
def test_insert_and_delete_are_numpys(n: int, where: Any, axis: Any) -> None:
    x = np.random.default_rng(0).normal(size=(n, 4))
    check(lambda x: np.delete(x, where, axis), x)
    check(lambda x: np.insert(x, where, x[0, 0], axis), x)
    check(lambda x: np.insert(x, where, x[:1, :1], axis), x)


@settings(max_examples=100, deadline=None)
@given(lengths, lengths, st.lists(st.integers(-9, 9), max_size=4), st.sampled_from([None, 0, 1]))
def test_take_roll_and_split_are_numpys(m: int, n: int, numbers: Any, axis: Any) -> None:
    x = np.random.default_rng(0).normal(size=(m, n))
    for mode in ("wrap", "clip"):
        check(lambda x, mode=mode: np.take(x, numbers, axis, mode=mode), x)
    for shift in numbers:
        check(lambda x, shift=shift: np.roll(x, shift, axis), x)
        check(lambda x, shift=shift: np.rot90(x, shift), x)
        check(lambda x, shift=shift: np.array_split(x, abs(shift), axis or 0), x)
    check(lambda x: np.array_split(x, sorted(numbers), axis or 0), x)
    check(lambda x: np.tile(x, [abs(k) % 3 for k in numbers]), x)
