"""Every function in the table of NumPy's functions, on a table of calls: one check for all of them.

Each call is compiled as loops in float64, and in float32 as scalars where it is small enough.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import oracle
import pytest
import scipy.fft
from samples import SAMPLES, Call
from samples.arrays import V, array

import jitad
import jitad.passes.scalarize
import jitad.scipy.fft
from jitad.frontend.pytree import flatten, unflatten
from jitad.functions.arrays.refusing import REFUSED
from jitad.ir.value import FUNCTIONS

SAME = {
    round: np.round,
    np.amax: np.max,
    np.amin: np.min,
    np.around: np.round,
    np.permute_dims: np.transpose,
    **{getattr(scipy.fft, name): getattr(np.fft, name)
       for name in np.fft.__all__ if getattr(scipy.fft, name) in FUNCTIONS},
}  # fmt: skip
"""Other names of functions in the table."""

CALLS = [
    pytest.param(c.function or function, c, id=f"{function.__name__}{k}")
    for function, calls in SAMPLES.items()
    for k, c in enumerate(calls)
]


OWN = frozenset(FUNCTIONS)
"""The functions that have rows before other tests, as users, give more of them meanings."""


def test_every_function_has_calls() -> None:
    covered = {*SAMPLES, *(other for other, name in SAME.items() if name in SAMPLES)}
    # Of a mirror the table has the function itself, as SciPy has it.
    covered |= {getattr(function, "__wrapped__", function) for function in SAMPLES}
    assert not OWN - covered - set(REFUSED)


def _of_arrays(
    function: Callable[..., Any], c: Call, takes: Callable[[Any], bool]
) -> tuple[Any, list[np.ndarray]]:
    """The call as a function of some of its leaves, which are arrays, and these."""
    leaves, structure = flatten((c.args, c.kwargs))
    places = [k for k, x in enumerate(leaves) if takes(x)]

    def of_arrays(*arrays: Any) -> Any:
        filled = list(leaves)
        for k, x in zip(places, arrays, strict=True):
            filled[k] = x
        args, kwargs = unflatten(structure, filled)
        return function(*args, **kwargs)

    return of_arrays, [np.asarray(leaves[k]) for k in places]


def _is_array(x: Any) -> bool:
    return isinstance(x, np.ndarray)


def _is_active(x: Any) -> bool:
    return _is_array(x) and x.dtype in (np.float64, np.complex128)


@pytest.mark.parametrize(("function", "c"), CALLS)
def test_call(function: Callable[..., Any], c: Call, monkeypatch: Any) -> None:
    f, xs = _of_arrays(function, c, _is_active)
    if not xs:
        oracle.check_value(*_of_arrays(function, c, _is_array))
        return
    asked = oracle.question(f, xs)
    with monkeypatch.context() as loops:
        loops.setattr(jitad.passes.scalarize, "SMALL", -(10**9))
        exact = oracle.check_double(asked, oracle.everything(f))
    oracle.check_single(asked, oracle.reverse(f), exact)


OF_INTEGERS = [call for call in CALLS if not _of_arrays(*call.values, _is_active)[1]]


@pytest.mark.parametrize(("function", "c"), OF_INTEGERS)
def test_call_of_integers_as_loops(function: Callable[..., Any], c: Call, monkeypatch: Any) -> None:
    """By itself: kernels of one tape are one as long as one of them lives."""
    monkeypatch.setattr(jitad.passes.scalarize, "SMALL", -(10**9))
    oracle.check_value(*_of_arrays(function, c, _is_array))


@pytest.mark.parametrize(
    "key", [5, -6, (0, 1), [0, 5], [-6, 0], np.array([[7]]), np.ones(4, bool), 1.0, "a"]
)
def test_an_index_that_does_not_fit_is_an_error(key: Any, path: str) -> None:
    def f(x: Any) -> Any:
        return x[key]

    with pytest.raises(IndexError):
        f(V)
    with pytest.raises(jitad.JitadError):
        jitad.jit(f)(V)


@pytest.mark.parametrize("places", [[0, 5], [-6, 0]])
def test_a_traced_index_out_of_bounds_is_an_error(places: Any, path: str) -> None:
    def one(x: Any, i: Any) -> Any:
        return x[i]

    def several(x: Any, i: Any) -> Any:
        return x[i % 3, i]

    good, bad = np.array([0, 4]), np.array(places)
    f, g = jitad.jit(one), jitad.jit(several)
    np.testing.assert_array_equal(f(V, good), V[good])
    square = array(5, 5)
    np.testing.assert_array_equal(g(square, good), square[good % 3, good])
    for function, x in ((f, V), (g, square)):
        with pytest.raises(jitad.ShapeError):
            function(x, bad)
    gradient = jitad.grad(lambda x, i: np.sum(x[i]))
    np.testing.assert_array_equal(gradient(V, good), [1, 0, 0, 0, 1])
    with pytest.raises(jitad.ShapeError):
        gradient(V, bad)
