"""Numbers that are not finite: the first op that makes one is named, with the user's line."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import jitad


def value(x: Any) -> Any:
    roots = np.sqrt(x)
    return np.sum(roots**2)  # the NaN passes through here


def derivative(x: Any) -> Any:
    return np.sum(np.sqrt(x))


CASES: list[tuple[str, Callable[..., Any], Any, str, str]] = [
    ("value", jitad.jit(value), np.array([1.0, 4.0, -1.0]), "the value", "roots = np.sqrt(x)"),
    ("gradient", jitad.grad(derivative), np.array([1.0, 0.0]), "a derivative", "np.sum(np.sqrt"),
    ("hessian", jitad.hessian(derivative), np.array([1.0, 0.0]), "is not finite", "np.sum(np.sqrt"),
    ("argument", jitad.grad(derivative), np.array([1.0, np.nan]), "an argument, x0", ""),
]
cases = pytest.mark.parametrize(
    ("f", "x", "what", "line"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)


@cases
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_the_block_names_op_and_line(f: Any, x: Any, what: str, line: str) -> None:
    assert not np.all(np.isfinite(f(x)))
    with jitad.debug_nans(), pytest.raises(jitad.NonFiniteError) as caught:
        f(x)
    assert what in str(caught.value)
    assert line in str(caught.value)
    assert not np.all(np.isfinite(f(x)))


@cases
def test_a_compiled_kernel_can_check(f: Any, x: Any, what: str, line: str) -> None:
    kernel = jitad.compile(f, x, debug=True)
    assert np.all(np.isfinite(kernel(np.ones_like(x))))
    with pytest.raises(FloatingPointError, match=r"finite|argument"):
        kernel(x)


def test_finite_results_pass_and_masked_numbers_do_not_count() -> None:
    def masked(x: Any) -> Any:
        return np.sum(np.where(x > 0, np.log(x), 0.0))

    with jitad.debug_nans():
        np.testing.assert_array_equal(jitad.grad(masked)(np.array([0.0, 2.0])), [0, 0.5])


def test_a_closed_over_array_is_named() -> None:
    weights = np.array([1.0, np.inf, 1.0])

    def weighted(x: Any) -> Any:
        return np.sum(weights * x)

    with jitad.debug_nans(), pytest.raises(jitad.NonFiniteError, match="closed-over array"):
        jitad.grad(weighted)(np.ones(3))


def test_blocks_nest_and_work_in_other_threads() -> None:
    f, x = jitad.grad(derivative), np.array([0.0])
    f(x)
    errors: list[Exception] = []

    def call() -> None:
        try:
            f(x)
        except jitad.NonFiniteError as error:
            errors.append(error)

    with jitad.debug_nans():
        with jitad.debug_nans():
            pass
        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
    assert len(errors) == 1
    call()
    assert len(errors) == 1
