"""What functions raise at some values: the same exception by every door, of one program for all."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
import raising
from raising import GOOD, ROWS, Row, in_a_loop, which_of_three

import jitad


def rows() -> list[Any]:
    return [pytest.param(r, id=r.function.__name__) for r in ROWS]


def _raised(call: Callable[..., Any], *args: Any) -> BaseException:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            call(*args)
        except (Exception, SystemExit) as error:
            return error
    raise AssertionError("nothing is raised")


def _lines(error: BaseException) -> list[int]:
    found, at = list[int](), error.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename == raising.__file__:
            found.append(at.tb_lineno)
        at = at.tb_next
    return found[-1:]


@pytest.mark.parametrize("row", rows())
@pytest.mark.parametrize("first", ["good", "bad"])
def test_the_same_is_raised(row: Row, first: str) -> None:
    f = row.function
    for transform in (jitad.jit, jitad.grad, jitad.jacfwd, jitad.value_and_grad):
        call = transform(f)
        known = [GOOD] if first == "good" else []
        for x in (*known, *row.bad, GOOD):
            if x is GOOD:
                call(x)
                continue
            wanted, got = _raised(f, x), _raised(call, x)
            assert type(got) is type(wanted)
            assert repr((got.args, vars(got))) == repr((wanted.args, vars(wanted)))
            assert repr(got.__cause__) == repr(wanted.__cause__)
            assert _lines(got) == _lines(wanted)
        assert [len(tree.paths) for tree in call.trees((GOOD,), {})] == [1]
    np.testing.assert_allclose(jitad.jit(f)(GOOD), f(GOOD), rtol=1e-14)
    np.testing.assert_allclose(jitad.grad(f)(GOOD), _differences(f, GOOD), rtol=1e-7, atol=1e-9)


def _differences(f: Any, x: np.ndarray) -> np.ndarray:
    steps = 1e-6 * np.eye(x.size)
    return np.array([(f(x + h) - f(x - h)) / 2e-6 for h in steps])


@pytest.mark.parametrize("row", rows())
def test_other_doors(row: Row) -> None:
    """Numba's code knows constants alone, and points raise together."""
    f = row.function
    kernel = jitad.compile(jitad.grad(f), GOOD)
    inside = kernel.njit

    @numba.njit
    def call(x):
        return inside(x)

    np.testing.assert_array_equal(call(GOOD), kernel(GOOD))
    for x in row.bad:
        wanted = _raised(f, x)
        assert repr(_raised(kernel, x)) == repr(wanted)
        points = _raised(jitad.vmap(f), np.stack([GOOD, x]))
        pulled = _raised(jitad.vjp, f, x)
        pushed = _raised(jitad.jvp, f, (x,), (x,))
        assert repr(pushed) == repr(pulled) == repr(wanted)
        for got in (_raised(call, x), points):
            if row.known:
                assert str(wanted) in str(got)
            else:
                assert type(got) in (type(wanted), Exception)
                assert "depends on values" in str(got)
                assert "raise" in str(got) or "assert" in str(got)
    np.testing.assert_array_equal(call(GOOD), kernel(GOOD))
    silent = jitad.compile(f, GOOD, on_failure="nan")
    assert np.isnan(silent.njit(row.bad[0]))
    assert isinstance(_raised(f, row.bad[0]), type(silent.last_failure))
    good = np.stack([GOOD, 1.01 * GOOD])
    np.testing.assert_allclose(jitad.vmap(f)(good), [f(x) for x in good], rtol=1e-13)


def test_shapes_that_raise_are_asked_after_what_the_function_checks() -> None:
    def f(n, x):
        if n < 1:
            raise ValueError("n must be positive")
        return np.zeros(n).sum() + x * n

    call = jitad.jit(f)
    for n in (-1, 3, -1, 0, 2):
        if n > 0:
            assert call(n, 2.0) == f(n, 2.0)
        else:
            assert _raised(call, n, 2.0).args == ("n must be positive",)


def test_what_a_kernel_stands_for_is_pickled_with_it() -> None:
    import pickle

    kernel = pickle.loads(pickle.dumps(jitad.compile(which_of_three, GOOD)))
    assert _raised(kernel, np.array([-1.0, 9.0, 1.0])).args == ("b",)


@numba.njit(parallel=True)
def _each(f, xs, out):
    for i in numba.prange(len(xs)):
        out[i] = f(xs[i])


def test_parallel_loops_of_numba_have_nan() -> None:
    kernel = jitad.compile(in_a_loop, GOOD, on_failure="nan")
    xs = np.stack([GOOD, -GOOD, 2 * GOOD])
    out = np.zeros(3)
    _each(kernel.njit, xs, out)
    np.testing.assert_array_equal(out, [in_a_loop(GOOD), np.nan, in_a_loop(2 * GOOD)])
    assert kernel.failures == 1


@pytest.mark.parametrize("n", [3, 4000])
def test_checks_cost_no_branches(n: int) -> None:
    """Of one kind they are a sum beside a loop that is vectors: all sizes raise alike."""

    def f(x):
        s = 0.0
        for i in range(len(x)):
            if x[i] < 0:
                raise ValueError("negative")
            s += np.sqrt(x[i])
        return s

    x = np.linspace(1.0, 2.0, n)
    call, gradient = jitad.jit(f), jitad.grad(f)
    np.testing.assert_allclose(call(x), f(x), rtol=1e-12)
    np.testing.assert_allclose(gradient(x), 0.5 / np.sqrt(x), rtol=1e-12)
    x[n // 2] = -1.0
    assert _raised(call, x).args == _raised(gradient, x).args == ("negative",)


@pytest.mark.parametrize("name", ["joins.lift", "joins.block"])
@pytest.mark.parametrize("kind", [NameError, AssertionError])
def test_a_fault_of_ours_is_no_reason_to_unroll(
    name: str, kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def f(x):
        s = 0.0
        for i in range(len(x)):
            s += x[i] if x[i] > 0 else 2.0 * x[i]
        return s

    def fails(*given: Any, **_: Any) -> None:
        assert given is None, "ours"

    where, what = name.split(".")
    module = importlib.import_module(f"jitad.functions.program.{where}")
    if kind is NameError:
        monkeypatch.delattr(module, what)
    else:
        fails.__code__ = fails.__code__.replace(co_filename=str(module.__file__))
        monkeypatch.setattr(module, what, fails)
    with pytest.raises(kind):
        jitad.jit(f)(np.linspace(-1.0, 1.0, 30))


def _of_two(x: Any) -> Any:
    if x[2] < 0:
        raise KeyError("first")
    raise ValueError("second")


def _in_a_loop_and_after(x: Any) -> Any:
    for v in x:
        for _ in range(6):
            if x[2] < v - 10.0 * x[2]:
                raise KeyError("first")
    raise ValueError("second")


def _after_an_inner_loop(x: Any) -> Any:
    for _ in x:
        for _ in range(6):
            if x[2] < 0:
                raise KeyError("first")
        raise ValueError("second")
    return x[0]


@pytest.mark.parametrize("function", [_of_two, _in_a_loop_and_after, _after_an_inner_loop])
def test_a_function_that_always_raises_says_what_comes_first(function: Any) -> None:
    x = np.array([0.5, -0.5, 0.25, -0.125])
    for call in (jitad.jit(function), jitad.grad(function)):
        for point in (x, -x, x):
            with pytest.raises((KeyError, ValueError)) as wanted:
                function(point)
            with pytest.raises(wanted.type) as found:
                call(point)
            assert found.value.args == wanted.value.args
