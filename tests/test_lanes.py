"""Vectors: what lanes compute is what NumPy computes, for every dtype, length and layout.

Every op is in test_elementwise_table.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import oracle
import pytest

import jitad
import jitad.codegen.lanes
from jitad.codegen.lanes import vector_bytes


@pytest.fixture(autouse=True, scope="module")
def always() -> Iterator[None]:
    """Every loop that can be is made of lanes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jitad.codegen.lanes, "_LONG", 0)
        yield


def in_lanes(kernel: Any) -> bool:
    """Whether a kernel's code, before LLVM's passes, has vectors."""
    return re.search(r"<\d+ x (double|float|i64|i32)>", kernel.code.text) is not None


def _records(x: Any) -> Any:
    """Fields are read, mixed and written."""
    turned = np.stack([x[..., k] * (k + 1.0) for k in range(x.shape[-1])][::-1], axis=-1)
    return turned, x[..., 0] * 2 + x[..., -1]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.int32])
@pytest.mark.parametrize("fields", [2, 3, 5, 7, 8, 9, 13, 16, 17, 20, 31])
@pytest.mark.parametrize("count", [64, 77, 129])
def test_records(count: int, fields: int, dtype: Any) -> None:
    """Rows of any length, of any number of points, to the bit."""
    x = (np.random.default_rng(fields).normal(size=(count, fields)) * 9).astype(dtype)
    kernel = jitad.compile(_records, x)
    assert in_lanes(kernel)
    for got, want in zip(kernel(x), _records(x), strict=True):
        np.testing.assert_array_equal(got, want)


def _conditions(x: Any) -> Any:
    flags = np.stack([x[:, 0] > 0.1, x[:, 1] < 0.2, x[:, 0] < x[:, 1]], axis=-1)
    return flags, np.where(flags[:, 2], x[:, 0], -x[:, 1]), flags[:, 0] & flags[:, 1]


def _reversed(x: Any) -> Any:
    y = np.sin(x[::-1, 0]) * x[:, 1]
    return y[::-1], y[::2] + x[1::2, 0] if len(x) % 2 == 0 else y[:-1:2] + x[1::2, 0]


def _reductions(x: Any) -> Any:
    y = x[:, 0] * x[:, 1] + 1.5
    return np.sum(y), np.max(y), np.min(y * 2), np.sum(x * x, axis=0), np.max(x, axis=0)


def _questions(x: Any) -> Any:
    y, last = x[:, 0] * np.exp(x[:, 1]), x[-1, 0]
    some = np.where(np.any(x[:, 0] == last), y, 2 * y), np.where(np.any(x[:, 0] > 9), y, 3 * y)
    return *some, np.where(np.all(x[:, 0] <= last), y, 4 * y), np.where(np.all(y < 1e9), y, 5 * y)


def _counted(x: Any) -> Any:
    return x[:, 0] * np.arange(len(x)), np.cumsum(x[:, 1])


def _windows(x: Any) -> Any:
    y = x[:, 0]
    return y[2:] - 2 * y[1:-1] + y[:-2], np.sum(y[1:] * y[:-1])


PLACES = np.random.default_rng(0).permutation(8)


def _gathered(x: Any) -> Any:
    return np.sin(x[PLACES, 1]) * x[:8, 0], x[PLACES[::-1]] ** 2


def _sums_around(x: Any) -> Any:
    """A sum over the first and the last of three axes."""
    y = np.sin(x[:, :1] + np.arange(24.0)).reshape(-1, 2, 12)
    return np.sum(y, axis=(0, 2)), np.sum(y, axis=(1, 2)), np.sum(y * y, axis=(0, 1))


PROGRAMS = (
    _conditions, _reversed, _reductions, _questions, _counted, _windows, _gathered, _sums_around,
)  # fmt: skip


@pytest.mark.parametrize("f", PROGRAMS)
@pytest.mark.parametrize("count", [64, 65, 127, 8, 9, 15])
def test_values_and_derivatives(f: Callable[..., Any], count: int) -> None:
    x = np.random.default_rng(count).normal(size=(count, 2))
    oracle.assert_same(jitad.jit(lambda x: f(x))(x), oracle.leaves(f(x)), 1e-12)
    if f is not _conditions:
        jitad.check_grads(lambda x: f(x), (x,), order=2)


@pytest.mark.parametrize("axis", [0, 1])
def test_two_axes(axis: int) -> None:
    """Lanes lie along the inner axis, and sums run along the other or along the same."""
    x = np.random.default_rng(0).normal(size=(37, 45))

    def f(x: Any) -> Any:
        y = np.exp(x - np.max(x, axis=axis, keepdims=True))
        return y / np.sum(y, axis=axis, keepdims=True)

    oracle.assert_same(jitad.jit(f)(x), oracle.leaves(f(x)), 1e-12)
    jitad.check_grads(f, (x,), order=2)


def test_no_infinite_sum_comes_of_lanes_that_are_computed_again() -> None:
    x = np.full((vector_bytes() // 8 * 9 + 1, 2), np.inf)
    x[:, 1] = np.arange(len(x))
    assert jitad.jit(lambda x: np.max(-x[:, 0]) + np.sum(x[:, 1] * 0 + 1))(x) == -np.inf
    assert jitad.jit(lambda x: np.sum(x[:, 1] + 0 * x[:, 1]))(x) == np.sum(x[:, 1])


def test_explain_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jitad.codegen.lanes, "_LONG", 48)
    x = np.ones((1 << 20, 2))
    f = jitad.jit(lambda x: np.exp(x[:, 0] / x[:, 1]), parallel=True)
    width = vector_bytes() // 8
    assert re.search(rf"loop 1048576: {width} lanes, \d+ blocks on threads", jitad.explain(f, x))
    assert "loop 1048576: lanes are LLVM's" in jitad.explain(lambda x: 2 * x + 1, x[:, 0].copy())
