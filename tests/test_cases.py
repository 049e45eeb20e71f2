"""Each minimal program of tests/cases gives the right value."""

from __future__ import annotations

from typing import Any

import cases
import numpy as np
import pytest

CASES = cases.load()


def agrees(got: Any, right: Any) -> bool:
    """Whether values agree: text to the letter, numbers in shape and to 1e-7, NaN with NaN."""
    if isinstance(right, str):
        return got == right
    if isinstance(right, tuple):
        return len(got) == len(right) and all(map(agrees, got, right))
    return np.shape(got) == np.shape(right) and np.allclose(
        got, right, rtol=1e-7, atol=1e-9, equal_nan=True
    )


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    got, right = CASES[name]()
    assert agrees(got, right), f"gives {got!r}, right is {right!r}"
