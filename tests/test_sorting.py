"""Sorting, statistics and running combinations: random arrays, NaN, and errors that teach."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.extra.numpy import array_shapes, arrays

import jitad
from jitad.functions.reductions.quantiles import METHODS
from jitad.ops import structural as st

NAN = np.nan
EXTREMES = some.sampled_from([0.0, -0.0, NAN, -NAN, np.inf, -np.inf, 5e-324, -1e308])
NUMBERS = some.one_of(some.integers(-4, 4).map(float), EXTREMES)

order_of = jitad.jit(st.argsort)
QUICK = settings(max_examples=60, deadline=None)


def same(function: Callable[..., Any], *xs: Any) -> None:
    """The compiled function gives what NumPy gives."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = function(*xs)
    got = jitad.jit(function)(*xs)
    assert got.dtype == np.asarray(want).dtype
    np.testing.assert_allclose(got, want, rtol=1e-12)


# -- orders ----------------------------------------------------------------------------------------


@given(arrays(float, array_shapes(max_dims=2, max_side=40), elements=NUMBERS))
@QUICK
def test_orders_of_floats_are_numpys_stable_ones(x: np.ndarray) -> None:
    np.testing.assert_array_equal(order_of(x), np.argsort(x, axis=-1, kind="stable"))


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.int32, np.bool_])
@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 31, 32, 33, 64, 100, 1000])
def test_orders_of_every_dtype_and_length(dtype: Any, n: int) -> None:
    x = np.random.default_rng(n).integers(-9, 9, (3, n)).astype(dtype)
    np.testing.assert_array_equal(order_of(x), np.argsort(x, axis=-1, kind="stable"))


def test_the_ends_of_the_integers_are_in_order() -> None:
    limits = np.iinfo(np.int64)
    x = np.array([limits.max, 0, limits.min, limits.max, -1])
    np.testing.assert_array_equal(order_of(x), [2, 4, 1, 0, 3])


@given(arrays(float, some.integers(1, 40), elements=some.floats(-9, 9)))
@QUICK
def test_the_pullback_of_a_sort_is_its_inverse_permutation(x: np.ndarray) -> None:
    y_bar = np.arange(x.size) + 1.0
    order = np.argsort(x, kind="stable")
    _, pullback = jitad.vjp(np.sort, x)
    (x_bar,) = pullback(y_bar)
    np.testing.assert_array_equal(x_bar[order], y_bar)


def test_a_sort_over_a_batch() -> None:
    x = np.random.default_rng(0).normal(size=4)
    for f in (np.sort, lambda x: np.sort(x * x[:, None], axis=0)[0]):
        forward, reverse = jitad.jacfwd(f)(x), jitad.jacrev(f)(x)
        np.testing.assert_allclose(forward, reverse, rtol=1e-12)
    np.testing.assert_array_equal(jitad.jacobian(np.sort)(x), np.eye(4)[np.argsort(x)])


def test_a_unique_result_of_another_length_is_traced_again() -> None:
    f = jitad.jit(lambda x: np.unique(x) * 2)
    for x in ([1.0, 2.0, 1.0], [3.0, 1.0, 2.0], [1.0, 1.0, 1.0], [NAN, 1.0, NAN]):
        np.testing.assert_array_equal(f(np.array(x)), np.unique(x) * 2)


# -- running combinations --------------------------------------------------------------------------


@given(arrays(float, some.integers(1, 30), elements=some.integers(-2, 2).map(float)))
@QUICK
def test_running_products_with_zeros_have_right_derivatives(x: np.ndarray) -> None:
    n = x.size
    want = np.zeros((n, n))
    for k in range(n):
        for j in range(k + 1):
            want[k, j] = np.prod(np.delete(x[: k + 1], j))
    np.testing.assert_allclose(jitad.jacobian(np.cumprod)(x), want)


def test_the_hessian_of_a_running_product_at_zeros() -> None:
    x = np.array([2.0, 0.0, 3.0, 0.0])
    hessian = jitad.hessian(lambda x: np.cumprod(x)[-1])(x)
    want = np.zeros((4, 4))
    want[1, 3] = want[3, 1] = 6.0
    np.testing.assert_array_equal(hessian, want)


@pytest.mark.parametrize(
    "function",
    [
        np.logical_and.accumulate,
        np.bitwise_xor.reduce,
        np.fmax.accumulate,
        np.multiply.reduce,
        np.true_divide.accumulate,
        np.power.reduce,
    ],
)
def test_methods_of_ufuncs(function: Any) -> None:
    x = np.array([[3, 0, 2], [1, 1, 0], [2, 5, 1]])
    same(function, x.astype(float) if function.__self__ in (np.power, np.fmax) else x)


# -- NaN -------------------------------------------------------------------------------------------

PARTLY = np.array([1.5, NAN, 3.0, 0.5, NAN, 2.0])


@pytest.mark.parametrize(
    "function",
    [
        np.nansum, np.nanprod, np.nanmean, np.nanvar, np.nanstd, np.nanmax, np.nanmin,
        np.nanmedian, np.nancumsum, np.nancumprod, lambda x: np.nanquantile(x, 0.3),
        lambda x: np.mean(x, where=x > 0), lambda x: np.var(x, where=x > 0),
        lambda x: np.sum(x, where=x > 0), lambda x: np.max(x, where=x > 0, initial=0.0),
    ],
)  # fmt: skip
def test_what_is_nan_or_masked_has_derivative_zero(function: Any) -> None:
    def total(x: Any) -> Any:
        return np.sum(function(x))

    gradient = jitad.grad(total)(PARTLY)
    hessian = jitad.hessian(total)(PARTLY)
    tangent = jitad.jvp(total, (PARTLY,), (np.ones(6),))[1]
    assert np.isfinite(gradient).all()
    assert np.isfinite(hessian).all()
    np.testing.assert_allclose(tangent, gradient.sum(), atol=1e-12)
    np.testing.assert_array_equal(gradient[np.isnan(PARTLY)], 0)


@pytest.mark.parametrize(
    "function",
    [
        np.nansum, np.nanprod, np.nanmean, np.nanvar, np.nanmax, np.nanmin, np.nanmedian,
        np.max, np.median, lambda x, axis: np.nanquantile(x, 0.5, axis=axis),
        lambda x, axis: np.nanvar(x, axis=axis, ddof=2),
        lambda x, axis: np.nanmax(x, axis=axis, initial=1.0),
        lambda x, axis: np.quantile(x, [0.1, 0.9], axis=axis),
    ],
)  # fmt: skip
def test_rows_of_nan(function: Any) -> None:
    x = np.array([[NAN, NAN, NAN], [1.0, NAN, 2.0], [4.0, 3.0, 5.0]])
    same(lambda x: function(x, axis=1), x)


def test_the_place_of_an_extremum_of_nothing_is_an_error() -> None:
    f = jitad.jit(lambda x: np.nanargmax(x, axis=1))
    assert f(np.array([[NAN, 1.0, 3.0]])) == 2
    with pytest.raises(jitad.ShapeError, match="all NaN"):
        f(np.full((1, 3), NAN))


# -- quantiles -------------------------------------------------------------------------------------


@given(
    arrays(float, some.tuples(some.integers(1, 3), some.integers(1, 9)), elements=NUMBERS),
    some.lists(some.integers(0, 20).map(lambda k: k / 20), min_size=1, max_size=3),
    some.sampled_from(METHODS),
    some.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_quantiles(x: np.ndarray, q: list[float], method: str, traced: bool) -> None:
    for function in (np.quantile, np.nanquantile):
        if traced:
            same(lambda x, q, f=function: f(x, q, axis=1, method=method), x, np.array(q))
        else:
            same(lambda x, f=function: f(x, q, axis=1, method=method), x)


def test_the_derivative_by_the_fraction() -> None:
    x = np.array([4.0, 1.0, 2.0])
    slope = jitad.grad(lambda q: np.quantile(x, q), argnums=0)(0.3)
    assert slope == pytest.approx(2.0)


# -- counts ----------------------------------------------------------------------------------------


@given(
    arrays(float, some.integers(0, 20), elements=some.one_of(NUMBERS, some.floats(-4, 4))),
    arrays(float, some.integers(0, 9), elements=NUMBERS),
    some.sampled_from(["left", "right"]),
)
@QUICK
def test_places_in_sorted_arrays(v: np.ndarray, a: np.ndarray, side: str) -> None:
    a = np.sort(a)
    np.testing.assert_array_equal(
        jitad.jit(lambda a, v: np.searchsorted(a, v, side))(a, v), np.searchsorted(a, v, side)
    )


def test_counts_by_traced_numbers() -> None:
    f = jitad.jit(np.bincount)
    for numbers in ([1, 2, 2], [5, 0, 5], [0, 0, 0]):
        np.testing.assert_array_equal(f(np.array(numbers)), np.bincount(numbers))
    with pytest.raises(jitad.ShapeError):
        f(np.array([1, 2, -1]))


def test_the_derivative_of_a_histogram_by_its_weights() -> None:
    x = np.array([0.1, 0.9, 0.4, 7.0])
    jacobian = jitad.jacobian(lambda w: np.histogram(x, [0, 0.5, 1.0], weights=w)[0])(np.ones(4))
    np.testing.assert_array_equal(jacobian, [[1, 0, 1, 0], [0, 1, 0, 0]])


# -- errors ----------------------------------------------------------------------------------------

X = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: np.sum(x, where=np.ones((4, 2, 3), bool)), "where= of shape"),
        (lambda x: np.sum(x, where=np.ones(3, int)), "where= of a reduction"),
        (lambda x: np.max(x, where=x > 0), "without initial="),
        (lambda x: np.sum(x, initial=np.ones(2)), "initial= of shape"),
        (lambda x: np.max(x[:0], axis=0), "empty array"),
        (lambda x: np.ptp(x > 0), "ptp of booleans"),
        (lambda x: np.var(x, mean=x[None]), "mean= of shape"),
        (lambda x: np.var(x, dtype=int), "np.var in int64"),
        (lambda x: np.average(x, weights=np.ones(3)), "weights of shape"),
        (lambda x: np.average(x, axis=0, weights=np.ones(3)), "weights of shape"),
        (lambda x: np.cov(x[None]), "three axes"),
        (lambda x: np.cov(x, fweights=np.ones(3)), "fweights"),
        (lambda x: np.cov(x, aweights=np.ones(2)), "aweights of shape"),
        (lambda x: np.cumulative_sum(x), "without axis="),
        (lambda x: np.sort(x[0, 0]), "scalar"),
        (lambda x: np.sort(x, order="a"), "order="),
        (lambda x: np.partition(x, 3), "place 3"),
        (lambda x: np.lexsort((x, x[0])), "keys of shapes"),
        (lambda x: np.unique(x, axis=0), "several axes"),
        (lambda x: np.quantile(x, 2), "outside of the range"),
        (lambda x: np.quantile(x, 0.5, method="best"), "method 'best'"),
        (lambda x: np.quantile(x, 0.5, weights=x), "weighted quantiles"),
        (
            lambda x: np.quantile(x, 0.5, weights=x - 2, method="inverted_cdf"),
            "weights of quantiles",
        ),
        (lambda x: np.quantile(x[:0], 0.5), "empty array"),
        (lambda x: np.searchsorted(x, 1.0), "a sorted array of shape"),
        (lambda x: np.searchsorted(x[0], 1.0, "middle"), "side 'middle'"),
        (lambda x: np.digitize(x, [1, 0, 2]), "not in order"),
        (lambda x: np.bincount(x[0]), "np.bincount of float64"),
        (lambda x: np.histogram(x, "auto"), "depends on traced values"),
        (lambda x: np.histogram(x, 0), "0 bins"),
        (lambda x: np.histogram(x, 2.5), "bins=2.5"),
        (lambda x: np.histogram(x, [2, 1]), "do not ascend"),
        (lambda x: np.histogram(x, 2, (1, 0)), "range="),
        (lambda x: np.histogram(x, 2, weights=np.ones(2)), "weights of shape"),
        (lambda x: np.histogram(x * NAN, 2), "not finite"),
        (lambda x: np.histogramdd(x, [1, 2]), "number of axes"),
        (lambda x: np.histogram2d(x, x), "np.histogram2d of shapes"),
        (lambda x: np.arctan2.accumulate(np.tile(x.reshape(-1), 50)), "not associative"),
        (lambda x: np.subtract.reduce(x, axis=(0, 1)), "no order"),
        (lambda x: np.greater.reduce(x), "does not combine"),
    ],
)
def test_errors_teach(function: Any, message: str) -> None:
    with pytest.raises(jitad.JitadError, match=message) as caught:
        jitad.jit(function)(X)
    assert caught.value.remedy
