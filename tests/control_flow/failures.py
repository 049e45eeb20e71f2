"""Programs that catch what NumPy and Python raise for the values that they meet."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from control_flow.program import program

A = np.array([[2.0, 0.5], [0.5, 1.0]])
BASIS = np.random.default_rng(0).normal(size=(4, 4))
TABLE = np.array([0.5, 1.5, 2.5])


@program(definite=(1.0,), indefinite=(-5.0,), barely=(-0.5,))
def cholesky_or_a_penalty(x: Any) -> Any:
    try:
        factor = np.linalg.cholesky(A + x * np.eye(2))
    except np.linalg.LinAlgError:
        return 100.0 + x * x
    return 2 * np.sum(np.log(np.diagonal(factor)))


@program(at_once=(np.full(4, 8.0),), twice=(np.full(4, 3.0),), often=(np.zeros(4),))
def jitter_until_it_works(x: Any) -> Any:
    k = BASIS @ BASIS.T + np.diag(x) - 6.0 * np.eye(4)
    jitter = 0.5
    while True:
        try:
            factor = np.linalg.cholesky(k + jitter * np.eye(4))
            break
        except np.linalg.LinAlgError:
            jitter *= 2
    return np.log(np.diagonal(factor)).sum() * jitter


@program(regular=(np.array([2.0, 3.0]), 1), singular=(np.array([2.0, 3.0]), 0))
def solve_or_least_squares(x: Any, k: Any) -> Any:
    matrix = np.array([[x[0], 0.0], [0.0, k * x[1]]])
    try:
        y = np.linalg.solve(matrix, x)
    except np.linalg.LinAlgError as error:
        y = x / (1.0 + len(error.args))
    return np.sum(y * y)


def _inverse(x: Any, k: Any) -> Any:
    return np.linalg.inv(np.eye(2) * x * k)


@program(regular=(2.0, 1), singular=(2.0, 0))
def inverse_that_a_caller_catches(x: Any, k: Any) -> Any:
    try:
        return np.sum(_inverse(x, k))
    except:  # noqa: E722  what a bare handler takes is all
        return x * x


@program(finite=(np.array([1.0, 2.0]), 1), nan=(np.array([1.0, 2.0]), 0))
def spectrum_or_its_trace(x: Any, k: Any) -> Any:
    matrix = np.diag(x) + np.ones((2, 2)) * (1.0 if k else np.nan)
    try:
        return np.sum(np.linalg.svdvals(matrix) ** 2)
    except Exception:
        return np.sum(x)


@program(inside=(np.array([1.0, 3.0, 2.0]),), outside=(np.array([1.0, 2.0, 3.0]),))
def place_behind_the_largest(x: Any) -> Any:
    k = np.argmax(x)
    try:
        return x[k + 1] * x[0]
    except IndexError:
        return x[0] ** 3


@program(inside=(1.5,), outside=(7.5,), negative=(-1.5,), far=(-9.5,))
def table_that_ends(x: Any) -> Any:
    with contextlib.suppress(IndexError):
        return TABLE[int(x)] * x
    return x * x


@program(none=(2.0, 2), one=(2.0, 1), another=(2.0, 0))
def counted_failures(x: Any, n: Any) -> Any:
    total, failures = 0.0, 0
    for k in range(2):
        try:
            total = total + x * x / (n - k)
        except ZeroDivisionError:
            failures += 1
        finally:
            total = total + x
    return total * (1 + failures)


@program(positive=(2.0, 1), negative=(-2.0, 1), zero=(2.0, 0))
def raised_by_a_helper(x: Any, n: Any) -> Any:
    def checked(t: Any) -> Any:
        if t < 0:
            raise ValueError("negative", 3)
        if n == 0:
            raise KeyError
        return t

    try:
        return checked(x) ** 2
    except KeyError:
        return x + 1.0
    except ValueError as error:
        return error.args[1] * x
