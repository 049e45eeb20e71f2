"""Paths beyond the number that is kept, numbers of Python's as guards, and what explain shows."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from branching import hessian_by_hand, line_of, max_paths, shrinking, sign, slope, trees_of
from numpy.testing import assert_allclose, assert_array_equal

import jitad

X = np.array([0.5, -1.25, 2.0])


# -- more paths than are kept ----------------------------------------------------------------------


def test_too_many_paths_are_interpreted() -> None:
    def f(x: Any, y: Any) -> Any:
        k = 0
        while (x > k).__bool__():  # here: the number itself is asked for
            k += 1
        return {"k": k * x, "y": y[::-1] if k > 3 else y * k, "z": y[0] > 0, "same": y}

    g = jitad.jit(f)
    with max_paths(3):
        for x in (0.5, 1.5, 2.5):
            g(x, X)
        with pytest.warns(RuntimeWarning, match="more than 3 paths") as caught:
            g(7.5, X)
        text = str(caught[0].message)
        assert f'File "{__file__}", line {line_of(f)}' in text
        assert all(name in text for name in ("jitad.while_loop", "np.where", "set_max_paths"))
        assert caught[0].filename == __file__
        compiled = jitad.jit(lambda x, y: f(x, y))(7.5, X)  # paths are of one function each
        for x in (7.5, 4.5, 0.5, 7.5):
            got, want = g(x, X), f(np.float64(x), X)
            for name, value in want.items():
                assert_array_equal(got[name], value)
                assert type(got[name]) is type(compiled[name])
                assert got[name].dtype == compiled[name].dtype
            assert got["same"] is not X and got["y"].flags.c_contiguous and got["y"].base is None
        (tree,) = trees_of(g)
        assert (len(tree.paths), tree.interpreted) == (3, 4)
    g(7.5, X)
    assert len(tree.paths) == 4


def test_derivatives_of_interpreted_paths() -> None:
    with max_paths(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        rng = np.random.default_rng(4)
        for _ in range(10):
            x = rng.normal(size=3) * 2
            assert_allclose(jitad.grad(shrinking)(x), slope(shrinking, x), rtol=1e-5)
            value, pullback = jitad.vjp(shrinking, x)
            assert_allclose(value, shrinking(x))
            assert_allclose(pullback(2.0)[0], 2 * slope(shrinking, x), rtol=1e-5)
            assert_allclose(jitad.hessian(shrinking)(x), hessian_by_hand(x), atol=1e-9)


def test_errors_of_interpreted_paths() -> None:
    def f(x: Any, i: Any) -> Any:
        return x[i] if sign(x[0]) == "up" else np.sum(np.linalg.inv(np.outer(x, x))) + x[i]

    g = jitad.jit(f)
    with max_paths(1), pytest.warns(RuntimeWarning, match="more than 1 path"):
        g(X, np.array([0]))
        with pytest.raises(np.linalg.LinAlgError):
            g(-X, np.array([0]))
    h = jitad.jit(lambda x, i: x[i] if sign(x[0]) == "up" else -x[i])
    with max_paths(1), pytest.warns(RuntimeWarning):
        assert_array_equal(h(X, np.array([-1, 2])), [2.0, 2.0])
        assert_array_equal(h(-X, np.array([-1, 2])), [2.0, 2.0])
        for bad in (3, -4):
            with pytest.raises(jitad.ShapeError, match="out of bounds"):
                h(-X, np.array([bad]))


def test_a_path_is_interpreted_where_machine_code_rounds_otherwise() -> None:
    f = jitad.jit(lambda x: np.sum(np.sin(x) ** 2).__float__() * x)
    rng = np.random.default_rng(1)
    with pytest.warns(RuntimeWarning, match=r"rounds otherwise than NumPy.*\n.*__float__") as said:
        for _ in range(5):
            x = rng.normal(size=1000)
            assert_allclose(f(x), np.sum(np.sin(x) ** 2) * x, rtol=1e-12)
            assert_allclose(f(x), np.sum(np.sin(x) ** 2) * x, rtol=1e-12)
    assert len(said) == 1
    assert len(trees_of(f)[0].paths) == 5


def test_the_number_of_paths_is_at_least_one() -> None:
    with pytest.raises(ValueError, match="at least one"):
        jitad.set_max_paths(0)


# -- numbers of Python's ---------------------------------------------------------------------------


def test_numbers_of_python_are_guarded() -> None:
    traced: list[None] = []

    def f(x: Any, n: Any) -> Any:
        traced.append(None)
        return x * n.__float__() + n[0].__complex__().imag

    g = jitad.grad(lambda x, n: np.sum(f(x, n)))
    for n in (3.0, 4.0, 3.0, -0.0, 0.0):
        assert_allclose(g(X, np.array([n])), np.full(3, n))
    assert len(traced) == 4
    assert jitad.jit(lambda k: k.__float__() / 2)(np.int64(3)) == 1.5
    assert jitad.jit(lambda x: x.__float__())(np.float32(0.1)) == np.float32(0.1)
    assert jitad.jit(lambda z: z.__complex__() * 1j)(2 + 1j) == 2j - 1
    assert jitad.jit(lambda x: x.__complex__() * 1j)(2.0) == 2j
    with pytest.raises(jitad.TraceError, match=r"x\.real"):
        jitad.jit(lambda x: x.__float__())(1j)
    with pytest.raises(jitad.TraceError, match=r"float\(x\[0\]\)"):
        jitad.jit(lambda x: x.__float__())(X)


def _of_number(x: Any) -> Any:
    return x * (x**2).__float__()  # here


def _of_complex(x: Any) -> Any:
    return x * x.__complex__().real  # here


@pytest.mark.parametrize("f", [_of_number, _of_complex])
@pytest.mark.parametrize(
    "derivative",
    [
        lambda f: jitad.grad(f)(2.0),
        lambda f: jitad.jacfwd(f)(2.0),
        lambda f: jitad.jvp(f, (2.0,), (1.0,)),
        lambda f: jitad.vjp(f, 2.0),
        lambda f: jitad.hessian(f)(2.0),
        lambda f: jitad.jit(lambda x: jitad.grad(f)(x))(2.0),
    ],
    ids=["grad", "jacfwd", "jvp", "vjp", "hessian", "jit"],
)
def test_a_derivative_that_would_be_lost_is_an_error(f: Any, derivative: Any) -> None:
    with pytest.raises(jitad.DifferentiationError, match=f"line {line_of(f)}:") as caught:
        derivative(f)
    assert "stop_gradient" in str(caught.value)
    assert jitad.jit(f)(2.0) == (8.0 if f is _of_number else 4.0)


def test_what_has_no_derivative_may_become_a_number() -> None:
    def f(x: Any) -> Any:
        scale = jitad.stop_gradient(x).__float__()
        return x * scale * np.floor(x).__float__() * (x > 1).__float__()

    assert jitad.grad(f)(2.5) == 5.0
    assert jitad.jvp(f, (2.5,), (1.0,))[1] == 5.0


def test_numbers_that_make_too_many_paths() -> None:
    f = jitad.jit(lambda x: x.__float__() * 2)
    with max_paths(2), pytest.warns(RuntimeWarning, match="use the value itself") as caught:
        assert [f(x) for x in (1.0, 2.0, 3.0, 4.0, 1.0)] == [2.0, 4.0, 6.0, 8.0, 2.0]
    assert len(caught) == 1


# -- explain ---------------------------------------------------------------------------------------


def test_explain_shows_the_paths_and_how_often_they_ran() -> None:
    def f(x: Any) -> Any:
        while (x > 1.0).__bool__():
            x = x * 0.5
        return x if (x > 0.75).__bool__() else x**2  # here

    g = jitad.grad(f)
    assert "== paths" not in jitad.explain(g, 7.0)
    for x in (7.0, 7.0, 5.0, 0.5):
        g(x)
    text = jitad.explain(g, 7.0).partition("== paths\n")[2]
    assert text.count("path ") == 3
    assert "path 1, run 2 times" in text
    assert "while (x > 1.0).__bool__(): -> True, 3 times in a row" in text
    place = f'File "{__file__}", line {line_of(f)}: '
    assert text.count(place) == 3
    assert "path 3, run once" in text.partition("path 2, run once")[2]
    with max_paths(1), pytest.warns(RuntimeWarning):
        g(100.0)
    assert "run in NumPy once" in jitad.explain(g, 7.0)
    assert "== paths" not in jitad.explain(f, 7.0)
    jitad.jit(f)(7.0)
    assert "path 1, run once" in jitad.explain(f, 7.0)
